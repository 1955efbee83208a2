//! The loop that takes commands, and what happens when it ends.

use std::{
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    thread::JoinHandle,
    time::Instant,
};

use super::{
    command::{Answer, Command, Flush, Write},
    flusher::Flusher,
    group,
    monitor::Monitor,
    room::Excuse,
};
use crate::{
    CheckpointMode, CheckpointPolicy, Error, Result,
    buffer::Buffer,
    failpoint::{broken, reached},
    handoff::{Bell, End, Inbox, Lifecycle, Load, Next, Reply, Weigh, reply},
    readers::Readers,
    store::WriteConn,
    sync::{Arc, AtomicBool, Deadline, Mutex, Ordering},
};

/// A group grows no further than this. What is queued beyond it waits for the next one, so that
/// the first caller of a group does not wait for thousands after it.
const GROUP_OPS: usize = 1_024;
const GROUP_BYTES: usize = 16 << 20;

/// What the actor shares with the rest of the engine.
pub(crate) struct Actor {
    pub(crate) readers: Arc<Readers>,
    pub(crate) monitor: Arc<Monitor>,
    pub(crate) bell: Arc<Bell>,
    pub(crate) policy: CheckpointPolicy,
    /// Held by who checkpoints: a second one would be refused by SQLite at once.
    pub(crate) checkpointing: Arc<Mutex<()>>,
    /// Set by a keeper that must not checkpoint itself.
    pub(crate) checkpoint_due: Arc<AtomicBool>,
    pub(crate) buffer: Arc<Buffer>,
}

pub(super) struct Running {
    pub(super) shared: Actor,
    inbox: Inbox<Command>,
    /// Gone once it was closed.
    pub(super) conn: Option<WriteConn>,
    /// The group in work. It lives here so that after a panic the end is marked first, and the
    /// callers in it hear of it second.
    writes: Vec<Write>,
    flushes: Vec<Flush>,
    /// Likewise who asked for something else that panicked.
    owed: Option<Box<dyn Send>>,
    pub(super) flusher: Flusher,
    /// Whether a long value was written since the log was looked after, and what does not count
    /// of what they left.
    pub(super) long: bool,
    pub(super) excuse: Excuse,
    /// When it was last tried to shorten the log, and how often in vain since that last worked.
    pub(super) shortened: Option<Instant>,
    pub(super) in_vain: u32,
}

/// Starts the thread. It ends after [`Command::Close`], with the last sender, or by a panic.
pub(crate) fn spawn(
    actor: Actor,
    conn: WriteConn,
    inbox: Inbox<Command>,
    lifecycle: Arc<Lifecycle>,
) -> std::io::Result<JoinHandle<()>> {
    let buffer = Arc::clone(&actor.buffer);
    let mut running = Running {
        flusher: Flusher::new(
            Arc::clone(&buffer),
            Arc::clone(&actor.monitor),
            Arc::clone(&actor.bell),
        ),
        shared: actor,
        inbox,
        conn: Some(conn),
        writes: Vec::new(),
        flushes: Vec::new(),
        owed: None,
        long: false,
        excuse: Excuse::default(),
        shortened: None,
        in_vain: 0,
    };
    std::thread::Builder::new().name("kvault-writer".to_owned()).spawn(move || {
        let end = match catch_unwind(AssertUnwindSafe(|| running.run())) {
            Ok(()) => End::Closed,
            Err(panic) => End::Poisoned(panic_text(&*panic).to_owned()),
        };
        let panicked = matches!(end, End::Poisoned(_));
        lifecycle.end_with(end, running);
        if panicked {
            // After the end is marked: who wakes asks why.
            buffer.cache.poison();
        }
    })
}

impl Running {
    fn run(&mut self) {
        let mut next = None;
        loop {
            let deadline = self.look_around();
            let command = match next.take() {
                Some(command) => command,
                None => match self.inbox.recv(deadline) {
                    Next::Message(command) => command,
                    Next::Nudge | Next::TimedOut => continue,
                    Next::Disconnected => return,
                },
            };
            match command {
                Command::Write(_) | Command::Flush(_) => next = self.group(command),
                Command::EnableCache { options, reply } => self.serve(reply, |actor| {
                    actor.with_conn(|flusher, conn| flusher.enable(conn, &options))
                }),
                Command::DisableCache { reply } => {
                    self.serve(reply, |actor| actor.with_conn(Flusher::disable));
                    self.look_after_log();
                }
                Command::CloseCache { forced, reply } => self.serve(reply, |actor| {
                    actor.with_conn(|flusher, conn| flusher.close(conn, forced))
                }),
                Command::Checkpoint { mode, reply } => {
                    self.serve(reply, |actor| actor.checkpoint(mode));
                }
                Command::Optimize { vacuum, reply } => {
                    self.serve(reply, |actor| actor.optimize(vacuum));
                    // A vacuum puts the whole file into the log.
                    self.look_after_log();
                }
                Command::MakeRoom { reply } => self.serve(reply, |actor| actor.make_room()),
                Command::Close { moved, reply } => {
                    self.serve(reply, |actor| actor.close(moved));
                    if self.conn.is_none() {
                        return;
                    }
                }
                #[cfg(test)]
                Command::Panic(text) => panic!("{text}"),
                #[cfg(test)]
                Command::PanicInIt(text, reply) => self.serve(reply, |_| panic!("{text}")),
            }
        }
    }

    /// What is to be done without being asked; when to look again.
    ///
    /// One thing at a time: commands are not kept waiting by a cache that fills all the time.
    fn look_around(&mut self) -> Deadline {
        if self.shared.checkpoint_due.swap(false, Ordering::SeqCst) {
            match self.checkpoint(CheckpointMode::Passive) {
                Ok(_) => self.shared.monitor.checkpointed(),
                Err(error) => crate::log::warning!("a checkpoint failed: {error}"),
            }
        }
        let Some(due) = self.flusher.due() else { return Deadline::NEVER };
        let Some(conn) = self.conn.as_mut().filter(|_| due <= Instant::now()) else {
            return Deadline::at(due);
        };
        self.flusher.tend(conn);
        self.look_after_log();
        self.flusher.due().map_or(Deadline::NEVER, Deadline::at)
    }

    fn with_conn<T>(
        &mut self,
        run: impl FnOnce(&mut Flusher, &mut WriteConn) -> Result<T>,
    ) -> Result<T> {
        run(&mut self.flusher, self.conn.as_mut().ok_or(Error::Closed)?)
    }

    /// Does what a command asks for that is not a write, and answers.
    fn serve<T: Send + 'static>(
        &mut self,
        reply: Reply<Result<T>>,
        work: impl FnOnce(&mut Self) -> Result<T>,
    ) {
        match catch_unwind(AssertUnwindSafe(|| work(self))) {
            Ok(outcome) => {
                self.inbox.done(Load { ops: 1, bytes: 0 });
                reply.send(outcome);
            }
            Err(panic) => {
                self.owed = Some(Box::new(reply));
                resume_unwind(panic)
            }
        }
    }

    /// Takes `first` and what else is queued, without waiting for more, and commits it together.
    /// Returns a command that it took and that belongs to no group.
    fn group(&mut self, first: Command) -> Option<Command> {
        let mut load = Load::default();
        let (mut power, mut long) = (false, false);
        let mut next = Some(first);
        while let Some(command) = next.take() {
            let bytes = command.bytes();
            match command {
                // It has a transaction of its own: who is small does not wait for it.
                Command::Write(write) if write.op.is_long() && load.ops > 0 => {
                    next = Some(Command::Write(write));
                    break;
                }
                Command::Write(write) => {
                    long = write.op.is_long();
                    power |= write.power;
                    self.writes.push(write);
                }
                Command::Flush(flush) => {
                    power |= flush.power;
                    self.flushes.push(flush);
                }
                other => {
                    next = Some(other);
                    break;
                }
            }
            load.ops += 1;
            load.bytes += bytes;
            if !long && load.ops < GROUP_OPS && load.bytes < GROUP_BYTES {
                next = self.inbox.try_recv();
            }
        }
        self.long |= long;
        self.commit(power, load);
        self.look_after_log();
        next
    }

    fn commit(&mut self, power: bool, load: Load) {
        if broken!("answer before commit") {
            self.answer_all();
        }
        let answers = self.try_commit(power);
        let flushed = self.try_flush();
        reached!("retired, not answered");
        // Room first: who is answered comes back at once with the next write.
        self.inbox.done(load);
        for (write, answer) in self.writes.drain(..).zip(answers) {
            write.reply.send(answer);
        }
        for (flush, answer) in self.flushes.drain(..).zip(flushed) {
            flush.reply.send(answer);
        }
    }

    /// How not to do it.
    fn answer_all(&mut self) {
        for write in &mut self.writes {
            std::mem::replace(&mut write.reply, reply().0).send(Ok(Answer::Changed(1)));
        }
    }

    /// Commits the writes of the group; an answer for each.
    fn try_commit(&mut self, power: bool) -> Vec<Result<Answer>> {
        let Self { flusher, writes, shared, .. } = self;
        if writes.is_empty() {
            return Vec::new();
        }
        let all = |error: Error| writes.iter().map(|_| Err(error.clone())).collect();
        if let Some(damage) = shared.monitor.damage() {
            return all(damage);
        }
        let Some(conn) = &mut self.conn else { return all(Error::Closed) };
        let commit = |conn: &mut WriteConn| {
            let outcome = group::commit(conn, writes, power, &shared.monitor);
            match &outcome.fault {
                None => shared.monitor.committed(writes.len(), power),
                Some(fault) => shared.monitor.failed(fault),
            }
            outcome.answers
        };
        if flusher.is_off() || !writes.iter().any(|write| write.op.changes_keys()) {
            return commit(conn);
        }
        flusher.beside(conn, commit).unwrap_or_else(all)
    }

    /// Flushes the cache, once for all who ask; an answer for each.
    fn try_flush(&mut self) -> Vec<Result<u64>> {
        let Self { flusher, flushes, shared, .. } = self;
        if flushes.is_empty() {
            return Vec::new();
        }
        let power = flushes.iter().any(|flush| flush.power);
        // Who only waits for what was put before a hold may have it.
        let held = !flusher.is_off() && flusher.is_held();
        let mut flushed = match &mut self.conn {
            None => Err(Error::Closed),
            Some(_) if held && flushes.iter().all(|flush| flush.ticket.is_none()) => Ok(0),
            Some(conn) => flush(flusher, &shared.monitor, conn, power),
        };
        let answer = |flush: &Flush| match flush.ticket {
            None if held => Err(Error::CacheLocked),
            // It may have been committed before this flush, which failed.
            Some(ticket) if !flush.power && flusher.is_settled(ticket) => Ok(0),
            // Of many who ask, one hears the number.
            _ => {
                let others = flushed.clone().map(|_| 0);
                std::mem::replace(&mut flushed, others)
            }
        };
        flushes.iter().map(answer).collect()
    }

    fn close(&mut self, moved: bool) -> Result<()> {
        if !self.flusher.is_off() {
            // It was switched on again after it was closed for this.
            self.with_conn(|flusher, conn| flusher.close(conn, true))?;
        }
        if moved {
            self.conn()?.part_from_name()?;
        }
        let damaged = self.shared.monitor.damage().is_some();
        if let Some(conn) = self.conn.as_ref().filter(|conn| conn.may_checkpoint() && !damaged) {
            // Closing moves the log into the database only if this is the file's last connection.
            // Where that fails, all is in the log still.
            if let Err(fault) = conn.checkpoint(CheckpointMode::Passive) {
                self.shared.monitor.move_failed(&fault);
                crate::log::warning!("the last checkpoint failed: {}", fault.error);
            }
        }
        if let Some(conn) = self.conn.as_ref().filter(|_| self.shared.monitor.keeps_log()) {
            // Closing would move it, too.
            conn.keep_log()?;
        }
        reached!("mid-close");
        if let Some(Err((conn, fault))) = self.conn.take().map(WriteConn::close) {
            self.conn = Some(conn);
            return Err(fault.into());
        }
        Ok(())
    }

    pub(super) fn conn(&mut self) -> Result<&mut WriteConn> {
        self.conn.as_mut().ok_or(Error::Closed)
    }
}

/// Has the store have everything, and if asked the disk.
fn flush(
    flusher: &mut Flusher,
    monitor: &Monitor,
    conn: &mut WriteConn,
    power: bool,
) -> Result<u64> {
    if let Some(damage) = monitor.damage() {
        // A sync after one that failed claims that all is well.
        return Err(damage);
    }
    let keys = if flusher.is_off() { 0 } else { flusher.flush(conn, power)? };
    if power && keys == 0 {
        // A flush speaks for what was committed before, too.
        conn.sync().map_err(|fault| {
            monitor.failed(&fault);
            Error::from(fault)
        })?;
    }
    Ok(keys)
}

pub(crate) fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    if let Some(text) = panic.downcast_ref::<&str>() {
        text
    } else if let Some(text) = panic.downcast_ref::<String>() {
        text
    } else {
        "a panic without a text"
    }
}
