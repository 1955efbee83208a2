//! A reading handle with a connection of its own.

use std::cell::RefCell;

use serde::de::DeserializeOwned;

use crate::{
    Result, Stored, Value,
    readers::Connection,
    sync::{Arc, Deadline},
    vault::{Handle, Reads},
};

/// Reads a table on a connection of its own: no reader waits for another, nor for the writer.
///
/// It may be kept idle, and keeps its vault open; [`close`](crate::KVault::close) ends it.
///
/// It can go to another thread, but two cannot share it; each makes its own with
/// [`KVault::reader`](crate::KVault::reader).
///
/// # Examples
///
/// ```
/// # let dir = tempfile::tempdir()?;
/// # let vault = kvault::KVault::open(dir.path().join("app.db"))?;
/// vault.put_bytes("a", "1")?;
/// let reader = vault.reader()?;
/// let found = std::thread::spawn(move || reader.get_bytes("a")).join().unwrap()?;
/// assert_eq!(found.as_deref(), Some(&b"1"[..]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Reader {
    handle: Arc<Handle>,
    /// None between a read that failed and the next: that one begins on a fresh connection.
    conn: RefCell<Option<Arc<Connection>>>,
}

impl Reader {
    pub(crate) fn new(handle: Arc<Handle>) -> Result<Self> {
        handle.open.check()?;
        let connect = || handle.open.engine().readers.connect();
        let conn = handle.options.policy().run(Deadline::NEVER, connect)?;
        Ok(Self { handle, conn: RefCell::new(Some(conn)) })
    }

    /// As [`KVault::get_bytes`](crate::KVault::get_bytes).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn get_bytes(&self, key: impl AsRef<[u8]>) -> Result<Option<Vec<u8>>> {
        let key = key.as_ref();
        let stored = self.get_stored(key)?.map(Stored::into_payload).transpose();
        stored.map_err(|error| error.at(&self.handle.table.name, key))
    }

    /// As [`KVault::get_stored`](crate::KVault::get_stored).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn get_stored(&self, key: impl AsRef<[u8]>) -> Result<Option<Stored>> {
        let key = key.as_ref();
        Ok(Reads::get(self, key)?.map(Stored::raw))
    }

    /// As [`KVault::get_many_stored`](crate::KVault::get_many_stored).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn get_many_stored<Q: AsRef<[u8]>>(
        &self,
        keys: impl IntoIterator<Item = Q>,
    ) -> Result<Vec<Option<Stored>>> {
        let keys: Vec<Q> = keys.into_iter().collect();
        // Here, and not while a connection is held: it is the caller's code.
        let wanted: Vec<&[u8]> = keys.iter().map(AsRef::as_ref).collect();
        let found = Reads::get_many(self, &wanted)?;
        Ok(found.into_iter().map(|value| value.map(Stored::raw)).collect())
    }

    /// As [`KVault::contains_key`](crate::KVault::contains_key).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn contains_key(&self, key: impl AsRef<[u8]>) -> Result<bool> {
        self.contains(key.as_ref())
    }

    /// As [`KVault::len`](crate::KVault::len).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn len(&self) -> Result<u64> {
        Reads::len(self)
    }

    /// As [`KVault::is_empty`](crate::KVault::is_empty).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn is_empty(&self) -> Result<bool> {
        Reads::is_empty(self)
    }

    /// As [`KVault::get`](crate::KVault::get).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn get<T: DeserializeOwned + 'static>(&self, key: impl AsRef<[u8]>) -> Result<Option<T>> {
        let key = key.as_ref();
        self.handle.unpack(key, Reads::get(self, key)?)
    }

    /// As [`KVault::fetch`](crate::KVault::fetch).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn fetch<T: DeserializeOwned + 'static>(&self, key: impl AsRef<[u8]>) -> Result<T> {
        let key = key.as_ref();
        self.get(key)?.ok_or_else(|| self.handle.not_found(key))
    }

    /// As [`KVault::get_value`](crate::KVault::get_value).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn get_value(&self, key: impl AsRef<[u8]>) -> Result<Option<Value>> {
        let key = key.as_ref();
        self.handle.unpack_value(key, Reads::get(self, key)?)
    }

    /// As [`KVault::get_many`](crate::KVault::get_many).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn get_many<T: DeserializeOwned + 'static, Q: AsRef<[u8]>>(
        &self,
        keys: impl IntoIterator<Item = Q>,
    ) -> Result<Vec<Option<T>>> {
        let keys: Vec<Q> = keys.into_iter().collect();
        // Here, and not while a connection is held: it is the caller's code.
        let wanted: Vec<&[u8]> = keys.iter().map(AsRef::as_ref).collect();
        let found = Reads::get_many(self, &wanted)?;
        keys.iter()
            .zip(found)
            .map(|(key, stored)| self.handle.unpack(key.as_ref(), stored))
            .collect()
    }
}

impl Reads for Reader {
    fn handle(&self) -> &Handle {
        &self.handle
    }

    fn with<T>(&self, operation: impl Fn(&Connection) -> Result<T>) -> Result<T> {
        self.handle.open.check()?;
        let readers = &self.handle.open.engine().readers;
        let mut place = self.conn.borrow_mut();
        self.handle.options.policy().run(Deadline::NEVER, || {
            let conn = match place.take() {
                Some(conn) => conn,
                None => readers.connect()?,
            };
            let value = operation(&conn)?;
            *place = Some(conn);
            Ok(value)
        })
    }
}
