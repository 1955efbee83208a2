//! Changes that are collected first and made together.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    KeyRange, Result, Stored, format,
    range::Span,
    sync::Arc,
    writer::{Change, What},
};

/// Changes of one or more tables of a file that [`KVault::write`](crate::KVault::write) makes
/// together: all of them or none.
///
/// They happen in the order in which they were added. A batch may be written as often as you like,
/// to any vault, and is the same afterwards, whether it was written or not.
///
/// Values are packed as [`Stored::pack`] does it, whatever the settings of the vault are.
///
/// # Examples
///
/// ```
/// use kvault::WriteBatch;
///
/// # let dir = tempfile::tempdir()?;
/// # let vault = kvault::KVault::open(dir.path().join("app.db"))?;
/// let mut batch = WriteBatch::new();
/// batch.put("user:1", "ada")?.put_bytes("avatar:1", b"\x89PNG");
/// batch.delete_prefix("session:1:");
/// batch.table("by_name").put("ada", &1)?;
/// vault.write(&batch)?;
/// assert_eq!(vault.table("by_name")?.get("ada")?, Some(1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct WriteBatch {
    /// `None` is the table of the vault that it is written to.
    tables: Vec<Option<String>>,
    /// The one that changes go to at present.
    table: usize,
    changes: Arc<Vec<Change>>,
}

impl WriteBatch {
    /// An empty one. Changes go to the table of the vault that it is written to, until
    /// [`table`](Self::table) names another one.
    #[must_use]
    pub fn new() -> Self {
        Self { tables: vec![None], table: 0, changes: Arc::default() }
    }

    /// What is added from now on goes to the table of this name. It is made when the batch is
    /// written, if it is not there; a name that cannot be a table's is refused then.
    pub fn table(&mut self, name: &str) -> &mut Self {
        let known = self.tables.iter().position(|table| table.as_deref() == Some(name));
        self.table = known.unwrap_or_else(|| {
            self.tables.push(Some(name.to_owned()));
            self.tables.len() - 1
        });
        self
    }

    /// Stores a value.
    ///
    /// # Errors
    ///
    /// [`Error::Encode`](crate::Error::Encode) for a value that cannot be stored; the batch is as
    /// it was then.
    pub fn put<T: Serialize + ?Sized>(
        &mut self,
        key: impl AsRef<[u8]>,
        value: &T,
    ) -> Result<&mut Self> {
        let value = Stored::pack(value)?.into_bytes();
        Ok(self.add(What::Put { key: key.as_ref().to_vec(), value }))
    }

    /// Stores bytes.
    pub fn put_bytes(&mut self, key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> &mut Self {
        let value = format::escape(value.as_ref()).into_owned();
        self.add(What::Put { key: key.as_ref().to_vec(), value })
    }

    /// Removes a key, if it is there.
    pub fn delete(&mut self, key: impl AsRef<[u8]>) -> &mut Self {
        self.add(What::Delete { key: key.as_ref().to_vec() })
    }

    /// Removes all keys of a range that are there when the batch is written, those included that
    /// were put before in this batch.
    pub fn delete_range(&mut self, range: impl KeyRange) -> &mut Self {
        self.add(What::DeleteSpan(Span::of(&range)))
    }

    /// Removes all keys that begin with these bytes, as [`delete_range`](Self::delete_range) does.
    pub fn delete_prefix(&mut self, prefix: impl AsRef<[u8]>) -> &mut Self {
        self.add(What::DeleteSpan(Span::prefix(prefix.as_ref())))
    }

    /// How many changes were added.
    #[must_use]
    pub fn len(&self) -> usize {
        self.changes.len()
    }

    /// Whether none was.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    fn add(&mut self, what: What) -> &mut Self {
        // Nobody but a write that goes on shares them.
        Arc::make_mut(&mut self.changes).push(Change { table: self.table, what });
        self
    }

    /// Its tables in the order of their numbers.
    pub(crate) fn tables(&self) -> impl Iterator<Item = Option<&str>> {
        self.tables.iter().map(Option::as_deref)
    }

    pub(crate) fn changes(&self) -> &Arc<Vec<Change>> {
        &self.changes
    }
}

/// The order in which to make changes: that of the keys, which is several times faster than
/// another, and of several changes of a key only the last. Nothing goes past the deletion of a
/// range.
pub(crate) fn order(changes: &[Change]) -> Vec<usize> {
    let mut order = Vec::with_capacity(changes.len());
    let mut points = BTreeMap::new();
    for (at, change) in changes.iter().enumerate() {
        match change.what.key() {
            Some(key) => drop(points.insert((change.table, key), at)),
            None => {
                order.extend(std::mem::take(&mut points).into_values());
                order.push(at);
            }
        }
    }
    order.extend(points.into_values());
    order
}

impl Default for WriteBatch {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for WriteBatch {
    /// Shows how much there is, and nothing of it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let tables = &self.tables;
        f.debug_struct("WriteBatch")
            .field("len", &self.len())
            .field("tables", tables)
            .finish_non_exhaustive()
    }
}
