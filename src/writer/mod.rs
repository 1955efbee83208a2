//! The actor that owns the connection that writes.

mod actor;
mod command;
mod group;
mod monitor;

pub(crate) use actor::{Actor, panic_text, spawn};
pub(crate) use command::{Command, Feature, Op, Row, Write};
pub(crate) use monitor::Monitor;
