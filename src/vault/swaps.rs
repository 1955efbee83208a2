//! Changes that depend on what is there, and batches, on their way to the cache or the writer.

use super::{Handle, Reads};
use crate::{
    Result,
    handoff::cache::{Dirty, Key, Swap, Way},
    sync::{Arc, Bytes},
    writer::{Answer, Batch, Change, Check, What},
};

impl Handle {
    /// Puts `new` if what is stored is `old`.
    pub(crate) fn swap(
        &self,
        key: &[u8],
        old: Option<&[u8]>,
        new: Option<&[u8]>,
    ) -> Result<Answer> {
        let action = "compare and swap a value";
        let Some((way, cache)) = self.to_cache(action)? else {
            return self.send_batch(action, self.swap_batch(key, old, new));
        };
        self.check_row(key.len(), new.map_or(0, <[u8]>::len) as u64)?;
        let owned = Key::new(self.number, key);
        let new_entry = new.map_or(Dirty::Deleted, |new| Dirty::Put(Bytes::from(new)));
        let stored = || Ok(self.read(|conn| conn.get(&self.table, key))?.map(Bytes::from));
        let mut failed = None;
        let swapped = self.try_put(cache, |deadline| {
            match cache.compare_and_swap(&owned, old, &new_entry, stored, way, deadline) {
                Ok(outcome) => outcome.map(Some),
                Err(error) => {
                    failed = Some(error);
                    Ok(None)
                }
            }
        })?;
        if let Some(error) = failed {
            return Err(error);
        }
        match swapped.flatten() {
            Some(Swap::Swapped(ticket)) => {
                self.settle(way, Some(ticket)).map(|()| Answer::Changed(1))
            }
            // It may be in the cache alone, and a power handle answers only for what is safe.
            Some(Swap::Conflict(found)) => {
                self.settle(way, None).map(|()| Answer::Conflict(found.map(|bytes| bytes.to_vec())))
            }
            // It is compared where it will be.
            Some(Swap::Spooled) => {
                self.flush(None)?;
                self.swap(key, old, new)
            }
            // It was switched off meanwhile: the writer comes to this after that.
            None => self.send_batch(action, self.swap_batch(key, old, new)),
        }
    }

    /// Writes a batch, `on` the tables in the order of their numbers.
    pub(crate) fn write_batch(
        &self,
        action: &'static str,
        on: &[Arc<Self>],
        batch: Batch,
    ) -> Result<Answer> {
        let points = batch.checks.is_empty() && batch.changes.iter().all(|c| c.what.is_point());
        let Some((way, cache)) = self.to_cache(action)?.filter(|_| points) else {
            // Where there is a cache the writer flushes it first: a range is deleted, and a value
            // looked at, where everything is.
            return self.send_batch(action, batch);
        };
        let mut entries = Vec::with_capacity(batch.order.len());
        for change in batch.order.iter().filter_map(|at| batch.changes.get(*at)) {
            let Some(table) = on.get(change.table) else { continue };
            let (key, dirty) = match &change.what {
                What::Put { key, value } => {
                    self.check_row(key.len(), value.len() as u64)?;
                    (key, Dirty::Put(Bytes::from(&value[..])))
                }
                What::Delete { key } => {
                    self.check_row(key.len(), 0)?;
                    (key, Dirty::Deleted)
                }
                What::DeleteSame { .. } | What::DeleteSpan(_) => continue,
            };
            entries.push((Key::new(table.number, key), dirty));
        }
        if entries.is_empty() {
            // As after a delete that found nothing: see `settle`.
            return self.settle(way, None).map(|()| Answer::Changed(0));
        }
        let count = entries.len() as u64;
        let ticket = self.try_put(cache, |deadline| match way {
            Way::Buffered => cache.put_all(entries.clone(), deadline),
            Way::Through => cache.put_through(entries.clone(), deadline),
        });
        match ticket? {
            Some(ticket) => self.settle(way, Some(ticket)).map(|()| Answer::Changed(count)),
            None => self.send_batch(action, batch),
        }
    }

    /// Deletes a key if this is its value; whether it was.
    pub(crate) fn delete_same(&self, key: &[u8], value: &[u8]) -> Result<bool> {
        Ok(self.swap(key, Some(value), None)? == Answer::Changed(1))
    }

    fn swap_batch(&self, key: &[u8], old: Option<&[u8]>, new: Option<&[u8]>) -> Batch {
        let check = Check { table: 0, key: key.to_vec(), value: old.map(<[u8]>::to_vec) };
        let what = match new {
            Some(new) => What::Put { key: key.to_vec(), value: new.to_vec() },
            None => What::Delete { key: key.to_vec() },
        };
        let changes = vec![Change { table: 0, what }];
        Batch::new(vec![Arc::clone(&self.table)], vec![check], changes)
    }
}
