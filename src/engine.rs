//! What all handles of one file share: the writer's mailbox, the readers, the keeper.

use std::{path::Path, thread::JoinHandle};

use crate::{
    CheckpointMode, CheckpointReport, Error, Result,
    buffer::{Buffer, Tables},
    files::FileId,
    handoff::{
        Bell, End, Gone, Inbox, Lifecycle, Limits, Mailbox, NotSent, Reply, cache::Cache, mailbox,
        reply,
    },
    keeper,
    options::{CheckpointPolicy, EngineOptions},
    readers::Readers,
    retry::Policy,
    snapshots::Snapshots,
    store::{self, Effective, Settings, WriteConn},
    sync::{Arc, AtomicBool, Deadline, Mutex, Ordering},
    writer::{self, Actor, Command, LongTurn, Monitor},
};

pub(crate) struct Engine {
    pub(crate) path: Arc<Path>,
    pub(crate) options: EngineOptions,
    pub(crate) settings: Settings,
    pub(crate) effective: Effective,
    pub(crate) readers: Arc<Readers>,
    pub(crate) snapshots: Snapshots,
    pub(crate) monitor: Arc<Monitor>,
    pub(crate) tables: Arc<Tables>,
    pub(crate) bell: Arc<Bell>,
    /// Held by who checkpoints.
    pub(crate) checkpointing: Arc<Mutex<()>>,
    /// Set by a keeper that must not checkpoint itself.
    checkpoint_due: Arc<AtomicBool>,
    /// Comes with the first open that may write.
    writer: std::sync::OnceLock<Writer>,
    /// Held while a writer is added, so that there is one.
    adding: Mutex<()>,
    keeper: Mutex<Option<JoinHandle<()>>>,
    /// Whose turn it is to store a long value.
    pub(crate) long: LongTurn,
    closed: AtomicBool,
}

struct Writer {
    mailbox: Arc<Mailbox<Command>>,
    buffer: Arc<Buffer>,
    lifecycle: Arc<Lifecycle>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Engine {
    pub(crate) fn start(
        path: &Arc<Path>,
        file: FileId,
        options: &EngineOptions,
        retry: Policy,
    ) -> Result<Arc<Self>> {
        let settings = settings(path, options);
        let (effective, conn) =
            retry.run(Deadline::NEVER, || connect(&settings, options.read_only))?;
        if options.max_value_bytes > effective.max_row {
            return Err(Error::invalid(
                "max_value_bytes",
                options.max_value_bytes,
                format!("the linked SQLite takes at most {} bytes", effective.max_row),
            ));
        }
        warn_of_shared_page_cache();
        let bell = Arc::new(Bell::new());
        let idle_limit = options.reader_idle_limit;
        let readers = Readers::new(settings.clone(), file, idle_limit, Arc::clone(&bell));
        let readers = Arc::new(readers);
        let engine = Arc::new(Self {
            path: Arc::clone(path),
            options: options.clone(),
            settings,
            effective,
            snapshots: Snapshots::new(&readers, options.snapshot_max_age),
            readers,
            monitor: Arc::new(Monitor::default()),
            tables: Arc::default(),
            bell,
            checkpointing: Arc::default(),
            checkpoint_due: Arc::default(),
            writer: std::sync::OnceLock::new(),
            adding: Mutex::new(()),
            keeper: Mutex::new(None),
            long: LongTurn::default(),
            closed: AtomicBool::new(false),
        });
        if let Some(conn) = conn {
            engine.add_writer(conn)?;
        }
        engine.start_keeper()?;
        Ok(engine)
    }

    /// Whether an open with these options may share this engine; makes it writable if it must be.
    pub(crate) fn accept(&self, options: &EngineOptions) -> Result<()> {
        if let Some((name, asked, running)) = self.options.difference(options) {
            let why = format!("the file is open in this process with {running}");
            return Err(Error::invalid(name, asked, why));
        }
        let _one_at_a_time = self.adding.lock();
        if options.read_only || self.is_writable() {
            return Ok(());
        }
        let (conn, _) = store::open_writer(&self.settings)?;
        self.add_writer(conn)?;
        // It may find something to look after now.
        self.bell.ring();
        Ok(())
    }

    fn add_writer(&self, conn: WriteConn) -> Result<()> {
        let limits = Limits { ops: self.options.queue_ops, bytes: self.options.queue_bytes };
        let (mailbox, inbox): (_, Inbox<Command>) = mailbox(limits);
        let mailbox = Arc::new(mailbox);
        let buffer = Arc::new(Buffer::new(&mailbox, Arc::clone(&self.tables)));
        let lifecycle = Arc::new(Lifecycle::new());
        let actor = Actor {
            readers: Arc::clone(&self.readers),
            monitor: Arc::clone(&self.monitor),
            bell: Arc::clone(&self.bell),
            policy: self.options.checkpoint,
            checkpointing: Arc::clone(&self.checkpointing),
            checkpoint_due: Arc::clone(&self.checkpoint_due),
            buffer: Arc::clone(&buffer),
        };
        let thread = writer::spawn(actor, conn, inbox, Arc::clone(&lifecycle))
            .map_err(|error| Error::io("start the writer's thread", error))?;
        let writer = Writer { mailbox, buffer, lifecycle, thread: Mutex::new(Some(thread)) };
        // Only one is ever made: see `accept`.
        drop(self.writer.set(writer));
        Ok(())
    }

    fn start_keeper(self: &Arc<Self>) -> Result<()> {
        *self.keeper.lock() = Some(keeper::spawn(self)?);
        Ok(())
    }

    /// Sends a command and waits for its answer.
    pub(crate) fn call<T>(
        &self,
        action: &'static str,
        deadline: Deadline,
        command: impl FnOnce(Reply<Result<T>>) -> Command,
    ) -> Result<T> {
        let writer = self.writer.get().ok_or(Error::ReadOnly { action: action.to_owned() })?;
        let (reply, pending) = reply();
        let load = match writer.mailbox.send(command(reply), deadline) {
            Ok(load) => load,
            Err(NotSent::Full) => return Err(Error::DatabaseBusy { attempts: 1 }),
            Err(NotSent::Closed) => return Err(writer.ended()),
        };
        // Alone, the answer comes as soon as it can be had: it is worth looking for. With others
        // in the queue the cores have better work than looking.
        pending.wait(load.ops == 1).unwrap_or_else(|Gone| Err(writer.ended()))
    }

    /// The write cache, where anything may be written at all.
    pub(crate) fn buffer(&self) -> Option<&Arc<Buffer>> {
        self.writer.get().map(|writer| &writer.buffer)
    }

    /// The core of the write cache: every read asks it first, on or off. None if it never was on.
    pub(crate) fn cache(&self) -> Option<&Arc<Cache<Error>>> {
        self.buffer().filter(|buffer| buffer.was_used()).map(|buffer| &buffer.cache)
    }

    /// Has the writer make a checkpoint when it comes to it, and waits for nothing.
    pub(crate) fn ask_for_checkpoint(&self) {
        if let Some(writer) = self.writer.get() {
            self.checkpoint_due.store(true, Ordering::SeqCst);
            writer.mailbox.nudge();
        }
    }

    pub(crate) fn checkpoint_by_writer(&self, mode: CheckpointMode) -> Result<CheckpointReport> {
        self.call("checkpoint", Deadline::NEVER, |reply| Command::Checkpoint { mode, reply })
    }

    /// Refuses what must not be done after a sync that failed.
    pub(crate) fn check_damage(&self) -> Result<()> {
        self.monitor.known_damage().map_or(Ok(()), Err)
    }

    /// Whether checkpoints are ours to make.
    pub(crate) fn may_checkpoint(&self) -> Result<()> {
        if self.options.checkpoint == CheckpointPolicy::External {
            let why = "checkpoints are left to another program";
            return Err(Error::invalid("checkpoint", "External", why));
        }
        Ok(())
    }

    pub(crate) fn is_writable(&self) -> bool {
        self.writer.get().is_some()
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// What is queued: operations and bytes.
    pub(crate) fn queued(&self) -> (usize, usize) {
        let load = self.writer.get().map(|writer| writer.mailbox.load()).unwrap_or_default();
        (load.ops, load.bytes)
    }

    /// How many callers wait for room in the queue.
    pub(crate) fn waiting(&self) -> usize {
        self.writer.get().map_or(0, |writer| writer.mailbox.waiting())
    }

    /// The writer's panic, if that is how it ended.
    pub(crate) fn poisoned(&self) -> Option<Error> {
        let end = self.writer.get()?.lifecycle.ended()?;
        matches!(end, End::Poisoned(_)).then(|| end.into())
    }

    /// Finishes what is queued, closes the connections and ends the threads. After a failure all
    /// of it goes on.
    ///
    /// `forced`: although somebody holds the cache back. What they put is committed then, in one
    /// piece as they wished.
    pub(crate) fn close(self: &Arc<Self>, forced: bool) -> Result<()> {
        if self.readers.is_moved() {
            return self.close_moved();
        }
        // First what may fail: nothing else has been touched yet.
        self.close_cache(forced)?;
        self.close_with(|reply| Command::Close { moved: false, reply })
    }

    /// Closes the engine of a file that is not at its path any more.
    pub(crate) fn close_moved(self: &Arc<Self>) -> Result<()> {
        self.close_cache(true)?;
        // First what may fail: connections that were closed could not be opened again.
        match self.checkpoint_by_writer(CheckpointMode::Truncate) {
            Ok(_) | Err(Error::Closed | Error::Poisoned { .. } | Error::ReadOnly { .. }) => {}
            Err(error) => {
                self.reopen_cache();
                return Err(error);
            }
        }
        self.close_with(|reply| Command::Close { moved: true, reply })
    }

    /// Flushes what the cache holds, and refuses what is put from now on.
    fn close_cache(&self, forced: bool) -> Result<()> {
        let Some(writer) = self.writer.get() else { return Ok(()) };
        let command = |reply| Command::CloseCache { forced, reply };
        let refused = match self.call("close", Deadline::NEVER, command) {
            Ok(()) => return Ok(()),
            Err(refused) => refused,
        };
        let dead = matches!(refused, Error::Closed | Error::Poisoned { .. });
        if !dead && self.monitor.damage().is_none() {
            return Err(refused);
        }
        // The writer cannot any more; what it acknowledged can still be committed.
        let cache = &writer.buffer.cache;
        if cache.is_clean() {
            cache.abandon();
            return Ok(());
        }
        let close = || {
            let (mut conn, _) = store::open_writer(&self.settings)?;
            writer::close_cache(&writer.buffer, &self.monitor, &mut conn, forced)
        };
        match close() {
            // Nobody is there any more, and trying again would not help. A lock passes, and so does
            // a full disk: whoever forces the end tries again.
            Err(lost) if forced && self.monitor.damage().is_some() && !lost.is_retryable() => {
                let entries = cache.stats().entries;
                let path = self.path.display();
                crate::log::error!("{entries} entries for {path} cannot be stored: {lost}");
                cache.abandon();
                Ok(())
            }
            outcome => outcome,
        }
    }

    fn reopen_cache(&self) {
        if let Some(buffer) = self.buffer() {
            buffer.cache.reopen();
        }
    }

    fn close_with(
        self: &Arc<Self>,
        command: impl FnOnce(Reply<Result<()>>) -> Command,
    ) -> Result<()> {
        // The writer goes last: only the last connection of a file takes the log with it, and
        // only one that may write.
        self.readers.close();
        self.snapshots.close();
        self.bell.stop();
        if let Some(keeper) = self.keeper.lock().take()
            && keeper.join().is_err()
        {
            crate::log::warning!("the keeper of {} died while it ended", self.path.display());
        }
        match self.end_writer(command) {
            // Poisoned: it has ended, and nothing is left to be closed.
            Ok(()) | Err(Error::Closed | Error::Poisoned { .. }) => {
                self.closed.store(true, Ordering::Release);
                Ok(())
            }
            Err(error) => {
                self.reopen_cache();
                self.bell.restart();
                self.readers.reopen();
                self.start_keeper()?;
                Err(error)
            }
        }
    }

    fn end_writer(&self, command: impl FnOnce(Reply<Result<()>>) -> Command) -> Result<()> {
        let Some(writer) = self.writer.get() else { return Ok(()) };
        self.call("close", Deadline::NEVER, command)?;
        if let Some(thread) = writer.thread.lock().take()
            && thread.join().is_err()
        {
            crate::log::warning!("the writer of {} died while it ended", self.path.display());
        }
        Ok(())
    }
}

impl Writer {
    fn ended(&self) -> Error {
        self.lifecycle.ended().map_or(Error::Closed, Error::from)
    }
}

fn connect(settings: &Settings, read_only: bool) -> Result<(Effective, Option<WriteConn>)> {
    if read_only {
        let (_conn, effective) = store::open_reader(settings)?;
        return Ok((effective, None));
    }
    let (conn, effective) = store::open_writer(settings)?;
    Ok((effective, Some(conn)))
}

fn settings(path: &Arc<Path>, options: &EngineOptions) -> Settings {
    Settings {
        path: Arc::clone(path),
        read_only: options.read_only,
        wal: options.enable_wal,
        page_size: options.page_size,
        mmap_size: options.mmap_size,
        cache_kb: options.cache_kb,
        reader_cache_kb: options.reader_cache_kb,
        busy_timeout: options.busy_timeout,
        auto_vacuum: options.auto_vacuum,
        external_checkpoints: options.checkpoint == CheckpointPolicy::External,
    }
}

/// Some builds of SQLite put one mutex under the page caches of all connections.
fn warn_of_shared_page_cache() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    if store::library_has(store::MEMORY_MANAGEMENT) {
        ONCE.call_once(|| {
            crate::log::warning!(
                "the linked SQLite was built with ENABLE_MEMORY_MANAGEMENT: \
                 all connections of the process share one mutex, and readers wait for each other"
            );
        });
    }
}

impl From<End> for Error {
    fn from(end: End) -> Self {
        match end {
            End::Closed => Self::Closed,
            End::Poisoned(panic) => Self::Poisoned { panic },
        }
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("path", &self.path).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
