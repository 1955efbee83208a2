//! Reading many rows in the order of their keys, a page at a time.

use rusqlite::{CachedStatement, Rows, ToSql, types::ValueRef};

use super::{Fault, ReadConn, Table};
use crate::range::Span;

/// The statements of one table that walk along its keys.
///
/// `key >= x''` is true of BLOBs only: they come after everything else, so that keys of other
/// types are never among the rows. What type a value has is looked at row by row.
#[derive(Debug)]
pub(super) struct Scans {
    up: Walks,
    down: Walks,
    count: Bounded,
}

#[derive(Debug)]
struct Walks {
    entries: Bounded,
    /// Answered from the index of the keys alone: no row is touched.
    keys: Bounded,
}

/// A statement with an upper bound and one without: a bound that may be missing would keep SQLite
/// from looking it up in the index.
#[derive(Debug)]
pub(super) struct Bounded {
    pub(super) closed: String,
    pub(super) open: String,
}

/// What is read of each row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Want {
    Entries,
    Keys,
}

/// Which way to walk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Up,
    Down,
}

/// A page ends with the row that reaches one of these, so it has at least one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PageSize {
    pub(crate) rows: usize,
    pub(crate) bytes: usize,
}

/// A key, and the value if it was wanted.
pub(crate) type Found = (Vec<u8>, Vec<u8>);

/// Some rows, in the order that was asked for.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) rows: Vec<Found>,
    /// Whether there is nothing behind them.
    pub(crate) ended: bool,
}

impl Scans {
    /// `table` is quoted already.
    pub(super) fn new(table: &str) -> Self {
        let bounded = |before: &str, after: &str| Bounded::new(table, before, after);
        let walks = |order: &str| Walks {
            entries: bounded("SELECT key, value", order),
            keys: bounded("SELECT key", order),
        };
        Self {
            up: walks(" ORDER BY key"),
            down: walks(" ORDER BY key DESC"),
            count: bounded("SELECT COUNT(*)", " AND typeof(value) = 'blob'"),
        }
    }
}

impl Bounded {
    pub(super) fn new(table: &str, before: &str, after: &str) -> Self {
        Self {
            closed: format!("{before} FROM {table} WHERE key >= ?1 AND key < ?2{after}"),
            open: format!("{before} FROM {table} WHERE key >= ?1{after}"),
        }
    }
}

impl ReadConn {
    /// The first rows of `span`, seen from the end where `way` begins. The statement is done with
    /// when this returns: one that waits for its next step would keep the log from being moved.
    ///
    /// A row whose value is not a BLOB is left out, unless only keys are wanted: those are not
    /// looked up in the table.
    pub(crate) fn page(
        &self,
        table: &Table,
        span: &Span,
        (way, want): (Way, Want),
        size: PageSize,
    ) -> Result<Page, Fault> {
        let walks = match way {
            Way::Up => &table.scans.up,
            Way::Down => &table.scans.down,
        };
        let bounded = match want {
            Want::Entries => &walks.entries,
            Want::Keys => &walks.keys,
        };
        let read = || self.over(bounded, span, |mut rows| fill(&mut rows, want, size));
        read().map_err(self.at("read a page of keys"))
    }

    /// How many keys there are in `span`.
    pub(crate) fn count(&self, table: &Table, span: &Span) -> Result<u64, Fault> {
        if span.is_all() {
            return self.len(table);
        }
        let count = |mut rows: Rows<'_>| match rows.next()? {
            Some(row) => row.get::<_, i64>(0),
            None => Ok(0),
        };
        let count = self.over(&table.scans.count, span, count);
        count.map(i64::unsigned_abs).map_err(self.at("count keys"))
    }

    fn over<T>(
        &self,
        sql: &Bounded,
        span: &Span,
        read: impl FnOnce(Rows<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        let start = &span.start as &dyn ToSql;
        let mut statement: CachedStatement<'_>;
        match &span.end {
            Some(end) => {
                statement = self.prepare(&sql.closed)?;
                read(statement.query([start, end])?)
            }
            None => {
                statement = self.prepare(&sql.open)?;
                read(statement.query([start])?)
            }
        }
    }
}

fn fill(rows: &mut Rows<'_>, want: Want, size: PageSize) -> rusqlite::Result<Page> {
    let mut page = Page { rows: Vec::with_capacity(size.rows.min(MOST_AT_ONCE)), ended: false };
    let mut bytes = 0;
    while let Some(row) = rows.next()? {
        let ValueRef::Blob(key) = row.get_ref(0)? else { continue };
        let value = match want {
            Want::Keys => Vec::new(),
            Want::Entries => match row.get_ref(1)? {
                ValueRef::Blob(value) => value.to_vec(),
                _ => continue,
            },
        };
        bytes += key.len() + value.len();
        page.rows.push((key.to_vec(), value));
        if page.rows.len() >= size.rows || bytes >= size.bytes {
            return Ok(page);
        }
    }
    page.ended = true;
    Ok(page)
}

/// How many rows get their place before they are there.
const MOST_AT_ONCE: usize = 128;
