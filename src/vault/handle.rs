//! What is behind a handle: the open that it belongs to, and the way of a call into the engine.

use std::path::Path;

use tempfile::TempDir;

use super::{Packing, buffering::Buffering};
use crate::{
    Durability, Error, Options, Result,
    buffer::Buffer,
    engine::Engine,
    fork::{self, Process},
    format::PackSettings,
    handoff::{Reply, cache::Table as Number, reply},
    options::HandleOptions,
    place::Place,
    registry::{self, Share},
    retry::{self, Pauses, Policy},
    store::Table,
    sync::{Arc, AtomicBool, AtomicUsize, Deadline, Mutex, Ordering},
    writer::{Answer, Batch, Command, Flush, Op, Write},
};

/// A table of an open file, and how to treat it.
#[derive(Debug, Clone)]
pub(crate) struct Handle {
    pub(crate) open: Arc<Open>,
    pub(crate) table: Arc<Table>,
    /// Its number in the cache.
    pub(crate) number: Number,
    /// Whether writes go to the cache.
    pub(crate) buffering: Buffering,
    pub(crate) options: HandleOptions,
    pub(crate) pack: Packing,
}

/// One `open`. It ends when it is closed, or with the last handle that came from it; the engine
/// under it ends with its last open.
#[derive(Debug)]
pub(crate) struct Open {
    share: Share,
    pub(crate) read_only: bool,
    pub(crate) made_in: Process,
    /// How many of its handles have switched the cache on.
    cache_uses: AtomicUsize,
    closed: AtomicBool,
    /// Held while closing, so that a second close waits for the first.
    closing: Mutex<()>,
    /// The folder of a vault that is not to outlive its engine.
    temporary: Mutex<Option<TempDir>>,
}

impl Handle {
    pub(crate) fn new(open: Arc<Open>, table: Arc<Table>, options: HandleOptions) -> Self {
        let number = open.engine().tables.number(&table);
        let pack = Packing::new(options.pack_settings());
        Self { open, table, number, buffering: Buffering::default(), options, pack }
    }

    /// The same on another table.
    pub(crate) fn on(&self, table: Arc<Table>) -> Self {
        let number = self.open.engine().tables.number(&table);
        Self { table, number, ..self.clone() }
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
        self.way()?;
        self.send(action, op, self.is_power())
    }

    /// Has the writer write a batch, as durable as this handle is. It may come to nothing.
    pub(crate) fn send_batch(&self, action: &'static str, batch: Batch) -> Result<Answer> {
        self.way()?;
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
            cache_uses: AtomicUsize::new(0),
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
        self.flush_before_close()?;
        self.share.release()?;
        self.closed.store(true, Ordering::Release);
        if let Some(buffer) = self.engine().buffer() {
            buffer.release(self.cache_uses.swap(0, Ordering::SeqCst));
        }
        drop(self.temporary.lock().take());
        Ok(())
    }
}

impl Open {
    /// What this open acknowledged must be stored when it is closed, also if the engine goes on
    /// for others.
    fn flush_before_close(&self) -> Result<()> {
        let engine = self.engine();
        let wanted = |buffer: &Arc<Buffer>| {
            let flushes = buffer.options().flush_on_exit;
            buffer.is_on() && flushes && !buffer.cache.is_clean()
        };
        if !engine.buffer().is_some_and(wanted) {
            return Ok(());
        }
        let command = |reply| Command::Flush(Flush { power: false, ticket: None, reply });
        // Also the last one: somebody may open the file before it has left.
        match engine.call("close", Deadline::NEVER, command) {
            // The end of the engine tries too, and knows what to do about a writer that died.
            Err(_) if self.share.is_last() => Ok(()),
            outcome => outcome.map(drop),
        }
    }

    pub(crate) fn add_cache_use(&self) {
        self.cache_uses.fetch_add(1, Ordering::SeqCst);
    }

    /// For a handle that does not use the cache any more, unless closing this open said so already.
    pub(crate) fn end_cache_use(&self) {
        let one = |uses: usize| uses.checked_sub(1);
        let ended = self.cache_uses.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one).is_ok();
        if ended && let Some(buffer) = self.engine().buffer() {
            buffer.release(1);
        }
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

/// Ends the engine, however long that takes: somebody may have the file locked, or the disk may be
/// full. Who opens the file meanwhile gets the engine with all that is in it.
fn end_and_log(share: &Share) {
    let mut pauses = Pauses::new();
    while let Err(error) = share.end(false) {
        let path = share.engine.path.display();
        crate::log::warning!("{path} was not closed cleanly: {error}");
        retry::pause(pauses.next());
        if !share.leave_again() {
            break;
        }
    }
}
