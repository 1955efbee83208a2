//! The thread that keeps house: it ends views that nobody uses, and moves the log into the
//! database beside the writes.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use crate::{
    CheckpointMode, CheckpointPolicy, Error, Result,
    engine::Engine,
    handoff::{Bell, Woken},
    store::{self, Fault, Log, WriteConn},
    sync::{Arc, Deadline},
    writer::Monitor,
};

/// A view that was not used for so long is ended; one that is used is renewed that often.
const TICK: Duration = Duration::from_millis(100);
/// A log that did not grow for so long is moved into the database, however short it is.
const IDLE: Duration = Duration::from_millis(500);
/// What was moved is synced by who moves the last of the log, and that may be the writer. More than
/// this is not left to it: the next write would wait until all of it is on the disk. (The fault
/// lab's values are short.)
const MUCH: u64 = if cfg!(feature = "failpoints") { 1 << 10 } else { 64 << 20 };

/// From 3.51.3 on, and in two older lines, a checkpoint beside a write is safe: before, a commit
/// could be lost if the log was begun anew meanwhile (SQLite's release notes for 3.51.3).
pub(crate) fn may_checkpoint_beside_writes(version: i32) -> bool {
    version >= 3_051_003
        || (3_050_007..3_051_000).contains(&version)
        || (3_044_006..3_045_000).contains(&version)
}

struct Keeper {
    engine: Arc<Engine>,
    bell: Arc<Bell>,
    conn: Option<WriteConn>,
    tidied: Instant,
    /// The length of the log when it last changed, and when that was.
    log: (u32, Instant),
    tried: Instant,
    /// The length of the log when its file was last cut.
    cut: Option<u32>,
}

pub(crate) fn spawn(engine: &Arc<Engine>) -> Result<JoinHandle<()>> {
    let now = Instant::now();
    let mut keeper = Keeper {
        bell: Arc::clone(&engine.bell),
        engine: Arc::clone(engine),
        conn: None,
        tidied: now,
        log: (0, now),
        tried: now,
        cut: None,
    };
    let run = move || {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| keeper.run())) {
            // The writer does its work from now on.
            keeper.engine.monitor.keeper_died(crate::writer::panic_text(&*panic));
        }
    };
    std::thread::Builder::new()
        .name("kvault-keeper".to_owned())
        .spawn(run)
        .map_err(|error| Error::io("start the keeper's thread", error))
}

impl Keeper {
    fn run(&mut self) {
        loop {
            self.bell.doze();
            self.free();
            let views = self.tidy();
            let snapshots = self.engine.snapshots.expire();
            let log = self.look_after_log();
            let deadline = if views || snapshots || log {
                self.bell.keep_awake();
                Deadline::after(TICK)
            } else {
                Deadline::NEVER
            };
            if self.bell.wait(deadline) == Woken::Stopped {
                return;
            }
        }
    }

    /// Frees what was flushed: done by the writer, it would keep the next flush waiting as long as
    /// the sorting of it does.
    fn free(&self) {
        if let Some(buffer) = self.engine.buffer() {
            buffer.cache.free();
        }
    }

    /// Whether there are views that will have to be ended.
    fn tidy(&mut self) -> bool {
        // Rung more often than that, it would end views that are in use.
        if self.tidied.elapsed() < TICK {
            return true;
        }
        self.tidied = Instant::now();
        self.engine.readers.tidy()
    }

    /// Whether something is left in the log that will have to be moved.
    fn look_after_log(&mut self) -> bool {
        let CheckpointPolicy::Auto { pages, .. } = self.engine.options.checkpoint else {
            return false;
        };
        if self.engine.monitor.known_damage().is_some() {
            // Nothing is written any more, and the log may be needed as it is.
            return false;
        }
        if self.engine.monitor.is_copying() {
            // Soon.
            return true;
        }
        let Some(log) = self.log() else { return false };
        let now = Instant::now();
        if self.log.0 != log.pages {
            (self.log, self.cut) = ((log.pages, now), None);
        }
        // A reader may keep a part of the log from being moved: do not try all the time.
        let idle = self.log.1.elapsed() >= IDLE && self.tried.elapsed() >= IDLE;
        if log.backlog >= pages || (log.backlog > 0 && idle) {
            self.tried = now;
            self.checkpoint();
        } else if idle && log.backlog == 0 && self.cut.is_none_or(|at| at != log.pages) {
            // Once: who reads from it now may do so for long.
            self.cut = Some(log.pages);
            if self.cut_log() {
                (self.log, self.cut) = ((0, now), None);
            }
        }
        let cut = self.cut;
        let left = |log: Log| log.backlog > 0 || (log.pages > 0 && cut != Some(log.pages));
        self.log().is_some_and(left)
    }

    fn log(&mut self) -> Option<Log> {
        if !self.engine.is_writable() || !self.engine.options.enable_wal {
            return None;
        }
        // Another file under the same name would be opened, with our log.
        if self.conn.is_none() && !self.engine.readers.is_moved() {
            match store::open_checkpointer(&self.engine.settings) {
                Ok(conn) => self.conn = Some(conn),
                Err(fault) => self.engine.monitor.failed(&fault),
            }
        }
        self.conn.as_ref().map(WriteConn::log)
    }

    /// Gives the log's space back when nobody writes. Who reads from it is not waited for.
    /// Returns whether that worked.
    fn cut_log(&self) -> bool {
        let beside = may_checkpoint_beside_writes(store::library_version());
        let Some(conn) = self.conn.as_ref().filter(|_| beside) else { return false };
        let Some(_alone) = self.engine.checkpointing.try_lock() else { return false };
        if self.engine.monitor.known_damage().is_some() {
            return false;
        }
        conn.cut_log(Duration::ZERO).unwrap_or_else(|fault| {
            self.engine.monitor.move_failed(&fault);
            false
        })
    }

    fn checkpoint(&self) {
        let monitor = &self.engine.monitor;
        if !may_checkpoint_beside_writes(store::library_version()) {
            self.engine.ask_for_checkpoint();
            return;
        }
        if let Some(conn) = &self.conn {
            let _alone = self.engine.checkpointing.lock();
            // The writer may just have made one whose sync failed.
            if monitor.known_damage().is_some() {
                return;
            }
            match move_log(conn, monitor) {
                Ok(()) => monitor.checkpointed(),
                Err(fault) => monitor.move_failed(&fault),
            }
        }
    }
}

/// Moves into the database what can be moved. Much of that is synced, too.
fn move_log(conn: &WriteConn, monitor: &Monitor) -> Result<(), Fault> {
    let before = conn.log();
    conn.checkpoint(CheckpointMode::Passive)?;
    let after = conn.log();
    let moved = |log: &Log| log.pages.saturating_sub(log.backlog);
    let pages = if after.run == before.run {
        moved(&after).saturating_sub(moved(&before))
    } else {
        // All of it was moved, and synced.
        0
    };
    let frame = after.bytes / u64::from(after.pages.max(1));
    if after.backlog > 0 && frame * u64::from(pages) > MUCH {
        let _syncing = monitor.sync_begins();
        conn.sync_database()?;
    }
    Ok(())
}
