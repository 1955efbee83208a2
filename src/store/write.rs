//! The connection that writes. The actor has the only one.

use std::{path::Path, sync::Arc};

use rusqlite::{Connection, params};

use super::{Fault, Settings, Table, ffi, schema};
use crate::{CheckpointMode, CheckpointReport};

#[derive(Debug)]
pub(crate) struct WriteConn {
    conn: Connection,
    path: Arc<Path>,
    /// Whether a commit waits for the disk at present.
    synced: bool,
    wal: bool,
    external_checkpoints: bool,
    max_row: u64,
}

impl WriteConn {
    pub(super) fn new(conn: Connection, settings: &Settings, max_row: u64) -> Self {
        let path = Arc::clone(&settings.path);
        Self {
            conn,
            path,
            synced: false,
            wal: settings.wal,
            external_checkpoints: settings.external_checkpoints,
            max_row,
        }
    }

    /// The longest row in bytes that the library takes.
    pub(crate) fn max_row(&self) -> u64 {
        self.max_row
    }

    /// Begins a transaction that holds the write lock from the start. Never a deferred one: its
    /// upgrade fails at once when somebody else wrote meanwhile, without asking the busy handler.
    pub(crate) fn begin(&mut self, synced: bool) -> Result<(), Fault> {
        // A rollback journal that is not synced can leave a file that is torn for good.
        let synced = synced || !self.wal;
        // Inside a transaction the level cannot be changed.
        if self.synced != synced {
            let level = if synced { "FULL" } else { "NORMAL" };
            self.conn
                .pragma_update(None, "synchronous", level)
                .map_err(self.at("set the durability"))?;
            self.synced = synced;
        }
        // A transaction that could not even be rolled back must not swallow the next one.
        self.rollback()?;
        self.run("BEGIN IMMEDIATE", "begin a transaction")
    }

    /// After an error the transaction is gone, unless it says otherwise: see [`Self::rollback`].
    pub(crate) fn commit(&self) -> Result<(), Fault> {
        self.run("COMMIT", "commit")
    }

    /// Ends the transaction if there still is one: some errors end it by themselves.
    pub(crate) fn rollback(&self) -> Result<(), Fault> {
        if self.in_transaction() {
            self.run("ROLLBACK", "roll back")
        } else {
            Ok(())
        }
    }

    pub(crate) fn in_transaction(&self) -> bool {
        !self.conn.is_autocommit()
    }

    /// Rows changed since the connection was opened.
    pub(crate) fn total_changes(&self) -> u64 {
        self.conn.total_changes()
    }

    /// Pages written since the connection was opened. What it changed may need none: a value in
    /// place of an equal one.
    pub(crate) fn pages_written(&self) -> Result<i32, Fault> {
        ffi::pages_written(&self.conn).map_err(self.at("count the pages written"))
    }

    /// Runs several statements as one operation: all of them or none.
    pub(crate) fn atomically<T>(
        &self,
        statements: impl FnOnce(&Self) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        self.run("SAVEPOINT operation", "begin an operation")?;
        let outcome = statements(self);
        if outcome.is_err() && self.in_transaction() {
            self.run("ROLLBACK TO operation", "undo an operation")?;
        }
        if self.in_transaction() {
            self.run("RELEASE operation", "end an operation")?;
        }
        outcome
    }

    pub(crate) fn put(&self, table: &Table, key: &[u8], value: &[u8]) -> Result<(), Fault> {
        self.execute(&table.put, params![key, value], "store a value")
            .map(drop)
    }

    pub(crate) fn delete(&self, table: &Table, key: &[u8]) -> Result<bool, Fault> {
        self.execute(&table.delete, params![key], "delete a key")
            .map(|rows| rows > 0)
    }

    pub(crate) fn clear(&self, table: &Table) -> Result<u64, Fault> {
        let foreign = || {
            self.conn
                .prepare_cached(&table.foreign)?
                .query_row([], |row| row.get(0))
        };
        let foreign: bool = foreign().map_err(self.at("look for foreign rows"))?;
        // Without a condition SQLite drops whole pages instead of visiting rows.
        let sql = if foreign {
            &table.clear
        } else {
            &table.clear_all
        };
        self.execute(sql, [], "clear a table")
    }

    /// Makes the table; whether it was not there before.
    pub(crate) fn create(&self, table: &Table) -> Result<bool, Fault> {
        let found = schema::find(&self.conn, table).map_err(self.at("look for a table"))?;
        if schema::accept(found, table)? {
            return Ok(false);
        }
        self.run(&table.create, "create a table")?;
        Ok(true)
    }

    /// Puts everything committed so far on the disk.
    pub(crate) fn sync(&self) -> Result<(), Fault> {
        if self.wal {
            ffi::sync_wal(&self.conn).map_err(self.at("sync the write-ahead log"))
        } else {
            // A rollback journal is synced with every commit.
            Ok(())
        }
    }

    /// Whether checkpoints are ours to make.
    pub(crate) fn may_checkpoint(&self) -> bool {
        !self.external_checkpoints
    }

    pub(crate) fn checkpoint(&self, mode: CheckpointMode) -> Result<CheckpointReport, Fault> {
        let sql = match mode {
            CheckpointMode::Passive => "PRAGMA wal_checkpoint(PASSIVE)",
            CheckpointMode::Full => "PRAGMA wal_checkpoint(FULL)",
            CheckpointMode::Restart => "PRAGMA wal_checkpoint(RESTART)",
            CheckpointMode::Truncate => "PRAGMA wal_checkpoint(TRUNCATE)",
        };
        let (busy, log, done): (bool, i64, i64) = self
            .conn
            .query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .map_err(self.at("checkpoint"))?;
        if busy && mode != CheckpointMode::Passive {
            return Err(Fault::busy());
        }
        // Both are -1 where there is no log.
        Ok(CheckpointReport {
            wal_pages: u64::try_from(log).unwrap_or(0),
            checkpointed_pages: u64::try_from(done).unwrap_or(0),
        })
    }

    /// Gives the connection back if it cannot be closed.
    pub(crate) fn close(self) -> Result<(), (Self, Fault)> {
        let Self { conn, path, .. } = self;
        conn.flush_prepared_statement_cache();
        conn.close().map_err(|(conn, error)| {
            let fault = Fault::new(error, &path, "close the database");
            (Self { conn, path, ..self }, fault)
        })
    }

    fn run(&self, sql: &str, action: &'static str) -> Result<(), Fault> {
        self.execute(sql, [], action).map(drop)
    }

    fn execute(
        &self,
        sql: &str,
        params: impl rusqlite::Params,
        action: &'static str,
    ) -> Result<u64, Fault> {
        let execute = || self.conn.prepare_cached(sql)?.execute(params);
        let rows = execute().map_err(self.at(action))?;
        Ok(rows as u64)
    }

    fn at(&self, action: &'static str) -> impl Fn(rusqlite::Error) -> Fault + '_ {
        move |error| Fault::new(error, &self.path, action)
    }
}

#[cfg(test)]
mod tests;
