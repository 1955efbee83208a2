//! A key of a vault, to be filled or changed in place.

use std::marker::PhantomData;

use serde::{Serialize, de::DeserializeOwned};

use crate::{KVault, Result, Stored};

/// A key and its vault, as [`KVault::entry`] gives them.
///
/// Each call is one change that nobody gets in between of: where others are faster it begins anew
/// with what they put.
///
/// # Examples
///
/// ```
/// # let dir = tempfile::tempdir()?;
/// # let vault = kvault::KVault::open(dir.path().join("app.db"))?;
/// for word in ["a", "rose", "is", "a", "rose"] {
///     vault.entry(word).and_modify(|count: &mut u64| *count += 1).or_insert(1)?;
/// }
/// assert_eq!(vault.get_many(["a", "rose", "is"])?, [Some(2), Some(2), Some(1)]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "an entry does nothing by itself"]
pub struct Entry {
    vault: KVault,
    key: Vec<u8>,
}

/// An [`Entry`] and what is to be done to the value, if there is one. Nothing happens before one of
/// its methods says what else.
#[must_use = "nothing happens before `or_insert`, `or_insert_with` or `run`"]
pub struct Modify<T, F> {
    entry: Entry,
    change: F,
    value: PhantomData<fn() -> T>,
}

impl Entry {
    pub(crate) fn new(vault: KVault, key: &[u8]) -> Self {
        Self { vault, key: key.to_vec() }
    }

    /// The key.
    #[must_use]
    pub fn key(&self) -> &[u8] {
        &self.key
    }

    /// The value that is there, or else this one, put there.
    ///
    /// # Errors
    ///
    /// As [`KVault::get`] and [`KVault::put`].
    pub fn or_insert<T: DeserializeOwned + Serialize + 'static>(self, value: T) -> Result<T> {
        self.or_insert_with(|| value)
    }

    /// The value that is there, or else what `make` makes, put there.
    ///
    /// # Errors
    ///
    /// As [`KVault::get`] and [`KVault::put`].
    pub fn or_insert_with<T: DeserializeOwned + Serialize + 'static>(
        self,
        make: impl FnOnce() -> T,
    ) -> Result<T> {
        self.vault.get_or_insert_with(&self.key, make)
    }

    /// Changes the value in place, if there is one. `modify` may be called several times, each time
    /// with a fresh copy of what is there.
    pub fn and_modify<T, F>(self, modify: F) -> Modify<T, F>
    where
        T: DeserializeOwned + Serialize + 'static,
        F: FnMut(&mut T),
    {
        Modify { entry: self, change: modify, value: PhantomData }
    }
}

impl<T, F> Modify<T, F>
where
    T: DeserializeOwned + Serialize + 'static,
    F: FnMut(&mut T),
{
    /// Changes the value that is there, or puts this one. Returns what is there now.
    ///
    /// # Errors
    ///
    /// As [`KVault::get`] and [`KVault::put`].
    pub fn or_insert(self, value: T) -> Result<T> {
        self.or_insert_with(|| value)
    }

    /// Changes the value that is there, or puts what `make` makes. Returns what is there now.
    ///
    /// # Errors
    ///
    /// As [`KVault::get`] and [`KVault::put`].
    pub fn or_insert_with(mut self, make: impl FnOnce() -> T) -> Result<T> {
        let Entry { vault, key } = self.entry;
        let (mut make, mut fresh) = (Some(make), None);
        let changed = vault.swap(&key, |found| match found {
            Some(found) => change(&vault, &key, found, &mut self.change),
            None => {
                // Once, however often somebody gets in between.
                if let Some(make) = make.take() {
                    fresh = Some(make());
                }
                Ok((fresh.as_ref().map(|value| vault.pack(value)).transpose()?, None))
            }
        })?;
        // One of them is there.
        changed.or(fresh).ok_or_else(|| vault.not_found(&key))
    }

    /// Changes the value that is there and returns it; `None` if there is none.
    ///
    /// # Errors
    ///
    /// As [`KVault::get`] and [`KVault::put`].
    pub fn run(mut self) -> Result<Option<T>> {
        let Entry { vault, key } = self.entry;
        vault.swap(&key, |found| match found {
            Some(found) => change(&vault, &key, found, &mut self.change),
            None => Ok((None, None)),
        })
    }
}

fn change<T: DeserializeOwned + Serialize + 'static>(
    vault: &KVault,
    key: &[u8],
    found: &Stored,
    modify: &mut impl FnMut(&mut T),
) -> Result<(Option<Stored>, Option<T>)> {
    let mut value = vault.unpack_stored(key, found)?;
    modify(&mut value);
    Ok((Some(vault.pack(&value)?), Some(value)))
}

impl<T, F> std::fmt::Debug for Modify<T, F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Modify").field("entry", &self.entry).finish_non_exhaustive()
    }
}
