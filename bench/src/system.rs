//! What an engine must offer to be measured: open a store, hand out sessions, take a bulk load.

use std::path::Path;

use crate::error::Result;
use crate::row::Row;

/// What an acknowledged put survives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Durability {
    /// The end of the process; no fsync for each put.
    Process,
    /// The loss of power; an fsync before each acknowledgement.
    Power,
}

/// How an engine was set up, in words for the report: peers do not all offer the same promise.
pub(crate) struct Setup {
    /// What stands for [`Durability::Process`].
    pub(crate) process: &'static str,
    /// What stands for [`Durability::Power`].
    pub(crate) power: &'static str,
    /// How a value is read.
    pub(crate) get: &'static str,
    /// How the bulk load is done.
    pub(crate) ingest: &'static str,
}

/// An engine under test.
pub(crate) trait System {
    /// How it is set up.
    fn setup(&self) -> Setup;

    /// Opens a store in this directory, creating it if the directory is empty.
    fn open(&self, directory: &Path, durability: Durability) -> Result<Box<dyn Store>>;
}

/// An open store, shared by all threads of a run.
pub(crate) trait Store: Sync {
    /// What one thread works with.
    fn session(&self) -> Result<Box<dyn Session + Send + '_>>;

    /// Loads these rows in the engine's best way that keeps their arrival order, unless the
    /// system's name says otherwise. All of them have reached the disk when it returns, whatever
    /// durability the store was opened with.
    fn ingest(&self, rows: &[Row]) -> Result<()>;

    /// Counts the rows; need not be fast.
    fn len(&self) -> Result<u64>;

    /// Ends the store and reports what went wrong.
    fn close(self: Box<Self>) -> Result<()>;
}

/// One thread's way to a store.
pub(crate) trait Session {
    /// Returns when the put is acknowledged at the durability of the store.
    fn put(&mut self, key: &[u8], value: &[u8]) -> Result<()>;

    /// Shows the value to `see`, without a copy if the engine can do that; `false` if there is none.
    fn get(&mut self, key: &[u8], see: &mut dyn FnMut(&[u8])) -> Result<bool>;
}
