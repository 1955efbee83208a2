//! kvault itself, through its public API.

use std::path::Path;

use kvault::KVault;

use crate::error::Result;
use crate::row::Row;
use crate::system::{Durability, Session, Setup, Store, System};

/// Rows in each call of the bulk load: 16 MB of keys and values.
const BATCH: usize = 100_000;

/// kvault with its defaults, cache off.
pub(super) struct Kvault;

impl System for Kvault {
    fn setup(&self) -> Setup {
        Setup {
            process: "put_bytes at Durability::Process",
            power: "put_bytes at Durability::Power",
            get: "get_bytes on a clone of the handle, an owned copy of the value",
            ingest: "put_many_bytes in batches of 100 000 in arrival order, then flush at Durability::Power",
        }
    }

    fn open(&self, directory: &Path, durability: Durability) -> Result<Box<dyn Store>> {
        Ok(Box::new(Open::new(directory, durability)?))
    }
}

pub(super) struct Open {
    /// At the default durability, `Process`.
    pub(super) vault: KVault,
    /// What sessions write at.
    durability: kvault::Durability,
}

impl Open {
    pub(super) fn new(directory: &Path, durability: Durability) -> Result<Self> {
        let vault = KVault::options().open(directory.join("bench.db"))?;
        let durability = match durability {
            Durability::Process => kvault::Durability::Process,
            Durability::Power => kvault::Durability::Power,
        };
        Ok(Self { vault, durability })
    }
}

impl Store for Open {
    fn session(&self) -> Result<Box<dyn Session + Send + '_>> {
        Ok(Box::new(self.vault.with_durability(self.durability)))
    }

    fn ingest(&self, rows: &[Row]) -> Result<()> {
        for rows in rows.chunks(BATCH) {
            let pairs = rows.iter().map(|row| (&row.key, &row.value));
            self.vault.put_many_bytes(pairs)?;
        }
        self.vault.with_durability(kvault::Durability::Power).flush()?;
        Ok(())
    }

    fn len(&self) -> Result<u64> {
        Ok(self.vault.len()?)
    }

    fn close(self: Box<Self>) -> Result<()> {
        Ok(self.vault.close()?)
    }
}

impl Session for KVault {
    fn put(&mut self, key: &[u8], value: &[u8]) -> Result<()> {
        Ok(self.put_bytes(key, value)?)
    }

    fn get(&mut self, key: &[u8], see: &mut dyn FnMut(&[u8])) -> Result<bool> {
        let value = self.get_bytes(key)?;
        if let Some(value) = &value {
            see(value);
        }
        Ok(value.is_some())
    }
}
