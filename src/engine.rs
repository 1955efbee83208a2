//! What all handles of one file share: the writer's mailbox, the readers, the counters.

use std::{
    path::{Path, PathBuf},
    thread::JoinHandle,
};

use crate::{
    Error, Result,
    files::Presence,
    handoff::{Gone, Inbox, Lifecycle, Limits, Mailbox, NotSent, Reply, mailbox, reply},
    options::{CheckpointPolicy, EngineOptions},
    readers::Readers,
    retry::Policy,
    store::{self, Effective, Settings, WriteConn},
    sync::{Arc, Deadline, Mutex},
    writer::{self, Command, Monitor},
};

pub(crate) struct Engine {
    pub(crate) path: Arc<Path>,
    pub(crate) options: EngineOptions,
    pub(crate) effective: Effective,
    pub(crate) readers: Readers,
    pub(crate) monitor: Arc<Monitor>,
    /// None where the vault is read-only.
    writer: Option<Writer>,
    /// Knows the file's real path, behind links.
    pub(crate) presence: Presence,
}

struct Writer {
    mailbox: Mailbox<Command>,
    lifecycle: Arc<Lifecycle>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Engine {
    pub(crate) fn start(path: &Path, options: EngineOptions, retry: Policy) -> Result<Self> {
        let path = prepare(path, &options)?;
        let settings = settings(&path, &options);
        let open = || Self::connect(&settings, &options);
        let (effective, conn) = retry.run(Deadline::NEVER, open)?;
        if options.max_value_bytes > effective.max_row {
            return Err(Error::invalid(
                "max_value_bytes",
                options.max_value_bytes,
                format!(
                    "the linked SQLite takes at most {} bytes",
                    effective.max_row
                ),
            ));
        }
        let monitor = Arc::new(Monitor::default());
        let writer = conn
            .map(|conn| Writer::start(conn, &options, &monitor))
            .transpose()?;
        Ok(Self {
            readers: Readers::new(settings, options.reader_idle_limit),
            presence: Presence::announce(&path),
            path,
            options,
            effective,
            monitor,
            writer,
        })
    }

    fn connect(
        settings: &Settings,
        options: &EngineOptions,
    ) -> Result<(Effective, Option<WriteConn>)> {
        if options.read_only {
            let (_conn, effective) = store::open_reader(settings)?;
            return Ok((effective, None));
        }
        let (conn, effective) = store::open_writer(settings)?;
        Ok((effective, Some(conn)))
    }

    /// Sends a command and waits for its answer.
    pub(crate) fn call<T>(
        &self,
        action: &'static str,
        deadline: Deadline,
        command: impl FnOnce(Reply<Result<T>>) -> Command,
    ) -> Result<T> {
        let writer = self.writer.as_ref().ok_or(Error::ReadOnly {
            action: action.to_owned(),
        })?;
        let (reply, pending) = reply();
        let load = match writer.mailbox.send(command(reply), deadline) {
            Ok(load) => load,
            Err(NotSent::Full) => return Err(Error::DatabaseBusy { attempts: 1 }),
            Err(NotSent::Closed) => return Err(writer.ended()),
        };
        // Alone, the answer comes as soon as it can be had: it is worth looking for. With others
        // in the queue the cores have better work than looking.
        pending
            .wait(load.ops == 1)
            .unwrap_or_else(|Gone| Err(writer.ended()))
    }

    /// Whether checkpoints are ours to make.
    pub(crate) fn may_checkpoint(&self) -> Result<()> {
        if self.options.checkpoint == CheckpointPolicy::External {
            let why = "checkpoints are left to another program";
            return Err(Error::invalid("checkpoint", "External", why));
        }
        Ok(())
    }

    /// What is queued: operations and bytes.
    pub(crate) fn queued(&self) -> (usize, usize) {
        let load = self
            .writer
            .as_ref()
            .map(|writer| writer.mailbox.load())
            .unwrap_or_default();
        (load.ops, load.bytes)
    }

    /// How many callers wait for room in the queue.
    pub(crate) fn waiting(&self) -> usize {
        self.writer
            .as_ref()
            .map_or(0, |writer| writer.mailbox.waiting())
    }

    /// The writer's panic, if that is how it ended.
    pub(crate) fn poisoned(&self) -> Option<Error> {
        let end = self.writer.as_ref()?.lifecycle.ended()?;
        matches!(end, crate::handoff::End::Poisoned(_)).then(|| end.into())
    }

    /// Finishes what is queued, closes the connections and ends the thread.
    pub(crate) fn close(&self) -> Result<()> {
        // Readers first: only the last connection of a file takes the log with it, and only one
        // that may write.
        self.readers.close();
        let Some(writer) = &self.writer else {
            return Ok(());
        };
        let outcome = self.call("close", Deadline::NEVER, |reply| Command::Close { reply });
        if let Some(thread) = writer.thread.lock().take() {
            // It answered, or it is gone: a join does not wait for anything but its last steps.
            if thread.join().is_err() {
                crate::log::warning!("the writer of {} died while it ended", self.path.display());
            }
        }
        match outcome {
            // Somebody else closed it: that is what was wanted.
            Err(Error::Closed) => Ok(()),
            outcome => outcome,
        }
    }
}

impl Writer {
    fn start(conn: WriteConn, options: &EngineOptions, monitor: &Arc<Monitor>) -> Result<Self> {
        let limits = Limits {
            ops: options.queue_ops,
            bytes: options.queue_bytes,
        };
        let (mailbox, inbox): (_, Inbox<Command>) = mailbox(limits);
        let lifecycle = Arc::new(Lifecycle::new());
        let thread = writer::spawn(conn, inbox, Arc::clone(&lifecycle), Arc::clone(monitor))
            .map_err(|error| Error::io("start the writer's thread", error))?;
        Ok(Self {
            mailbox,
            lifecycle,
            thread: Mutex::new(Some(thread)),
        })
    }

    fn ended(&self) -> Error {
        self.lifecycle.ended().map_or(Error::Closed, Error::from)
    }
}

/// Makes sure there is a place for the file, and gives its absolute path: the program may change
/// its working folder while readers still open connections.
fn prepare(path: &Path, options: &EngineOptions) -> Result<Arc<Path>> {
    let refuse = |why: &str| Err(Error::invalid("path", path.display(), why));
    if path.as_os_str().is_empty() {
        return refuse("is empty");
    }
    if path.as_os_str().as_encoded_bytes().contains(&0) {
        return refuse("must not hold a NUL byte");
    }
    let absolute = std::path::absolute(path)
        .map_err(|error| Error::io(format!("find {}", path.display()), error))?;
    match std::fs::metadata(&absolute) {
        Ok(meta) if meta.is_dir() => return refuse("is a folder, not a file"),
        // To open a pipe would wait for somebody at its other end.
        Ok(meta) if !meta.is_file() => return refuse("is not a regular file"),
        Ok(_) => {}
        Err(error) if options.read_only || !options.create => {
            return Err(Error::io(format!("open {}", absolute.display()), error));
        }
        Err(_) => {
            if let Some(folder) = absolute.parent() {
                make_folders(folder)?;
            }
        }
    }
    Ok(absolute.into())
}

/// Makes missing folders, and puts each new entry on the disk: a vault that promises to survive a
/// power failure must not vanish with its folder.
fn make_folders(folder: &Path) -> Result<()> {
    let missing: Vec<PathBuf> = folder
        .ancestors()
        .take_while(|folder| !folder.exists())
        .map(PathBuf::from)
        .collect();
    let failed = |error| Error::io(format!("make the folder {}", folder.display()), error);
    std::fs::create_dir_all(folder).map_err(failed)?;
    for parent in missing.iter().filter_map(|made| made.parent()) {
        // A folder that cannot be synced is one whose file system does not offer it.
        if let Ok(parent) = std::fs::File::open(parent) {
            drop(parent.sync_all());
        }
    }
    Ok(())
}

fn settings(path: &Arc<Path>, options: &EngineOptions) -> Settings {
    let (auto_checkpoint, external_checkpoints) = match options.checkpoint {
        CheckpointPolicy::Auto { pages, .. } => (pages, false),
        CheckpointPolicy::External => (0, true),
    };
    Settings {
        path: Arc::clone(path),
        create: options.create,
        wal: options.enable_wal,
        page_size: options.page_size,
        mmap_size: options.mmap_size,
        cache_kb: options.cache_kb,
        reader_cache_kb: options.reader_cache_kb,
        busy_timeout: options.busy_timeout,
        auto_vacuum: options.auto_vacuum,
        auto_checkpoint,
        external_checkpoints,
    }
}

impl From<crate::handoff::End> for Error {
    fn from(end: crate::handoff::End) -> Self {
        match end {
            crate::handoff::End::Closed => Self::Closed,
            crate::handoff::End::Poisoned(panic) => Self::Poisoned { panic },
        }
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
