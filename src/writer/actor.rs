//! The loop that takes commands, and what happens when it ends.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    thread::JoinHandle,
};

use super::{
    command::{Command, Write},
    group,
    monitor::Monitor,
};
use crate::{
    CheckpointMode, Error, Result,
    handoff::{End, Inbox, Lifecycle, Load, Reply, Weigh},
    store::WriteConn,
    sync::{Arc, Deadline, channel::Received},
};

/// A group grows no further than this. What is queued beyond it waits for the next one, so that
/// the first caller of a group does not wait for thousands after it.
const GROUP_OPS: usize = 1_024;
const GROUP_BYTES: usize = 16 << 20;

struct Actor {
    inbox: Inbox<Command>,
    /// Gone once it was closed.
    conn: Option<WriteConn>,
    monitor: Arc<Monitor>,
    /// The group in work. It lives here so that after a panic the end is marked first, and the
    /// callers in it hear of it second.
    writes: Vec<Write>,
    flushes: Vec<Reply<Result<u64>>>,
}

/// Starts the thread. It ends after [`Command::Close`], with the last sender, or by a panic.
pub(crate) fn spawn(
    conn: WriteConn,
    inbox: Inbox<Command>,
    lifecycle: Arc<Lifecycle>,
    monitor: Arc<Monitor>,
) -> std::io::Result<JoinHandle<()>> {
    let mut actor = Actor {
        inbox,
        conn: Some(conn),
        monitor,
        writes: Vec::new(),
        flushes: Vec::new(),
    };
    std::thread::Builder::new()
        .name("kvault-writer".to_owned())
        .spawn(move || {
            let end = match catch_unwind(AssertUnwindSafe(|| actor.run())) {
                Ok(()) => End::Closed,
                Err(panic) => End::Poisoned(panic_text(&*panic).into()),
            };
            lifecycle.end_with(end, actor);
        })
}

impl Actor {
    fn run(&mut self) {
        let mut next = None;
        loop {
            let command = match next.take() {
                Some(command) => command,
                None => match self.inbox.recv(Deadline::NEVER) {
                    Received::Message(command) => command,
                    Received::TimedOut => continue,
                    Received::Disconnected => return,
                },
            };
            match command {
                Command::Write(_) | Command::Flush { .. } => next = self.group(command),
                Command::Checkpoint { mode, reply } => {
                    let outcome = self.conn().and_then(|conn| Ok(conn.checkpoint(mode)?));
                    self.inbox.done(Load { ops: 1, bytes: 0 });
                    reply.send(outcome);
                }
                Command::Close { reply } => return self.close(reply),
            }
        }
    }

    /// Takes `first` and what else is queued, without waiting for more, and commits it together.
    /// Returns a command that it took and that belongs to no group.
    fn group(&mut self, first: Command) -> Option<Command> {
        let mut load = Load::default();
        let mut power = false;
        let mut next = Some(first);
        while let Some(command) = next.take() {
            let bytes = command.bytes();
            match command {
                Command::Write(write) => {
                    power |= write.power;
                    self.writes.push(write);
                }
                Command::Flush {
                    power: synced,
                    reply,
                } => {
                    power |= synced;
                    self.flushes.push(reply);
                }
                other => {
                    next = Some(other);
                    break;
                }
            }
            load.ops += 1;
            load.bytes += bytes;
            if load.ops < GROUP_OPS && load.bytes < GROUP_BYTES {
                next = self.inbox.try_recv();
            }
        }
        self.commit(power, load);
        next
    }

    fn commit(&mut self, power: bool, load: Load) {
        let Outcome { answers, flushed } = self.try_commit(power);
        // Room first: who is answered comes back at once with the next write.
        self.inbox.done(load);
        for (write, answer) in self.writes.drain(..).zip(answers) {
            write.reply.send(answer);
        }
        for reply in self.flushes.drain(..) {
            // Nothing is ever left unwritten here: there is no cache under a direct write.
            reply.send(flushed.clone().map(|()| 0));
        }
    }

    fn try_commit(&mut self, power: bool) -> Outcome {
        let refuse = |error: Error, writes: &[Write]| Outcome {
            answers: writes.iter().map(|_| Err(error.clone())).collect(),
            flushed: Err(error),
        };
        if let Some(damage) = self.monitor.damage() {
            return refuse(damage, &self.writes);
        }
        let Some(conn) = &mut self.conn else {
            return refuse(Error::Closed, &self.writes);
        };

        let mut answers = Vec::new();
        if !self.writes.is_empty() {
            let outcome = group::commit(conn, &self.writes, power);
            match &outcome.fault {
                None => self.monitor.committed(self.writes.len(), power),
                Some(fault) => self.monitor.failed(fault),
            }
            answers = outcome.answers;
        }
        let mut flushed = Ok(());
        if power && !self.flushes.is_empty() {
            // Also when nothing was written: a flush speaks for what was committed before.
            flushed = conn.sync().map_err(|fault| {
                self.monitor.failed(&fault);
                fault.into()
            });
        }
        Outcome { answers, flushed }
    }

    fn close(&mut self, reply: Reply<Result<()>>) {
        if let Some(conn) = &self.conn
            && conn.may_checkpoint()
            && self.monitor.damage().is_none()
        {
            // Closing moves the log into the database only if this is the file's last connection.
            // Where that fails, all is in the log still.
            if let Err(fault) = conn.checkpoint(CheckpointMode::Passive) {
                crate::log::warning!("the last checkpoint failed: {}", fault.error);
            }
        }
        let outcome = match self.conn.take().map(WriteConn::close) {
            None | Some(Ok(())) => Ok(()),
            Some(Err((_conn, fault))) => Err(fault.into()),
        };
        reply.send(outcome);
    }

    fn conn(&mut self) -> Result<&mut WriteConn> {
        self.conn.as_mut().ok_or(Error::Closed)
    }
}

struct Outcome {
    answers: Vec<Result<u64>>,
    flushed: Result<()>,
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    if let Some(text) = panic.downcast_ref::<&str>() {
        text
    } else if let Some(text) = panic.downcast_ref::<String>() {
        text
    } else {
        "a panic without a text"
    }
}
