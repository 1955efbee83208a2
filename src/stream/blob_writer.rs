//! A value that is written piece by piece.

use std::io::{self, Write};

use super::{Spooler, StreamOptions, source::ACTION};
use crate::{Error, Result, sync::Arc, vault::Handle};

/// Takes a value piece by piece: from [`KVault::create_blob`](crate::KVault::create_blob).
///
/// What is written is kept aside, in memory and then in a temporary file beside the database, and
/// becomes the key's value with [`finish`](Self::finish), all at once. Until then the key is what it
/// was, and a writer that is dropped leaves nothing behind. It keeps its vault open.
///
/// After a write that failed only dropping it is left: `finish` fails as the write did.
///
/// # Examples
///
/// ```
/// use std::io::Write;
/// use kvault::StreamOptions;
///
/// # let dir = tempfile::tempdir()?;
/// # let vault = kvault::KVault::open(dir.path().join("app.db"))?;
/// let mut blob = vault.create_blob("log", StreamOptions::default())?;
/// for i in 0..100 {
///     writeln!(blob, "line {i}")?;
/// }
/// assert!(!vault.contains_key("log")?);
/// assert_eq!(blob.finish()?, 790);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "nothing is stored unless it is finished"]
pub struct BlobWriter {
    handle: Arc<Handle>,
    key: Box<[u8]>,
    options: StreamOptions,
    /// Gone after a failure.
    spooler: Result<Spooler>,
}

impl BlobWriter {
    pub(crate) fn new(
        handle: Arc<Handle>,
        key: &[u8],
        spooler: Spooler,
        options: StreamOptions,
    ) -> Self {
        Self { handle, key: key.into(), options, spooler: Ok(spooler) }
    }

    /// How many bytes were written so far.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.spooler.as_ref().map_or(0, Spooler::len)
    }

    /// Stores what was written in place of what was there, as durably as the handle says. Returns
    /// its length in bytes.
    ///
    /// # Errors
    ///
    /// What a write failed with before. [`Error::Io`] if there are fewer bytes than
    /// [`size`](StreamOptions::size) said, [`Error::Cancelled`], and what
    /// [`put_bytes`](crate::KVault::put_bytes) fails with. Nothing is stored then.
    pub fn finish(self) -> Result<u64> {
        let spooler = self.spooler?;
        self.options.check(ACTION)?;
        let len = spooler.len();
        if let Some(size) = self.options.size.filter(|size| len < *size) {
            let why = format!("{len} of {size} bytes were written");
            return Err(Error::io(ACTION, io::Error::new(io::ErrorKind::UnexpectedEof, why)));
        }
        self.handle.put_value(&self.key, spooler.finish()?)?;
        Ok(len)
    }

    fn take(&mut self, bytes: &[u8]) -> Result<usize> {
        self.handle.open.check()?;
        self.options.check(ACTION)?;
        let spooler = self.spooler.as_mut().map_err(|error| error.clone())?;
        let max = self.handle.open.engine().options.max_value_bytes;
        let len = spooler.len().saturating_add(bytes.len() as u64);
        if len > max {
            return Err(Error::ValueTooLarge { len, max });
        }
        if let Some(size) = self.options.size.filter(|size| len > *size) {
            return Err(Error::invalid("size", size, "more than so many bytes were written"));
        }
        if bytes.is_empty() {
            return Ok(0);
        }
        let room = spooler.room(bytes.len() as u64)?;
        let most = room.len().min(bytes.len());
        let (from, to) = (bytes.get(..most), room.get_mut(..most));
        if let Some((from, to)) = from.zip(to) {
            to.copy_from_slice(from);
        }
        spooler.advance(most);
        let done = spooler.len();
        self.options.report(done, self.options.size);
        Ok(most)
    }
}

impl std::fmt::Debug for BlobWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BlobWriter").field("written", &self.written()).finish_non_exhaustive()
    }
}

impl Write for BlobWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.take(bytes).map_err(|error| {
            if !matches!(error, Error::Forked) {
                self.spooler = Err(error.clone());
            }
            io::Error::other(error)
        })
    }

    /// Does nothing: there is no value before [`finish`](Self::finish).
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
