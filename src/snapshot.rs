//! A reading handle that sees one instant.

use serde::de::DeserializeOwned;

use crate::{
    Error, Result, Stored, Value,
    handoff::cache::{Dirty, Overlay},
    iter::{Pages, scanning_verbs},
    snapshots::View,
    store::{Fault, ReadConn, Table},
    sync::{Arc, Deadline},
    vault::{Handle, count, load},
};

/// The vault as it was when [`KVault::snapshot`](crate::KVault::snapshot) was called: all of its
/// tables, and what was in the write cache, at one instant.
///
/// Clones and the iterators made from it share it. While it lives the write-ahead log only grows;
/// [`stats`](crate::KVault::stats) says by how much. So it ends when it is
/// [`snapshot_max_age`](crate::Options::snapshot_max_age) old: then everything returns
/// [`Error::SnapshotExpired`](crate::Error::SnapshotExpired). Threads that share it wait for each
/// other; for many readers at once make a snapshot for each.
///
/// # Examples
///
/// ```
/// # let dir = tempfile::tempdir()?;
/// # let vault = kvault::KVault::open(dir.path().join("app.db"))?;
/// vault.put("a", &1)?;
/// let snapshot = vault.snapshot()?;
/// vault.put("a", &2)?;
/// vault.put("b", &3)?;
/// assert_eq!(snapshot.get("a")?, Some(1));
/// assert_eq!(snapshot.iter().count(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Snapshot {
    handle: Arc<Handle>,
    view: Arc<View>,
}

impl Snapshot {
    pub(crate) fn new(handle: Arc<Handle>) -> Result<Self> {
        handle.open.check()?;
        let engine = handle.open.engine();
        if engine.effective.journal_mode != "wal" {
            let why = "a snapshot needs a write-ahead log";
            return Err(Error::invalid("enable_wal", false, why));
        }
        let begin = || engine.snapshots.begin(engine.cache());
        let view = handle.options.policy().run(Deadline::NEVER, begin)?;
        // Somebody has to see to it that it ends.
        engine.bell.ring_if_dozing();
        Ok(Self { handle, view })
    }

    /// The same instant of another table.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for a table that was not there
    /// then.
    pub fn table(&self, name: &str) -> Result<Self> {
        let table = Table::new(name)?;
        if !self.look(|_, conn| conn.has_table(&table))? {
            return Err(Error::invalid("table", format!("{name:?}"), "is not in the snapshot"));
        }
        Ok(Self { handle: Arc::new(self.handle.on(table)), view: Arc::clone(&self.view) })
    }

    /// The table that this snapshot reads.
    #[must_use]
    pub fn table_name(&self) -> &str {
        &self.handle.table.name
    }

    /// As [`KVault::get_bytes`](crate::KVault::get_bytes).
    ///
    /// # Errors
    ///
    /// As there, and [`Error::SnapshotExpired`](crate::Error::SnapshotExpired).
    pub fn get_bytes(&self, key: impl AsRef<[u8]>) -> Result<Option<Vec<u8>>> {
        let key = key.as_ref();
        let stored = self.get_stored(key)?.map(Stored::into_payload).transpose();
        stored.map_err(|error| error.at(&self.handle.table.name, key))
    }

    /// As [`KVault::get_stored`](crate::KVault::get_stored).
    ///
    /// # Errors
    ///
    /// As there, and [`Error::SnapshotExpired`](crate::Error::SnapshotExpired).
    pub fn get_stored(&self, key: impl AsRef<[u8]>) -> Result<Option<Stored>> {
        Ok(self.find(key.as_ref())?.map(Stored::raw))
    }

    /// As [`KVault::get_many_stored`](crate::KVault::get_many_stored).
    ///
    /// # Errors
    ///
    /// As there, and [`Error::SnapshotExpired`](crate::Error::SnapshotExpired).
    pub fn get_many_stored<Q: AsRef<[u8]>>(
        &self,
        keys: impl IntoIterator<Item = Q>,
    ) -> Result<Vec<Option<Stored>>> {
        keys.into_iter().map(|key| self.get_stored(key)).collect()
    }

    /// As [`KVault::contains_key`](crate::KVault::contains_key).
    ///
    /// # Errors
    ///
    /// As there, and [`Error::SnapshotExpired`](crate::Error::SnapshotExpired).
    pub fn contains_key(&self, key: impl AsRef<[u8]>) -> Result<bool> {
        let (handle, key) = (&self.handle, key.as_ref());
        self.look(|overlay, conn| match handle.dirty_in(overlay, key) {
            Some(dirty) => Ok(dirty.is_there()),
            None => conn.contains(&handle.table, key),
        })
    }

    /// As [`KVault::len`](crate::KVault::len).
    ///
    /// # Errors
    ///
    /// As there, and [`Error::SnapshotExpired`](crate::Error::SnapshotExpired).
    pub fn len(&self) -> Result<u64> {
        let handle = &self.handle;
        self.look(|overlay, conn| match overlay {
            Some(overlay) => count(handle, overlay, conn),
            None => conn.len(&handle.table),
        })
    }

    /// As [`KVault::is_empty`](crate::KVault::is_empty).
    ///
    /// # Errors
    ///
    /// As there, and [`Error::SnapshotExpired`](crate::Error::SnapshotExpired).
    pub fn is_empty(&self) -> Result<bool> {
        Ok(self.first()?.is_none())
    }

    /// As [`KVault::get`](crate::KVault::get).
    ///
    /// # Errors
    ///
    /// As there, and [`Error::SnapshotExpired`](crate::Error::SnapshotExpired).
    pub fn get<T: DeserializeOwned + 'static>(&self, key: impl AsRef<[u8]>) -> Result<Option<T>> {
        let key = key.as_ref();
        self.handle.unpack(key, self.find(key)?)
    }

    /// As [`KVault::fetch`](crate::KVault::fetch).
    ///
    /// # Errors
    ///
    /// As there, and [`Error::SnapshotExpired`](crate::Error::SnapshotExpired).
    pub fn fetch<T: DeserializeOwned + 'static>(&self, key: impl AsRef<[u8]>) -> Result<T> {
        let key = key.as_ref();
        self.get(key)?.ok_or_else(|| self.handle.not_found(key))
    }

    /// As [`KVault::get_value`](crate::KVault::get_value).
    ///
    /// # Errors
    ///
    /// As there, and [`Error::SnapshotExpired`](crate::Error::SnapshotExpired).
    pub fn get_value(&self, key: impl AsRef<[u8]>) -> Result<Option<Value>> {
        let key = key.as_ref();
        self.handle.unpack_value(key, self.find(key)?)
    }

    /// As [`KVault::get_many`](crate::KVault::get_many).
    ///
    /// # Errors
    ///
    /// As there, and [`Error::SnapshotExpired`](crate::Error::SnapshotExpired).
    pub fn get_many<T: DeserializeOwned + 'static, Q: AsRef<[u8]>>(
        &self,
        keys: impl IntoIterator<Item = Q>,
    ) -> Result<Vec<Option<T>>> {
        keys.into_iter().map(|key| self.get(key)).collect()
    }

    fn find(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        let handle = &self.handle;
        self.look(|overlay, conn| match handle.dirty_in(overlay, key) {
            Some(dirty) => load(&dirty).map_err(Fault::operation),
            None => conn.get(&handle.table, key),
        })
    }

    fn look<T>(
        &self,
        look: impl FnOnce(Option<&Overlay>, &ReadConn) -> Result<T, Fault>,
    ) -> Result<T> {
        self.handle.open.check()?;
        self.view.look(look)
    }

    fn pages(&self) -> Pages {
        Pages::of_view(&self.handle, &self.view)
    }
}

impl Handle {
    fn dirty_in(&self, overlay: Option<&Overlay>, key: &[u8]) -> Option<Dirty> {
        overlay?.get(self.key_ref(key))
    }
}

scanning_verbs!(Snapshot);
