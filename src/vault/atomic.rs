//! Changes that depend on what is there: nobody gets in between.

use serde::{Serialize, de::DeserializeOwned};

use super::KVault;
use crate::{
    Entry, Error, Result, Stored, Tx, Value,
    format::{self, PackSettings},
    retry, transact,
    writer::Answer,
};

/// What came of [`KVault::compare_and_swap`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cas {
    /// The key held what was expected, and now holds what was given.
    Swapped,
    /// Nothing was changed: the key holds this.
    Conflict(Option<Stored>),
}

impl KVault {
    /// Puts `new` under a key if what is stored there is exactly `old`, byte for byte; `None` is no
    /// value, before and afterwards. Everything that reads, changes and writes rests on this.
    ///
    /// # Errors
    ///
    /// As [`put_bytes`](Self::put_bytes).
    ///
    /// # Examples
    ///
    /// ```
    /// use kvault::{Cas, Stored};
    ///
    /// # let dir = tempfile::tempdir()?;
    /// # let vault = kvault::KVault::open(dir.path().join("app.db"))?;
    /// let (free, mine) = (None, Stored::pack("worker 1")?);
    /// assert_eq!(vault.compare_and_swap("lock", free, Some(&mine))?, Cas::Swapped);
    /// // Somebody else is too late, and hears who was first.
    /// let theirs = Stored::pack("worker 2")?;
    /// let outcome = vault.compare_and_swap("lock", free, Some(&theirs))?;
    /// assert_eq!(outcome, Cas::Conflict(Some(mine)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn compare_and_swap(
        &self,
        key: impl AsRef<[u8]>,
        old: Option<&Stored>,
        new: Option<&Stored>,
    ) -> Result<Cas> {
        let key = key.as_ref();
        if let Some(new) = new {
            self.handle.check_len(new.as_bytes())?;
        }
        let (old, new) = (old.map(Stored::as_bytes), new.map(Stored::as_bytes));
        Ok(match self.handle.swap(key, old, new)? {
            Answer::Changed(_) => Cas::Swapped,
            Answer::Conflict(found) => Cas::Conflict(found.map(Stored::raw)),
        })
    }

    /// Replaces a value by what `f` makes of it, and returns that. `f` gets `None` where there is
    /// no value, and removes the key by returning `None`.
    ///
    /// Where others are faster `f` is called again, with what they put. It runs on this thread,
    /// holds no lock, and may use the vault.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get) and [`put`](Self::put).
    ///
    /// # Examples
    ///
    /// ```
    /// # let dir = tempfile::tempdir()?;
    /// # let vault = kvault::KVault::open(dir.path().join("app.db"))?;
    /// let add = |tags: Option<Vec<String>>| {
    ///     let mut tags = tags.unwrap_or_default();
    ///     tags.push("rust".to_owned());
    ///     Some(tags)
    /// };
    /// assert_eq!(vault.update("tags", add)?, Some(vec!["rust".to_owned()]));
    /// assert_eq!(vault.update("tags", add)?.map(|tags| tags.len()), Some(2));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn update<T: DeserializeOwned + 'static, U: Serialize>(
        &self,
        key: impl AsRef<[u8]>,
        mut f: impl FnMut(Option<T>) -> Option<U>,
    ) -> Result<Option<U>> {
        let key = key.as_ref();
        self.swap(key, |found| {
            let new = f(found.map(|found| self.unpack_stored(key, found)).transpose()?);
            let packed = new.as_ref().map(|new| self.pack(new)).transpose()?;
            Ok((packed, new))
        })
    }

    /// The value under a key; where there is none, `f` makes one that is put there.
    ///
    /// If somebody else puts one meanwhile, that is the answer, and what `f` made is dropped.
    /// A value that is there is only read: it is as lasting as whoever put it made it.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get) and [`put`](Self::put).
    ///
    /// # Examples
    ///
    /// ```
    /// # let dir = tempfile::tempdir()?;
    /// # let vault = kvault::KVault::open(dir.path().join("app.db"))?;
    /// assert_eq!(vault.get_or_insert_with("answer", || 42)?, 42);
    /// assert_eq!(vault.get_or_insert_with("answer", || 43)?, 42);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "setdefault")]
    pub fn get_or_insert_with<T: DeserializeOwned + Serialize + 'static>(
        &self,
        key: impl AsRef<[u8]>,
        f: impl FnOnce() -> T,
    ) -> Result<T> {
        let key = key.as_ref();
        if let Some(value) = self.get(key)? {
            return Ok(value);
        }
        let value = f();
        match self.compare_and_swap(key, None, Some(&self.pack(&value)?))? {
            Cas::Conflict(Some(found)) => self.handle.unpack_found(key, found.into_bytes()),
            Cas::Swapped | Cas::Conflict(None) => Ok(value),
        }
    }

    /// Stores a value if there is none; whether it was stored.
    ///
    /// # Errors
    ///
    /// As [`put`](Self::put).
    pub fn insert_if_absent<T: Serialize + ?Sized>(
        &self,
        key: impl AsRef<[u8]>,
        value: &T,
    ) -> Result<bool> {
        let swapped = self.compare_and_swap(key, None, Some(&self.pack(value)?))?;
        Ok(swapped == Cas::Swapped)
    }

    /// Removes a key and returns the value that was there.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get) and [`delete`](Self::delete). A value that cannot be read as a `T`
    /// stays.
    ///
    /// # Examples
    ///
    /// ```
    /// # let dir = tempfile::tempdir()?;
    /// # let vault = kvault::KVault::open(dir.path().join("app.db"))?;
    /// vault.put("job", "clean up")?;
    /// assert_eq!(vault.remove::<String>("job")?.as_deref(), Some("clean up"));
    /// assert_eq!(vault.remove::<String>("job")?, None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "pop")]
    pub fn remove<T: DeserializeOwned + 'static>(
        &self,
        key: impl AsRef<[u8]>,
    ) -> Result<Option<T>> {
        let key = key.as_ref();
        self.swap(key, |found| {
            let value = found.map(|found| self.unpack_stored(key, found)).transpose()?;
            Ok((None, value))
        })
    }

    /// Adds to an integer and returns the sum. Where there is no value it counts from 0.
    ///
    /// # Errors
    ///
    /// [`Error::TypeMismatch`] if what is there is no integer of 64 bits, and
    /// [`Error::Overflow`] if the sum is none; the value stays as it is. Else as
    /// [`put`](Self::put).
    ///
    /// # Examples
    ///
    /// ```
    /// # let dir = tempfile::tempdir()?;
    /// # let vault = kvault::KVault::open(dir.path().join("app.db"))?;
    /// assert_eq!(vault.increment("visits", 1)?, 1);
    /// assert_eq!(vault.increment("visits", -3)?, -2);
    /// assert_eq!(vault.get("visits")?, Some(-2));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn increment(&self, key: impl AsRef<[u8]>, by: i64) -> Result<i64> {
        let key = key.as_ref();
        self.swap(key, |found| {
            let now = found.map_or(Ok(0), |found| self.integer(key, found))?;
            let table = || self.table_name().to_owned();
            let overflow = || Error::Overflow { table: table(), key: key.to_vec() };
            let sum = now.checked_add(by).ok_or_else(overflow)?;
            Ok((Some(self.pack(&sum)?), sum))
        })
    }

    /// A key, to be changed in place or filled.
    pub fn entry(&self, key: impl AsRef<[u8]>) -> Entry {
        Entry::new(self.clone(), key.as_ref())
    }

    /// Runs `f`, which reads and changes keys of any tables, as if nobody else did anything
    /// meanwhile: all that it changed is written together, if all that it read, keys that are not
    /// there included, is still so then. Else it is run again, 16 times at most.
    ///
    /// No lock is held while it runs: it may take its time, and use the vault. What it reads may be
    /// of different moments, if others write meanwhile; whatever it makes of that, also if it
    /// returns an error, counts for nothing and it is run again. An error that it returns after it
    /// read what is so ends the transaction and changes nothing.
    ///
    /// # Errors
    ///
    /// Those of `f`. [`Error::Conflict`] if others changed what it had read every time. Else as
    /// [`write`](Self::write).
    ///
    /// # Examples
    ///
    /// ```
    /// # let dir = tempfile::tempdir()?;
    /// # let vault = kvault::KVault::open(dir.path().join("app.db"))?;
    /// vault.put_many([("ada", 100), ("grace", 0)])?;
    /// vault.transact(|tx| {
    ///     let (from, to): (i64, i64) = (tx.fetch("ada")?, tx.fetch("grace")?);
    ///     tx.put("ada", &(from - 30))?;
    ///     tx.put("grace", &(to + 30))?;
    ///     tx.table("log")?.put("1", "ada to grace")
    /// })?;
    /// assert_eq!(vault.get_many(["ada", "grace"])?, [Some(70), Some(30)]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn transact<R>(&self, f: impl FnMut(&mut Tx<'_>) -> Result<R>) -> Result<R> {
        transact::run(self, f)
    }

    /// Puts what `make` makes of what is stored, again until nobody gets in between. It returns
    /// what to store, if anything, and the answer.
    pub(crate) fn swap<R>(
        &self,
        key: &[u8],
        mut make: impl FnMut(Option<&Stored>) -> Result<(Option<Stored>, R)>,
    ) -> Result<R> {
        self.handle.open.may_write("change a value")?;
        let mut found = self.get_stored(key)?;
        let mut tried = 0_u32;
        loop {
            let (new, answer) = make(found.as_ref())?;
            if new.is_none() && found.is_none() {
                // There was none, and none is to be there. Whoever is told so may rest on a delete
                // that is less durable than this handle.
                return self.remove_all(Vec::new()).map(|_| answer);
            }
            match self.compare_and_swap(key, found.as_ref(), new.as_ref())? {
                Cas::Swapped => return Ok(answer),
                // Whoever got in between came to an end: as a whole it goes on, always.
                Cas::Conflict(now) => found = now,
            }
            tried = tried.saturating_add(1);
            retry::give_way(tried);
        }
    }

    pub(crate) fn unpack_stored<T: DeserializeOwned + 'static>(
        &self,
        key: &[u8],
        stored: &Stored,
    ) -> Result<T> {
        let value = format::unpack(stored.as_bytes(), self.handle.pack.settings());
        value.map_err(|error| error.at(self.table_name(), key))
    }

    pub(crate) fn not_found(&self, key: &[u8]) -> Error {
        self.handle.not_found(key)
    }

    fn integer(&self, key: &[u8], found: &Stored) -> Result<i64> {
        let settings = PackSettings { auto_pack: true, ..self.handle.pack.settings() };
        match format::unpack_value(found.as_bytes(), settings) {
            Ok(value @ Value::Int(_)) if value.as_i64().is_some() => {
                Ok(value.as_i64().unwrap_or_default())
            }
            _ => Err(Error::TypeMismatch {
                table: self.table_name().to_owned(),
                key: key.to_vec(),
                stored: found.encoding().ok(),
                wanted: "an integer of 64 bits".to_owned(),
            }),
        }
    }
}
