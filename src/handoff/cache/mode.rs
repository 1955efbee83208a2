//! Switching the cache on and off, and writing beside it. Only the actor does.

use super::{Cache, Held, Store, generation::Generation, state::Mode};
use crate::sync::StdArc;

impl<E: Clone> Cache<E> {
    /// From now on puts go to the store, after what is dirty now has been flushed. If that fails,
    /// or the cache is held, it stays on.
    ///
    /// Flushing first and then switching off would leave behind what is put in between: nobody
    /// would flush it, and it would hide what is written to the store later.
    pub(crate) fn turn_off<S: Store<Error = E>>(
        &self,
        store: &mut S,
    ) -> Result<Result<usize, E>, Held> {
        self.switch(Mode::Off)?;
        let flushed = self.flush(store);
        if flushed.is_err() {
            self.turn_on();
        }
        Ok(flushed)
    }

    /// From now on puts go to the cache.
    pub(crate) fn turn_on(&self) {
        let mut state = self.state.lock();
        // What was written meanwhile was written past everybody who only watches the cache.
        let mut list = self.copy_list(&state);
        list.retired += 1;
        if list.guess == 0 && state.active.entries == 0 {
            // There was none before to go by, and what grows while it is filled makes puts wait.
            list.guess = state.limits.first_guess();
            list.active = StdArc::new(Generation::with_capacity(list.guess));
        }
        self.publish(&state, list);
        state.mode = Mode::On;
        self.changed.notify_all();
    }

    pub(crate) fn is_on(&self) -> bool {
        self.state.lock().mode != Mode::Off
    }

    /// Runs what cannot be an entry, like clearing a table, with the cache out of the way: after
    /// all that was put before, before all that is put later: puts wait. If what is dirty cannot
    /// be flushed, it does not run.
    pub(crate) fn beside<S: Store<Error = E>, R>(
        &self,
        store: &mut S,
        write: impl FnOnce(&mut S) -> Result<R, E>,
    ) -> Result<Result<R, E>, Held> {
        if !self.is_on() {
            return Ok(write(store));
        }
        self.switch(Mode::Aside)?;
        let outcome = self.flush(store).and_then(|_| write(store));
        self.turn_on();
        Ok(outcome)
    }

    fn switch(&self, mode: Mode) -> Result<(), Held> {
        let mut state = self.state.lock();
        if state.holds > 0 {
            return Err(Held);
        }
        // Who waits for room hears of it from the flush that follows.
        state.mode = mode;
        Ok(())
    }
}
