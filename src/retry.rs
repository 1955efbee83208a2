//! Trying again what met a lock. The only place that sleeps.

use std::time::Duration;

use backoff::{Error as Attempt, ExponentialBackoff};

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

    fn schedule(self) -> ExponentialBackoff {
        ExponentialBackoff {
            initial_interval: self.base,
            current_interval: self.base,
            multiplier: 2.0,
            // Half of it either way, so that two who met do not meet again.
            randomization_factor: 0.5,
            max_interval: LONGEST_PAUSE,
            max_elapsed_time: None,
            ..ExponentialBackoff::default()
        }
    }
}

/// Slows the calling thread down.
pub(crate) fn pause(time: Duration) {
    std::thread::sleep(time);
}

const LONGEST_PAUSE: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests;
