//! Changes that look at what is there.

use rusqlite::{OptionalExtension, ToSql, params, types::ValueRef};

use super::{Fault, Table, WriteConn};
use crate::range::Span;

impl WriteConn {
    /// What `seen` makes of the value of a key; none is what a get would not find either.
    pub(crate) fn look<T>(
        &self,
        table: &Table,
        key: &[u8],
        seen: impl Fn(Option<&[u8]>) -> T,
    ) -> Result<T, Fault> {
        const ACTION: &str = "look at a key";
        let mut statement = self.prepare(&table.get, ACTION)?;
        let found = statement.query_row([key], |row| {
            Ok(match row.get_ref(0)? {
                ValueRef::Blob(value) => seen(Some(value)),
                _ => seen(None),
            })
        });
        let found = found.optional().map_err(self.at(ACTION))?;
        Ok(found.unwrap_or_else(|| seen(None)))
    }

    /// Deletes a key if this is its value; whether it was.
    pub(crate) fn delete_same(
        &self,
        table: &Table,
        key: &[u8],
        value: &[u8],
    ) -> Result<bool, Fault> {
        let rows = self.execute(&table.delete_same, params![key, value], "delete a key")?;
        Ok(rows > 0)
    }

    /// Deletes the keys of a span; how many there were.
    pub(crate) fn delete_span(&self, table: &Table, span: &Span) -> Result<u64, Fault> {
        if span.is_all() {
            return self.clear(table);
        }
        let start = &span.start as &dyn ToSql;
        let sql = &table.delete_span;
        match &span.end {
            Some(end) => self.execute(&sql.closed, [start, end], "delete a range of keys"),
            None => self.execute(&sql.open, [start], "delete a range of keys"),
        }
    }
}
