//! The end of the cache: everything that was put is flushed, or refused.

use super::{
    Cache, Store,
    state::{Door, State},
};

/// Why the cache was not closed. It goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NotClosed<E> {
    Held,
    Failed(E),
}

impl<E: Clone> Cache<E> {
    /// Refuses every put from now on and flushes what was put before. Any number of threads may
    /// close, also after a panic of the actor.
    pub(crate) fn close<S: Store<Error = E>>(&self, store: &mut S) -> Result<(), NotClosed<E>> {
        self.close_with(store, |state| state.holds > 0)
    }

    /// The same for who cannot wait for the end of a hold, nor tell anybody.
    pub(crate) fn close_held<S: Store<Error = E>>(
        &self,
        store: &mut S,
    ) -> Result<(), NotClosed<E>> {
        self.close_with(store, |_| false)
    }

    fn close_with<S: Store<Error = E>>(
        &self,
        store: &mut S,
        held: impl Fn(&State<E>) -> bool,
    ) -> Result<(), NotClosed<E>> {
        loop {
            self.begin_close(&held)?;
            let outcome = self.flush(store);
            let mut state = self.state.lock();
            match outcome {
                // Another close may have done what this one could not.
                Err(why) if state.door != Door::Closed => {
                    state.door = Door::Open;
                    return Err(NotClosed::Failed(why));
                }
                // And another one may have failed and opened the door again.
                _ if state.door != Door::Open && state.bytes == 0 => {
                    state.door = Door::Closed;
                    return Ok(());
                }
                _ => {}
            }
        }
    }

    /// Refuses every put from now on, and leaves what was put before where it is: nobody wants it.
    pub(crate) fn abandon(&self) {
        let mut state = self.state.lock();
        state.door = Door::Closed;
        state.wanted = false;
        self.changed.notify_all();
    }

    /// Takes puts again after a close, if what was to follow it failed.
    pub(crate) fn reopen(&self) {
        self.state.lock().door = Door::Open;
    }

    fn begin_close(&self, held: impl Fn(&State<E>) -> bool) -> Result<(), NotClosed<E>> {
        let mut state = self.state.lock();
        if held(&state) {
            return Err(NotClosed::Held);
        }
        if state.door == Door::Open {
            state.door = Door::Closing;
        }
        // Who waits for room hears of it from the flush: where there is no room, there is one.
        Ok(())
    }

    /// The actor is gone: nobody will make room or commit. Reads go on, and a close still flushes.
    pub(crate) fn poison(&self) {
        let mut state = self.state.lock();
        state.poisoned = true;
        self.changed.notify_all();
    }
}
