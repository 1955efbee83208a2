//! Transactions that hold no lock: what they read is checked when they write.

use std::collections::BTreeMap;

use serde::{Serialize, de::DeserializeOwned};

use crate::{
    Error, KVault, Result, Stored, retry,
    sync::Arc,
    writer::{Answer, Batch, Change, Check, What},
};

const TRIES: u32 = 16;

/// What [`KVault::transact`] gives to its closure: the keys of a table, as this transaction has
/// found and changed them.
#[derive(Debug)]
pub struct Tx<'tx> {
    keys: &'tx mut Keys,
    /// The number of the table.
    table: usize,
}

/// Everything that one try has read and changed.
struct Keys {
    tables: Vec<Touched>,
}

struct Touched {
    vault: KVault,
    keys: BTreeMap<Vec<u8>, Slot>,
}

/// A key that was touched.
#[derive(Default)]
struct Slot {
    read: Option<Content>,
    written: Option<Content>,
}

/// What is stored under a key, if anything is.
#[derive(Clone)]
struct Content(Option<Vec<u8>>);

impl Tx<'_> {
    /// The value under a key, as this transaction left it.
    ///
    /// # Errors
    ///
    /// As [`KVault::get`].
    pub fn get<T: DeserializeOwned + 'static>(
        &mut self,
        key: impl AsRef<[u8]>,
    ) -> Result<Option<T>> {
        let key = key.as_ref();
        let found = self.look(key)?;
        self.vault().handle.unpack(key, found)
    }

    /// The value under a key that has to be there.
    ///
    /// # Errors
    ///
    /// As [`KVault::fetch`].
    pub fn fetch<T: DeserializeOwned + 'static>(&mut self, key: impl AsRef<[u8]>) -> Result<T> {
        let key = key.as_ref();
        self.get(key)?.ok_or_else(|| self.vault().not_found(key))
    }

    /// Stores a value, at the end of the transaction.
    ///
    /// # Errors
    ///
    /// [`Error::Encode`] and [`Error::ValueTooLarge`], as [`KVault::put`].
    pub fn put<T: Serialize + ?Sized>(&mut self, key: impl AsRef<[u8]>, value: &T) -> Result<()> {
        let stored = self.vault().pack(value)?.into_bytes();
        self.vault().handle.check_len(&stored)?;
        self.write(key.as_ref(), Some(stored));
        Ok(())
    }

    /// Removes a key, at the end of the transaction; whether it was there.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn delete(&mut self, key: impl AsRef<[u8]>) -> Result<bool> {
        let key = key.as_ref();
        let was_there = self.look(key)?.is_some();
        self.write(key, None);
        Ok(was_there)
    }

    /// The same transaction on another table of the file. The table is made at once if it is not
    /// there, and stays whatever becomes of the transaction.
    ///
    /// # Errors
    ///
    /// As [`KVault::table`].
    pub fn table(&mut self, name: &str) -> Result<Tx<'_>> {
        let known = |touched: &Touched| touched.vault.table_name().eq_ignore_ascii_case(name);
        let table = match self.keys.tables.iter().position(known) {
            Some(table) => table,
            None => {
                let vault = self.vault().table(name)?;
                self.keys.tables.push(Touched { vault, keys: BTreeMap::new() });
                self.keys.tables.len() - 1
            }
        };
        Ok(Tx { keys: self.keys, table })
    }

    #[expect(clippy::indexing_slicing, reason = "a table keeps its number, and none is removed")]
    fn touched(&mut self) -> &mut Touched {
        &mut self.keys.tables[self.table]
    }

    #[expect(clippy::indexing_slicing, reason = "a table keeps its number, and none is removed")]
    fn vault(&self) -> &KVault {
        &self.keys.tables[self.table].vault
    }

    fn look(&mut self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        let Touched { vault, keys } = self.touched();
        let known = keys.get(key).and_then(|slot| slot.written.as_ref().or(slot.read.as_ref()));
        if let Some(known) = known {
            return Ok(known.0.clone());
        }
        let found = vault.get_stored(key)?.map(Stored::into_bytes);
        keys.entry(key.to_vec()).or_default().read = Some(Content(found.clone()));
        Ok(found)
    }

    fn write(&mut self, key: &[u8], value: Option<Vec<u8>>) {
        self.touched().keys.entry(key.to_vec()).or_default().written = Some(Content(value));
    }
}

impl Keys {
    fn new(vault: &KVault) -> Self {
        Self { tables: vec![Touched { vault: vault.clone(), keys: BTreeMap::new() }] }
    }

    /// What was read, and with `changes` what is to be written. None if that is nothing.
    fn into_batch(self, with_changes: bool) -> Option<Batch> {
        let (mut tables, mut checks, mut changes) = (Vec::new(), Vec::new(), Vec::new());
        for (table, touched) in self.tables.into_iter().enumerate() {
            tables.push(Arc::clone(&touched.vault.handle.table));
            for (key, slot) in touched.keys {
                if let (Some(Content(value)), true) = (slot.written, with_changes) {
                    let key = key.clone();
                    let what = match value {
                        Some(value) => What::Put { key, value },
                        None => What::Delete { key },
                    };
                    changes.push(Change { table, what });
                }
                if let Some(Content(value)) = slot.read {
                    checks.push(Check { table, key, value });
                }
            }
        }
        let something = !checks.is_empty() || !changes.is_empty();
        something.then(|| Batch::new(tables, checks, changes))
    }
}

/// Runs `f` until what it read is still so when it has ended.
pub(crate) fn run<R>(vault: &KVault, mut f: impl FnMut(&mut Tx<'_>) -> Result<R>) -> Result<R> {
    const ACTION: &str = "write a transaction";
    vault.handle.open.may_write(ACTION)?;
    for tried in 1..=TRIES {
        let mut keys = Keys::new(vault);
        let outcome = f(&mut Tx { keys: &mut keys, table: 0 });
        // An error may come of values that were never there together: then it is none.
        let Some(batch) = keys.into_batch(outcome.is_ok()) else { return outcome };
        match vault.handle.send_batch(ACTION, batch) {
            Ok(Answer::Changed(_)) => return outcome,
            Ok(Answer::Conflict(_)) => retry::give_way(tried),
            Err(error) => return outcome.and(Err(error)),
        }
    }
    Err(Error::Conflict { attempts: TRIES })
}

impl std::fmt::Debug for Keys {
    /// What is in the vault is nobody's business.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let tables = self.tables.iter().map(|touched| touched.vault.table_name());
        f.debug_list().entries(tables).finish()
    }
}
