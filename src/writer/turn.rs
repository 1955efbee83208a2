//! Long values come one at a time, and wait for room in the log before they are sent.

use std::time::{Duration, Instant};

use super::room::Crowded;
use crate::{
    Result, retry,
    sync::{Mutex, MutexGuard},
};

/// How long the log may stay as it is before it is given up to wait for it, and how long all of the
/// wait may last: who never stops reading must not keep a value waiting for ever.
const PATIENCE: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(30);
const STEP: Duration = Duration::from_millis(10);

/// Whose turn it is to store a long value; and the state of the log that it was given up in.
///
/// The wait is the caller's: the writer goes on serving others. One at a time, or many would find
/// the same room and fill it together.
#[derive(Debug, Default)]
pub(crate) struct LongTurn(Mutex<Option<(u32, u32)>>);

/// Held until the value is stored.
pub(crate) struct Turn<'a> {
    _one_at_a_time: MutexGuard<'a, Option<(u32, u32)>>,
}

impl LongTurn {
    /// Waits for the turn, and then until the log is short enough: `ask` has it shortened, and says
    /// whether it is.
    pub(crate) fn wait(&self, ask: impl Fn() -> Result<Option<Crowded>>) -> Result<Turn<'_>> {
        let mut given_up = self.0.lock();
        let start = Instant::now();
        let (mut last, mut since) = (None, start);
        while let Some(crowded) = ask()? {
            // The same that the one before waited for in vain.
            if *given_up == Some(crowded.at) && !crowded.moving {
                return Ok(Turn { _one_at_a_time: given_up });
            }
            if crowded.keeper && (crowded.moving || last != Some(crowded.at)) {
                since = Instant::now();
            }
            last = Some(crowded.at);
            if since.elapsed() >= PATIENCE || start.elapsed() >= LONGEST {
                *given_up = last;
                return Ok(Turn { _one_at_a_time: given_up });
            }
            retry::pause(STEP);
        }
        *given_up = None;
        Ok(Turn { _one_at_a_time: given_up })
    }
}

#[cfg(test)]
mod tests;
