//! fjall: a log-structured merge tree with a journal.

use std::path::Path;

use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};

use super::CACHE_BYTES;
use crate::error::Result;
use crate::row::Row;
use crate::system::{Durability, Session, Setup, Store, System};

/// Rows in each batch of the bulk load.
const BATCH: usize = 10_000;

/// fjall with its journal as the only cost of a put.
pub(super) struct Fjall;

impl System for Fjall {
    fn setup(&self) -> Setup {
        Setup {
            process: "insert: the journal is handed to the operating system",
            power: "insert, then persist(SyncData)",
            get: "Keyspace::get",
            ingest: "batches of 10 000 in arrival order, then persist(SyncAll)",
        }
    }

    fn open(&self, directory: &Path, durability: Durability) -> Result<Box<dyn Store>> {
        let database = Database::builder(directory.join("bench.fjall"))
            .cache_size(u64::try_from(CACHE_BYTES)?)
            .open()?;
        let keyspace = database.keyspace("kv", KeyspaceCreateOptions::default)?;
        Ok(Box::new(Open { database, keyspace, durability }))
    }
}

struct Open {
    database: Database,
    keyspace: Keyspace,
    durability: Durability,
}

impl Store for Open {
    fn session(&self) -> Result<Box<dyn Session + Send + '_>> {
        Ok(Box::new(self))
    }

    fn ingest(&self, rows: &[Row]) -> Result<()> {
        for rows in rows.chunks(BATCH) {
            let mut batch = self.database.batch();
            for row in rows {
                batch.insert(&self.keyspace, row.key.as_slice(), row.value.as_slice());
            }
            batch.commit()?;
        }
        Ok(self.database.persist(PersistMode::SyncAll)?)
    }

    fn len(&self) -> Result<u64> {
        Ok(u64::try_from(self.keyspace.len()?)?)
    }

    fn close(self: Box<Self>) -> Result<()> {
        Ok(self.database.persist(PersistMode::SyncAll)?)
    }
}

impl Session for &Open {
    fn put(&mut self, key: &[u8], value: &[u8]) -> Result<()> {
        self.keyspace.insert(key, value)?;
        if self.durability == Durability::Power {
            self.database.persist(PersistMode::SyncData)?;
        }
        Ok(())
    }

    fn get(&mut self, key: &[u8], see: &mut dyn FnMut(&[u8])) -> Result<bool> {
        let value = self.keyspace.get(key)?;
        if let Some(value) = &value {
            see(value);
        }
        Ok(value.is_some())
    }
}
