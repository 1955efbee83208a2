//! The dirty cache: what was put and is not in the store yet.
//!
//! Puts go into the *active* generation, a concurrent map, under a short mutex; readers take no
//! lock. A *sealed* generation is complete and never changes; the actor commits sealed ones,
//! newest value of each key, in one transaction, and *retires* them after the commit. A key is
//! looked for in the active generation, in the sealed ones, newest first, and in the store last:
//! so it is always found in one of them.
//!
//! No SQLite, no files, no clocks. The store is a trait of one function ([`Store`]).

mod budget;
mod close;
mod core;
mod epoch;
mod flush;
mod generation;
mod hold;
mod instant;
mod key;
mod list;
mod merge;
mod mode;
mod overlay;
mod put;
mod spool;
mod state;
mod swap;

pub(crate) use close::NotClosed;
pub(crate) use core::{Cache, Limits, Stats};
pub(crate) use flush::{Change, Store, Unsettled};
pub(crate) use hold::{Held, Hold};
pub(crate) use key::{Dirty, ENTRY_COST, Key, KeyRef, SPOOL_COST, Table};
pub(crate) use overlay::{Overlay, Part, Side};
pub(crate) use put::{Refused, Ticket};
pub(crate) use spool::{Spool, Spooled};
pub(crate) use swap::{Swap, Way};
