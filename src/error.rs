//! The one error type of the crate.

use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

use crate::Encoding;

/// The result of everything that can fail here.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What lies under an error: shared, because one failed commit may answer many callers.
pub type Cause = Arc<dyn std::error::Error + Send + Sync>;

/// What went wrong.
///
/// The message says what failed; [`source`](std::error::Error::source) says why, where something
/// lower down had more to say.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Another connection held a lock through every attempt, or the queue of writes stayed full.
    #[error("the database stayed busy through {attempts} attempts")]
    DatabaseBusy {
        /// How often the operation was tried.
        attempts: u32,
    },

    /// There is no such key, where one has to be.
    #[error("no key {} in table {table:?}", Key(key))]
    NotFound {
        /// The table that was asked.
        table: String,
        /// The key that is not in it.
        key: Vec<u8>,
    },

    /// An argument or option that cannot be honoured.
    #[error("{name} = {value}: {why}")]
    InvalidArgument {
        /// The name of the argument or option.
        name: String,
        /// The value it had.
        value: String,
        /// What is wrong with it.
        why: String,
    },

    /// A file or a disk failed.
    #[error("cannot {action}")]
    Io {
        /// What was attempted, with the path.
        action: String,
        /// The operating system's or SQLite's own words.
        #[source]
        source: Cause,
    },

    /// SQLite refused for a reason that has no variant of its own.
    #[error("cannot {action} (SQLite code {code})")]
    Sqlite {
        /// What was attempted.
        action: String,
        /// SQLite's extended result code.
        code: i32,
        /// SQLite's own words.
        #[source]
        source: Cause,
    },

    /// A value that cannot be stored in the encoding that was asked for.
    #[error("cannot encode a value as {wanted}")]
    Encode {
        /// The encoding.
        wanted: String,
        /// What the encoder said.
        #[source]
        source: Cause,
    },

    /// A stored value that cannot be read as what was asked for.
    #[error("cannot read {}{} as {wanted}", Place(table, key), StoredAs(*stored))]
    Decode {
        /// The table, empty for a value that is in none.
        table: String,
        /// The key, empty for a value that is in no table.
        key: Vec<u8>,
        /// What the value is stored as, if its header can be read.
        stored: Option<Encoding>,
        /// What was asked for.
        wanted: String,
        /// What the decoder said.
        #[source]
        source: Cause,
    },

    /// An operation on numbers met something else.
    #[error("{}{} is not {wanted}", Place(table, key), StoredAs(*stored))]
    TypeMismatch {
        /// The table.
        table: String,
        /// The key.
        key: Vec<u8>,
        /// What the value is stored as.
        stored: Option<Encoding>,
        /// What the operation needs.
        wanted: String,
    },

    /// A counter would leave the range of its type.
    #[error("{} would overflow", Place(table, key))]
    Overflow {
        /// The table.
        table: String,
        /// The key.
        key: Vec<u8>,
    },

    /// A value that is larger than this vault takes.
    #[error("a value of {len} bytes is over the limit of {max}")]
    ValueTooLarge {
        /// Its length in bytes.
        len: u64,
        /// The limit in bytes.
        max: u64,
    },

    /// The write cache was at its cap and no flush made room in time. Nothing was stored.
    #[error("the write cache is full")]
    CacheFull {
        /// Why flushing did not make room, if that is known.
        #[source]
        source: Option<Cause>,
    },

    /// The operation needs a flush, and a cache lock forbids one.
    #[error("the write cache is locked")]
    CacheLocked,

    /// Others changed what this operation was based on, every time it was tried.
    #[error("others kept changing the same keys through {attempts} attempts")]
    Conflict {
        /// How often the operation was tried.
        attempts: u32,
    },

    /// The disk is full.
    #[error("no space left to {action}")]
    Full {
        /// What was attempted.
        action: String,
        /// SQLite's own words.
        #[source]
        source: Cause,
    },

    /// The file is damaged.
    #[error("the database {} is damaged: cannot {action}", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What was attempted.
        action: String,
        /// SQLite's own words.
        #[source]
        source: Cause,
    },

    /// The file is something else than an SQLite database.
    #[error("{} is not an SQLite database", path.display())]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },

    /// The vault was opened for reading, or its file cannot be written.
    #[error("cannot {action}: the vault is read-only")]
    ReadOnly {
        /// What was attempted.
        action: String,
    },

    /// Whoever asked for it wants it no more. Nothing was stored.
    #[error("cancelled: cannot {action}")]
    Cancelled {
        /// What was going on.
        action: String,
    },

    /// A snapshot, or a [`BlobReader`](crate::BlobReader), that outlived its age limit.
    #[error("the snapshot expired after {age:?}")]
    SnapshotExpired {
        /// Its age when it was ended.
        age: Duration,
    },

    /// The writer panicked. Nothing can be written until the vault is opened anew; reads go on.
    #[error("the writer panicked: {panic}")]
    Poisoned {
        /// The text of the panic.
        panic: String,
    },

    /// The vault was closed.
    #[error("the vault is closed")]
    Closed,

    /// The process was forked after the vault was opened, and this is the child.
    #[error("the vault was opened before this process was forked off")]
    Forked,
}

impl Error {
    /// Whether the same call may succeed later without anything else being changed by the caller.
    ///
    /// # Examples
    ///
    /// ```
    /// use kvault::Error;
    ///
    /// assert!(Error::DatabaseBusy { attempts: 4 }.is_retryable());
    /// assert!(!Error::Closed.is_retryable());
    /// ```
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(
            self,
            Self::DatabaseBusy { .. }
                | Self::CacheFull { .. }
                | Self::CacheLocked
                | Self::Conflict { .. }
                | Self::Full { .. }
        )
    }

    /// Whether this handle is of no more use for writing: it has to be opened anew.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        matches!(self, Self::Closed | Self::Poisoned { .. } | Self::Forked)
    }

    /// Whether the file itself is damaged or not a database.
    #[must_use]
    pub fn is_corruption(&self) -> bool {
        matches!(self, Self::Corrupt { .. } | Self::NotADatabase { .. })
    }

    pub(crate) fn invalid(
        name: impl Into<String>,
        value: impl fmt::Display,
        why: impl Into<String>,
    ) -> Self {
        Self::InvalidArgument { name: name.into(), value: value.to_string(), why: why.into() }
    }

    pub(crate) fn io(action: impl Into<String>, source: std::io::Error) -> Self {
        Self::Io { action: action.into(), source: Arc::new(source) }
    }

    /// A file of ours that cannot be written: the disk may be full.
    pub(crate) fn write(action: impl Into<String>, error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
                Self::Full { action: action.into(), source: Arc::new(error) }
            }
            _ => Self::io(action, error),
        }
    }

    /// A value that an encoding cannot hold.
    pub(crate) fn encode(
        wanted: impl Into<String>,
        cause: impl std::error::Error + Send + Sync + 'static,
    ) -> Self {
        Self::Encode { wanted: wanted.into(), source: Arc::new(cause) }
    }

    /// A value that nobody said the key of; the vault adds it with [`Error::at`].
    pub(crate) fn decode(
        stored: Option<Encoding>,
        wanted: impl Into<String>,
        cause: impl std::error::Error + Send + Sync + 'static,
    ) -> Self {
        Self::Decode {
            table: String::new(),
            key: Vec::new(),
            stored,
            wanted: wanted.into(),
            source: Arc::new(cause),
        }
    }

    /// Says where the value stands that could not be decoded.
    pub(crate) fn at(mut self, in_table: &str, at_key: &[u8]) -> Self {
        if let Self::Decode { table, key, .. } = &mut self {
            in_table.clone_into(table);
            at_key.clone_into(key);
        }
        self
    }
}

/// Shows a key as text where it is text, and never more of it than helps.
struct Key<'a>(&'a [u8]);

impl fmt::Display for Key<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 64;
        match self.0.get(..SHOWN) {
            Some(head) if self.0.len() > SHOWN => {
                write!(f, "\"{}…\" ({} bytes)", head.escape_ascii(), self.0.len())
            }
            _ => write!(f, "\"{}\"", self.0.escape_ascii()),
        }
    }
}

struct Place<'a>(&'a str, &'a [u8]);

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            f.write_str("a stored value")
        } else {
            write!(f, "key {} of table {:?}", Key(self.1), self.0)
        }
    }
}

struct StoredAs(Option<Encoding>);

impl fmt::Display for StoredAs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |encoding| write!(f, " (stored as {encoding})"))
    }
}

#[cfg(test)]
mod tests;
