//! SQLite with a connection for each thread: the best that readers can have without an engine.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rusqlite::Connection;

use super::sqlite_file as file;
use crate::error::Result;
use crate::row::Row;
use crate::system::{Durability, Session, Setup, Store, System};

/// rusqlite, one connection for each session; writers wait for each other in the busy handler.
pub(super) struct PerThread;

impl System for PerThread {
    fn setup(&self) -> Setup {
        Setup {
            process: "WAL, synchronous=NORMAL; a connection per thread, one transaction per put",
            power: "WAL, synchronous=FULL; a connection per thread, one transaction per put",
            get: "a connection per thread, prepared statement, a transaction per get",
            ingest: "one transaction in arrival order, synchronous=FULL",
        }
    }

    fn open(&self, directory: &Path, durability: Durability) -> Result<Box<dyn Store>> {
        Ok(Box::new(Open {
            keeper: Mutex::new(file::open(directory, durability)?),
            directory: directory.to_owned(),
            durability,
        }))
    }
}

struct Open {
    /// Keeps the file open, so that a session's end does not checkpoint it.
    keeper: Mutex<Connection>,
    directory: PathBuf,
    durability: Durability,
}

impl Store for Open {
    fn session(&self) -> Result<Box<dyn Session + Send + '_>> {
        Ok(Box::new(file::open(&self.directory, self.durability)?))
    }

    fn ingest(&self, rows: &[Row]) -> Result<()> {
        let keeper = self.keeper.lock().unwrap_or_else(PoisonError::into_inner);
        file::ingest(&keeper, rows.iter())
    }

    fn len(&self) -> Result<u64> {
        file::len(&self.keeper.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn close(self: Box<Self>) -> Result<()> {
        let keeper = self.keeper.into_inner();
        file::close(keeper.unwrap_or_else(PoisonError::into_inner))
    }
}

impl Session for Connection {
    fn put(&mut self, key: &[u8], value: &[u8]) -> Result<()> {
        file::put(self, key, value)
    }

    fn get(&mut self, key: &[u8], see: &mut dyn FnMut(&[u8])) -> Result<bool> {
        file::get(self, key, see)
    }
}
