//! heed: LMDB, a memory-mapped copy-on-write B+tree with one writer at a time.

use std::path::Path;

use heed::types::Bytes;
use heed::{CommitOrAbort, Database, Env, EnvFlags, EnvOpenOptions};

use crate::error::Result;
use crate::row::Row;
use crate::system::{Durability, Session, Setup, Store, System};

/// Address space for the map; the file grows only as far as it is used.
const MAP_BYTES: usize = 32 << 30;
/// More than any run has threads; the default of 126 is for all sessions together.
const READERS: u32 = 1024;

/// heed with one write transaction per put.
pub(super) struct Heed;

impl System for Heed {
    fn setup(&self) -> Setup {
        Setup {
            process: "MDB_NOSYNC; weaker, a power loss may damage the file and not only lose the last puts",
            power: "default flags, synced at each commit; one transaction per put",
            get: "a read transaction per get, value read in place",
            ingest: "one transaction in arrival order, synced",
        }
    }

    fn open(&self, directory: &Path, durability: Durability) -> Result<Box<dyn Store>> {
        let mut options = EnvOpenOptions::new();
        options.map_size(MAP_BYTES).max_readers(READERS);
        if durability == Durability::Process {
            // SAFETY: without syncs a crash of the system may damage the file, which is removed
            // after the run anyway.
            #[expect(unsafe_code, reason = "heed marks every flag that weakens LMDB as unsafe")]
            unsafe {
                options.flags(EnvFlags::NO_SYNC);
            }
        }
        // SAFETY: the directory was made for this run, and nothing else touches the file.
        #[expect(unsafe_code, reason = "heed marks every memory map as unsafe")]
        let env = unsafe { options.open(directory)? };
        let transaction = env.write_txn()?;
        let created = env.create_databases_and_commit(transaction, |opener, transaction| {
            let database = opener.create_database(transaction, None);
            database.map(CommitOrAbort::<_, ()>::Commit)
        })?;
        let CommitOrAbort::Commit(database) = created else {
            return Err("LMDB made no database".into());
        };
        Ok(Box::new(Open { env, database }))
    }
}

struct Open {
    env: Env,
    database: Database<'static, Bytes, Bytes>,
}

impl Store for Open {
    fn session(&self) -> Result<Box<dyn Session + Send + '_>> {
        Ok(Box::new(self))
    }

    fn ingest(&self, rows: &[Row]) -> Result<()> {
        let mut transaction = self.env.write_txn()?;
        for row in rows {
            self.database.put(&mut transaction, &row.key, &row.value)?;
        }
        transaction.commit()?;
        Ok(self.env.force_sync()?)
    }

    fn len(&self) -> Result<u64> {
        let transaction = self.env.read_txn()?;
        Ok(self.database.len(&transaction)?)
    }

    fn close(self: Box<Self>) -> Result<()> {
        self.env.prepare_for_closing().wait();
        Ok(())
    }
}

impl Session for &Open {
    fn put(&mut self, key: &[u8], value: &[u8]) -> Result<()> {
        let mut transaction = self.env.write_txn()?;
        self.database.put(&mut transaction, key, value)?;
        Ok(transaction.commit()?)
    }

    fn get(&mut self, key: &[u8], see: &mut dyn FnMut(&[u8])) -> Result<bool> {
        let transaction = self.env.read_txn()?;
        let value = self.database.get(&transaction, key)?;
        if let Some(value) = value {
            see(value);
        }
        Ok(value.is_some())
    }
}
