//! redb: copy-on-write B+trees, one writer at a time.

use std::path::Path;

use redb::{Database, ReadableDatabase, ReadableTableMetadata, TableDefinition, WriteTransaction};

use super::CACHE_BYTES;
use crate::error::Result;
use crate::row::Row;
use crate::system::{Durability, Session, Setup, Store, System};

const TABLE: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("kv");

/// redb with one write transaction per put.
pub(super) struct Redb;

impl System for Redb {
    fn setup(&self) -> Setup {
        Setup {
            process: "Durability::None, the only level without fsync: weaker, a put is lost when the process dies",
            power: "Durability::Immediate; one transaction per put",
            get: "a read transaction and a table handle per get",
            ingest: "one transaction in arrival order, Durability::Immediate",
        }
    }

    fn open(&self, directory: &Path, durability: Durability) -> Result<Box<dyn Store>> {
        let database =
            Database::builder().set_cache_size(CACHE_BYTES).create(directory.join("bench.redb"))?;
        let open = Open {
            database,
            durability: match durability {
                Durability::Process => redb::Durability::None,
                Durability::Power => redb::Durability::Immediate,
            },
        };
        open.begin(redb::Durability::Immediate)?.commit()?;
        Ok(Box::new(open))
    }
}

struct Open {
    database: Database,
    durability: redb::Durability,
}

impl Open {
    /// A write transaction in which the table exists.
    fn begin(&self, durability: redb::Durability) -> Result<WriteTransaction> {
        let mut transaction = self.database.begin_write()?;
        transaction.set_durability(durability)?;
        transaction.open_table(TABLE)?;
        Ok(transaction)
    }
}

impl Store for Open {
    fn session(&self) -> Result<Box<dyn Session + Send + '_>> {
        Ok(Box::new(self))
    }

    fn ingest(&self, rows: &[Row]) -> Result<()> {
        let transaction = self.begin(redb::Durability::Immediate)?;
        {
            let mut table = transaction.open_table(TABLE)?;
            for row in rows {
                table.insert(row.key.as_slice(), row.value.as_slice())?;
            }
        }
        Ok(transaction.commit()?)
    }

    fn len(&self) -> Result<u64> {
        Ok(self.database.begin_read()?.open_table(TABLE)?.len()?)
    }

    fn close(self: Box<Self>) -> Result<()> {
        Ok(())
    }
}

impl Session for &Open {
    fn put(&mut self, key: &[u8], value: &[u8]) -> Result<()> {
        let mut transaction = self.database.begin_write()?;
        transaction.set_durability(self.durability)?;
        transaction.open_table(TABLE)?.insert(key, value)?;
        Ok(transaction.commit()?)
    }

    fn get(&mut self, key: &[u8], see: &mut dyn FnMut(&[u8])) -> Result<bool> {
        let table = self.database.begin_read()?.open_table(TABLE)?;
        let value = table.get(key)?;
        if let Some(value) = &value {
            see(value.value());
        }
        Ok(value.is_some())
    }
}
