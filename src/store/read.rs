//! A connection that reads.

use std::{cell::OnceCell, path::Path, sync::Arc};

use rusqlite::{CachedStatement, Connection, OptionalExtension, types::ValueRef};

use super::{
    Fault, Settings, Table,
    ffi::{Blob, ForkSafe, WalIndex, WalToken},
    schema,
};
/// One reader: a connection of its own, its statements kept prepared.
pub(crate) struct ReadConn {
    /// The value that is read piece by piece, if there is one. Closed before its connection.
    pub(super) blob: OnceCell<ForkSafe<Blob>>,
    pub(super) conn: ForkSafe<Connection>,
    path: Arc<Path>,
    index: OnceCell<Option<WalIndex>>,
    wal: bool,
    /// Dropped when the connection is closed: the last field.
    with_it: OnceCell<ForkSafe<Box<dyn Send>>>,
}

impl std::fmt::Debug for ReadConn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ReadConn").field("path", &self.path).finish_non_exhaustive()
    }
}

impl ReadConn {
    pub(super) fn new(conn: Connection, settings: &Settings, wal: bool) -> Self {
        Self {
            blob: OnceCell::new(),
            conn: ForkSafe::new(conn),
            path: Arc::clone(&settings.path),
            index: OnceCell::new(),
            wal,
            with_it: OnceCell::new(),
        }
    }

    /// Has something dropped when the connection is closed, and not before.
    pub(crate) fn drop_with_it(&self, other: impl Send + 'static) {
        drop(self.with_it.set(ForkSafe::new(Box::new(other))));
    }

    pub(crate) fn get(&self, table: &Table, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        self.try_get(table, key).map_err(self.at("read a key"))
    }

    /// All keys at one instant, in the order they were asked for.
    pub(crate) fn get_many(
        &self,
        table: &Table,
        keys: &[&[u8]],
    ) -> Result<Vec<Option<Vec<u8>>>, Fault> {
        let read = || keys.iter().map(|key| self.try_get(table, key)).collect();
        self.at_one_instant(read).map_err(self.at("read several keys"))
    }

    pub(crate) fn contains(&self, table: &Table, key: &[u8]) -> Result<bool, Fault> {
        let look = || self.conn.prepare_cached(&table.contains)?.exists([key]);
        look().map_err(self.at("look for a key"))
    }

    pub(crate) fn len(&self, table: &Table) -> Result<u64, Fault> {
        let count =
            || self.conn.prepare_cached(&table.len)?.query_row([], |row| row.get::<_, i64>(0));
        count().map(i64::unsigned_abs).map_err(self.at("count the keys"))
    }

    pub(crate) fn is_empty(&self, table: &Table) -> Result<bool, Fault> {
        let any = || self.conn.prepare_cached(&table.any)?.query_row([], |row| row.get(0));
        any().map(|any: bool| !any).map_err(self.at("look for keys"))
    }

    /// Names of the tables that are vaults.
    pub(crate) fn tables(&self) -> Result<Vec<String>, Fault> {
        schema::vaults(&self.conn).map_err(self.at("list the tables"))
    }

    /// Whether the table is there. A table of another shape under its name is an error.
    pub(crate) fn has_table(&self, table: &Table) -> Result<bool, Fault> {
        let found = schema::find(&self.conn, table).map_err(self.at("look for a table"))?;
        schema::accept(found, table)
    }

    /// What changes with every commit of anybody; `None` where that cannot be told.
    pub(crate) fn token(&self) -> Option<WalToken> {
        // A rollback journal has no index, and a view would keep the writer out.
        if !self.wal {
            return None;
        }
        let index = self.index.get_or_init(|| WalIndex::of(&self.conn));
        index.as_ref().map(WalIndex::token)
    }

    /// Fixes what is read from now on.
    pub(crate) fn begin(&self) -> Result<(), Fault> {
        // A transaction takes its view with the first thing it reads, not when it begins.
        let begin = || {
            self.run("BEGIN")?;
            self.run("SELECT 1 FROM sqlite_schema LIMIT 1")
        };
        begin().map_err(|error| {
            self.end();
            Fault::new(error, &self.path, "begin to read")
        })
    }

    /// Whether what is read is still of one moment.
    pub(crate) fn is_within(&self) -> bool {
        !self.conn.is_autocommit()
    }

    /// Pages in the write-ahead log.
    pub(crate) fn pages_in_log(&self) -> u64 {
        let index = self.index.get_or_init(|| WalIndex::of(&self.conn));
        index.as_ref().map_or(0, |index| u64::from(index.frames().0))
    }

    pub(crate) fn end(&self) {
        if !self.conn.is_autocommit()
            && let Err(error) = self.run("COMMIT")
        {
            crate::log::warning!("a read transaction did not end: {error}");
        }
    }

    /// Runs several reads as one: in the view that is held, or in a transaction of their own.
    fn at_one_instant<T>(
        &self,
        reads: impl FnOnce() -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        if !self.conn.is_autocommit() {
            return reads();
        }
        let instant = self.conn.unchecked_transaction()?;
        let value = reads()?;
        instant.finish()?;
        Ok(value)
    }

    fn try_get(&self, table: &Table, key: &[u8]) -> rusqlite::Result<Option<Vec<u8>>> {
        let value = self
            .conn
            .prepare_cached(&table.get)?
            .query_row([key], |row| {
                Ok(match row.get_ref(0)? {
                    ValueRef::Blob(bytes) => Some(bytes.to_vec()),
                    _ => None,
                })
            })
            .optional()?;
        Ok(value.flatten())
    }

    pub(super) fn prepare(&self, sql: &str) -> rusqlite::Result<CachedStatement<'_>> {
        self.conn.prepare_cached(sql)
    }

    fn run(&self, sql: &str) -> rusqlite::Result<()> {
        self.conn.prepare_cached(sql)?.raw_query().next().map(drop)
    }

    pub(super) fn at(&self, action: &'static str) -> impl Fn(rusqlite::Error) -> Fault + '_ {
        move |error| Fault::new(error, &self.path, action)
    }
}

#[cfg(test)]
mod tests;
