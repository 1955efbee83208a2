//! What is behind a handle: the open that it belongs to, and the way of a call into the engine.

use crate::{
    Durability, Error, Result,
    engine::Engine,
    handoff::Reply,
    options::{HandleOptions, buffered_needs_a_cache},
    retry::Policy,
    store::{Fault, ReadConn, Table},
    sync::{Arc, AtomicBool, Deadline, Mutex, Ordering},
    writer::{Command, Op, Write},
};

/// A table of an open file, and how to treat it.
#[derive(Debug, Clone)]
pub(crate) struct Handle {
    pub(crate) open: Arc<Open>,
    pub(crate) table: Arc<Table>,
    pub(crate) options: HandleOptions,
}

/// One `open`. It ends when it is closed, or with the last handle that came from it.
#[derive(Debug)]
pub(crate) struct Open {
    pub(crate) engine: Engine,
    closed: AtomicBool,
    /// Held while closing, so that a second close waits for the first.
    closing: Mutex<()>,
}

impl Handle {
    /// Runs a read on one of the shared connections, again if it met a lock.
    pub(crate) fn read<T>(&self, operation: impl Fn(&ReadConn) -> Result<T, Fault>) -> Result<T> {
        self.open.check()?;
        let readers = &self.open.engine.readers;
        self.options
            .policy()
            .run(Deadline::NEVER, || readers.with(&operation))
    }

    /// Sends a change of this table. `op` makes it, once for each try.
    pub(crate) fn send(
        &self,
        action: &'static str,
        op: impl Fn() -> Op,
        power: bool,
    ) -> Result<u64> {
        self.call(action, |reply| {
            Command::Write(Write {
                table: Arc::clone(&self.table),
                op: op(),
                power,
                reply,
            })
        })
    }

    /// As [`Self::send`], as durable as this handle is.
    pub(crate) fn write(&self, action: &'static str, op: impl Fn() -> Op) -> Result<u64> {
        buffered_needs_a_cache("durability", self.options.durability)?;
        self.send(action, op, self.is_power())
    }

    /// Sends a command and waits for the answer, again if it met a lock.
    pub(crate) fn call<T>(
        &self,
        action: &'static str,
        command: impl Fn(Reply<Result<T>>) -> Command,
    ) -> Result<T> {
        self.open.check()?;
        let deadline = Deadline::after(self.options.write_timeout);
        self.options.policy().run(deadline, || {
            self.open.engine.call(action, deadline, &command)
        })
    }

    pub(crate) fn is_power(&self) -> bool {
        self.options.durability == Durability::Power
    }

    /// Refuses a value that is too long before a byte of it is copied.
    pub(crate) fn check_len(&self, value: &[u8]) -> Result<()> {
        let (len, max) = (value.len() as u64, self.open.engine.options.max_value_bytes);
        if len > max {
            Err(Error::ValueTooLarge { len, max })
        } else {
            Ok(())
        }
    }
}

impl HandleOptions {
    pub(crate) fn policy(&self) -> Policy {
        Policy {
            attempts: self.retries,
            base: self.backoff_base,
        }
    }
}

impl Open {
    pub(crate) fn new(engine: Engine) -> Self {
        Self {
            engine,
            closed: AtomicBool::new(false),
            closing: Mutex::new(()),
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    pub(crate) fn check(&self) -> Result<()> {
        if self.is_closed() {
            Err(Error::Closed)
        } else {
            Ok(())
        }
    }

    pub(crate) fn close(&self) -> Result<()> {
        let _one_at_a_time = self.closing.lock();
        if self.is_closed() {
            return Ok(());
        }
        let outcome = self.engine.close();
        self.closed.store(true, Ordering::Release);
        outcome
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if let Err(error) = self.close() {
            crate::log::warning!(
                "{} was not closed cleanly: {error}",
                self.engine.path.display()
            );
        }
    }
}
