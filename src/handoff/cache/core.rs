//! The cache itself, and how a key is looked up in it.

use super::{
    epoch::Epoch,
    generation::Generation,
    key::{Dirty, KeyRef},
    list::List,
    state::{Door, State},
};
use crate::sync::{ArcSwap, Condvar, Mutex, MutexGuard, StdArc};

/// How much the cache may hold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// No put makes it more than this; only what is committed before its caller hears of it may.
    pub(crate) cap: usize,
    /// From so many bytes on a flush is wanted.
    pub(crate) threshold: usize,
    /// So many sealed generations there are at most when nobody is just sealing: a get asks every
    /// one. At least 4; 8 is a good number.
    pub(crate) sealed: usize,
}

impl Limits {
    /// How many entries the first generation may have: as many of 256 bytes as make a flush, but
    /// not so many that the room for them alone is worth mentioning.
    pub(super) fn first_guess(self) -> usize {
        (self.threshold / 256).min(1 << 16)
    }
}

/// Shared by everybody who has the file open in this process. `E` is why a flush failed.
pub(crate) struct Cache<E> {
    /// What readers see. Written under the mutex only.
    pub(super) list: ArcSwap<List>,
    pub(super) epoch: Epoch,
    pub(super) state: Mutex<State<E>>,
    /// Anything changed that somebody may wait for. Sizes differ, so all of them look again.
    pub(super) changed: Condvar,
    /// Wakes the actor; must neither block nor call the cache.
    pub(super) wake: Box<dyn Fn() + Send + Sync>,
}

/// What is in the cache at present.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stats {
    pub(crate) entries: usize,
    /// Of these in the generation that takes puts.
    pub(crate) active: usize,
    pub(crate) bytes: usize,
    pub(crate) sealed: usize,
    /// Bytes of generations that were retired or merged, and that somebody still looks at.
    pub(crate) pinned: usize,
    /// The number of the oldest generation that is not in the store; none if all is there. Its
    /// age is the age of the oldest dirty entry.
    pub(crate) oldest: Option<u64>,
    /// How many flushes failed.
    pub(crate) failures: u64,
    /// How many hold it back from being flushed.
    pub(crate) holds: usize,
}

impl Stats {
    /// How many a get has to ask at most before the store.
    pub(crate) fn generations(self) -> usize {
        self.sealed + usize::from(self.active > 0)
    }
}

impl<E: Clone> Cache<E> {
    /// A cache that is switched off. `wake` is called when the actor should look at
    /// [`wants_flush`](Self::wants_flush), and when there is something dirty in a generation that
    /// was empty.
    pub(crate) fn new(limits: Limits, wake: impl Fn() + Send + Sync + 'static) -> Self {
        Self {
            list: ArcSwap::new(StdArc::new(List::new())),
            epoch: Epoch::new(),
            state: Mutex::new(State::new(limits)),
            changed: Condvar::new(),
            wake: Box::new(wake),
        }
    }

    /// For the time from now on. What was put is left as it is.
    pub(crate) fn limit(&self, limits: Limits) {
        self.state.lock().limits = limits;
        self.changed.notify_all();
    }

    /// What was put last, as `seen` sees it, which runs without a lock and copies what it needs:
    /// to share the bytes would cost more. `None`: the store has had it since before this call.
    pub(crate) fn get<T>(&self, key: KeyRef<'_>, seen: impl Fn(&Dirty) -> T) -> Option<T> {
        if self.epoch.batch_goes_on() {
            drop(self.state.lock());
        }
        self.list.load().look(key, seen)
    }

    /// Looks in the cache, then in the store. The other way round a value could leave the cache
    /// after the store was asked.
    pub(crate) fn read<T>(
        &self,
        key: KeyRef<'_>,
        dirty: impl Fn(&Dirty) -> T,
        store: impl FnOnce() -> T,
    ) -> T {
        self.get(key, dirty).unwrap_or_else(store)
    }

    /// Whether nothing can be put any more, for good.
    pub(crate) fn is_closed(&self) -> bool {
        self.state.lock().door == Door::Closed
    }

    /// Whether the store has everything.
    pub(crate) fn is_clean(&self) -> bool {
        self.state.lock().bytes == 0
    }

    pub(crate) fn stats(&self) -> Stats {
        let state = self.state.lock();
        let list = self.list.load();
        let sealed: usize = list.sealed.iter().map(|sealed| sealed.size.entries).sum();
        let active = (state.active.entries > 0).then_some(state.next);
        Stats {
            entries: sealed + state.active.entries,
            active: state.active.entries,
            bytes: state.bytes,
            sealed: list.sealed.len(),
            pinned: state.left.iter().map(|sealed| sealed.size.bytes).sum(),
            oldest: list.sealed.last().map(|oldest| oldest.number).or(active),
            failures: state.failures,
            holds: state.holds,
        }
    }

    /// Seals what is active, if anything is.
    pub(super) fn seal(&self, state: &mut MutexGuard<'_, State<E>>, empty: Generation) {
        if state.active.entries > 0 {
            let mut list = self.copy_list(state);
            state.seal(&mut list, empty);
            self.publish(state, list);
        }
    }

    /// For [`seal`](Self::seal). Made before the mutex is taken: allocating takes longer than all
    /// that is done under it.
    pub(super) fn empty(&self) -> Generation {
        let list = self.list.load();
        // Nothing will be sealed, as far as one can tell: no room is needed for what comes next.
        Generation::with_capacity(if list.active.is_empty() { 0 } else { list.guess })
    }

    /// The list for whoever is about to change it.
    pub(super) fn copy_list(&self, _: &MutexGuard<'_, State<E>>) -> List {
        List::clone(&self.list.load())
    }

    /// Shows a changed list to everybody, at once.
    pub(super) fn publish(&self, _: &MutexGuard<'_, State<E>>, list: List) {
        self.list.store(StdArc::new(list));
    }
}
