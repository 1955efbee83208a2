//! sled 0.34: a lock-free tree over a log.

use std::path::Path;

use sled::{Config, Db};

use super::CACHE_BYTES;
use crate::error::Result;
use crate::row::Row;
use crate::system::{Durability, Session, Setup, Store, System};

/// sled with its default background flush every 500 ms.
pub(super) struct Sled;

impl System for Sled {
    fn setup(&self) -> Setup {
        Setup {
            process: "insert; weaker, up to 500 ms of puts are lost when the process dies",
            power: "insert, then flush",
            get: "Tree::get",
            ingest: "inserts in arrival order, then flush",
        }
    }

    fn open(&self, directory: &Path, durability: Durability) -> Result<Box<dyn Store>> {
        let db = Config::new()
            .path(directory.join("bench.sled"))
            .cache_capacity(u64::try_from(CACHE_BYTES)?)
            .open()?;
        Ok(Box::new(Open { db, durability }))
    }
}

struct Open {
    db: Db,
    durability: Durability,
}

impl Store for Open {
    fn session(&self) -> Result<Box<dyn Session + Send + '_>> {
        Ok(Box::new(self))
    }

    fn ingest(&self, rows: &[Row]) -> Result<()> {
        for row in rows {
            self.db.insert(row.key, row.value.as_slice())?;
        }
        self.db.flush()?;
        Ok(())
    }

    fn len(&self) -> Result<u64> {
        Ok(u64::try_from(self.db.len())?)
    }

    fn close(self: Box<Self>) -> Result<()> {
        self.db.flush()?;
        Ok(())
    }
}

impl Session for &Open {
    fn put(&mut self, key: &[u8], value: &[u8]) -> Result<()> {
        self.db.insert(key, value)?;
        if self.durability == Durability::Power {
            self.db.flush()?;
        }
        Ok(())
    }

    fn get(&mut self, key: &[u8], see: &mut dyn FnMut(&[u8])) -> Result<bool> {
        let value = self.db.get(key)?;
        if let Some(value) = &value {
            see(value);
        }
        Ok(value.is_some())
    }
}
