//! Trying again what met a lock. The only place that sleeps.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use backoff::{Error as Attempt, backoff::Backoff};

use crate::{Error, Result, sync::Deadline};

/// How often and how long an operation is tried.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Policy {
    /// How often in all.
    pub(crate) attempts: u32,
    /// The first pause.
    pub(crate) base: Duration,
}

impl Policy {
    /// Calls `operation` until it succeeds, fails for another reason than a lock, or has been
    /// tried often enough. No new try begins after `deadline`.
    ///
    /// Each try stands for itself: a whole transaction, never a part of one.
    pub(crate) fn run<T>(
        self,
        deadline: Deadline,
        mut operation: impl FnMut() -> Result<T>,
    ) -> Result<T> {
        // Nearly always the first try succeeds: it pays for no schedule.
        let mut first = match operation() {
            Err(busy @ Error::DatabaseBusy { .. }) => Some(busy),
            outcome => return outcome,
        };
        let mut tried = 1;
        let outcome = backoff::retry(self.schedule(), || {
            let outcome = match first.take() {
                Some(busy) => Err(busy),
                // It passed in the pause.
                None if deadline.passed() => {
                    return Err(Attempt::permanent(Error::DatabaseBusy { attempts: tried }));
                }
                None => {
                    tried += 1;
                    operation()
                }
            };
            outcome.map_err(|error| match error {
                Error::DatabaseBusy { .. } if tried < self.attempts && !deadline.passed() => {
                    Attempt::transient(error)
                }
                Error::DatabaseBusy { .. } => {
                    Attempt::permanent(Error::DatabaseBusy { attempts: tried })
                }
                _ => Attempt::permanent(error),
            })
        });
        outcome.map_err(|error| match error {
            Attempt::Permanent(error) | Attempt::Transient { err: error, .. } => error,
        })
    }

    fn schedule(self) -> Schedule {
        Schedule { next: self.base }
    }
}

/// Pauses that double. Not the crate's own schedule: that asks a generator of random numbers in
/// thread-local storage, which is gone while a thread ends and takes the process with it.
#[derive(Debug)]
struct Schedule {
    next: Duration,
}

impl Backoff for Schedule {
    fn next_backoff(&mut self) -> Option<Duration> {
        let pause = self.next.min(LONGEST_PAUSE);
        self.next = pause.saturating_mul(2);
        // Half of it either way, so that two who met do not meet again.
        Some(pause / 2 + pause.mul_f64(chance()))
    }
}

/// From 0 to 1, as good as the clock's last digits.
fn chance() -> f64 {
    let nanos = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.subsec_nanos());
    f64::from(nanos % 1_000) / 1_000.0
}

/// The pauses between the tries of something that goes on until it succeeds.
#[derive(Debug)]
pub(crate) struct Pauses(Schedule);

impl Pauses {
    pub(crate) fn new() -> Self {
        Self(Schedule { next: FIRST_PAUSE })
    }

    pub(crate) fn next(&mut self) -> Duration {
        self.0.next_backoff().unwrap_or(LONGEST_WAIT).min(LONGEST_WAIT)
    }

    pub(crate) fn reset(&mut self) {
        *self = Self::new();
    }
}

const FIRST_PAUSE: Duration = Duration::from_millis(20);
/// Whoever frees space on a full disk should see it used soon.
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// Slows the calling thread down.
pub(crate) fn pause(time: Duration) {
    std::thread::sleep(time);
}

const LONGEST_PAUSE: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests;
