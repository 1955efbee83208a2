//! Long values, piece by piece: SQLite's incremental BLOB I/O.

use std::{ffi::CString, io};

use rusqlite::{OptionalExtension, blob::ZeroBlob, params};

use super::{
    Class, Fault, MAIN, ReadConn, Table, WriteConn,
    ffi::{Blob, ForkSafe},
    schema::is_plain,
};
use crate::{Error, failpoint::reached};

/// Bytes that are copied in one piece.
const PIECE: usize = 1 << 20;
/// The writer's page cache while it copies, in KiB: the pages of a long value pass through it once,
/// and would only drive out what others need.
const CACHE_KB: i64 = 8_192;

/// A long value, and where it comes from.
pub(crate) struct Long<'a> {
    pub(crate) len: u64,
    /// Fills a piece with what stands from there on.
    pub(crate) read: &'a dyn Fn(u64, &mut [u8]) -> io::Result<()>,
    /// Asked after the last piece: whether it was all of one piece.
    pub(crate) verify: &'a dyn Fn() -> io::Result<()>,
    /// What a failure to read it is.
    pub(crate) class: Class,
}

impl WriteConn {
    /// Stores a value of which one piece at a time is in memory; all of it where somebody's index or
    /// trigger has to see it. Part of a transaction: what is half done when this fails must be rolled
    /// back.
    pub(crate) fn put_long(
        &self,
        table: &Table,
        key: &[u8],
        value: &Long<'_>,
    ) -> Result<(), Fault> {
        let at = || self.at("store a long value");
        let cache: i64 =
            self.conn.pragma_query_value(None, "cache_size", |row| row.get(0)).map_err(at())?;
        let small = if cache < 0 { cache.max(-CACHE_KB) } else { cache };
        self.conn.pragma_update(None, "cache_size", small).map_err(at())?;
        let outcome = self.copy(table, key, value);
        self.conn.pragma_update(None, "cache_size", cache).map_err(at())?;
        outcome
    }

    fn copy(&self, table: &Table, key: &[u8], value: &Long<'_>) -> Result<(), Fault> {
        let at = || self.at("store a long value");
        let unreadable = |error| Fault {
            error: Error::io(
                format!("read the value to be stored under the key {}", key.escape_ascii()),
                error,
            ),
            class: value.class,
        };
        // No limit of SQLite's is above it.
        let len = i32::try_from(value.len).map_err(|_| {
            let (len, max) = (value.len, self.max_row());
            Fault::operation(Error::ValueTooLarge { len, max })
        })?;
        if !is_plain(&self.conn, &table.name).map_err(at())? {
            let mut whole = vec![0; usize::try_from(len).unwrap_or_default()];
            (value.read)(0, &mut whole).map_err(unreadable)?;
            (value.verify)().map_err(unreadable)?;
            return self.put(table, key, &whole);
        }
        let prepare = |sql| self.conn.prepare_cached(sql);
        prepare(&table.put)
            .and_then(|mut put| put.execute(params![key, ZeroBlob(value.len)]))
            .map_err(at())?;
        let row: i64 = prepare(&table.rowid)
            .and_then(|mut rowid| rowid.query_row([key], |row| row.get(0)))
            .map_err(at())?;
        let mut blob = self.conn.blob_open(MAIN, &*table.name, "value", row, false).map_err(at())?;
        let mut piece = vec![0; PIECE.min(usize::try_from(len).unwrap_or(PIECE))];
        let mut done = 0;
        while done < value.len {
            let left = usize::try_from(value.len - done).unwrap_or(usize::MAX);
            let most = piece.len().min(left);
            let Some(part) = piece.get_mut(..most) else { break };
            (value.read)(done, part).map_err(unreadable)?;
            // It is within an i32, as its end is.
            let start = usize::try_from(done).unwrap_or(usize::MAX);
            blob.write_all_at(part, start).map_err(at())?;
            reached!("mid-copy");
            done += most as u64;
        }
        (value.verify)().map_err(unreadable)?;
        blob.close().map_err(at())
    }
}

impl ReadConn {
    /// Does without a memory map: the pages of a long value would count as ours.
    pub(crate) fn unmap(&self) -> Result<(), Fault> {
        self.conn.pragma_update(None, "mmap_size", 0).map_err(self.at("do without a memory map"))
    }

    /// Opens a value to be read piece by piece, the only one of this connection; its length, if
    /// it is there. To be called in a transaction: the value stays what it is as long as that.
    pub(crate) fn open_blob(&self, table: &Table, key: &[u8]) -> Result<Option<u64>, Fault> {
        let open = || {
            let row = self
                .prepare(&table.rowid)?
                .query_row([key], |row| row.get::<_, i64>(0))
                .optional()?;
            let Some(row) = row else { return Ok(None) };
            // Without a NUL: see `Table::new`.
            let name = CString::new(&*table.name).map_err(rusqlite::Error::NulError)?;
            let blob = Blob::open(&self.conn, &name, row)?;
            Ok(Some(self.blob.get_or_init(|| ForkSafe::new(blob)).len()))
        };
        open().map_err(self.at("open a long value"))
    }

    /// Fills all of `into` with what stands from `at` on in the value that is open.
    pub(crate) fn read_blob(&self, at: u64, into: &mut [u8]) -> Result<(), Fault> {
        let Some(blob) = self.blob.get() else { return Ok(()) };
        blob.read(at, into).map_err(self.at("read a long value"))
    }
}
