//! A vault table: its name, and the statements that name it.

use std::sync::Arc;

use super::scan::{Bounded, Scans};
use crate::{Error, Result};

/// Prepared once per handle, so that an operation formats no SQL.
///
/// Rows whose key or value is not a BLOB are somebody else's: no statement sees or removes them.
pub(crate) struct Table {
    pub(crate) name: String,
    pub(super) create: String,
    pub(super) get: String,
    pub(super) contains: String,
    pub(super) len: String,
    pub(super) any: String,
    pub(super) put: String,
    pub(super) rowid: String,
    pub(super) delete: String,
    pub(super) delete_same: String,
    pub(super) delete_span: Bounded,
    pub(super) foreign: String,
    pub(super) clear: String,
    pub(super) clear_all: String,
    pub(super) scans: Scans,
}

const OURS: &str = "typeof(key) = 'blob' AND typeof(value) = 'blob'";

/// Prefixes of names that other parts of the file format, or SQLite, keep for themselves.
const RESERVED: [&str; 5] = ["sqlite_", "kvaultrs_", "kvault_col_", "vec_kvault", "kohakuvault_"];

impl Table {
    /// Checks a name that a user chose, and writes the statements with it.
    pub(crate) fn new(name: &str) -> Result<Arc<Self>> {
        let refuse = |why: &str| Err(Error::invalid("table", format!("{name:?}"), why));
        if name.is_empty() {
            return refuse("a table needs a name");
        }
        if name.contains('\0') {
            return refuse("a table name must not hold a NUL character");
        }
        // SQLite folds ASCII case in names, so `SQLITE_x` is as reserved as `sqlite_x`.
        let folded = name.to_ascii_lowercase();
        if let Some(prefix) = RESERVED.iter().find(|prefix| folded.starts_with(**prefix)) {
            return refuse(&format!("names that begin with {prefix:?} are reserved"));
        }
        let t = quote(name);
        Ok(Arc::new(Self {
            name: name.to_owned(),
            create: format!(
                "CREATE TABLE IF NOT EXISTS {t} (key BLOB PRIMARY KEY NOT NULL, value BLOB NOT NULL)"
            ),
            get: format!("SELECT value FROM {t} WHERE key = ?1"),
            contains: format!("SELECT 1 FROM {t} WHERE key = ?1 AND typeof(value) = 'blob'"),
            len: format!("SELECT COUNT(*) FROM {t} WHERE {OURS}"),
            any: format!("SELECT EXISTS (SELECT 1 FROM {t} WHERE {OURS})"),
            put: format!(
                "INSERT INTO {t} (key, value) VALUES (?1, ?2) \
                 ON CONFLICT (key) DO UPDATE SET value = ?2"
            ),
            rowid: format!("SELECT rowid FROM {t} WHERE key = ?1 AND typeof(value) = 'blob'"),
            delete: format!("DELETE FROM {t} WHERE key = ?1 AND typeof(value) = 'blob'"),
            delete_same: format!("DELETE FROM {t} WHERE key = ?1 AND value = ?2"),
            delete_span: Bounded::new(&t, "DELETE", " AND typeof(value) = 'blob'"),
            foreign: format!("SELECT EXISTS (SELECT 1 FROM {t} WHERE NOT ({OURS}))"),
            clear: format!("DELETE FROM {t} WHERE {OURS}"),
            clear_all: format!("DELETE FROM {t}"),
            scans: Scans::new(&t),
        }))
    }
}

impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Table").field("name", &self.name).finish_non_exhaustive()
    }
}

/// As an SQL identifier, whatever is in it.
pub(super) fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
