//! What the actor does for the file beside writing to it.

use std::time::{Duration, Instant};

use super::{actor::Running, monitor::TooLong};
use crate::{
    CheckpointMode, CheckpointPolicy, CheckpointReport, OptimizeReport, Result, failpoint::reached,
    optimize, retry, sync::Arc,
};

/// How long a write may be held up by cutting a log that is over its limit, how often that is
/// tried, and by how much each group is slowed down while somebody keeps the log from being cut.
const CUT_PATIENCE: Duration = Duration::from_millis(50);
const CUT_INTERVAL: Duration = Duration::from_millis(200);
/// At how many times the pages of a checkpoint the log is begun anew. A log that only grows costs
/// twice as much to write as one that is written over (measured with 32 KiB pages: 40 us against
/// 21 us a commit).
const LONG_LOG: u32 = 8;
/// So often it is tried at once before the interval counts: who reads may only have no processor.
const TRIES: u32 = 4;
const RESTART_INTERVAL: Duration = Duration::from_millis(20);
const THROTTLE: Duration = Duration::from_millis(1);

impl Running {
    /// Tells the keeper what there is to move, and steps in itself where the log grew too long.
    pub(super) fn look_after_log(&mut self) {
        let CheckpointPolicy::Auto { pages, wal_limit } = self.shared.policy else { return };
        let Some(conn) = &self.conn else { return };
        if self.shared.monitor.known_damage().is_some() {
            // Nothing is written any more, and the log may be needed as it is.
            return;
        }
        let log = conn.log();
        let after_long = std::mem::take(&mut self.long) | std::mem::take(&mut self.flusher.long);
        let frame = (log.bytes / u64::from(log.pages.max(1))).max(1);
        let (counted, short) = self.excuse.count(&log, after_long, wal_limit / frame);
        let bytes = frame * u64::from(counted);
        let due = |interval| self.shortened.is_none_or(|at| at.elapsed() >= interval);
        let restart_at = pages.saturating_mul(LONG_LOG);
        if bytes <= wal_limit {
            self.shared.monitor.log_is_within();
        }
        // Begun before the limit, so that it is not passed while it is tried.
        if bytes > wal_limit / 8 * 7 {
            if self.in_vain < TRIES || due(CUT_INTERVAL) {
                let mut cut = None;
                // Twice: the keeper may just have been at a view, which was passed over then.
                for patience in [CUT_PATIENCE / 10, CUT_PATIENCE] {
                    self.shared.readers.recall();
                    let keeper_is_done = self.shared.checkpointing.try_lock_for(patience);
                    // It may have ended with a sync that failed.
                    let may = |_alone: &_| self.shared.monitor.known_damage().is_none();
                    cut = keeper_is_done.filter(may).map(|_alone| conn.cut_log(patience));
                    if !matches!(cut, Some(Ok(false))) {
                        break;
                    }
                }
                // The keeper comes to an end soon: it is waited for again with the next group.
                let waited_for_others = cut.is_some();
                match cut {
                    Some(Ok(true)) => {
                        self.in_vain = 0;
                        return self.shared.monitor.log_is_within();
                    }
                    Some(Ok(false)) if bytes > wal_limit => {
                        self.shared.monitor.log_is_too_long(TooLong::Read);
                    }
                    None if bytes > wal_limit => {
                        self.shared.monitor.log_is_too_long(TooLong::Behind);
                    }
                    Some(Ok(false)) | None => {}
                    Some(Err(fault)) => self.shared.monitor.move_failed(&fault),
                }
                if waited_for_others {
                    self.in_vain = self.in_vain.saturating_add(1);
                    self.shortened = Some(Instant::now());
                }
            }
            retry::pause(THROTTLE);
        } else if log.pages >= restart_at
            && (log.backlog <= pages || short / 2 >= restart_at)
            && due(RESTART_INTERVAL)
            && !self.shared.monitor.is_syncing()
        {
            // The keeper never quite catches up while writes go on. What is left is little: with
            // it done, and no view in the way, the next write begins the log anew.
            self.shared.readers.recall();
            // The keeper may be at it: then it is waited for a little, or it is tried again soon.
            if let Some(_alone) = self.shared.checkpointing.try_lock_for(CUT_PATIENCE)
                && self.shared.monitor.known_damage().is_none()
                && let Err(fault) = conn.checkpoint(CheckpointMode::Passive)
            {
                self.shared.monitor.move_failed(&fault);
            }
            self.shortened = Some(Instant::now());
        } else if log.backlog >= pages {
            if self.shared.monitor.is_keeper_dead() {
                // Nobody else ends views that are idle.
                self.shared.readers.recall();
                if let Err(fault) = conn.checkpoint(CheckpointMode::Passive) {
                    self.shared.monitor.move_failed(&fault);
                }
            } else {
                self.shared.bell.ring();
            }
        } else {
            self.shared.bell.ring_if_dozing();
        }
    }

    pub(super) fn checkpoint(&mut self, mode: CheckpointMode) -> Result<CheckpointReport> {
        if mode != CheckpointMode::Passive {
            // It waits for readers; not for our own that only hold a view to read from again.
            self.shared.readers.recall();
        }
        let checkpointing = Arc::clone(&self.shared.checkpointing);
        let _alone = checkpointing.lock();
        // Who asked may not have known of it yet. A file that was moved away goes with what is in its
        // log, which has the old name, or without.
        if let Some(damage) = self.shared.monitor.known_damage()
            && !self.shared.readers.is_moved()
        {
            return Err(damage);
        }
        reached!("before a checkpoint");
        let outcome = self.conn()?.checkpoint(mode);
        reached!("after a checkpoint");
        // A sync that failed here is as bad as one in a commit.
        Ok(outcome.inspect_err(|fault| self.shared.monitor.move_failed(fault))?)
    }

    pub(super) fn optimize(&mut self, vacuum: bool) -> Result<OptimizeReport> {
        let started = Instant::now();
        self.shared.readers.recall();
        let conn = self.conn()?;
        let page = u64::from(conn.page_size());
        let (pages_before, free_before) = conn.pages()?;
        if vacuum {
            optimize::check_space(
                conn.path(),
                pages_before.saturating_sub(free_before).saturating_mul(page),
            )?;
        }
        let monitor = Arc::clone(&self.shared.monitor);
        self.conn()?.optimize(vacuum).inspect_err(|fault| monitor.failed(fault))?;
        let conn = self.conn()?;
        let (pages_after, free_after) = conn.pages()?;
        Ok(OptimizeReport {
            bytes_before: pages_before.saturating_mul(page),
            bytes_after: pages_after.saturating_mul(page),
            free_before: free_before.saturating_mul(page),
            free_after: free_after.saturating_mul(page),
            elapsed: started.elapsed(),
        })
    }
}
