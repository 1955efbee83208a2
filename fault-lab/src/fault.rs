//! What can be asked of a disk, and the ways in which it can refuse.

use rusqlite::ffi;

/// A call of SQLite to its VFS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Call {
    Open,
    Delete,
    Access,
    Read,
    Write,
    Truncate,
    Sync,
    Size,
    Lock,
    Unlock,
    Reserved,
    ShmMap,
    ShmLock,
    ShmUnlock,
}

/// What a file is to SQLite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Role {
    Database,
    Log,
    Journal,
    Temporary,
}

/// Who asks: the keeper works beside the others, which wait for each other. So the calls of each
/// side are counted for themselves, and the n-th is the same one in every run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Side {
    Front,
    Keeper,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// The code of this call's I/O error.
    Io,
    /// No room is left.
    Full,
    Busy,
    NoMemory,
    /// Fewer bytes are there than were asked for.
    ShortRead,
    /// A part was written before the room ended.
    ShortWrite,
}

/// For how long a call goes on failing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Span {
    Once,
    /// Every call of its kind, until the vault's operation has returned.
    Operation,
}

/// Which call is to fail, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Plan {
    pub(crate) side: Side,
    /// Counted from 0.
    pub(crate) nth: u64,
    pub(crate) fault: Fault,
    pub(crate) span: Span,
}

impl Plan {
    /// In one word.
    pub(crate) fn tell(&self) -> String {
        format!("{:?},{},{:?},{:?}", self.side, self.nth, self.fault, self.span)
    }
}

impl Call {
    /// How it can fail in a way that the engine has to live with.
    ///
    /// A short read of a page of the database is not among them: SQLite takes what is missing for
    /// zeros, as the end of the file, and nothing in the file contradicts a disk that says so.
    pub(crate) fn faults(self, role: Role) -> &'static [Fault] {
        match self {
            Self::Open => &[Fault::Io, Fault::NoMemory],
            Self::Read if matches!(role, Role::Log | Role::Journal) => {
                &[Fault::Io, Fault::ShortRead]
            }
            Self::Write => &[Fault::Io, Fault::Full, Fault::ShortWrite],
            Self::Lock => &[Fault::Io, Fault::Busy],
            Self::ShmMap => &[Fault::Io, Fault::NoMemory],
            Self::ShmLock => &[Fault::Io, Fault::Busy],
            Self::Delete
            | Self::Access
            | Self::Read
            | Self::Truncate
            | Self::Sync
            | Self::Size
            | Self::Unlock
            | Self::Reserved => &[Fault::Io],
            // Giving back a lock of the index cannot fail: SQLite does not look.
            Self::ShmUnlock => &[],
        }
    }

    pub(crate) fn code(self, fault: Fault) -> i32 {
        match fault {
            Fault::Full | Fault::ShortWrite => ffi::SQLITE_FULL,
            Fault::Busy => ffi::SQLITE_BUSY,
            Fault::NoMemory => ffi::SQLITE_NOMEM,
            Fault::ShortRead => ffi::SQLITE_IOERR_SHORT_READ,
            Fault::Io => match self {
                Self::Open => ffi::SQLITE_CANTOPEN,
                Self::Delete => ffi::SQLITE_IOERR_DELETE,
                Self::Access => ffi::SQLITE_IOERR_ACCESS,
                Self::Read => ffi::SQLITE_IOERR_READ,
                Self::Write => ffi::SQLITE_IOERR_WRITE,
                Self::Truncate => ffi::SQLITE_IOERR_TRUNCATE,
                Self::Sync => ffi::SQLITE_IOERR_FSYNC,
                Self::Size => ffi::SQLITE_IOERR_FSTAT,
                Self::Lock => ffi::SQLITE_IOERR_LOCK,
                Self::Unlock => ffi::SQLITE_IOERR_UNLOCK,
                Self::Reserved => ffi::SQLITE_IOERR_CHECKRESERVEDLOCK,
                Self::ShmMap => ffi::SQLITE_IOERR_SHMMAP,
                Self::ShmLock | Self::ShmUnlock => ffi::SQLITE_IOERR_SHMLOCK,
            },
        }
    }
}
