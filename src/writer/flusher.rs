//! From the write cache to the file: when, and what becomes of it.

use std::time::Instant;

use super::{Monitor, group, monitor::Lasting};
use crate::{
    CacheOptions, Error, Result,
    buffer::{Buffer, Tables},
    failpoint::{broken, reached},
    handoff::{
        Bell,
        cache::{Change, Dirty, NotClosed, Store, Table as Number, Ticket},
    },
    retry::Pauses,
    store::{Class, Fault, Rows, Table, WriteConn},
    sync::Arc,
};

/// The actor's part of the cache.
pub(super) struct Flusher {
    pub(super) buffer: Arc<Buffer>,
    monitor: Arc<Monitor>,
    /// Wakes who frees what was flushed.
    bell: Arc<Bell>,
    pauses: Pauses,
    /// Whether a long value was flushed since this was last asked.
    pub(super) long: bool,
    /// Not before this, after a flush that failed.
    retry_at: Option<Instant>,
}

/// A connection as a place to flush to.
pub(crate) struct Sink<'a> {
    pub(crate) conn: &'a mut WriteConn,
    pub(crate) tables: &'a Tables,
    pub(crate) monitor: &'a Monitor,
    /// Whether the commit waits for the disk.
    pub(crate) synced: bool,
    /// Whether a long value was among what was written.
    pub(crate) long: bool,
}

impl Flusher {
    pub(super) fn new(buffer: Arc<Buffer>, monitor: Arc<Monitor>, bell: Arc<Bell>) -> Self {
        Self { buffer, monitor, bell, pauses: Pauses::new(), long: false, retry_at: None }
    }

    /// When to flush next without being asked; none: not before something happens.
    pub(super) fn due(&self) -> Option<Instant> {
        if self.is_off() {
            return None;
        }
        let now = Instant::now();
        let due = if self.buffer.users() == 0 { self.end_due(now) } else { self.flush_due(now) };
        due.map(|due| self.retry_at.map_or(due, |retry| retry.max(due)))
    }

    fn flush_due(&self, now: Instant) -> Option<Instant> {
        let cache = &self.buffer.cache;
        let since = self.buffer.dirty_since();
        let interval = self.buffer.options().flush_interval;
        let old = since.zip(interval).and_then(|(since, interval)| since.checked_add(interval));
        if old.is_some_and(|old| old <= now) {
            // A flag, so that the end of a hold knows of it.
            cache.want_flush();
        }
        if cache.wants_flush() { Some(now) } else { old.filter(|old| *old > now) }
    }

    /// Nobody uses it any more: it is to be switched off.
    fn end_due(&self, now: Instant) -> Option<Instant> {
        let cache = &self.buffer.cache;
        cache.want_flush();
        (!cache.is_held()).then_some(now)
    }

    /// What is [due](Self::due). What fails is tried again later.
    pub(super) fn tend(&mut self, conn: &mut WriteConn) {
        let unused = self.buffer.users() == 0;
        let outcome = if unused { self.turn_off(conn) } else { self.flush(conn, false) };
        if let Err(error) = outcome {
            crate::log::warning!("a flush failed: {error}");
        }
    }

    /// Commits all that may be committed; how many keys that were.
    pub(super) fn flush(&mut self, conn: &mut WriteConn, synced: bool) -> Result<u64> {
        if let Some(damage) = self.monitor.damage() {
            self.postpone();
            return Err(damage);
        }
        // What the keeper did not get round to since the last flush: there is never more of it.
        self.buffer.cache.free();
        let seal = Instant::now();
        let mut sink = sink(&self.buffer, &self.monitor, conn, synced);
        let outcome = self.buffer.cache.flush(&mut sink);
        self.long |= sink.long;
        if broken!("retire before commit") {
            conn.commit()?;
        }
        self.note(seal, &outcome);
        Ok(outcome? as u64)
    }

    /// Whether the flush that somebody waits for has been.
    pub(super) fn is_settled(&self, ticket: Ticket) -> bool {
        self.buffer.cache.is_settled(ticket)
    }

    /// Whether something else may be written without the cache knowing.
    pub(super) fn is_off(&self) -> bool {
        !self.buffer.is_on()
    }

    pub(super) fn is_held(&self) -> bool {
        self.buffer.cache.is_held()
    }

    pub(super) fn enable(&mut self, conn: &mut WriteConn, options: &CacheOptions) -> Result<()> {
        let differs = self.buffer.options().difference(options);
        if let Some((name, asked, is)) = differs.filter(|_| self.buffer.is_on()) {
            if self.buffer.users() > 0 {
                let why = format!("the file has a cache already in this process, with {is}");
                return Err(Error::invalid(name, asked, why));
            }
            // What is in it was put under other terms: it is to be flushed under them.
            self.turn_off(conn)?;
        }
        if !self.buffer.is_on() {
            self.buffer.set_options(options);
            self.buffer.set_on(true);
            self.buffer.cache.turn_on();
        }
        self.buffer.add_user();
        Ok(())
    }

    /// For one user who wants it no more: flushes, and switches it off if that was the last one.
    pub(super) fn disable(&mut self, conn: &mut WriteConn) -> Result<u64> {
        if self.buffer.is_on() && self.buffer.users() <= 1 {
            return self.turn_off(conn);
        }
        if self.is_held() {
            return Err(Error::CacheLocked);
        }
        self.flush(conn, false)
    }

    fn turn_off(&mut self, conn: &mut WriteConn) -> Result<u64> {
        if let Some(damage) = self.monitor.damage() {
            self.postpone();
            return Err(damage);
        }
        let seal = Instant::now();
        let mut sink = sink(&self.buffer, &self.monitor, conn, false);
        let outcome = self.buffer.cache.turn_off(&mut sink).map_err(|_held| Error::CacheLocked)?;
        self.long |= sink.long;
        self.note(seal, &outcome);
        let keys = outcome?;
        self.buffer.set_on(false);
        Ok(keys as u64)
    }

    /// Runs what cannot wait in the cache, after all that does. Nothing if that cannot be flushed.
    pub(super) fn beside<T>(
        &mut self,
        conn: &mut WriteConn,
        write: impl FnOnce(&mut WriteConn) -> T,
    ) -> Result<T> {
        let seal = Instant::now();
        let mut sink = sink(&self.buffer, &self.monitor, conn, false);
        let outcome = self
            .buffer
            .cache
            .beside(&mut sink, |sink| Ok(write(sink.conn)))
            .map_err(|_held| Error::CacheLocked)?;
        self.long |= sink.long;
        self.note(seal, &outcome);
        outcome
    }

    /// Refuses what is put from now on, and flushes what was put before.
    pub(super) fn close(&mut self, conn: &mut WriteConn, forced: bool) -> Result<()> {
        if self.buffer.cache.is_closed() {
            return Ok(());
        }
        if let Some(damage) = self.monitor.damage().filter(|_| !self.buffer.cache.is_clean()) {
            return Err(damage);
        }
        close(&self.buffer, &self.monitor, conn, forced)
    }

    fn note<T>(&mut self, seal: Instant, outcome: &Result<T>) {
        match outcome {
            Ok(_) => {
                self.retry_at = None;
                self.pauses.reset();
                self.monitor.flush_works();
                if self.is_held() {
                    self.buffer.dirty_since();
                } else {
                    self.buffer.flushed(seal);
                }
            }
            Err(error) => {
                self.monitor.flush_failed(error);
                self.postpone();
            }
        }
        if self.monitor.is_keeper_dead() {
            self.buffer.cache.free();
        } else {
            self.bell.ring();
        }
    }

    fn postpone(&mut self) {
        self.retry_at = Instant::now().checked_add(self.pauses.next());
    }
}

fn sink<'a>(
    buffer: &'a Buffer,
    monitor: &'a Monitor,
    conn: &'a mut WriteConn,
    synced: bool,
) -> Sink<'a> {
    Sink { conn, tables: &buffer.tables, monitor, synced, long: false }
}

/// Closes a cache: by the actor, or after the actor's death by who closes the engine. `forced`:
/// although it is held.
pub(crate) fn close(
    buffer: &Buffer,
    monitor: &Monitor,
    conn: &mut WriteConn,
    forced: bool,
) -> Result<()> {
    if !buffer.options().flush_on_exit {
        buffer.cache.abandon();
        return Ok(());
    }
    let mut sink = sink(buffer, monitor, conn, false);
    let closed =
        if forced { buffer.cache.close_held(&mut sink) } else { buffer.cache.close(&mut sink) };
    closed.map_err(|why| match why {
        NotClosed::Held => Error::CacheLocked,
        NotClosed::Failed(error) => {
            monitor.flush_failed(&error);
            error
        }
    })
}

impl Store for Sink<'_> {
    type Error = Error;

    fn commit(&mut self, changes: &mut dyn Iterator<Item = Change<'_>>) -> Result<()> {
        match self.try_commit(changes) {
            Ok(keys) => {
                self.monitor.committed(keys, self.synced);
                self.monitor.flushed();
                Ok(())
            }
            Err(fault) => {
                self.monitor.failed(&fault);
                Err(fault.error)
            }
        }
    }
}

impl<'a> Sink<'a> {
    fn try_commit(
        &mut self,
        changes: &mut dyn Iterator<Item = Change<'_>>,
    ) -> Result<usize, Fault> {
        reached!("sealed, not committed");
        let pages = self.conn.pages_written()?;
        self.conn.begin(self.synced && !broken!("skip a sync"))?;
        if broken!("retire before commit") {
            // The actor commits it, some time.
            return self.write(changes, &mut None);
        }
        let mut copying = None;
        let written = self.write(changes, &mut copying);
        let written = written.and_then(|keys| self.conn.commit().map(|()| keys));
        if written.is_err() {
            self.conn.rollback()?;
        }
        let keys = written?;
        if self.synced && self.conn.pages_written()? == pages {
            // Nothing was written, and so nothing synced: not what was committed before either.
            self.conn.sync()?;
        }
        reached!("committed, not retired");
        Ok(keys)
    }

    /// `copying` is to be held until all of it is committed.
    fn write(
        &mut self,
        changes: &mut dyn Iterator<Item = Change<'_>>,
        copying: &mut Option<Lasting<'a>>,
    ) -> Result<usize, Fault> {
        let mut keys = 0;
        let mut current: Option<(Number, Rows<'_>)> = None;
        for change in changes {
            // They come table by table.
            let rows = match current.take() {
                Some((number, rows)) if number == change.table => rows,
                _ => Rows::new(self.conn, self.table(change.table)?),
            };
            let (_, rows) = current.insert((change.table, rows));
            match change.value {
                Dirty::Put(value) => rows.put(change.key, value)?,
                // What cannot be read now may be readable later: it is not given up.
                Dirty::Spooled(value) => {
                    self.long = true;
                    copying.get_or_insert_with(|| self.monitor.copy_begins());
                    group::put_long(self.conn, rows.table(), change.key, value, Class::Resource)?;
                }
                Dirty::Deleted if broken!("drop a tombstone") => {}
                Dirty::Deleted => rows.delete(change.key)?,
            }
            keys += 1;
        }
        Ok(keys)
    }

    /// The table to write to. It is made again if another program dropped it: what was
    /// acknowledged is not given up.
    fn table(&self, number: Number) -> Result<Arc<Table>, Fault> {
        let table = self.tables.get(number).ok_or_else(|| {
            let why = "is the number of no table";
            Fault { error: Error::invalid("table", number.0, why), class: Class::Operation }
        })?;
        self.conn.create_missing(&table)?;
        Ok(table)
    }
}
