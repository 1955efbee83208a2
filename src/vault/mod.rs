//! The handle that users hold. What it does with bytes is in `bytes`, what is behind it in
//! `handle`.

mod atomic;
mod buffering;
mod bulk;
mod bytes;
mod cache;
mod handle;
mod packing;
mod reads;
mod scanning;
mod streams;
mod swaps;
mod typed;
mod writes;

use std::{path::Path, time::Duration};

pub use atomic::Cas;
use buffering::Buffering;
pub use cache::{CacheLock, CacheScope};
pub(crate) use handle::Handle;
use handle::Open;
use packing::Packing;
pub(crate) use reads::{Reads, count, load};

use crate::{
    CheckpointMode, CheckpointReport, Durability, Error, Health, OptimizeOptions, OptimizeReport,
    Options, Reader, Result, Snapshot, Stats,
    store::{ReadConn, Table},
    sync::Arc,
    writer::{Command, Op},
};

/// A key-value store in one SQLite file, used like a map from as many threads as you like.
///
/// Clones are cheap and share everything. Keys are bytes; values are bytes too, or anything that
/// serde can serialize. A write that returned `Ok` survives what its [`Durability`] says; a read sees every write that returned before it.
///
/// # Examples
///
/// ```
/// use kvault::KVault;
///
/// # let dir = tempfile::tempdir()?;
/// # let path = dir.path().join("app.db");
/// let vault = KVault::open(&path)?;
/// vault.put_bytes("greeting", "hello")?;
///
/// let other = vault.clone();
/// std::thread::spawn(move || other.put_bytes("answer", [42])).join().unwrap()?;
///
/// assert_eq!(vault.get_bytes("greeting")?.as_deref(), Some(&b"hello"[..]));
/// assert_eq!(vault.len()?, 2);
/// vault.close()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct KVault {
    pub(crate) handle: Arc<Handle>,
}

impl KVault {
    /// Opens the vault at `path` with the default [`Options`]; makes it if it is not there.
    /// `:memory:` is one of its own in a temporary folder, which goes with it.
    ///
    /// # Errors
    ///
    /// As [`Options::open`].
    #[doc(alias = "KohakuVault")]
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::options().open(path)
    }

    /// The options, to be changed before opening.
    pub fn options() -> Options {
        Options::default()
    }

    pub(crate) fn open_with(path: &Path, options: Options) -> Result<Self> {
        options.validate()?;
        let table = Table::new(&options.handle.table)?;
        let open = Arc::new(Open::new(path, &options)?);
        let vault = Self::from(Handle::new(open, table, options.handle));
        vault.ensure_table()?;
        Ok(vault)
    }

    /// The file, as an absolute path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.handle.open.engine().path
    }

    /// The table that this handle works on.
    #[must_use]
    pub fn table_name(&self) -> &str {
        &self.handle.table.name
    }

    /// Whether this vault was closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.handle.open.is_closed()
    }

    /// A handle on another table of the same file, with the settings of this one. Makes the
    /// table if it is not there.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for a name that cannot be a table's, for one under which the
    /// file holds something else, and for a table that is missing while the vault is read-only.
    ///
    /// # Examples
    ///
    /// ```
    /// # let dir = tempfile::tempdir()?;
    /// # let vault = kvault::KVault::open(dir.path().join("app.db"))?;
    /// let users = vault.table("users")?;
    /// users.put_bytes("ada", "1815")?;
    /// assert!(vault.is_empty()?);
    /// assert_eq!(vault.tables()?, ["kv", "users"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn table(&self, name: &str) -> Result<Self> {
        self.handle.open.check()?;
        let table = Table::new(name)?;
        let vault = Self::from(self.handle.on(table));
        vault.ensure_table()?;
        Ok(vault)
    }

    /// The names of the tables of this file that are vaults, in order. Tables of other programs
    /// are not among them.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn tables(&self) -> Result<Vec<String>> {
        self.handle.read(ReadConn::tables)
    }

    /// A handle whose writes survive what `durability` says.
    ///
    /// [`Durability::Buffered`] needs a write cache, see [`enable_cache`](Self::enable_cache): while
    /// there is none, every write of the new handle fails with [`Error::InvalidArgument`].
    ///
    /// # Examples
    ///
    /// ```
    /// use kvault::{Durability, KVault};
    ///
    /// # let dir = tempfile::tempdir()?;
    /// # let vault = KVault::open(dir.path().join("app.db"))?;
    /// let ledger = vault.with_durability(Durability::Power);
    /// ledger.put_bytes("balance", "100")?; // on the disk now
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_durability(&self, durability: Durability) -> Self {
        let mut handle = Handle::clone(&self.handle);
        handle.options.durability = durability;
        handle.buffering = Buffering::default();
        handle.into()
    }

    /// A handle whose writes wait at most `timeout` for room in the queue or in the write cache,
    /// and begin no further try after it. Zero: they are tried once.
    #[must_use]
    pub fn with_write_timeout(&self, timeout: Duration) -> Self {
        let mut handle = Handle::clone(&self.handle);
        handle.options.write_timeout = timeout;
        handle.into()
    }

    /// A reader with a connection of its own, for a thread that reads much.
    ///
    /// # Errors
    ///
    /// If the connection cannot be opened.
    pub fn reader(&self) -> Result<Reader> {
        Reader::new(Arc::clone(&self.handle))
    }

    /// The vault as it is now, to be read while it goes on changing: all tables, and what is in
    /// the write cache.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] if the file has no write-ahead log.
    pub fn snapshot(&self) -> Result<Snapshot> {
        Snapshot::new(Arc::clone(&self.handle))
    }

    /// Answers when every write that was acknowledged before is committed, and with
    /// [`Durability::Power`] when it is on the disk, even if nothing was left to commit. Returns
    /// how many keys it had to commit: what lay in the write cache, in all tables.
    ///
    /// # Errors
    ///
    /// What the flush failed with: the cache keeps everything then. [`Error::CacheLocked`] while
    /// the cache is locked.
    #[doc(alias = "flush_cache")]
    pub fn flush(&self) -> Result<u64> {
        self.handle.way()?;
        self.handle.flush(None)
    }

    /// Moves what is in the write-ahead log into the database.
    ///
    /// # Errors
    ///
    /// [`Error::DatabaseBusy`] if `mode` waits for others and they did not finish in time.
    /// [`Error::InvalidArgument`] if checkpoints are left to another program. After a sync that failed
    /// or other damage, what that failed with: the log stays as it is until the file is opened anew.
    pub fn checkpoint(&self, mode: CheckpointMode) -> Result<CheckpointReport> {
        self.handle.open.check()?;
        self.handle.open.engine().may_checkpoint()?;
        self.handle.open.engine().check_damage()?;
        self.handle.call("checkpoint", |reply| Command::Checkpoint { mode, reply })
    }

    /// Lets SQLite look after its statistics, and writes the file anew without the pages that
    /// hold nothing. No write is made meanwhile: with a large file that is long.
    ///
    /// # Errors
    ///
    /// [`Error::Full`] if there is no room for the copy that it makes, and
    /// [`Error::InvalidArgument`] while there is a [`Snapshot`]: all of the file would stay in the
    /// log beside it. Nothing was done then. After damage, what [`checkpoint`](Self::checkpoint) returns.
    ///
    /// # Examples
    ///
    /// ```
    /// use kvault::{KVault, OptimizeOptions};
    ///
    /// # let dir = tempfile::tempdir()?;
    /// # let vault = KVault::open(dir.path().join("app.db"))?;
    /// vault.put_many_bytes((0..100_u32).map(|i| (i.to_be_bytes(), [0; 5000])))?;
    /// vault.clear()?;
    /// let report = vault.optimize(OptimizeOptions::default())?;
    /// assert!(report.bytes_after < report.bytes_before);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn optimize(&self, options: OptimizeOptions) -> Result<OptimizeReport> {
        self.handle.open.check()?;
        self.handle.open.engine().check_damage()?;
        let snapshots = self.handle.open.engine().snapshots.list().len();
        if snapshots > 0 {
            let why = "the log could not be moved behind them: drop them first";
            return Err(Error::invalid("snapshots", snapshots, why));
        }
        let vacuum = options.vacuum;
        self.handle.call("optimize", |reply| Command::Optimize { vacuum, reply })
    }

    /// Counters and sizes. Works on a closed vault too.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let open = &self.handle.open;
        // A forked child must not touch a lock that another thread of its parent may have held.
        if open.is_forked() { Stats::default() } else { Stats::of(open.engine()) }
    }

    /// Whether the vault can do what it is for. Works on a closed vault too.
    #[must_use]
    pub fn health(&self) -> Health {
        let open = &self.handle.open;
        if open.is_forked() {
            Health::Broken { cause: Error::Forked, since: None }
        } else if open.is_closed() {
            Health::Closed
        } else {
            Health::of(open.engine())
        }
    }

    /// Finishes what is queued, flushes the write cache and closes the file, for this handle, its clones, and all tables
    /// and readers made from them. Another open of the same file goes on. After a failure the
    /// vault goes on too, and `close` may be called again. Afterwards everything but `close`, `stats` and `health` returns
    /// [`Error::Closed`].
    ///
    /// The last handle does the same when it is dropped, but cannot say what failed.
    ///
    /// # Errors
    ///
    /// What the last flush of the cache failed with, [`Error::CacheLocked`] while somebody has it
    /// locked, or why the connection cannot be closed.
    pub fn close(&self) -> Result<()> {
        self.handle.open.close()
    }

    fn ensure_table(&self) -> Result<()> {
        let handle = &self.handle;
        if handle.read(|conn| conn.has_table(&handle.table))? {
            return Ok(());
        }
        if handle.open.read_only {
            let name = format!("{:?}", handle.table.name);
            return Err(Error::invalid("table", name, "is not in the file, which is read-only"));
        }
        handle.send("create a table", || Op::CreateTable, false).map(drop)
    }
}

impl From<Handle> for KVault {
    fn from(handle: Handle) -> Self {
        Self { handle: Arc::new(handle) }
    }
}

#[cfg(test)]
mod tests;
