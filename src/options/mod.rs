//! How a vault is opened.

mod cache;
mod choices;
mod validate;

use std::{path::Path, time::Duration};

pub use cache::CacheOptions;
pub use choices::{AutoVacuum, CheckpointPolicy, Durability};

use crate::{KVault, Result};

const MIB: u64 = 1 << 20;

/// How to open a vault: chained setters, then [`open`](Self::open).
///
/// Some options belong to the handle: every open of a file may have its own. The others belong to
/// the engine, which all opens of one file in a process share: a later open that asks for another
/// value is refused. `read_only` and `create` belong to the open.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use kvault::{Durability, KVault};
///
/// # let dir = tempfile::tempdir()?;
/// let vault = KVault::options()
///     .table("sensors")
///     .durability(Durability::Power)
///     .busy_timeout(Duration::from_secs(1))
///     .open(dir.path().join("data/app.db"))?;
/// assert_eq!(vault.table_name(), "sensors");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
#[must_use = "options do nothing until `open` is called"]
pub struct Options {
    pub(crate) handle: HandleOptions,
    pub(crate) engine: EngineOptions,
}

/// What belongs to one handle and the clones of it.
#[derive(Debug, Clone)]
pub(crate) struct HandleOptions {
    pub(crate) table: String,
    pub(crate) chunk_size: usize,
    pub(crate) retries: u32,
    pub(crate) backoff_base: Duration,
    pub(crate) auto_pack: bool,
    pub(crate) use_pickle: bool,
    pub(crate) headers: bool,
    pub(crate) durability: Durability,
    pub(crate) write_timeout: Duration,
}

/// What belongs to the engine under all handles of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EngineOptions {
    pub(crate) enable_wal: bool,
    pub(crate) page_size: u32,
    pub(crate) mmap_size: u64,
    pub(crate) cache_kb: u32,
    pub(crate) reader_cache_kb: u32,
    pub(crate) reader_idle_limit: usize,
    pub(crate) read_only: bool,
    pub(crate) create: bool,
    pub(crate) busy_timeout: Duration,
    pub(crate) checkpoint: CheckpointPolicy,
    pub(crate) queue_ops: usize,
    pub(crate) queue_bytes: usize,
    pub(crate) snapshot_max_age: Duration,
    pub(crate) close_timeout: Duration,
    pub(crate) max_value_bytes: u64,
    pub(crate) auto_vacuum: AutoVacuum,
}

impl Default for HandleOptions {
    fn default() -> Self {
        Self {
            table: "kv".to_owned(),
            chunk_size: 1 << 20,
            retries: 4,
            backoff_base: Duration::from_millis(20),
            auto_pack: true,
            use_pickle: true,
            headers: true,
            durability: Durability::Process,
            write_timeout: Duration::from_secs(30),
        }
    }
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self {
            enable_wal: true,
            page_size: 32_768,
            mmap_size: 256 * MIB,
            cache_kb: 100_000,
            reader_cache_kb: 8_192,
            reader_idle_limit: 8,
            read_only: false,
            create: true,
            busy_timeout: Duration::from_secs(5),
            checkpoint: CheckpointPolicy::default(),
            queue_ops: 4_096,
            queue_bytes: 64 << 20,
            snapshot_max_age: Duration::from_mins(5),
            close_timeout: Duration::from_secs(5),
            max_value_bytes: 999_000_000,
            auto_vacuum: AutoVacuum::None,
        }
    }
}

impl EngineOptions {
    /// The first option in which `asked` differs from these, the options of an engine that runs:
    /// its name, what is asked for, and what is.
    ///
    /// Not `read_only` and `create`: an engine serves readers and writers, and a file that is
    /// open is there.
    pub(crate) fn difference(&self, asked: &Self) -> Option<(&'static str, String, String)> {
        macro_rules! first_of {
            ($($name:ident)+) => {
                $(if self.$name != asked.$name {
                    let (asked, running) = (&asked.$name, &self.$name);
                    return Some((stringify!($name), format!("{asked:?}"), format!("{running:?}")));
                })+
            };
        }
        first_of! {
            enable_wal page_size mmap_size cache_kb reader_cache_kb reader_idle_limit busy_timeout
            checkpoint queue_ops queue_bytes snapshot_max_age close_timeout max_value_bytes
            auto_vacuum
        }
        None
    }
}

/// Writes one consuming setter per option.
macro_rules! setters {
    ($($part:ident: $($(#[$doc:meta])+ $name:ident: $kind:ty;)+)+) => {
        impl Options {
            $($(
                $(#[$doc])+
                pub fn $name(mut self, $name: $kind) -> Self {
                    self.$part.$name = $name;
                    self
                }
            )+)+
        }
    };
}

setters! {
    handle:
    /// Bytes in one piece where a value is streamed, from 1 to 1 GiB. Default: 1 MiB.
    chunk_size: usize;
    /// How often an operation that meets a lock is tried in all. Default: 4.
    retries: u32;
    /// The pause before the second try; it doubles with every further one. Default: 20 ms.
    backoff_base: Duration;
    /// Whether typed values are encoded by what they are. Default: true.
    auto_pack: bool;
    /// Whether values are pickled that nothing else can hold, or that the Python package could not
    /// read as MessagePack. Default: true.
    use_pickle: bool;
    /// Whether encoded values carry a header that names the encoding. Without, only bytes and text
    /// can be put. Default: true.
    headers: bool;
    /// What an acknowledged write survives. Default: [`Durability::Process`].
    durability: Durability;
    /// How long a write waits for room in the queue or in the write cache, and goes on retrying.
    /// Zero: it is tried once. Default: 30 s.
    write_timeout: Duration;

    engine:
    /// Write-ahead log, or else a rollback journal with which readers and the writer wait for
    /// each other. Default: true.
    enable_wal: bool;
    /// Bytes per page of a new file, a power of two from 512 to 65,536; an existing file keeps
    /// its own. Default: 32,768.
    page_size: u32;
    /// How many bytes of the file are read through a memory map. 0: none. Default: 256 MiB.
    mmap_size: u64;
    /// The writer's page cache in KiB. Default: 100,000.
    cache_kb: u32;
    /// The page cache of each reading connection in KiB. Default: 8,192.
    reader_cache_kb: u32;
    /// How many reading connections are kept open when nobody uses them. Default: 8.
    reader_idle_limit: usize;
    /// Open for reading; the file must exist. Default: false.
    read_only: bool;
    /// Make the file, and the folders above it, if it is not there. Default: true.
    create: bool;
    /// How long each try waits for another connection's lock. Default: 5 s.
    busy_timeout: Duration;
    /// Who moves the write-ahead log into the database, and when.
    /// Default: `Auto { pages: 1000, wal_limit: 1 GiB }`.
    checkpoint: CheckpointPolicy;
    /// How many writes may be queued. Default: 4,096.
    queue_ops: usize;
    /// How many bytes of keys and values may be queued. A single larger write goes through
    /// alone. Default: 64 MiB.
    queue_bytes: usize;
    /// How old a [`Snapshot`](crate::Snapshot) may become before it is ended. Default: 5 min.
    snapshot_max_age: Duration;
    /// How long dropping the last handle may take. Default: 5 s.
    close_timeout: Duration;
    /// The longest value in bytes. Default: 999,000,000, which is what the Python package reads;
    /// at most what the linked SQLite takes.
    max_value_bytes: u64;
    /// Whether pages that become free are given back to the file system; only for a new file.
    /// Default: [`AutoVacuum::None`].
    auto_vacuum: AutoVacuum;
}

impl Options {
    /// The table that the handle works on. Default: `kv`.
    pub fn table(mut self, table: impl Into<String>) -> Self {
        self.handle.table = table.into();
        self
    }

    /// Opens the vault at `path`.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) names an option or a path that
    /// makes no sense, or an option in which an open of the same file in this process differs.
    /// [`Error::Forked`](crate::Error::Forked) in a child whose parent had a vault open. [`Error::NotADatabase`](crate::Error::NotADatabase),
    /// [`Error::Corrupt`](crate::Error::Corrupt), [`Error::ReadOnly`](crate::Error::ReadOnly) and
    /// [`Error::Io`](crate::Error::Io) say what is the matter with the file.
    /// [`Error::DatabaseBusy`](crate::Error::DatabaseBusy) if others held it locked all the time.
    pub fn open(self, path: impl AsRef<Path>) -> Result<KVault> {
        KVault::open_with(path.as_ref(), self)
    }
}

#[cfg(test)]
mod tests;
