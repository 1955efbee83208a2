//! The write cache of an engine: the core of it, and what the core does not know: which table has
//! which number, who uses it, and what time it is.

use std::{sync::Weak, time::Instant};

use crate::{
    CacheOptions, Error,
    handoff::{
        Mailbox,
        cache::{Cache, Limits, Table as Number},
    },
    store::Table,
    sync::{Arc, AtomicBool, AtomicUsize, Mutex, Ordering},
    writer::Command,
};

/// A get asks every generation.
const SEALED: usize = 8;

/// Shared by all handles of a file. Only the actor switches it on and off, and flushes it.
pub(crate) struct Buffer {
    pub(crate) cache: Arc<Cache<Error>>,
    pub(crate) tables: Arc<Tables>,
    /// Whether puts go to the cache, as far as one knows without asking the core.
    on: AtomicBool,
    /// Whether it was ever on: as long as it was not, nobody need look.
    used: AtomicBool,
    /// How many want it to be on. Only the actor adds to them.
    users: AtomicUsize,
    /// As it was switched on last.
    options: Mutex<CacheOptions>,
    /// Since when something has been dirty without a break, at the latest.
    oldest: Mutex<Option<Instant>>,
    mailbox: Weak<Mailbox<Command>>,
}

impl Buffer {
    pub(crate) fn new(mailbox: &Arc<Mailbox<Command>>, tables: Arc<Tables>) -> Self {
        let options = CacheOptions::default();
        // A command must not own what keeps the actor alive, and neither must this.
        let weak = Arc::downgrade(mailbox);
        let actor = Weak::clone(&weak);
        let cache = Cache::new(limits(&options), move || nudge(&actor));
        Self {
            cache: Arc::new(cache),
            tables,
            on: AtomicBool::new(false),
            used: AtomicBool::new(false),
            users: AtomicUsize::new(0),
            options: Mutex::new(options),
            oldest: Mutex::new(None),
            mailbox: weak,
        }
    }

    pub(crate) fn is_on(&self) -> bool {
        self.on.load(Ordering::Acquire)
    }

    pub(crate) fn was_used(&self) -> bool {
        self.used.load(Ordering::Acquire)
    }

    pub(crate) fn set_on(&self, on: bool) {
        if on {
            self.used.store(true, Ordering::Release);
        }
        self.on.store(on, Ordering::Release);
    }

    pub(crate) fn options(&self) -> CacheOptions {
        self.options.lock().clone()
    }

    pub(crate) fn set_options(&self, options: &CacheOptions) {
        self.cache.limit(limits(options));
        *self.options.lock() = options.clone();
    }

    pub(crate) fn users(&self) -> usize {
        self.users.load(Ordering::SeqCst)
    }

    pub(crate) fn add_user(&self) {
        self.users.fetch_add(1, Ordering::SeqCst);
    }

    /// The actor switches it off after the last one.
    pub(crate) fn release(&self, users: usize) {
        if users > 0 && self.users.fetch_sub(users, Ordering::SeqCst) == users {
            nudge(&self.mailbox);
        }
    }

    /// Since when there has been something dirty.
    pub(crate) fn dirty_since(&self) -> Option<Instant> {
        let dirty = !self.cache.is_clean();
        let mut oldest = self.oldest.lock();
        *oldest = if dirty { Some(oldest.unwrap_or_else(Instant::now)) } else { None };
        *oldest
    }

    /// All that was put before `seal` is in the store.
    pub(crate) fn flushed(&self, seal: Instant) {
        let dirty = !self.cache.is_clean();
        *self.oldest.lock() = dirty.then_some(seal);
    }
}

fn limits(options: &CacheOptions) -> Limits {
    Limits { cap: options.cap_bytes, threshold: options.threshold(), sealed: SEALED }
}

fn nudge(mailbox: &Weak<Mailbox<Command>>) {
    if let Some(mailbox) = mailbox.upgrade() {
        mailbox.nudge();
    }
}

/// The tables that have something to do with the cache, and their numbers in it.
#[derive(Default)]
pub(crate) struct Tables(Mutex<Vec<Arc<Table>>>);

impl Tables {
    /// The number of a table. SQLite folds ASCII case in names.
    pub(crate) fn number(&self, table: &Arc<Table>) -> Number {
        let mut known = self.0.lock();
        let same = |other: &Arc<Table>| other.name.eq_ignore_ascii_case(&table.name);
        let at = known.iter().position(same).unwrap_or_else(|| {
            known.push(Arc::clone(table));
            known.len() - 1
        });
        // Who makes billions of tables has other worries first.
        Number(u32::try_from(at).unwrap_or(u32::MAX))
    }

    pub(crate) fn get(&self, number: Number) -> Option<Arc<Table>> {
        let at = usize::try_from(number.0).ok()?;
        self.0.lock().get(at).map(Arc::clone)
    }
}

impl std::fmt::Debug for Buffer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Buffer").field("on", &self.is_on()).finish_non_exhaustive()
    }
}
