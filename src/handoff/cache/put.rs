//! Puts and batches.

use super::{
    Cache,
    generation::{Generation, Size},
    key::{Dirty, Key, cost},
    list::List,
    state::State,
};
use crate::sync::{Deadline, MutexGuard, StdArc};

/// Why something was not put. Nothing of it is visible, now or later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refused<E> {
    /// The cache is switched off: this goes to the store.
    Off,
    Closed,
    Poisoned,
    /// There is no room, and none came in time; with why the last flush failed, if it did.
    Full(Option<E>),
    /// It cannot wait for its commit while the cache is held.
    Held,
    /// Something is written beside the cache, and took too long.
    Busy,
}

/// Something that was put, for [`Cache::settle`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ticket {
    /// The generation it went to.
    pub(super) number: u64,
    /// How many flushes had failed by then.
    pub(super) failures: u64,
    /// It was too large for the cache: whoever put it waits until it is settled.
    pub(crate) apart: bool,
}

impl<E: Clone> Cache<E> {
    /// Puts one entry, waiting for room at most until `deadline`.
    ///
    /// One that is larger than the whole cache becomes a generation of its own; its ticket is
    /// to be [settled](Self::settle), and says so.
    pub(crate) fn put(
        &self,
        key: Key,
        value: Dirty,
        deadline: Deadline,
    ) -> Result<Ticket, Refused<E>> {
        let most = cost(key.bytes().len(), &value);
        let mut state = self.state.lock();
        if most > state.limits.cap {
            drop(state);
            return self.put_apart(vec![(key, value)], deadline);
        }
        let patience = state.patience(deadline);
        loop {
            self.admit(&mut state, deadline)?;
            if self.fits_in_place(&state, key.by_ref(), most) {
                return Ok(self.insert(state, key, value));
            }
            self.wait_for_room(&mut state, &patience)?;
        }
    }

    /// Puts all of a batch or nothing, waiting for room at most until `deadline`. Whoever sees a
    /// part of it sees all of it.
    pub(crate) fn put_all(
        &self,
        batch: Vec<(Key, Dirty)>,
        deadline: Deadline,
    ) -> Result<Ticket, Refused<E>> {
        let most = batch.iter().map(|(key, value)| cost(key.bytes().len(), value)).sum();
        let mut state = self.state.lock();
        if most > state.limits.cap {
            drop(state);
            return self.put_apart(batch, deadline);
        }
        let patience = state.patience(deadline);
        loop {
            self.admit(&mut state, deadline)?;
            if state.fits(most) {
                let call = self.apply(&mut state, batch);
                return Ok(self.done(state, call));
            }
            self.wait_for_room(&mut state, &patience)?;
        }
    }

    /// Puts a batch whose caller waits for its commit: it may make the cache larger than its cap,
    /// and the flush is wanted.
    pub(crate) fn put_through(
        &self,
        batch: Vec<(Key, Dirty)>,
        deadline: Deadline,
    ) -> Result<Ticket, Refused<E>> {
        let mut state = self.state.lock();
        self.admit_apart(&mut state, deadline)?;
        self.apply(&mut state, batch);
        state.wanted = true;
        Ok(self.done(state, true))
    }

    /// Puts what is larger than the cache: a generation of its own, on top of the active one.
    pub(crate) fn put_apart(
        &self,
        batch: Vec<(Key, Dirty)>,
        deadline: Deadline,
    ) -> Result<Ticket, Refused<E>> {
        let made = Generation::of(batch);
        let empty = self.empty();
        let mut state = self.state.lock();
        self.admit_apart(&mut state, deadline)?;
        let ticket = self.insert_apart(state, made, empty);
        self.merge();
        Ok(ticket)
    }

    /// Waits until something may be put that the cap does not bound. One at a time: else a store
    /// that is full would let callers fill the memory.
    pub(super) fn admit_apart(
        &self,
        state: &mut MutexGuard<'_, State<E>>,
        deadline: Deadline,
    ) -> Result<(), Refused<E>> {
        let patience = state.patience(deadline);
        loop {
            self.admit(state, deadline)?;
            if state.holds > 0 {
                return Err(Refused::Held);
            }
            if state.fits_apart() {
                return Ok(());
            }
            self.wait_for_room(state, &patience)?;
        }
    }

    /// Puts one entry that may be put and fits.
    pub(super) fn insert(
        &self,
        mut state: MutexGuard<'_, State<E>>,
        key: Key,
        value: Dirty,
    ) -> Ticket {
        let before = state.active;
        self.list.load().active.insert(&mut state.active, key, value);
        let call = state.grown(before);
        self.done(state, call)
    }

    /// Puts a complete generation.
    pub(super) fn insert_apart(
        &self,
        mut state: MutexGuard<'_, State<E>>,
        (generation, size): (Generation, Size),
        empty: Generation,
    ) -> Ticket {
        let mut list = self.copy_list(&state);
        // What is active is older.
        state.seal(&mut list, empty);
        let apart = Ticket { number: state.next, apart: true, ..state.ticket() };
        state.add(&mut list, size, StdArc::new(generation));
        state.bytes += size.bytes;
        state.wanted = true;
        self.publish(&state, list);
        self.done(state, true);
        apart
    }

    /// Puts a batch into the active generation.
    fn apply(&self, state: &mut MutexGuard<'_, State<E>>, batch: Vec<(Key, Dirty)>) -> bool {
        let list: &List = &self.list.load();
        let before = state.active;
        self.epoch.begin();
        for (key, value) in batch {
            list.active.insert(&mut state.active, key, value);
        }
        self.epoch.end();
        state.grown(before)
    }

    /// Ends a put into the active generation.
    fn done(&self, state: MutexGuard<'_, State<E>>, call: bool) -> Ticket {
        let ticket = state.ticket();
        drop(state);
        if call {
            (self.wake)();
        }
        ticket
    }
}
