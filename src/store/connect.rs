//! Opening connections: flags, pragmas in the right order, and a look at what really took.

use rusqlite::{Connection, OpenFlags, config::DbConfig, limits::Limit};

use super::{Fault, MAIN, ReadConn, Settings, WriteConn, schema};
use crate::{AutoVacuum, Error};

/// What the file and the library made of what was asked for.
#[derive(Debug, Clone)]
pub(crate) struct Effective {
    pub(crate) page_size: u32,
    pub(crate) journal_mode: String,
    pub(crate) mmap_size: u64,
    /// The longest row the linked library handles, in bytes.
    pub(crate) max_row: u64,
}

/// The connection of the writer actor. The file is there; an empty one becomes a database.
pub(crate) fn open_writer(settings: &Settings) -> Result<(WriteConn, Effective), Fault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = open(settings, flags)?;
    let at = |action| move |error| Fault::new(error, &settings.path, action);

    let readonly = conn.is_readonly(MAIN).map_err(at("open the database"))?;
    if readonly {
        // SQLite falls back to reading when it may not write, and says nothing.
        return Err(Fault::operation(Error::ReadOnly {
            action: format!("open {} for writing", settings.path.display()),
        }));
    }
    let pages: u32 = pragma(&conn, "page_count").map_err(at("read the database"))?;
    if pages == 0 {
        // Neither can be changed once there is a page.
        set(&conn, "page_size", settings.page_size).map_err(at("set the page size"))?;
        let mode = match settings.auto_vacuum {
            AutoVacuum::None => 0,
            AutoVacuum::Full => 1,
            AutoVacuum::Incremental => 2,
        };
        set(&conn, "auto_vacuum", mode).map_err(at("set auto_vacuum"))?;
    }
    let wanted = if settings.wal { "wal" } else { "delete" };
    let journal_mode = switch_journal(&conn, wanted).map_err(at("set the journal mode"))?;
    if journal_mode != wanted {
        return Err(Fault::operation(Error::invalid(
            "enable_wal",
            settings.wal,
            format!("the file stays in journal mode {journal_mode:?}"),
        )));
    }
    let tune = || {
        // A rollback journal that is not synced can leave a file that is torn for good, and one
        // whose end was not synced comes back after a power failure, and undoes what was
        // acknowledged: EXTRA syncs the folder too.
        set(&conn, "synchronous", if settings.wal { "NORMAL" } else { "EXTRA" })?;
        set(&conn, "cache_size", -i64::from(settings.cache_kb))?;
        // The checkpointer does it, beside the writes and not in one of them.
        set(&conn, "wal_autocheckpoint", 0)?;
        // Where a plain sync does not reach the disk (Apple's systems), ask for the one that does.
        set(&conn, "fullfsync", true)?;
        set(&conn, "checkpoint_fullfsync", true)?;
        conn.set_db_config(
            DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE,
            settings.external_checkpoints,
        )?;
        conn.execute_batch(schema::META)
    };
    tune().map_err(at("prepare the database"))?;
    let effective = effective(&conn, settings, journal_mode).map_err(at("read the settings"))?;
    Ok((WriteConn::new(conn, settings, &effective), effective))
}

/// The connection of the checkpointer: it writes, but never a row.
pub(crate) fn open_checkpointer(settings: &Settings) -> Result<WriteConn, Fault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = open(settings, flags)?;
    let at = |action| move |error| Fault::new(error, &settings.path, action);
    let tune = || {
        set(&conn, "synchronous", "NORMAL")?;
        set(&conn, "wal_autocheckpoint", 0)?;
        set(&conn, "checkpoint_fullfsync", true)?;
        conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        // Also opens the log, so that its index can be looked at.
        let journal_mode: String = pragma(&conn, "journal_mode")?;
        effective(&conn, settings, journal_mode)
    };
    let effective = tune().map_err(at("prepare the checkpointer"))?;
    Ok(WriteConn::new(conn, settings, &effective))
}

/// A connection that only reads.
pub(crate) fn open_reader(settings: &Settings) -> Result<(ReadConn, Effective), Fault> {
    // What a process left behind that died in a transaction is undone by the next connection that
    // meets it, if it may write; with a log no reader has to.
    let access = if settings.wal || settings.read_only {
        OpenFlags::SQLITE_OPEN_READ_ONLY
    } else {
        OpenFlags::SQLITE_OPEN_READ_WRITE
    };
    let conn = open(settings, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    let at = |action| move |error| Fault::new(error, &settings.path, action);
    set(&conn, "query_only", true).map_err(at("prepare to read"))?;
    set(&conn, "cache_size", -i64::from(settings.reader_cache_kb)).map_err(at("set the cache"))?;
    let journal_mode: String = pragma(&conn, "journal_mode").map_err(at("read the database"))?;
    let effective = effective(&conn, settings, journal_mode).map_err(at("read the settings"))?;
    let wal = effective.journal_mode == "wal";
    Ok((ReadConn::new(conn, settings, wal), effective))
}

fn open(settings: &Settings, flags: OpenFlags) -> Result<Connection, Fault> {
    let at = |action| move |error| Fault::new(error, &settings.path, action);
    let conn =
        Connection::open_with_flags(&settings.path, flags).map_err(at("open the database"))?;
    // Before anything that may meet a lock.
    // By its pragma: what rusqlite has for it does not link with a library before 3.44.
    let millis = i64::try_from(settings.busy_timeout.as_millis()).unwrap_or(i64::MAX);
    set(&conn, "busy_timeout", millis).map_err(at("set the busy timeout"))?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS);
    set(&conn, "mmap_size", i64::try_from(settings.mmap_size).unwrap_or(i64::MAX))
        .map_err(at("set the mmap size"))?;
    Ok(conn)
}

/// Statements kept prepared: those of a dozen tables.
const STATEMENTS: usize = 128;

/// Going over to WAL needs the file for a moment all alone, and SQLite does not ask the busy
/// handler while it tries: the caller retries.
fn switch_journal(conn: &Connection, wanted: &str) -> rusqlite::Result<String> {
    let now: String = pragma(conn, "journal_mode")?;
    if now == wanted {
        return Ok(now);
    }
    let mut switch = conn.prepare(&format!("PRAGMA journal_mode = {wanted}"))?;
    let mut rows = switch.query([])?;
    let mode = rows.next()?.map(|row| row.get(0)).transpose()?.unwrap_or(now);
    // The answer comes before the commit: whether that worked, only the end of the rows says.
    // Without it a log would be believed in that is not there.
    while rows.next()?.is_some() {}
    Ok(mode)
}

fn effective(
    conn: &Connection,
    settings: &Settings,
    journal_mode: String,
) -> rusqlite::Result<Effective> {
    // Fails here, and not at the first get, when the file is no database.
    conn.query_row("SELECT COUNT(*) FROM sqlite_schema", [], |_| Ok(()))?;
    let mmap_size: i64 = if settings.mmap_size == 0 { 0 } else { pragma(conn, "mmap_size")? };
    Ok(Effective {
        page_size: pragma(conn, "page_size")?,
        journal_mode,
        mmap_size: mmap_size.unsigned_abs(),
        max_row: u64::from(conn.limit(Limit::SQLITE_LIMIT_LENGTH)?.unsigned_abs()),
    })
}

fn pragma<T: rusqlite::types::FromSql>(conn: &Connection, name: &str) -> rusqlite::Result<T> {
    conn.pragma_query_value(None, name, |row| row.get(0))
}

/// Sets a pragma that answers with nothing, or with what it was set to.
fn set(conn: &Connection, name: &str, value: impl rusqlite::ToSql) -> rusqlite::Result<()> {
    conn.pragma_update(None, name, value)
}
