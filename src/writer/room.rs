//! Long values and the log: how much room they find in it, and what does not count of what they leave.

use std::time::Duration;

use super::actor::Running;
use crate::{CheckpointPolicy, Error, Result, store::Log};

/// How long the writes of others may be held up at a time by cutting the log for a long value. Its
/// caller asks again soon.
const CUT_PATIENCE: Duration = Duration::from_millis(5);
/// What the keeper would rather do; less than that may come together while it is at work, however
/// small a backlog calls it.
const MUCH: u64 = 32 << 20;

/// Why there is no room in the log for a long value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Crowded {
    /// The log, and how many of its pages are in the database: as long as nothing changes here,
    /// somebody reads from it, or the keeper did not get round to it.
    pub(crate) at: (u32, u32),
    /// Whether there is much to move, which is the keeper's to do; else somebody reads from the log.
    pub(crate) keeper: bool,
    /// Whether it is being moved just now.
    pub(crate) moving: bool,
}

/// What a long value left in the log: the keeper moves it beside the writes that follow. The writer
/// would keep them waiting for seconds.
#[derive(Debug, Default)]
pub(super) struct Excuse {
    /// The log that this is about.
    run: u32,
    /// How long it was when it was last looked at.
    seen: u32,
    /// So much was there after the last long value, and so much of that is the value's.
    until: u32,
    last: u32,
}

impl Excuse {
    /// How many pages of a log count that should not have more than `limit`; and how many came after
    /// the last long value that is excused.
    ///
    /// All before the end of a long value is excused, as long as without that value the log would be
    /// within its limit. One that began in a log over its limit is not: somebody keeps it there.
    pub(super) fn count(&mut self, log: &Log, after_long: bool, limit: u64) -> (u32, u32) {
        if self.run != log.run {
            *self = Self { run: log.run, ..Self::default() };
        }
        let within = |pages: u32| u64::from(pages) <= limit;
        if after_long {
            let excused = within(self.seen);
            (self.until, self.last) =
                if excused { (log.pages, log.pages.saturating_sub(self.seen)) } else { (0, 0) };
        }
        self.seen = log.pages;
        let after = log.pages.saturating_sub(self.until);
        let but_one = log.pages.saturating_sub(self.last);
        (if within(but_one) { after } else { but_one }, after)
    }
}

impl Running {
    /// Sees to it that a long value finds a log of half its limit at most, so that with it there is
    /// room left for the writes that come while the keeper moves it. Never takes long: what takes
    /// long is the keeper's, and the value's caller asks again, so that others do not wait.
    pub(super) fn make_room(&self) -> Result<Option<Crowded>> {
        let CheckpointPolicy::Auto { pages, wal_limit } = self.shared.policy else {
            return Ok(None);
        };
        let conn = self.conn.as_ref().ok_or(Error::Closed)?;
        let alone = self.shared.checkpointing.try_lock();
        let log = conn.log();
        if log.bytes <= wal_limit / 2 || self.shared.monitor.damage().is_some() {
            return Ok(None);
        }
        let at = (log.run, log.pages.saturating_sub(log.backlog));
        // Our own views that wait to be read from again are no reason.
        self.shared.readers.recall();
        let frame = log.bytes / u64::from(log.pages.max(1));
        let much = log.backlog > pages && u64::from(log.backlog) * frame > MUCH;
        let keeper = much && !self.shared.monitor.is_keeper_dead();
        if keeper || alone.is_none() {
            self.shared.bell.ring();
            return Ok(Some(Crowded { at, keeper, moving: alone.is_none() }));
        }
        match conn.cut_log(CUT_PATIENCE) {
            Ok(true) => Ok(None),
            Ok(false) => Ok(Some(Crowded { at, keeper, moving: false })),
            // To wait would not help, and the log may still take the value.
            Err(fault) => {
                self.shared.monitor.move_failed(&fault);
                Ok(None)
            }
        }
    }
}

#[cfg(test)]
mod tests;
