//! kvault with its write cache: puts one by one, from one thread or several.

use std::path::Path;
use std::thread;

use kvault::{CacheOptions, KVault};

use super::kvault::Open;
use crate::error::Result;
use crate::row::Row;
use crate::system::{Durability, Session, Setup, Store, System};

/// kvault with its defaults, cache on.
pub(super) struct Cached {
    /// How many threads put during the bulk load.
    pub(super) producers: usize,
}

impl System for Cached {
    fn setup(&self) -> Setup {
        Setup {
            process: "cache on: acknowledged in memory, weaker than Process",
            power: "cache on: acknowledged in memory, weaker than Power",
            get: "get_bytes, cache on, an owned copy of the value",
            ingest: if self.producers == 1 {
                "cache on, put_bytes row by row in arrival order, then flush at Durability::Power"
            } else {
                "the same from two threads, each with every other row"
            },
        }
    }

    fn open(&self, directory: &Path, durability: Durability) -> Result<Box<dyn Store>> {
        let open = Open::new(directory, durability)?;
        open.vault.enable_cache(CacheOptions::default())?;
        Ok(Box::new(Buffered { open, producers: self.producers }))
    }
}

struct Buffered {
    open: Open,
    producers: usize,
}

impl Store for Buffered {
    fn session(&self) -> Result<Box<dyn Session + Send + '_>> {
        Ok(Box::new(KVault::clone(&self.open.vault)))
    }

    fn ingest(&self, rows: &[Row]) -> Result<()> {
        let vault = &self.open.vault;
        let put = |first| -> Result<()> {
            let mut mine = rows.iter().skip(first).step_by(self.producers);
            Ok(mine.try_for_each(|row| vault.put_bytes(row.key, row.value))?)
        };
        thread::scope(|scope| {
            let others: Vec<_> =
                (1..self.producers).map(|first| scope.spawn(move || put(first))).collect();
            put(0)?;
            others
                .into_iter()
                .try_for_each(|other| other.join().map_err(|_| "a producer panicked")?)
        })?;
        vault.with_durability(kvault::Durability::Power).flush()?;
        Ok(())
    }

    fn len(&self) -> Result<u64> {
        self.open.len()
    }

    fn close(self: Box<Self>) -> Result<()> {
        Box::new(self.open).close()
    }
}
