//! Many rows of a table, one after the other.

use std::sync::Arc;

use rusqlite::{CachedStatement, params};

use super::{Fault, Table, WriteConn};

/// Writes to one table. Looking a statement up costs a tenth of what it does to one row: here that
/// is done once for all of them.
pub(crate) struct Rows<'a> {
    conn: &'a WriteConn,
    table: Arc<Table>,
    put: Option<CachedStatement<'a>>,
    delete: Option<CachedStatement<'a>>,
}

impl<'a> Rows<'a> {
    pub(crate) fn new(conn: &'a WriteConn, table: Arc<Table>) -> Self {
        Self { conn, table, put: None, delete: None }
    }

    pub(crate) fn table(&self) -> &Table {
        &self.table
    }

    pub(crate) fn put(&mut self, key: &[u8], value: &[u8]) -> Result<(), Fault> {
        let Self { conn, table, put, .. } = self;
        let put = match put {
            Some(put) => put,
            None => put.insert(conn.prepare(&table.put, "store a value")?),
        };
        put.execute(params![key, value]).map_err(conn.at("store a value")).map(drop)
    }

    pub(crate) fn delete(&mut self, key: &[u8]) -> Result<(), Fault> {
        let Self { conn, table, delete, .. } = self;
        let delete = match delete {
            Some(delete) => delete,
            None => delete.insert(conn.prepare(&table.delete, "delete a key")?),
        };
        delete.execute(params![key]).map_err(conn.at("delete a key")).map(drop)
    }
}
