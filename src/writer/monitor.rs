//! What the actor lets others see of itself.

use std::time::SystemTime;

use crate::{
    Error,
    store::{Class, Fault},
    sync::{AtomicBool, AtomicU64, Mutex, Ordering},
};

/// Counters since the engine started, and the trouble it is in, if any.
#[derive(Debug, Default)]
pub(crate) struct Monitor {
    commits: AtomicU64,
    synced: AtomicU64,
    writes: AtomicU64,
    failures: AtomicU64,
    checkpoints: AtomicU64,
    trouble: Mutex<Option<Trouble>>,
    damaged: AtomicBool,
    /// How the keeper died, if it did.
    keeper: Mutex<Option<Trouble>>,
    keeper_dead: AtomicBool,
    flushes: AtomicU64,
    flush_failures: AtomicU64,
    /// What the last flush that failed said, and the trouble as long as none succeeded since.
    last_flush_error: Mutex<Option<Error>>,
    flush: Mutex<Option<Trouble>>,
    /// Since when the log has been over its limit, and why it is.
    long_log: Mutex<Option<(SystemTime, TooLong)>>,
    /// Whether a checkpoint failed in a way after which the log must stay.
    keeps_log: AtomicBool,
    /// Whether a long value is being copied, and whether the keeper syncs what it moved.
    copying: AtomicBool,
    syncing: AtomicBool,
}

/// Held while something lasts, for others to know.
pub(crate) struct Lasting<'a>(&'a AtomicBool);

/// Why writes fail at present.
#[derive(Debug, Clone)]
pub(crate) struct Trouble {
    pub(crate) cause: Error,
    pub(crate) since: SystemTime,
    /// Whether only a new open of the file can end it.
    pub(crate) lasting: bool,
}

/// Why the log could not be kept under its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TooLong {
    /// Somebody reads from it.
    Read,
    /// The keeper does not come to an end.
    Behind,
}

/// A reading of the counters.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counted {
    pub(crate) commits: u64,
    pub(crate) synced: u64,
    pub(crate) writes: u64,
    pub(crate) failures: u64,
    pub(crate) checkpoints: u64,
    pub(crate) flushes: u64,
    pub(crate) flush_failures: u64,
}

impl Monitor {
    pub(crate) fn committed(&self, writes: usize, synced: bool) {
        self.commits.fetch_add(1, Ordering::Relaxed);
        self.synced.fetch_add(u64::from(synced), Ordering::Relaxed);
        self.writes.fetch_add(writes as u64, Ordering::Relaxed);
        let mut trouble = self.trouble.lock();
        if trouble.as_ref().is_some_and(|trouble| !trouble.lasting) {
            *trouble = None;
        }
    }

    pub(crate) fn flushed(&self) {
        self.flushes.fetch_add(1, Ordering::Relaxed);
    }

    /// What is dirty stays, and is flushed later: whatever the reason is, nobody may take it for
    /// stored.
    pub(crate) fn flush_failed(&self, error: &Error) {
        self.flush_failures.fetch_add(1, Ordering::Relaxed);
        *self.last_flush_error.lock() = Some(error.clone());
        let mut trouble = self.flush.lock();
        let since = trouble.as_ref().map_or_else(SystemTime::now, |trouble| trouble.since);
        *trouble = Some(Trouble { cause: error.clone(), since, lasting: false });
    }

    pub(crate) fn flush_works(&self) {
        *self.flush.lock() = None;
    }

    pub(crate) fn last_flush_error(&self) -> Option<Error> {
        self.last_flush_error.lock().clone()
    }

    pub(crate) fn checkpointed(&self) {
        self.checkpoints.fetch_add(1, Ordering::Relaxed);
    }

    /// The keeper's panic: the vault goes on without it, and says so.
    pub(crate) fn keeper_died(&self, panic: &str) {
        crate::log::warning!("the keeper panicked: {panic}");
        let cause = Error::Poisoned { panic: panic.to_owned() };
        *self.keeper.lock() = Some(Trouble { cause, since: SystemTime::now(), lasting: false });
        self.keeper_dead.store(true, Ordering::Release);
    }

    pub(super) fn log_is_within(&self) {
        *self.long_log.lock() = None;
    }

    pub(super) fn log_is_too_long(&self, why: TooLong) {
        let before = {
            let mut trouble = self.long_log.lock();
            let since = trouble.map_or_else(SystemTime::now, |(since, _)| since);
            trouble.replace((since, why))
        };
        if before.is_none() {
            crate::log::warning!("the write-ahead log is over its limit: {}", why.text());
        }
    }

    fn log_trouble(&self) -> Option<Trouble> {
        let (since, why) = (*self.long_log.lock())?;
        let why = std::io::Error::other(why.text());
        let cause = Error::io("keep the write-ahead log under its limit", why);
        Some(Trouble { cause, since, lasting: false })
    }

    /// A long value is copied into the file. The checkpoints of the keeper wait for the end of this.
    /// Each begins with a sync of the log: it would send to the disk what is not committed yet, and
    /// the copy would wait for that.
    pub(super) fn copy_begins(&self) -> Lasting<'_> {
        Lasting::new(&self.copying)
    }

    pub(crate) fn is_copying(&self) -> bool {
        self.copying.load(Ordering::Relaxed)
    }

    /// The keeper syncs what it moved. Who wants to move the rest would wait for that.
    pub(crate) fn sync_begins(&self) -> Lasting<'_> {
        Lasting::new(&self.syncing)
    }

    pub(super) fn is_syncing(&self) -> bool {
        self.syncing.load(Ordering::Relaxed)
    }

    pub(super) fn is_keeper_dead(&self) -> bool {
        self.keeper_dead.load(Ordering::Acquire)
    }

    pub(crate) fn failed(&self, fault: &Fault) {
        self.failures.fetch_add(1, Ordering::Relaxed);
        let lasting = match fault.class {
            // Somebody else's lock, or one caller's mistake: the engine is well.
            Class::Transient | Class::Operation => return,
            Class::Resource => false,
            Class::Damage => true,
        };
        let mut trouble = self.trouble.lock();
        self.damaged.fetch_or(lasting, Ordering::AcqRel);
        match &mut *trouble {
            Some(trouble) if trouble.lasting => {}
            Some(trouble) => {
                trouble.cause = fault.error.clone();
                trouble.lasting = lasting;
            }
            None => {
                let cause = fault.error.clone();
                *trouble = Some(Trouble { cause, since: SystemTime::now(), lasting });
                // Without the lock: who hears of it may ask how we are.
                drop(trouble);
                crate::log::warning!("writes fail: {}", fault.error);
            }
        }
    }

    /// A checkpoint failed. If that was a sync, the log may be the only one that the disk has of what
    /// was moved out of it: SQLite does not know that of a checkpoint before, and would cut it.
    pub(crate) fn move_failed(&self, fault: &Fault) {
        self.keeps_log.fetch_or(fault.class == Class::Damage, Ordering::AcqRel);
        self.failed(fault);
    }

    /// Whether the log must stay as it is.
    pub(super) fn keeps_log(&self) -> bool {
        self.keeps_log.load(Ordering::Acquire)
    }

    /// The same for who asks with every write: nearly always it costs one load.
    pub(crate) fn known_damage(&self) -> Option<Error> {
        if self.damaged.load(Ordering::Acquire) { self.damage() } else { None }
    }

    /// Set when the file must not be written to any more.
    pub(crate) fn damage(&self) -> Option<Error> {
        let trouble = self.trouble.lock();
        trouble.as_ref().filter(|trouble| trouble.lasting).map(|trouble| trouble.cause.clone())
    }

    pub(crate) fn trouble(&self) -> Option<Trouble> {
        let trouble = self.trouble.lock().clone();
        let trouble = trouble.or_else(|| self.flush.lock().clone());
        trouble.or_else(|| self.keeper.lock().clone()).or_else(|| self.log_trouble())
    }

    pub(crate) fn counted(&self) -> Counted {
        Counted {
            commits: self.commits.load(Ordering::Relaxed),
            synced: self.synced.load(Ordering::Relaxed),
            writes: self.writes.load(Ordering::Relaxed),
            checkpoints: self.checkpoints.load(Ordering::Relaxed),
            failures: self.failures.load(Ordering::Relaxed),
            flushes: self.flushes.load(Ordering::Relaxed),
            flush_failures: self.flush_failures.load(Ordering::Relaxed),
        }
    }
}

impl<'a> Lasting<'a> {
    fn new(flag: &'a AtomicBool) -> Self {
        flag.store(true, Ordering::Relaxed);
        Self(flag)
    }
}

impl Drop for Lasting<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

impl TooLong {
    fn text(self) -> &'static str {
        match self {
            Self::Read => "somebody reads from it all the time",
            Self::Behind => "moving it into the database takes longer than writing to it",
        }
    }
}

#[cfg(test)]
mod tests;
