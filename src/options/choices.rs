//! Options that are a choice between a few.

/// What an acknowledged write survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Durability {
    /// Nothing but errors: it lies in the write cache until that is flushed. Refused without a cache;
    /// see [`KVault::enable_cache`](crate::KVault::enable_cache).
    Buffered,
    /// A crash of the process. A power failure may take the last writes, never the file's
    /// consistency.
    Process,
    /// A power failure: the write is on the disk before it is acknowledged.
    Power,
}

/// Who moves what is in the write-ahead log into the database, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CheckpointPolicy {
    /// The vault does.
    Auto {
        /// After this many pages were written to the log.
        pages: u32,
        /// How large the log may become in bytes, not counting one value that is
        /// [streamed](crate::KVault::put_reader): such a value waits until half of this is free.
        /// While another program reads from it all the time, or a snapshot lives, it can become
        /// larger: writes are slowed down then, and [`health`](crate::KVault::health) says so.
        wal_limit: u64,
    },
    /// Another program does, such as a replicator that has to see every page of the log. The
    /// vault leaves the log alone, even when it closes.
    External,
}

impl Default for CheckpointPolicy {
    fn default() -> Self {
        Self::Auto { pages: 1_000, wal_limit: 1 << 30 }
    }
}

/// What becomes of pages that nothing is stored on any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AutoVacuum {
    /// They stay in the file and are used again.
    None,
    /// The file shrinks with every commit that frees pages.
    Full,
    /// SQLite keeps what is needed to shrink the file when asked to.
    Incremental,
}
