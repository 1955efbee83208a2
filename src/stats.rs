//! What a vault says about itself.

use std::time::{Duration, SystemTime};

use crate::{Error, engine::Engine, handoff, store};

/// Counters and sizes at one moment. Taking them touches no page of the database.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Stats {
    /// The version of the SQLite that is linked, such as 3051003 for 3.51.3.
    pub sqlite_version: i32,
    /// The journal mode of the file: `wal`, or `delete`.
    pub journal_mode: String,
    /// Bytes per page of the file.
    pub page_size: u32,
    /// Bytes that are read through a memory map, at most; what the library made of the option.
    pub mmap_size: u64,
    /// Bytes of the database file.
    pub file_bytes: u64,
    /// Bytes of the write-ahead log's file.
    pub wal_bytes: u64,
    /// Transactions committed since the engine was started: with the first of the opens that
    /// share the file.
    pub commits: u64,
    /// Transactions among them that waited for the disk.
    pub synced_commits: u64,
    /// Writes that were in these transactions.
    pub writes: u64,
    /// Transactions that failed.
    pub failures: u64,
    /// Writes in flight: queued or being worked on.
    pub queued_ops: usize,
    /// Bytes of keys and values in flight.
    pub queued_bytes: usize,
    /// Callers that wait for room in the queue.
    pub waiting_writers: usize,
    /// Checkpoints that the keeper made beside the writes.
    pub checkpoints: u64,
    /// Reading connections that are open, those of [`Reader`](crate::Reader)s included.
    pub open_readers: usize,
    /// Reads of the shared connections that go on just now.
    pub busy_readers: usize,
    /// Whether there is a write cache at present.
    pub cache_enabled: bool,
    /// Keys in the write cache that are not in the file yet. A key counts once in each generation.
    pub dirty_entries: usize,
    /// What they count in the cache's budget.
    pub dirty_bytes: usize,
    /// Generations of the cache that wait to be flushed; a read asks each of them.
    pub dirty_generations: usize,
    /// Bytes of generations that were flushed and that somebody still looks at.
    pub pinned_bytes: usize,
    /// How long the oldest of the dirty entries has waited, at least; none if there is none.
    pub oldest_dirty_age: Option<Duration>,
    /// Locks of the cache that are held at present.
    pub cache_locks: usize,
    /// Flushes that committed something.
    pub flushes: u64,
    /// Flushes that failed. What they were to commit stays in the cache.
    pub flush_failures: u64,
    /// Why the last flush that failed did, also if others succeeded since.
    pub last_flush_error: Option<Error>,
    /// Whether the linked SQLite puts one mutex under all connections of the process
    /// (`ENABLE_MEMORY_MANAGEMENT`), so that readers wait for each other.
    pub shared_page_cache: bool,
}

/// Whether a vault can do what it is for.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Health {
    /// All is well.
    Good,
    /// Writes fail at present, and will work again when the cause is gone.
    Degraded {
        /// What the last write failed with.
        cause: Error,
        /// Since when.
        since: SystemTime,
    },
    /// Writes are refused until the vault is opened anew. Reads go on.
    Broken {
        /// Why.
        cause: Error,
        /// Since when, where that is known.
        since: Option<SystemTime>,
    },
    /// The vault was closed.
    Closed,
}

impl Health {
    /// Whether all is well.
    #[must_use]
    pub fn is_good(&self) -> bool {
        matches!(self, Self::Good)
    }

    pub(crate) fn of(engine: &Engine) -> Self {
        if let Some(cause) = engine.poisoned() {
            return Self::Broken { cause, since: None };
        }
        match engine.monitor.trouble() {
            None => Self::Good,
            Some(trouble) if trouble.lasting => {
                Self::Broken { cause: trouble.cause, since: Some(trouble.since) }
            }
            Some(trouble) => Self::Degraded { cause: trouble.cause, since: trouble.since },
        }
    }
}

impl Stats {
    pub(crate) fn of(engine: &Engine) -> Self {
        let counted = engine.monitor.counted();
        let (queued_ops, queued_bytes) = engine.queued();
        let (open_readers, busy_readers) = engine.readers.count();
        let cached = engine.cache().map(|cache| cache.stats());
        let buffer = engine.buffer();
        let mut log = engine.path.as_os_str().to_owned();
        log.push("-wal");
        Self {
            sqlite_version: store::library_version(),
            journal_mode: engine.effective.journal_mode.clone(),
            page_size: engine.effective.page_size,
            mmap_size: engine.effective.mmap_size,
            file_bytes: file_len(engine.path.as_os_str()),
            wal_bytes: file_len(&log),
            commits: counted.commits,
            synced_commits: counted.synced,
            writes: counted.writes,
            failures: counted.failures,
            queued_ops,
            queued_bytes,
            waiting_writers: engine.waiting(),
            checkpoints: counted.checkpoints,
            cache_enabled: buffer.is_some_and(|buffer| buffer.is_on()),
            dirty_entries: cached.map_or(0, |cached| cached.entries),
            dirty_bytes: cached.map_or(0, |cached| cached.bytes),
            dirty_generations: cached.map_or(0, handoff::cache::Stats::generations),
            pinned_bytes: cached.map_or(0, |cached| cached.pinned),
            oldest_dirty_age: buffer.and_then(|buffer| buffer.dirty_since()).map(|at| at.elapsed()),
            cache_locks: cached.map_or(0, |cached| cached.holds),
            flushes: counted.flushes,
            flush_failures: counted.flush_failures,
            last_flush_error: engine.monitor.last_flush_error(),
            open_readers,
            busy_readers,
            shared_page_cache: store::library_has(store::MEMORY_MANAGEMENT),
        }
    }
}

/// Asks the folder, never the file: see [`crate::is_open_vault_file`].
fn file_len(path: &std::ffi::OsStr) -> u64 {
    std::fs::metadata(path).map_or(0, |meta| meta.len())
}
