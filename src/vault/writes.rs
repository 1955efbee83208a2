//! Where a write goes: to the cache, through it, or to the writer.

use super::{Handle, reads::Reads};
use crate::{
    Durability, Error, Result,
    handoff::cache::{Cache, Dirty, Key, Refused, Ticket, Way},
    sync::{Arc, Bytes, Deadline},
    writer::{Command, Flush, Op, Row},
};

/// SQLite's limit is on a row: beside key and value it holds their types and lengths.
const ROW_OVERHEAD: u64 = 64;

impl Handle {
    pub(crate) fn put(&self, key: &[u8], value: &[u8]) -> Result<()> {
        let action = "store a value";
        if let Some((way, cache)) = self.to_cache(action)? {
            self.check_row(key.len(), value.len() as u64)?;
            let ticket = self.try_put(cache, |deadline| {
                let (key, value) = (Key::new(self.number, key), Dirty::Put(Bytes::from(value)));
                put_one(cache, way, key, value, deadline)
            })?;
            if ticket.is_some() {
                return self.settle(way, ticket);
            }
        }
        let row = || Row { key: key.into(), value: Bytes::from(value) };
        self.send(action, || Op::Put(row()), self.is_power()).map(drop)
    }

    pub(crate) fn discard(&self, key: &[u8]) -> Result<()> {
        let action = "delete a key";
        if let Some((way, cache)) = self.to_cache(action)? {
            self.check_row(key.len(), 0)?;
            let ticket = self.try_put(cache, |deadline| {
                put_one(cache, way, Key::new(self.number, key), Dirty::Deleted, deadline)
            })?;
            if ticket.is_some() {
                return self.settle(way, ticket);
            }
        }
        self.send(action, || Op::Delete(key.into()), self.is_power()).map(drop)
    }

    /// Whether the key was there.
    pub(crate) fn remove(&self, key: &[u8]) -> Result<bool> {
        let action = "delete a key";
        if let Some((way, cache)) = self.to_cache(action)? {
            self.check_row(key.len(), 0)?;
            let owned = Key::new(self.number, key);
            let stored = || self.read(|conn| conn.contains(&self.table, key));
            let mut failed = None;
            let removed = self.try_put(cache, |deadline| {
                cache.remove(&owned, stored, way, deadline).unwrap_or_else(|error| {
                    failed = Some(error);
                    Ok(None)
                })
            })?;
            if let Some(error) = failed {
                return Err(error);
            }
            if let Some(ticket) = removed {
                return self.settle(way, ticket).map(|()| ticket.is_some());
            }
        }
        let removed = self.send(action, || Op::Delete(key.into()), self.is_power())?;
        Ok(removed > 0)
    }

    /// How many keys there are in a batch, which is in order and has each key once.
    pub(crate) fn put_many(&self, rows: &Arc<[Row]>) -> Result<u64> {
        let action = "store several values";
        if let Some((way, cache)) = self.to_cache(action)? {
            rows.iter()
                .try_for_each(|row| self.check_row(row.key.len(), row.value.len() as u64))?;
            if rows.is_empty() {
                return self.settle(way, None).map(|()| 0);
            }
            let ticket = self.try_put(cache, |deadline| {
                let batch = rows.iter().map(|row| self.entry(row)).collect();
                match way {
                    Way::Buffered => cache.put_all(batch, deadline),
                    Way::Through => cache.put_through(batch, deadline),
                }
            })?;
            if ticket.is_some() {
                return self.settle(way, ticket).map(|()| rows.len() as u64);
            }
        }
        self.send(action, || Op::PutMany(Arc::clone(rows)), self.is_power())
    }

    fn entry(&self, row: &Row) -> (Key, Dirty) {
        (Key::new(self.number, &row.key), Dirty::Put(Bytes::clone(&row.value)))
    }

    /// Has the file have everything, or what the ticket is for; how many keys were committed.
    pub(crate) fn flush(&self, ticket: Option<Ticket>) -> Result<u64> {
        let power = self.is_power();
        self.call("flush", |reply| Command::Flush(Flush { power, ticket, reply }))
    }

    /// How a write of this handle meets the cache; none: there is nothing to meet.
    pub(crate) fn way(&self) -> Result<Option<Way>> {
        let on = self.open.engine().buffer().is_some_and(|buffer| buffer.is_on());
        let strict = self.options.durability == Durability::Buffered;
        match (on, strict || self.buffering.is_on()) {
            (true, true) => Ok(Some(Way::Buffered)),
            // It does not mind the cache, and the cache must not mind it.
            (true, false) => Ok(Some(Way::Through)),
            (false, _) if strict => {
                let why = "needs a write cache, and this vault has none";
                Err(Error::invalid("durability", "Buffered", why))
            }
            (false, _) => Ok(None),
        }
    }

    pub(super) fn to_cache(&self, action: &'static str) -> Result<Option<(Way, &Cache<Error>)>> {
        self.open.check()?;
        if self.open.read_only {
            return Err(Error::ReadOnly { action: action.to_owned() });
        }
        self.open.engine().check_damage()?;
        Ok(self.way()?.zip(self.open.engine().cache().map(Arc::as_ref)))
    }

    /// Puts something, and again as long as a flush that failed is why there is no room, until the
    /// time is up. `None`: the cache was switched off meanwhile.
    pub(super) fn try_put<T>(
        &self,
        cache: &Cache<Error>,
        mut put: impl FnMut(Deadline) -> Result<T, Refused<Error>>,
    ) -> Result<Option<T>> {
        let deadline = Deadline::after(self.options.write_timeout);
        loop {
            let error = match put(deadline) {
                Ok(value) => return Ok(Some(value)),
                Err(Refused::Off) => return Ok(None),
                Err(Refused::Closed) => Error::Closed,
                Err(Refused::Poisoned) => self.open.engine().poisoned().unwrap_or(Error::Closed),
                Err(Refused::Held) => Error::CacheLocked,
                Err(Refused::Busy) => Error::DatabaseBusy { attempts: 1 },
                Err(Refused::Full(why)) => {
                    if why.is_some() && !deadline.passed() && !cache.is_held() {
                        continue;
                    }
                    let why = why.or_else(|| self.open.engine().monitor.trouble().map(|t| t.cause));
                    Error::CacheFull { source: why.map(|why| Arc::new(why) as _) }
                }
            };
            return Err(error);
        }
    }

    /// Waits for what this handle waits for after a put.
    pub(super) fn settle(&self, way: Way, ticket: Option<Ticket>) -> Result<()> {
        match (way, ticket) {
            (Way::Buffered, Some(ticket)) if ticket.apart => {
                // It was accepted, and is read and flushed like any other. The wait only keeps the
                // memory in bounds: the next one does not get in before.
                if let Err(error) = self.flush(Some(ticket)) {
                    crate::log::warning!("a large value is still to be flushed: {error}");
                }
                Ok(())
            }
            (Way::Buffered, _) => Ok(()),
            // Also after a delete that found nothing: what it rests on may still be in the cache.
            (Way::Through, ticket) => self.wait_for_commit(ticket),
        }
    }

    /// Also after a close that came in between: what was put is flushed by it.
    fn wait_for_commit(&self, ticket: Option<Ticket>) -> Result<()> {
        let (engine, power) = (self.open.engine(), self.is_power());
        let deadline = Deadline::after(self.options.write_timeout);
        let flush = |reply| Command::Flush(Flush { power, ticket, reply });
        let waited = self.options.policy().run(deadline, || engine.call("flush", deadline, flush));
        match (waited, engine.cache().zip(ticket)) {
            (Err(Error::Closed), Some((cache, ticket))) if !power && cache.is_settled(ticket) => {
                Ok(())
            }
            (waited, _) => waited.map(drop),
        }
    }

    /// A row that SQLite refuses would stay in the cache for ever.
    pub(super) fn check_row(&self, key: usize, value: u64) -> Result<()> {
        let (len, max) = (key as u64 + value, self.open.engine().effective.max_row);
        if len + ROW_OVERHEAD > max { Err(Error::ValueTooLarge { len, max }) } else { Ok(()) }
    }
}

fn put_one(
    cache: &Cache<Error>,
    way: Way,
    key: Key,
    value: Dirty,
    deadline: Deadline,
) -> Result<Ticket, Refused<Error>> {
    match way {
        Way::Buffered => cache.put(key, value, deadline),
        Way::Through => cache.put_through(vec![(key, value)], deadline),
    }
}
