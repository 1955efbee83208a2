//! Models of the concurrency core: small programs, and what must hold in every schedule of them.
//!
//! `loom-tests` runs them under loom, over the core as it is and over the core with one line
//! broken; the crate's unit tests run them on ordinary threads. Each module that includes this
//! one says what `core` and `model` are.

mod cache;
mod close;
mod lifecycle;
mod mailbox;
mod reply;
mod view;

pub(crate) use cache::*;
pub(crate) use close::*;
pub(crate) use lifecycle::*;
pub(crate) use mailbox::*;
pub(crate) use reply::*;
pub(crate) use view::*;

use super::{core, model};
