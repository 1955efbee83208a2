//! The SQLite file that kvault would make, opened with rusqlite alone: same schema, same pragmas.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, params};

use crate::error::Result;
use crate::row::Row;
use crate::system::Durability;

const SCHEMA: &str =
    "CREATE TABLE IF NOT EXISTS kv (key BLOB PRIMARY KEY NOT NULL, value BLOB NOT NULL)";
const PUT: &str = "INSERT INTO kv (key, value) VALUES (?1, ?2) \
    ON CONFLICT (key) DO UPDATE SET value = excluded.value";
const GET: &str = "SELECT value FROM kv WHERE key = ?1";
/// The page size that kvault's files have.
const PAGE_SIZE: i64 = 32_768;

/// Opens the file in this directory, creating it with its table.
pub(super) fn open(directory: &Path, durability: Durability) -> Result<Connection> {
    let connection = Connection::open(directory.join("bench.db"))?;
    connection.busy_timeout(Duration::from_secs(30))?;
    let synchronous = match durability {
        Durability::Process => "NORMAL",
        Durability::Power => "FULL",
    };
    connection.execute_batch(&format!(
        "PRAGMA page_size = {PAGE_SIZE};
         PRAGMA journal_mode = WAL;
         PRAGMA synchronous = {synchronous};
         PRAGMA mmap_size = {};
         PRAGMA cache_size = -100000;
         {SCHEMA};",
        256 << 20,
    ))?;
    let mode: String = connection.query_row("PRAGMA journal_mode", [], |row| row.get(0))?;
    let page_size: i64 = connection.query_row("PRAGMA page_size", [], |row| row.get(0))?;
    if mode != "wal" || page_size != PAGE_SIZE {
        return Err(format!("SQLite chose journal {mode}, page size {page_size}").into());
    }
    Ok(connection)
}

/// One put in a transaction of its own.
pub(super) fn put(connection: &Connection, key: &[u8], value: &[u8]) -> Result<()> {
    let mut statement = connection.prepare_cached(PUT)?;
    statement.execute(params![key, value])?;
    Ok(())
}

/// One get in a transaction of its own.
pub(super) fn get(connection: &Connection, key: &[u8], see: &mut dyn FnMut(&[u8])) -> Result<bool> {
    let mut statement = connection.prepare_cached(GET)?;
    let found = statement.query_row([key], |row| {
        see(row.get_ref(0)?.as_blob()?);
        Ok(())
    });
    Ok(found.optional()?.is_some())
}

/// All rows in one transaction whose commit waits for the disk.
pub(super) fn ingest<'a>(
    connection: &Connection,
    rows: impl Iterator<Item = &'a Row>,
) -> Result<()> {
    connection.execute_batch("PRAGMA synchronous = FULL; BEGIN IMMEDIATE")?;
    {
        let mut statement = connection.prepare_cached(PUT)?;
        for row in rows {
            statement.execute(params![row.key, row.value])?;
        }
    }
    connection.execute_batch("COMMIT")?;
    Ok(())
}

/// Counts the rows.
pub(super) fn len(connection: &Connection) -> Result<u64> {
    let rows: i64 = connection.query_row("SELECT count(*) FROM kv", [], |row| row.get(0))?;
    Ok(u64::try_from(rows)?)
}

/// Closes the connection; the last one of a file checkpoints it.
pub(super) fn close(connection: Connection) -> Result<()> {
    connection.close().map_err(|(_, error)| error.into())
}
