//! What a program does without an engine: one SQLite connection behind a mutex.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;

use super::sqlite_file as file;
use crate::error::Result;
use crate::row::Row;
use crate::system::{Durability, Session, Setup, Store, System};

/// rusqlite behind a `Mutex<Connection>`.
pub(super) struct Mutexed {
    /// Whether the bulk load sorts its rows first.
    pub(super) sorted: bool,
}

impl System for Mutexed {
    fn setup(&self) -> Setup {
        Setup {
            process: "WAL, synchronous=NORMAL; one transaction per put",
            power: "WAL, synchronous=FULL; one transaction per put",
            get: "one connection behind a mutex, prepared statement, a transaction per get",
            ingest: if self.sorted {
                "rows sorted by key (within the time), then one transaction, synchronous=FULL"
            } else {
                "one transaction in arrival order, synchronous=FULL"
            },
        }
    }

    fn open(&self, directory: &Path, durability: Durability) -> Result<Box<dyn Store>> {
        Ok(Box::new(Shared {
            connection: Mutex::new(file::open(directory, durability)?),
            sorted: self.sorted,
        }))
    }
}

struct Shared {
    connection: Mutex<Connection>,
    sorted: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for Shared {
    fn session(&self) -> Result<Box<dyn Session + Send + '_>> {
        Ok(Box::new(self))
    }

    fn ingest(&self, rows: &[Row]) -> Result<()> {
        if !self.sorted {
            return file::ingest(&self.lock(), rows.iter());
        }
        let mut order: Vec<&Row> = rows.iter().collect();
        order.sort_unstable_by_key(|row| row.key);
        file::ingest(&self.lock(), order.into_iter())
    }

    fn len(&self) -> Result<u64> {
        file::len(&self.lock())
    }

    fn close(self: Box<Self>) -> Result<()> {
        let connection = self.connection.into_inner();
        file::close(connection.unwrap_or_else(PoisonError::into_inner))
    }
}

impl Session for &Shared {
    fn put(&mut self, key: &[u8], value: &[u8]) -> Result<()> {
        file::put(&self.lock(), key, value)
    }

    fn get(&mut self, key: &[u8], see: &mut dyn FnMut(&[u8])) -> Result<bool> {
        file::get(&self.lock(), key, see)
    }
}
