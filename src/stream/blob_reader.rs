//! A value that is read piece by piece.

use std::io::{self, Read, Seek, SeekFrom};

use crate::{
    Encoding, Error, Result,
    format::{self, HEADER_LEN},
    handoff::cache::{Dirty, Spool},
    snapshots::View,
    sync::{Arc, Bytes, Deadline},
    vault::Handle,
};

/// Reads a value piece by piece, from wherever one likes: from
/// [`KVault::open_blob`](crate::KVault::open_blob).
///
/// What it reads is the payload, without a header, of one version of the value, from start to end,
/// whoever replaces or deletes the key meanwhile. For that it has a connection of its own and keeps
/// the write-ahead log from being begun anew; [`stats`](crate::KVault::stats) lists it among the
/// snapshots (but for a value that is in the write cache only), and like one it ends when it is
/// [`snapshot_max_age`](crate::Options::snapshot_max_age) old: then it returns [`Error::SnapshotExpired`]. It keeps its vault open;
/// [`close`](crate::KVault::close) ends it. In a vault without a log nobody can write while it is open.
///
/// The error of a `read` is an [`std::io::Error`] around an [`Error`]: `get_ref` and
/// `downcast_ref` give that.
///
/// # Examples
///
/// ```
/// use std::io::{Read, Seek, SeekFrom};
///
/// # let dir = tempfile::tempdir()?;
/// # let vault = kvault::KVault::open(dir.path().join("app.db"))?;
/// vault.put_bytes("alphabet", "abcdefghijklmnopqrstuvwxyz")?;
/// let mut blob = vault.open_blob("alphabet")?;
/// vault.delete("alphabet")?;
///
/// let mut piece = [0; 3];
/// blob.seek(SeekFrom::End(-3))?;
/// blob.read_exact(&mut piece)?;
/// assert_eq!(&piece, b"xyz");
/// assert_eq!(blob.read_at(&mut piece, 4)?, 3);
/// assert_eq!(&piece, b"efg");
/// assert_eq!(blob.len(), 26);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct BlobReader {
    handle: Arc<Handle>,
    origin: Origin,
    encoding: Encoding,
    /// Where the payload begins, and how long it is.
    start: u64,
    len: u64,
    at: u64,
}

enum Origin {
    File(Arc<View>),
    /// It was in the write cache only.
    Spool(Spool),
    Memory(Bytes),
}

impl BlobReader {
    pub(crate) fn open(handle: Arc<Handle>, key: &[u8]) -> Result<Self> {
        // The cache first and the file second: what leaves the cache meanwhile is in the file.
        let (origin, stored) = match handle.dirty(key, Dirty::clone)? {
            Some(Dirty::Put(bytes)) => {
                let len = bytes.len() as u64;
                (Origin::Memory(bytes), len)
            }
            Some(Dirty::Spooled(spool)) => {
                let len = spool.len();
                (Origin::Spool(spool), len)
            }
            Some(Dirty::Deleted) => return Err(handle.not_found(key)),
            None => Self::find(&handle, key)?,
        };
        let mut head = [0; HEADER_LEN];
        let most = usize::try_from(stored).unwrap_or(HEADER_LEN).min(HEADER_LEN);
        let head = head.get_mut(..most).unwrap_or_default();
        origin.read(0, head)?;
        let (header, payload) = format::Header::split(head)
            .map_err(|bad| Error::decode(None, "a payload", bad).at(&handle.table.name, key))?;
        let start = (head.len() - payload.len()) as u64;
        let encoding = header.map_or(Encoding::Raw, |header| header.encoding);
        Ok(Self { handle, origin, encoding, start, len: stored - start, at: 0 })
    }

    fn find(handle: &Arc<Handle>, key: &[u8]) -> Result<(Origin, u64)> {
        let engine = handle.open.engine();
        let found = handle.options.policy().run(Deadline::NEVER, || {
            let view = engine.snapshots.begin(None)?;
            let len = view.look(|_, conn| {
                conn.unmap()?;
                conn.open_blob(&handle.table, key)
            })?;
            Ok((view, len))
        })?;
        // Somebody has to see to it that it ends.
        engine.bell.ring_if_dozing();
        match found {
            (view, Some(len)) => Ok((Origin::File(view), len)),
            (_, None) => Err(handle.not_found(key)),
        }
    }

    /// How many bytes there are to read.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// What the bytes are, as the header in front of them says. Without one they are
    /// [`Encoding::Raw`].
    #[must_use]
    pub fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// Reads from a position, wherever [`Read`] is, and leaves that as it is. Fills all of `into` if
    /// there is so much; returns how many bytes that were.
    ///
    /// # Errors
    ///
    /// [`Error::SnapshotExpired`] if this is too old, [`Error::Closed`] after a close, or if the
    /// file cannot be read.
    pub fn read_at(&self, into: &mut [u8], at: u64) -> Result<usize> {
        self.handle.open.check()?;
        let left = usize::try_from(self.len.saturating_sub(at)).unwrap_or(usize::MAX);
        let most = left.min(into.len());
        let Some(part) = into.get_mut(..most).filter(|part| !part.is_empty()) else {
            return Ok(0);
        };
        self.origin.read(self.start + at, part)?;
        Ok(most)
    }
}

impl Origin {
    fn read(&self, at: u64, into: &mut [u8]) -> Result<()> {
        let unreadable = |error| Error::io("read a value that is still to be flushed", error);
        match self {
            Self::File(view) => view.look(|_, conn| conn.read_blob(at, into)),
            Self::Spool(spool) => spool.read(at, into).map_err(unreadable),
            Self::Memory(bytes) => {
                let from =
                    usize::try_from(at).ok().and_then(|at| bytes.get(at..)?.get(..into.len()));
                match from {
                    Some(from) => into.copy_from_slice(from),
                    None => return Err(unreadable(io::ErrorKind::UnexpectedEof.into())),
                }
                Ok(())
            }
        }
    }
}

impl Read for BlobReader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.read_at(into, self.at).map_err(io::Error::other)?;
        self.at += read as u64;
        Ok(read)
    }
}

impl Seek for BlobReader {
    /// Beyond the end is allowed, as it is for files: there is nothing to read there.
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.len.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at =
            at.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "no such position"))?;
        Ok(self.at)
    }
}

impl std::fmt::Debug for BlobReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BlobReader")
            .field("len", &self.len)
            .field("encoding", &self.encoding)
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}
