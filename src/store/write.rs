//! The connection that writes. The actor has the only one.

use std::{cell::OnceCell, path::Path, sync::Arc, time::Duration};

use rusqlite::{CachedStatement, Connection, config::DbConfig, params};

use super::{
    Class, Effective, Fault, Settings, Table,
    ffi::{self, ForkSafe, WalIndex},
    schema,
};
use crate::{CheckpointMode, CheckpointReport, failpoint::reached};

#[derive(Debug)]
pub(crate) struct WriteConn {
    pub(super) conn: ForkSafe<Connection>,
    index: OnceCell<Option<WalIndex>>,
    path: Arc<Path>,
    /// Whether a commit waits for the disk at present.
    synced: bool,
    wal: bool,
    external_checkpoints: bool,
    max_row: u64,
    page_size: u32,
    busy_timeout: Duration,
}

/// How much is in the write-ahead log.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Log {
    pub(crate) pages: u32,
    /// Pages that are not in the database yet.
    pub(crate) backlog: u32,
    pub(crate) bytes: u64,
    /// Another one whenever it was begun anew.
    pub(crate) run: u32,
}

impl WriteConn {
    pub(super) fn new(conn: Connection, settings: &Settings, effective: &Effective) -> Self {
        Self {
            conn: ForkSafe::new(conn),
            index: OnceCell::new(),
            path: Arc::clone(&settings.path),
            synced: false,
            wal: settings.wal,
            max_row: effective.max_row,
            page_size: effective.page_size,
            busy_timeout: settings.busy_timeout,
            external_checkpoints: settings.external_checkpoints,
        }
    }

    /// The longest row in bytes that the library takes.
    pub(crate) fn max_row(&self) -> u64 {
        self.max_row
    }

    /// Begins a transaction that holds the write lock from the start. Never a deferred one: its
    /// upgrade fails at once when somebody else wrote meanwhile, without asking the busy handler.
    pub(crate) fn begin(&mut self, synced: bool) -> Result<(), Fault> {
        // Without a log every commit is synced: see `open_writer`.
        let synced = synced && self.wal;
        // A transaction that could not even be rolled back must not swallow the next one.
        self.rollback()?;
        // Inside a transaction the level cannot be changed.
        if self.synced != synced {
            let level = if synced { "FULL" } else { "NORMAL" };
            self.conn
                .pragma_update(None, "synchronous", level)
                .map_err(self.at("set the durability"))?;
            self.synced = synced;
        }
        self.run("BEGIN IMMEDIATE", "begin a transaction")
    }

    /// After an error the transaction is gone, unless it says otherwise: see [`Self::rollback`].
    pub(crate) fn commit(&self) -> Result<(), Fault> {
        self.run("COMMIT", "commit")
    }

    /// Ends the transaction if there still is one: some errors end it by themselves.
    pub(crate) fn rollback(&self) -> Result<(), Fault> {
        if self.in_transaction() { self.run("ROLLBACK", "roll back") } else { Ok(()) }
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
        self.execute(&table.put, params![key, value], "store a value").map(drop)
    }

    pub(crate) fn delete(&self, table: &Table, key: &[u8]) -> Result<bool, Fault> {
        self.execute(&table.delete, params![key], "delete a key").map(|rows| rows > 0)
    }

    pub(crate) fn clear(&self, table: &Table) -> Result<u64, Fault> {
        let foreign = || self.conn.prepare_cached(&table.foreign)?.query_row([], |row| row.get(0));
        let foreign: bool = foreign().map_err(self.at("look for foreign rows"))?;
        // Without a condition SQLite drops whole pages instead of visiting rows.
        let sql = if foreign { &table.clear } else { &table.clear_all };
        self.execute(sql, [], "clear a table")
    }

    /// Puts a name on the list of features that the file uses; whether it was not there before.
    pub(crate) fn register(&self, feature: &str) -> Result<bool, Fault> {
        schema::register(&self.conn, feature).map_err(self.at("note a feature"))
    }

    /// Makes the table if nothing has its name. What has it may be of another shape by now: whether
    /// it takes our rows, it will say.
    pub(crate) fn create_missing(&self, table: &Table) -> Result<(), Fault> {
        let found = schema::find(&self.conn, table).map_err(self.at("look for a table"))?;
        if found == schema::Found::Nothing {
            self.run(&table.create, "create a table")
        } else {
            Ok(())
        }
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
            // Without a log every commit is synced.
            Ok(())
        }
    }

    /// Puts what checkpoints moved into the database on the disk. The checkpoint that moves the last
    /// of the log does that, whoever makes it, and those before it do not.
    pub(crate) fn sync_database(&self) -> Result<(), Fault> {
        ffi::sync_database(&self.conn).map_err(self.at("sync the database"))
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
        // Inside a transaction it would be busy for ever.
        self.rollback()?;
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

    /// Pages in the log, and how many of them are in the database already.
    pub(crate) fn log(&self) -> Log {
        let index =
            self.index.get_or_init(|| if self.wal { WalIndex::of(&self.conn) } else { None });
        let (pages, copied) = index.as_ref().map_or((0, 0), WalIndex::frames);
        // A frame is a page and 24 bytes about it.
        let bytes = u64::from(pages) * (u64::from(self.page_size) + 24);
        let run = index.as_ref().map_or(0, WalIndex::run);
        Log { pages, backlog: pages.saturating_sub(copied), bytes, run }
    }

    /// Cuts the log to nothing if nobody reads from it for a moment; whether that worked.
    pub(crate) fn cut_log(&self, patience: Duration) -> Result<bool, Fault> {
        let set = |timeout: Duration| {
            let millis = i64::try_from(timeout.as_millis()).unwrap_or(i64::MAX);
            let set = self.conn.pragma_update(None, "busy_timeout", millis);
            set.map_err(self.at("set the busy timeout"))
        };
        set(patience)?;
        let outcome = self.checkpoint(CheckpointMode::Truncate);
        set(self.busy_timeout)?;
        match outcome {
            Ok(_) => Ok(true),
            Err(fault) if fault.class == Class::Transient => Ok(false),
            Err(fault) => Err(fault),
        }
    }

    /// Lets SQLite look after its statistics, and with `vacuum` write the file anew without gaps.
    pub(crate) fn optimize(&self, vacuum: bool) -> Result<(), Fault> {
        self.rollback()?;
        self.batch("PRAGMA optimize", "optimize")?;
        reached!("mid-optimize");
        if vacuum { self.batch("VACUUM", "vacuum") } else { Ok(()) }
    }

    /// Pages of the file, and how many of them hold nothing.
    pub(crate) fn pages(&self) -> Result<(u64, u64), Fault> {
        let read = |name| self.conn.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
        let both =
            || Ok((read("page_count")?.unsigned_abs(), read("freelist_count")?.unsigned_abs()));
        both().map_err(self.at("count the pages"))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn page_size(&self) -> u32 {
        self.page_size
    }

    /// Moves the whole log into the database and leaves the log's file alone when the connection
    /// closes: its name may be another file's by now.
    pub(crate) fn part_from_name(&self) -> Result<(), Fault> {
        self.checkpoint(CheckpointMode::Truncate)?;
        self.keep_log()
    }

    /// Leaves the log's file as it is when the connection closes.
    pub(crate) fn keep_log(&self) -> Result<(), Fault> {
        self.conn
            .set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
            .map(drop)
            .map_err(self.at("prepare to close"))
    }

    /// Closes the connection, or gives it back if that fails.
    pub(crate) fn close(self) -> Result<(), (Self, Fault)> {
        self.conn.flush_prepared_statement_cache();
        let Self { conn, path, .. } = self;
        conn.into_inner().close().map_err(|(conn, error)| {
            let fault = Fault::new(error, &path, "close the database");
            (Self { conn: ForkSafe::new(conn), path, index: OnceCell::new(), ..self }, fault)
        })
    }

    /// Statements that answer with rows, which nobody wants.
    fn batch(&self, sql: &str, action: &'static str) -> Result<(), Fault> {
        self.conn.execute_batch(sql).map_err(self.at(action))
    }

    fn run(&self, sql: &str, action: &'static str) -> Result<(), Fault> {
        self.execute(sql, [], action).map(drop)
    }

    pub(super) fn execute(
        &self,
        sql: &str,
        params: impl rusqlite::Params,
        action: &'static str,
    ) -> Result<u64, Fault> {
        let mut statement = self.prepare(sql, action)?;
        let rows = statement.execute(params).map_err(self.at(action))?;
        Ok(rows as u64)
    }

    pub(super) fn prepare(
        &self,
        sql: &str,
        action: &'static str,
    ) -> Result<CachedStatement<'_>, Fault> {
        self.conn.prepare_cached(sql).map_err(self.at(action))
    }

    pub(super) fn at(&self, action: &'static str) -> impl Fn(rusqlite::Error) -> Fault + '_ {
        move |error| Fault::new(error, &self.path, action)
    }
}

#[cfg(test)]
mod tests;
