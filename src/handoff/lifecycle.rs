//! Whether the actor still takes work, and if not, why.

use crate::sync::{AtomicBool, Mutex, Ordering};

/// How an actor ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum End {
    /// It was asked to.
    Closed,
    /// It panicked with this text.
    Poisoned(String),
}

/// Shared between an actor and everybody who sends to it. Ends once and stays ended.
pub(crate) struct Lifecycle {
    ended: AtomicBool,
    end: Mutex<Option<End>>,
}

impl Lifecycle {
    pub(crate) fn new() -> Self {
        Self { ended: AtomicBool::new(false), end: Mutex::new(None) }
    }

    /// Marks the end. The first mark stays: a panic while closing is a panic, a close after a
    /// panic does not hide it.
    pub(crate) fn end(&self, how: End) {
        self.end.lock().get_or_insert(how);
        self.ended.store(true, Ordering::Release);
    }

    /// Ends, and then drops what still owes answers. In this order: whoever finds an answer gone
    /// looks up why.
    pub(crate) fn end_with<T>(&self, how: End, owing: T) {
        self.end(how);
        drop(owing);
    }

    pub(crate) fn ended(&self) -> Option<End> {
        // The common question, asked with every operation, costs one load.
        if !self.ended.load(Ordering::Acquire) {
            return None;
        }
        self.end.lock().clone()
    }
}

impl std::fmt::Debug for Lifecycle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lifecycle").field("ended", &self.ended()).finish()
    }
}
