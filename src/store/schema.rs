//! Which tables of a file are vaults, and making new ones.

use rusqlite::{Connection, OptionalExtension, params};

use super::{Fault, Table, table::quote};
use crate::Error;

/// The table that the Python package keeps its feature list in. It expects to find it.
pub(super) const META: &str =
    "CREATE TABLE IF NOT EXISTS kohakuvault_meta (key TEXT PRIMARY KEY, value TEXT NOT NULL)";

/// What stands under a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    Nothing,
    Vault,
    /// A table of another shape, a view, a virtual table, an index.
    Other,
}

pub(super) fn find(conn: &Connection, table: &Table) -> rusqlite::Result<Found> {
    // NOCASE, because SQLite resolves names that way.
    let root: Option<(String, i64)> = conn
        .prepare_cached(
            "SELECT type, rootpage FROM sqlite_schema \
             WHERE name = ?1 COLLATE NOCASE AND type IN ('table', 'view', 'index')",
        )?
        .query_row(params![table.name], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    Ok(match root {
        None => Found::Nothing,
        Some((kind, root)) if kind == "table" && root != 0 && is_vault(conn, &table.name)? => {
            Found::Vault
        }
        Some(_) => Found::Other,
    })
}

pub(super) fn vaults(conn: &Connection) -> rusqlite::Result<Vec<String>> {
    // Virtual tables have no root page.
    let names: Vec<String> = conn
        .prepare(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage <> 0 ORDER BY name",
        )?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let mut vaults = Vec::new();
    for name in names {
        // A name that we would refuse is not ours, whatever its columns are.
        if Table::new(&name).is_ok() && is_vault(conn, &name)? {
            vaults.push(name);
        }
    }
    Ok(vaults)
}

/// Exactly our two columns, in a table with rowids: incremental BLOB I/O needs them.
fn is_vault(conn: &Connection, name: &str) -> rusqlite::Result<bool> {
    let columns: Vec<(String, String, i64)> = conn
        // Not the function of that name: a table could have it too.
        .prepare(&format!("PRAGMA table_xinfo({})", quote(name)))?
        .query_map([], |row| {
            let kind: String = row.get("type")?;
            Ok((row.get("name")?, kind.to_ascii_uppercase(), row.get("pk")?))
        })?
        .collect::<Result<_, _>>()?;
    let ours = [("key", "BLOB", 1), ("value", "BLOB", 0)];
    let same = columns.len() == ours.len()
        && columns.iter().zip(ours).all(|((name, kind, pk), (our_name, our_kind, our_pk))| {
            name == our_name && kind == our_kind && *pk == our_pk
        });
    Ok(same && conn.prepare(&format!("SELECT rowid FROM {} LIMIT 0", quote(name))).is_ok())
}

/// Whether nothing looks at the values of a table but who reads them: no index, trigger or constraint
/// that somebody has added. Incremental BLOB I/O goes past those.
pub(super) fn is_plain(conn: &Connection, name: &str) -> rusqlite::Result<bool> {
    let indexes: Vec<String> = conn
        .prepare_cached(&format!("PRAGMA index_list({})", quote(name)))?
        .query_map([], |row| row.get("origin"))?
        .collect::<Result<_, _>>()?;
    let sql = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE tbl_name = ?1 COLLATE NOCASE \
               AND (type = 'trigger' OR sql LIKE '%check%' OR sql LIKE '%references%'))";
    let watched: bool = conn.prepare_cached(sql)?.query_row([name], |row| row.get(0))?;
    Ok(indexes == ["pk"] && !watched)
}

/// Whether there is a vault; a table of another shape under its name is an error.
pub(super) fn accept(found: Found, table: &Table) -> Result<bool, Fault> {
    match found {
        Found::Nothing => Ok(false),
        Found::Vault => Ok(true),
        Found::Other => Err(Fault::operation(Error::invalid(
            "table",
            format!("{:?}", table.name),
            "the file has something else under this name: not a table of a key and a value column",
        ))),
    }
}

/// Adds a name to the comma-separated list that the Python package keeps.
pub(super) fn register(conn: &Connection, feature: &str) -> rusqlite::Result<bool> {
    let known: Option<String> = conn
        .prepare_cached("SELECT value FROM kohakuvault_meta WHERE key = 'kv_features'")?
        .query_row([], |row| row.get(0))
        .optional()?;
    let mut features: Vec<&str> =
        known.iter().flat_map(|list| list.split(',')).filter(|name| !name.is_empty()).collect();
    if features.contains(&feature) {
        return Ok(false);
    }
    features.push(feature);
    conn.prepare_cached(
        "INSERT INTO kohakuvault_meta (key, value) VALUES ('kv_features', ?1) \
         ON CONFLICT (key) DO UPDATE SET value = excluded.value",
    )?
    .execute(params![features.join(",")])?;
    Ok(true)
}
