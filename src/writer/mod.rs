//! The actor that owns the connection that writes.

mod actor;
mod batch;
mod command;
mod flusher;
mod group;
mod monitor;
mod room;
mod turn;
mod upkeep;

pub(crate) use actor::{Actor, panic_text, spawn};
pub(crate) use batch::{Batch, Change, Check, What};
pub(crate) use command::{Answer, Command, Feature, Flush, LongRow, Op, Row, Write};
pub(crate) use flusher::close as close_cache;
pub(crate) use monitor::Monitor;
pub(crate) use turn::{LongTurn, Turn};
