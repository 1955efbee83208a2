//! Bytes in and out: never packed, stored as they are.

use std::collections::BTreeMap;

use super::{KVault, Reads};
use crate::{
    Result, Stored, format,
    sync::{Arc, Bytes},
    writer::{Op, Row},
};

impl KVault {
    /// Stores bytes under a key, in place of what was there.
    ///
    /// # Errors
    ///
    /// [`Error::ValueTooLarge`](crate::Error::ValueTooLarge) over
    /// [`max_value_bytes`](crate::Options::max_value_bytes).
    /// [`Error::DatabaseBusy`](crate::Error::DatabaseBusy) if others held the file locked through
    /// every try. [`Error::Full`](crate::Error::Full) and [`Error::Io`](crate::Error::Io) from the
    /// disk. Nothing is stored then, with one exception: while the file has a write cache, a write
    /// that does not go to it is committed by the next flush, and if that fails the caller hears
    /// why, but the write stays in the cache, is seen, and comes with the flush that works.
    ///
    /// [`Error::CacheFull`](crate::Error::CacheFull) if the write cache had no room in time, and
    /// [`Error::CacheLocked`](crate::Error::CacheLocked) if it is locked and the write would have
    /// to be committed. Nothing is stored then.
    ///
    /// # Examples
    ///
    /// ```
    /// # let dir = tempfile::tempdir()?;
    /// # let vault = kvault::KVault::open(dir.path().join("app.db"))?;
    /// vault.put_bytes("image.png", b"\x89PNG")?;
    /// vault.put_bytes([0xFF, 0x00], vec![1, 2, 3])?; // any bytes are a key
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "__setitem__")]
    pub fn put_bytes(&self, key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Result<()> {
        let (key, value) = (key.as_ref(), value.as_ref());
        self.handle.check_len(value)?;
        self.handle.put(key, &format::escape(value))
    }

    /// The bytes under a key, without a header if they have one.
    ///
    /// # Errors
    ///
    /// [`Error::Decode`](crate::Error::Decode) if they begin with a header that this version does
    /// not know; [`get_stored`](Self::get_stored) still reaches them.
    #[doc(alias = "__getitem__")]
    pub fn get_bytes(&self, key: impl AsRef<[u8]>) -> Result<Option<Vec<u8>>> {
        let key = key.as_ref();
        let stored = self.get_stored(key)?.map(Stored::into_payload).transpose();
        stored.map_err(|error| error.at(self.table_name(), key))
    }

    /// What is stored under a key, header and all. Never fails on what it finds.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn get_stored(&self, key: impl AsRef<[u8]>) -> Result<Option<Stored>> {
        Ok(self.handle.get(key.as_ref())?.map(Stored::raw))
    }

    /// Stores many values at once: all of them or none. Of a key that comes twice the last value
    /// counts. Returns how many keys were written.
    ///
    /// # Errors
    ///
    /// As [`put_bytes`](Self::put_bytes).
    ///
    /// # Examples
    ///
    /// ```
    /// # let dir = tempfile::tempdir()?;
    /// # let vault = kvault::KVault::open(dir.path().join("app.db"))?;
    /// let readings = (0..1000_u32).map(|i| (format!("sensor:{i:04}"), i.to_le_bytes()));
    /// assert_eq!(vault.put_many_bytes(readings)?, 1000);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn put_many_bytes<Q: AsRef<[u8]>, V: AsRef<[u8]>>(
        &self,
        items: impl IntoIterator<Item = (Q, V)>,
    ) -> Result<u64> {
        let mut rows = Vec::new();
        for (key, value) in items {
            self.handle.check_len(value.as_ref())?;
            rows.push(row(key.as_ref(), value.as_ref()));
        }
        self.put_rows(rows)
    }

    pub(super) fn put_rows(&self, rows: Vec<Row>) -> Result<u64> {
        self.handle.put_many(&sorted(rows))
    }

    /// What is stored under many keys at one instant, in the order of the keys.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn get_many_stored<Q: AsRef<[u8]>>(
        &self,
        keys: impl IntoIterator<Item = Q>,
    ) -> Result<Vec<Option<Stored>>> {
        let keys: Vec<Q> = keys.into_iter().collect();
        // Here, and not while a connection is held: it is the caller's code.
        let wanted: Vec<&[u8]> = keys.iter().map(AsRef::as_ref).collect();
        let found = self.handle.get_many(&wanted)?;
        Ok(found.into_iter().map(|value| value.map(Stored::raw)).collect())
    }

    /// Whether there is a value under a key.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    #[doc(alias = "exists")]
    #[doc(alias = "__contains__")]
    pub fn contains_key(&self, key: impl AsRef<[u8]>) -> Result<bool> {
        self.handle.contains(key.as_ref())
    }

    /// How many keys the table has. It looks at every row: a million take tens of milliseconds.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn len(&self) -> Result<u64> {
        self.handle.len()
    }

    /// Whether the table has no key.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn is_empty(&self) -> Result<bool> {
        self.handle.is_empty()
    }

    /// Removes a key; whether it was there.
    ///
    /// # Errors
    ///
    /// As [`put_bytes`](Self::put_bytes).
    #[doc(alias = "__delitem__")]
    pub fn delete(&self, key: impl AsRef<[u8]>) -> Result<bool> {
        self.handle.remove(key.as_ref())
    }

    /// Removes a key without looking whether it was there.
    ///
    /// # Errors
    ///
    /// As [`put_bytes`](Self::put_bytes).
    pub fn discard(&self, key: impl AsRef<[u8]>) -> Result<()> {
        self.handle.discard(key.as_ref())
    }

    /// Removes all keys of this table, and of no other, in one transaction.
    ///
    /// # Errors
    ///
    /// As [`put_bytes`](Self::put_bytes).
    pub fn clear(&self) -> Result<()> {
        self.handle.write("clear a table", || Op::Clear).map(drop)
    }
}

fn row(key: &[u8], value: &[u8]) -> Row {
    Row { key: key.into(), value: Bytes::from(&*format::escape(value)) }
}

/// In the order of the keys, which is several times faster to insert, each key once.
fn sorted(rows: Vec<Row>) -> Arc<[Row]> {
    let rows: BTreeMap<_, _> = rows.into_iter().map(|row| (row.key, row.value)).collect();
    rows.into_iter().map(|(key, value)| Row { key, value }).collect()
}
