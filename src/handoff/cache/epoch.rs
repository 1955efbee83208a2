//! How a batch becomes visible at once although its keys are put in one after the other.

use crate::sync::{AtomicU64, Ordering};

/// Odd while a batch is being applied.
pub(super) struct Epoch(AtomicU64);

impl Epoch {
    pub(super) fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// Before the first key of a batch, under the mutex. Whoever finds a key of the batch after
    /// this finds the epoch odd, or the batch complete.
    pub(super) fn begin(&self) {
        self.step();
    }

    /// After the last key.
    pub(super) fn end(&self) {
        self.step();
    }

    /// Asked before a lookup. If a batch is being applied, one that was asked before may have met
    /// its keys: then this lookup must come after all of them.
    ///
    /// Asking again after the lookup would add nothing: a batch that begins meanwhile may be seen
    /// or not.
    pub(super) fn batch_goes_on(&self) -> bool {
        self.0.load(Ordering::Acquire) % 2 == 1
    }

    /// Only the holder of the mutex steps.
    fn step(&self) {
        self.0.store(self.0.load(Ordering::Relaxed).wrapping_add(1), Ordering::SeqCst);
    }
}
