//! Many changes: together, or bit by bit.

use super::{Handle, KVault};
use crate::{
    Iter, KeyRange, Result, Stored, WriteBatch, batch,
    handoff::cache::Way,
    range::{Span, after},
    sync::Arc,
    writer::{Answer, Batch, Change, What},
};

/// So many keys are removed in one transaction. Each may lie on a page of its own, all of which go
/// through the log.
const ROWS: usize = 1_000;
/// Values that are compared before they are removed may take so much memory, and one more.
const BYTES: usize = 4 << 20;

impl KVault {
    /// Makes all changes of a batch, or none of them, in one transaction. Tables that it names are
    /// made first, if they are not there.
    ///
    /// # Errors
    ///
    /// As [`put_bytes`](Self::put_bytes); [`Error::InvalidArgument`](crate::Error::InvalidArgument)
    /// for the name of a table that [`table`](Self::table) would refuse. The batch is not changed
    /// and can be written again.
    ///
    /// # Examples
    ///
    /// ```
    /// use kvault::WriteBatch;
    ///
    /// # let dir = tempfile::tempdir()?;
    /// # let vault = kvault::KVault::open(dir.path().join("app.db"))?;
    /// vault.put("draft", "text")?;
    /// let mut batch = WriteBatch::new();
    /// batch.delete("draft").put("article", "text")?;
    /// vault.write(&batch)?;
    /// assert_eq!(vault.get("article")?, Some("text".to_owned()));
    /// assert_eq!(vault.len()?, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn write(&self, batch: &WriteBatch) -> Result<()> {
        for change in batch.changes().iter() {
            if let What::Put { value, .. } = &change.what {
                self.handle.check_len(value)?;
            }
        }
        // Names that are one table to SQLite must be one table here, or changes would be made out
        // of order.
        let mut on: Vec<Arc<Handle>> = Vec::new();
        let mut numbers = Vec::new();
        for name in batch.tables() {
            let vault = name.map_or_else(|| Ok(self.clone()), |name| self.table(name))?;
            let known = on.iter().position(|known| known.number == vault.handle.number);
            numbers.push(known.unwrap_or_else(|| {
                on.push(Arc::clone(&vault.handle));
                on.len() - 1
            }));
        }
        let in_place = numbers.iter().enumerate().all(|(number, table)| number == *table);
        let mut changes = Arc::clone(batch.changes());
        if !in_place {
            for change in Arc::make_mut(&mut changes) {
                change.table = numbers.get(change.table).copied().unwrap_or_default();
            }
        }
        let order = batch::order(&changes);
        let tables = on.iter().map(|handle| Arc::clone(&handle.table)).collect();
        let batch = Batch { tables, checks: Vec::new(), changes, order };
        self.handle.write_batch("write a batch", &on, batch).map(drop)
    }

    /// Removes the keys of a range, in transactions of a thousand keys: it may be stopped by an
    /// error in the middle, and others may see some of it. To remove them all at once put a
    /// [`WriteBatch::delete_range`] into a batch. Returns how many there were.
    ///
    /// What others put into the range meanwhile may be removed or not.
    ///
    /// # Errors
    ///
    /// As [`put_bytes`](Self::put_bytes). What was removed before stays removed.
    ///
    /// # Examples
    ///
    /// ```
    /// # let dir = tempfile::tempdir()?;
    /// # let vault = kvault::KVault::open(dir.path().join("app.db"))?;
    /// vault.put_many_bytes([("2023-12", "a"), ("2024-01", "b"), ("2024-02", "c")])?;
    /// assert_eq!(vault.delete_range(.."2024-02")?, 2);
    /// assert_eq!(vault.len()?, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn delete_range(&self, range: impl KeyRange) -> Result<u64> {
        self.delete_span(Span::of(&range))
    }

    /// Removes the keys that begin with these bytes, as [`delete_range`](Self::delete_range) does.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn delete_prefix(&self, prefix: impl AsRef<[u8]>) -> Result<u64> {
        self.delete_span(Span::prefix(prefix.as_ref()))
    }

    /// Removes every entry of which `keep` says no, a thousand or so in one transaction. An entry
    /// whose value changes after `keep` saw it stays. Returns how many were removed.
    ///
    /// `keep` may use the vault.
    ///
    /// # Errors
    ///
    /// As [`put_bytes`](Self::put_bytes). What was removed before stays removed.
    ///
    /// # Examples
    ///
    /// ```
    /// # let dir = tempfile::tempdir()?;
    /// # let vault = kvault::KVault::open(dir.path().join("app.db"))?;
    /// vault.put_many((0..10).map(|n| (format!("n:{n}"), n)))?;
    /// let removed = vault.retain(|_, value| value.decode::<i32>().is_ok_and(|n| n % 2 == 0))?;
    /// assert_eq!(removed, 5);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn retain(&self, mut keep: impl FnMut(&[u8], &Stored) -> bool) -> Result<u64> {
        let buffered = self.handle.way()? == Some(Way::Buffered);
        let (mut removed, mut bytes) = (0, 0);
        let mut changes = Vec::new();
        for entry in self {
            let (key, value) = entry?;
            if keep(&key, &value) {
                continue;
            }
            if buffered {
                removed += u64::from(self.handle.delete_same(&key, value.as_bytes())?);
                continue;
            }
            let what = What::DeleteSame { key, value: value.into_bytes() };
            bytes += what.bytes();
            changes.push(Change { table: 0, what });
            if changes.len() >= ROWS || bytes >= BYTES {
                removed += self.remove_all(std::mem::take(&mut changes))?;
                bytes = 0;
            }
        }
        // Also if there is nothing to do: a vault that is read-only says so.
        Ok(removed + self.remove_all(changes)?)
    }

    fn delete_span(&self, span: Span) -> Result<u64> {
        if self.handle.way()? == Some(Way::Buffered) {
            return self.bury(span);
        }
        let mut keys = Iter::new(self.scan(span.clone())).keys();
        let (mut removed, mut start) = (0, span.start);
        loop {
            let mut last = None;
            for key in keys.by_ref().take(ROWS) {
                last = Some(key?);
            }
            let Some(last) = last else {
                // Also if there was nothing to do: a vault that is read-only says so.
                return if removed == 0 { self.remove_all(Vec::new()) } else { Ok(removed) };
            };
            let end = after(&last);
            let what = What::DeleteSpan(Span { start, end: Some(end.clone()) });
            removed += self.remove_all(vec![Change { table: 0, what }])?;
            start = end;
        }
    }

    /// Deletes in the cache, which knows of no ranges: a tombstone for each key.
    fn bury(&self, span: Span) -> Result<u64> {
        // Not the keys alone: of those some may be another program's, and not be deleted.
        let mut entries = Iter::new(self.scan(span));
        let mut removed = 0;
        loop {
            let mut changes = Vec::new();
            for entry in entries.by_ref().take(ROWS) {
                changes.push(Change { table: 0, what: What::Delete { key: entry?.0 } });
            }
            if changes.is_empty() {
                return Ok(removed);
            }
            removed += self.remove_all(changes)?;
        }
    }

    /// Without changes it only sees to it that what was found to be gone stays so.
    pub(super) fn remove_all(&self, changes: Vec<Change>) -> Result<u64> {
        let tables = vec![Arc::clone(&self.handle.table)];
        let batch = Batch::new(tables, Vec::new(), changes);
        let on = std::slice::from_ref(&self.handle);
        match self.handle.write_batch("delete keys", on, batch)? {
            Answer::Changed(count) => Ok(count),
            Answer::Conflict(_) => Ok(0),
        }
    }
}
