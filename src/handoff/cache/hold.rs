//! Holding the cache back: what is put meanwhile goes to the store in one piece, afterwards.

use super::Cache;
use crate::sync::StdArc;

/// The cache is being held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Held;

/// While it lives, nothing is committed that was put since the first of them was taken. Any thread
/// may drop it.
pub(crate) struct Hold<E: Clone> {
    cache: StdArc<Cache<E>>,
}

impl<E: Clone> Cache<E> {
    /// Waits for no flush: what is older may still be committed, and somebody may wait for that.
    pub(crate) fn hold(cache: &StdArc<Self>) -> Hold<E> {
        let empty = cache.empty();
        let mut state = cache.state.lock();
        if state.holds == 0 {
            cache.seal(&mut state, empty);
            state.floor = state.next - 1;
        }
        state.holds += 1;
        // Who waits for room would wait for the end of the hold, and perhaps its holder for them.
        cache.changed.notify_all();
        drop(state);
        cache.merge();
        Hold { cache: StdArc::clone(cache) }
    }

    pub(crate) fn is_held(&self) -> bool {
        self.state.lock().holds > 0
    }
}

impl<E: Clone> Drop for Hold<E> {
    fn drop(&mut self) {
        let mut state = self.cache.state.lock();
        state.holds -= 1;
        let flush_now = state.holds == 0 && state.wanted;
        drop(state);
        if flush_now {
            (self.cache.wake)();
        }
    }
}
