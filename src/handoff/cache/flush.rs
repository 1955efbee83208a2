//! From the cache to the store: commit first, retire then.

use super::{
    Cache, Ticket,
    generation::Sealed,
    key::{Dirty, Table},
    overlay::newest_in_order,
    state::{Claim, State},
};
use crate::sync::{Deadline, MutexGuard, wait_until};

/// Where entries go.
pub(crate) trait Store {
    type Error: Clone;

    /// Writes all changes in one transaction. They come in order of table and key, each key once.
    /// After `Err` the store may have them all or none.
    fn commit(&mut self, changes: &mut dyn Iterator<Item = Change<'_>>) -> Result<(), Self::Error>;
}

/// One change of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Change<'a> {
    pub(crate) table: Table,
    pub(crate) key: &'a [u8],
    /// The very bytes that were put, or that the key is to be deleted.
    pub(crate) value: &'a Dirty,
}

/// A flush that was begun: these generations, whatever is put meanwhile. Dropped without a commit
/// it leaves everything as it was.
pub(crate) struct Plan<'a, E: Clone> {
    cache: &'a Cache<E>,
    /// Newest first.
    sealed: Vec<Sealed>,
    claim: Claim,
}

/// Why something that was put is not known to be in the store. It stays in the cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unsettled<E> {
    /// A flush failed; the next one may not.
    Failed(Option<E>),
    /// Nobody flushes any more.
    Poisoned,
    TimedOut,
}

impl<E: Clone> Cache<E> {
    /// Seals what is active and claims all that may be committed now. `None`: there is nothing.
    ///
    /// Only one flush runs at a time; a second one waits.
    pub(crate) fn begin_flush(&self) -> Option<Plan<'_, E>> {
        let empty = self.empty();
        let mut state = self.state.lock();
        while state.claim.is_some() {
            wait_until(&self.changed, &mut state, Deadline::NEVER);
        }
        if !state.is_held() {
            state.wanted = false;
            self.seal(&mut state, empty);
        }
        self.claim(&mut state)
    }

    /// Claims what may be committed, all of it: a generation is never split, and an
    /// older one never stays behind a newer one.
    fn claim(&self, state: &mut MutexGuard<'_, State<E>>) -> Option<Plan<'_, E>> {
        let upto = state.committable();
        let list = self.list.load();
        let due = |sealed: &&Sealed| sealed.number <= upto;
        let sealed: Vec<Sealed> = list.sealed.iter().filter(due).cloned().collect();
        let upto = sealed.first()?.number;
        let claim = Claim { upto, bytes: sealed.iter().map(|sealed| sealed.size.bytes).sum() };
        state.claim = Some(claim);
        Some(Plan { cache: self, sealed, claim })
    }

    /// Begins a flush and commits it. Returns how many keys were committed.
    pub(crate) fn flush<S: Store<Error = E>>(&self, store: &mut S) -> Result<usize, E> {
        self.begin_flush().map_or(Ok(0), |plan| plan.commit(store))
    }

    /// Waits until something that was put is in the store.
    pub(crate) fn settle(&self, ticket: Ticket, deadline: Deadline) -> Result<(), Unsettled<E>> {
        let mut state = self.state.lock();
        loop {
            if state.flushed >= ticket.number {
                return Ok(());
            }
            if state.poisoned {
                return Err(Unsettled::Poisoned);
            }
            if state.failures != ticket.failures {
                return Err(Unsettled::Failed(state.failure.clone()));
            }
            if !wait_until(&self.changed, &mut state, deadline) {
                return Err(Unsettled::TimedOut);
            }
        }
    }

    /// Whether something that was put is in the store.
    pub(crate) fn is_settled(&self, ticket: Ticket) -> bool {
        self.state.lock().flushed >= ticket.number
    }

    /// Frees what left the cache and is not looked at any more. Housekeeping, so that no get is
    /// the last one to hold a generation and pays for it.
    pub(crate) fn free(&self) {
        let mut unused = Vec::new();
        let mut state = self.state.lock();
        state.left.retain(|sealed| {
            let used = sealed.is_used();
            if !used {
                unused.push(sealed.clone());
            }
            used
        });
        drop(state);
        drop(unused);
    }

    fn retire(&self, plan: &mut Plan<'_, E>) {
        let upto = plan.claim.upto;
        let mut state = self.state.lock();
        let mut list = self.copy_list(&state);
        list.sealed.retain(|sealed| sealed.number > upto);
        list.retired += 1;
        self.publish(&state, list);
        state.left.append(&mut plan.sealed);
        state.bytes -= plan.claim.bytes;
        state.claim = None;
        state.flushed = upto;
        state.failure = None;
        self.changed.notify_all();
    }

    fn fail(&self, why: &E) {
        let mut state = self.state.lock();
        state.claim = None;
        state.failures += 1;
        state.failure = Some(why.clone());
        state.wanted = true;
        self.changed.notify_all();
    }
}

impl<E: Clone> Plan<'_, E> {
    /// Commits and retires; on failure everything stays where it was, readable and in order.
    /// Returns how many keys were committed.
    pub(crate) fn commit<S: Store<Error = E>>(mut self, store: &mut S) -> Result<usize, E> {
        match self.write(store) {
            Ok(keys) => {
                self.cache.retire(&mut self);
                Ok(keys)
            }
            Err(why) => {
                self.cache.fail(&why);
                self.sealed.clear();
                // Each try seals: without this a store that is full for long makes many.
                self.cache.merge();
                Err(why)
            }
        }
    }

    fn write<S: Store<Error = E>>(&self, store: &mut S) -> Result<usize, E> {
        let pins: Vec<_> = self.sealed.iter().map(|sealed| sealed.generation.pin()).collect();
        let entries = newest_in_order(&pins, |_| true);
        let mut changes = entries.iter().map(|entry| Change {
            table: entry.key.table(),
            key: entry.key.bytes(),
            value: entry.value,
        });
        store.commit(&mut changes)?;
        Ok(entries.len())
    }
}

impl<E: Clone> Drop for Plan<'_, E> {
    fn drop(&mut self) {
        // Emptied by who brought it to an end. Else it was given up: the actor may have panicked,
        // and the close that comes after it claims all this again.
        if !self.sealed.is_empty() {
            let mut state = self.cache.state.lock();
            state.claim = None;
            state.wanted = true;
            self.cache.changed.notify_all();
        }
    }
}
