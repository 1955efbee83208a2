//! A place for one answer. Whoever holds the [`Reply`] owes it; whoever holds the [`Pending`]
//! gets it, or learns that nobody is left to give it.

use crate::sync::{Arc, AtomicBool, Condvar, Deadline, Mutex, Ordering, spin, wait_until};

struct Slot<T> {
    /// Raised after `answer` was filled: what a spinning waiter looks at.
    ready: AtomicBool,
    answer: Mutex<Answer<T>>,
    filled: Condvar,
}

enum Answer<T> {
    Owed,
    Given(T),
    Gone,
}

/// The side that answers. Dropping it unanswered tells the other side so.
pub(crate) struct Reply<T> {
    slot: Option<Arc<Slot<T>>>,
}

/// The side that waits.
pub(crate) struct Pending<T> {
    slot: Arc<Slot<T>>,
}

/// The answer will never come: the message that should have caused it was dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gone;

pub(crate) fn reply<T>() -> (Reply<T>, Pending<T>) {
    let slot = Arc::new(Slot {
        ready: AtomicBool::new(false),
        answer: Mutex::new(Answer::Owed),
        filled: Condvar::new(),
    });
    (Reply { slot: Some(Arc::clone(&slot)) }, Pending { slot })
}

impl<T> Reply<T> {
    pub(crate) fn send(mut self, answer: T) {
        if let Some(slot) = self.slot.take() {
            slot.fill(Answer::Given(answer));
        }
    }
}

impl<T> Drop for Reply<T> {
    fn drop(&mut self) {
        if let Some(slot) = self.slot.take() {
            slot.fill(Answer::Gone);
        }
    }
}

impl<T> Slot<T> {
    fn fill(&self, answer: Answer<T>) {
        let mut place = self.answer.lock();
        *place = answer;
        // The flag only ends a spin; what was filled is read under the mutex.
        self.ready.store(true, Ordering::Release);
        // Notified under the mutex, or a waiter between its look and its sleep would miss it.
        self.filled.notify_one();
    }
}

impl<T> Pending<T> {
    /// Waits for the answer at most until `deadline`; `None` if it did not come by then.
    pub(crate) fn wait_until(self, deadline: Deadline) -> Option<Result<T, Gone>> {
        let mut place = self.slot.answer.lock();
        loop {
            match std::mem::replace(&mut *place, Answer::Owed) {
                Answer::Given(answer) => return Some(Ok(answer)),
                Answer::Gone => return Some(Err(Gone)),
                Answer::Owed => {
                    if !wait_until(&self.slot.filled, &mut place, deadline) {
                        return None;
                    }
                }
            }
        }
    }

    /// Waits for the answer. `eager` says that it is worth looking for a while before sleeping.
    pub(crate) fn wait(self, eager: bool) -> Result<T, Gone> {
        if eager {
            spin(|| self.slot.ready.load(Ordering::Acquire));
        }
        self.wait_until(Deadline::NEVER).unwrap_or(Err(Gone))
    }
}

impl<T> std::fmt::Debug for Reply<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reply").finish_non_exhaustive()
    }
}
