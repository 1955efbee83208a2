//! What is behind a handle: the open that it belongs to, and the way of a call into the engine.

use std::path::Path;

use tempfile::TempDir;

use super::Packing;
use crate::{
    Durability, Error, Options, Result,
    engine::Engine,
    fork::{self, Process},
    format::PackSettings,
    handoff::{Reply, reply},
    options::{HandleOptions, buffered_needs_a_cache},
    place::Place,
    readers::Connection,
    registry::{self, Share},
    retry::Policy,
    store::{Fault, ReadConn, Table},
    sync::{Arc, AtomicBool, Deadline, Mutex, Ordering},
    writer::{Answer, Batch, Command, Op, Write},
};

/// A table of an open file, and how to treat it.
#[derive(Debug, Clone)]
pub(crate) struct Handle {
    pub(crate) open: Arc<Open>,
    pub(crate) table: Arc<Table>,
    pub(crate) options: HandleOptions,
    pub(crate) pack: Packing,
}

/// One `open`. It ends when it is closed, or with the last handle that came from it; the engine
/// under it ends with its last open.
#[derive(Debug)]
pub(crate) struct Open {
    share: Share,
    pub(crate) read_only: bool,
    made_in: Process,
    closed: AtomicBool,
    /// Held while closing, so that a second close waits for the first.
    closing: Mutex<()>,
    /// The folder of a vault that is not to outlive its engine.
    temporary: Mutex<Option<TempDir>>,
}

impl Handle {
    /// Runs a read on one of the shared connections, again if it met a lock.
    pub(crate) fn read<T>(&self, operation: impl Fn(&ReadConn) -> Result<T, Fault>) -> Result<T> {
        self.open.check()?;
        let readers = &self.open.engine().readers;
        self.options.policy().run(Deadline::NEVER, || readers.with(|conn| Ok(operation(conn)?)))
    }

    /// As [`Self::read`], on a connection that the caller keeps: gone after a read that failed, so
    /// that the next one begins on a fresh one.
    pub(crate) fn read_on<T>(
        &self,
        place: &mut Option<Arc<Connection>>,
        operation: impl Fn(&ReadConn) -> Result<T, Fault>,
    ) -> Result<T> {
        self.open.check()?;
        let readers = &self.open.engine().readers;
        self.options.policy().run(Deadline::NEVER, || {
            let conn = match place.take() {
                Some(conn) => conn,
                None => readers.connect()?,
            };
            let value = readers.read(&conn, |conn| Ok(operation(conn)?))?;
            *place = Some(conn);
            Ok(value)
        })
    }

    /// Sends a change of this table. `op` makes it, once for each try.
    pub(crate) fn send(
        &self,
        action: &'static str,
        op: impl Fn() -> Op,
        power: bool,
    ) -> Result<u64> {
        match self.ask(action, op, power)? {
            Answer::Changed(count) => Ok(count),
            Answer::Conflict(_) => Ok(0),
        }
    }

    /// As [`Self::send`], of a change that may come to nothing.
    pub(crate) fn ask(
        &self,
        action: &'static str,
        op: impl Fn() -> Op,
        power: bool,
    ) -> Result<Answer> {
        self.call(action, |reply| {
            Command::Write(Write { table: Arc::clone(&self.table), op: op(), power, reply })
        })
    }

    /// As [`Self::send`], as durable as this handle is.
    pub(crate) fn write(&self, action: &'static str, op: impl Fn() -> Op) -> Result<u64> {
        buffered_needs_a_cache("durability", self.options.durability)?;
        self.send(action, op, self.is_power())
    }

    /// Has a batch written, as durable as this handle is. It may come to nothing.
    pub(crate) fn write_batch(&self, action: &'static str, batch: Batch) -> Result<Answer> {
        buffered_needs_a_cache("durability", self.options.durability)?;
        let batch = Arc::new(batch);
        self.ask(action, || Op::Batch(Arc::clone(&batch)), self.is_power())
    }

    /// Sends a command and waits for the answer, again if it met a lock.
    pub(crate) fn call<T>(
        &self,
        action: &'static str,
        command: impl Fn(Reply<Result<T>>) -> Command,
    ) -> Result<T> {
        self.open.may_write(action)?;
        let deadline = Deadline::after(self.options.write_timeout);
        let engine = self.open.engine();
        self.options.policy().run(deadline, || engine.call(action, deadline, &command))
    }

    pub(crate) fn is_power(&self) -> bool {
        self.options.durability == Durability::Power
    }

    /// Refuses a value that is too long before a byte of it is copied.
    pub(crate) fn check_len(&self, value: &[u8]) -> Result<()> {
        let (len, max) = (value.len() as u64, self.open.engine().options.max_value_bytes);
        if len > max { Err(Error::ValueTooLarge { len, max }) } else { Ok(()) }
    }
}

impl HandleOptions {
    pub(crate) fn pack_settings(&self) -> PackSettings {
        let Self { auto_pack, use_pickle, headers, .. } = *self;
        PackSettings { auto_pack, use_pickle, headers }
    }

    pub(crate) fn policy(&self) -> Policy {
        Policy { attempts: self.retries, base: self.backoff_base }
    }
}

impl Open {
    pub(crate) fn new(path: &Path, options: &Options) -> Result<Self> {
        fork::watch();
        let place = Place::prepare(path, &options.engine)?;
        let share = registry::open(&place.path, &options.engine, options.handle.policy())?;
        Ok(Self {
            share,
            read_only: options.engine.read_only,
            made_in: Process::current(),
            closed: AtomicBool::new(false),
            closing: Mutex::new(()),
            temporary: Mutex::new(place.temporary),
        })
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.share.engine
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire) || self.engine().is_closed()
    }

    /// Whether this is a child of the process that opened it. Nothing else may be looked at then:
    /// another thread of the parent may have held any lock when the child was made.
    pub(crate) fn is_forked(&self) -> bool {
        self.made_in.is_forked()
    }

    pub(crate) fn check(&self) -> Result<()> {
        if self.is_forked() {
            Err(Error::Forked)
        } else if self.is_closed() {
            Err(Error::Closed)
        } else {
            Ok(())
        }
    }

    pub(crate) fn may_write(&self, action: &'static str) -> Result<()> {
        self.check()?;
        if self.read_only { Err(Error::ReadOnly { action: action.to_owned() }) } else { Ok(()) }
    }

    pub(crate) fn close(&self) -> Result<()> {
        if self.is_forked() {
            return Err(Error::Forked);
        }
        let _one_at_a_time = self.closing.lock();
        if self.is_closed() {
            return Ok(());
        }
        self.share.release()?;
        self.closed.store(true, Ordering::Release);
        drop(self.temporary.lock().take());
        Ok(())
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let temporary = self.temporary.get_mut().take();
        if self.is_forked() {
            // What the parent has open leaks: a child that closed it would damage the file.
            std::mem::forget((Arc::clone(&self.share.engine), temporary));
            return;
        }
        if self.is_closed() || !self.share.leave() {
            return;
        }
        // On a thread of its own, which goes on when this one has waited long enough: what has
        // begun to close must come to its end, or the file could never be opened again.
        let (closed, end) = reply();
        let share = self.share.clone();
        let close = move || {
            end_and_log(&share);
            drop(temporary);
            closed.send(());
        };
        match std::thread::Builder::new().name("kvault-closer".to_owned()).spawn(close) {
            Ok(_) => {
                let timeout = self.engine().options.close_timeout;
                if end.wait_until(Deadline::after(timeout)).is_none() {
                    let path = self.engine().path.display();
                    crate::log::warning!("{path} is still being closed after {timeout:?}");
                }
            }
            Err(_) => end_and_log(&self.share),
        }
    }
}

fn end_and_log(share: &Share) {
    if let Err(error) = share.end(false) {
        let path = share.engine.path.display();
        crate::log::warning!("{path} was not closed cleanly: {error}");
    }
}
