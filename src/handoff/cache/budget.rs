//! The cap, and waiting for room below it.

use super::{
    Cache, Refused,
    generation::Size,
    key::KeyRef,
    state::{Mode, State},
};
use crate::sync::{Deadline, MutexGuard, wait_until};

/// What somebody who waits for room saw when the wait began.
pub(super) struct Patience {
    pub(super) deadline: Deadline,
    failures: u64,
}

impl<E: Clone> State<E> {
    pub(super) fn patience(&self, deadline: Deadline) -> Patience {
        Patience { deadline, failures: self.failures }
    }

    /// Whether there is room for so much more.
    pub(super) fn fits(&self, more: usize) -> bool {
        self.bytes.saturating_add(more) <= self.limits.cap
    }

    /// Whether one more may be put that makes the cache larger than its cap.
    pub(super) fn fits_apart(&self) -> bool {
        self.bytes <= self.limits.cap
    }

    /// Counts what grew in the active generation. True if the actor should hear of it.
    pub(super) fn grown(&mut self, before: Size) -> bool {
        self.bytes = self.bytes + self.active.bytes - before.bytes;
        let begun = before.entries == 0 && self.active.entries > 0;
        let waiting = self.bytes - self.claim.map_or(0, |claim| claim.bytes);
        let crossed = waiting >= self.limits.threshold && !self.wanted;
        if crossed {
            self.wanted = true;
        }
        begun || crossed
    }
}

impl<E: Clone> Cache<E> {
    /// Whether there is room for a put that may replace what is active. Looking that up costs as much as a put:
    /// it is done when it matters only.
    pub(super) fn fits_in_place(&self, state: &State<E>, key: KeyRef<'_>, cost: usize) -> bool {
        let replaced = || self.list.load().active.cost_of(key);
        state.fits(cost) || state.fits(cost.saturating_sub(replaced()))
    }

    /// Waits while something is written beside the cache; refuses what must not be put at all.
    pub(super) fn admit(
        &self,
        state: &mut MutexGuard<'_, State<E>>,
        deadline: Deadline,
    ) -> Result<(), Refused<E>> {
        loop {
            state.takes_puts()?;
            if state.mode != Mode::Aside {
                return Ok(());
            }
            if !wait_until(&self.changed, state, deadline) {
                return Err(Refused::Busy);
            }
        }
    }

    /// Waits until it is worth looking again: whoever comes back looks at everything anew.
    ///
    /// The wish is a flag under the mutex and no message: a full mailbox cannot lose it.
    pub(super) fn wait_for_room(
        &self,
        state: &mut MutexGuard<'_, State<E>>,
        patience: &Patience,
    ) -> Result<(), Refused<E>> {
        // Neither who waits for a hold to end nor who saw a flush fail may wait for ever.
        if state.holds > 0 || state.failures != patience.failures {
            return Err(Refused::Full(state.failure.clone()));
        }
        state.wanted = true;
        (self.wake)();
        if !wait_until(&self.changed, state, patience.deadline) {
            return Err(Refused::Full(state.failure.clone()));
        }
        Ok(())
    }

    /// Wants a flush as soon as it is possible.
    pub(crate) fn want_flush(&self) {
        self.state.lock().wanted = true;
    }

    /// Whether a flush is wanted and possible. The actor asks on every turn.
    pub(crate) fn wants_flush(&self) -> bool {
        let state = self.state.lock();
        state.wanted && state.has_work(&self.list.load())
    }
}
