//! A value that is written piece by piece.

use std::io::{self, Write};

use super::{Spooler, StreamOptions, Value, source::ACTION};
use crate::{Error, Result, sync::Arc, vault::Handle};

/// Takes a value piece by piece: from [`KVault::create_blob`](crate::KVault::create_blob).
///
/// What is written is kept aside, in memory and then in a temporary file beside the database, and
/// becomes the key's value with [`finish`](Self::finish), all at once. Until then the key is what it
/// was, and a writer that is dropped leaves nothing behind. It keeps its vault open.
///
/// After a write that failed only dropping it is left: everything after it fails as that did. The
/// error of a `write` is an [`std::io::Error`] around an [`Error`]: `get_ref` and `downcast_ref` give
/// that.
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
    state: State,
}

enum State {
    Open(Spooler),
    /// Nothing more can be written; it is to be stored.
    Complete {
        value: Value,
        len: u64,
    },
    /// Of no use any more.
    Ended(Error),
}

impl BlobWriter {
    pub(crate) fn new(
        handle: Arc<Handle>,
        key: &[u8],
        spooler: Spooler,
        options: StreamOptions,
    ) -> Self {
        Self { handle, key: key.into(), options, state: State::Open(spooler) }
    }

    /// How many bytes were written so far.
    #[must_use]
    pub fn written(&self) -> u64 {
        match &self.state {
            State::Open(spooler) => spooler.len(),
            State::Complete { len, .. } => *len,
            State::Ended(_) => 0,
        }
    }

    /// Stores what was written in place of what was there, as durably as the handle says. Returns
    /// its length in bytes.
    ///
    /// # Errors
    ///
    /// What a write failed with before. [`Error::Io`] if there are fewer bytes than
    /// [`size`](StreamOptions::size) said, [`Error::Cancelled`], and what
    /// [`put_bytes`](crate::KVault::put_bytes) fails with. Nothing is stored then, and what was written
    /// is gone: [`try_finish`](Self::try_finish) keeps it.
    pub fn finish(mut self) -> Result<u64> {
        self.try_finish()
    }

    /// As [`finish`](Self::finish), and keeps what was written if it could not be stored: call it again
    /// when the disk has room, or the cache is not locked any more. Nothing can be written after it.
    ///
    /// # Errors
    ///
    /// As [`finish`](Self::finish). [`Error::is_retryable`] says when another try makes sense.
    pub fn try_finish(&mut self) -> Result<u64> {
        // Before the file is written to, which a forked child has in common with its parent.
        if matches!(self.state, State::Open(_)) {
            self.handle.open.check()?;
        }
        self.options.check(ACTION)?;
        self.complete()?;
        match &self.state {
            State::Complete { value, len } => {
                self.handle.put_value(&self.key, value)?;
                let len = *len;
                self.state = State::Ended(finished());
                Ok(len)
            }
            State::Ended(error) => Err(error.clone()),
            State::Open(_) => Err(finished()),
        }
    }

    fn complete(&mut self) -> Result<()> {
        let State::Open(spooler) = &mut self.state else { return Ok(()) };
        let len = spooler.len();
        if let Some(size) = self.options.size.filter(|size| len < *size) {
            let why = format!("{len} of {size} bytes were written");
            return Err(Error::io(ACTION, io::Error::new(io::ErrorKind::UnexpectedEof, why)));
        }
        // What cannot be written to its end now may be later.
        spooler.complete()?;
        if let State::Open(spooler) = std::mem::replace(&mut self.state, State::Ended(finished())) {
            self.state = State::Complete { value: spooler.into_value(), len };
        }
        Ok(())
    }

    fn take(&mut self, bytes: &[u8]) -> Result<usize> {
        let spooler = match &mut self.state {
            State::Open(spooler) => spooler,
            State::Complete { .. } => return Err(finished()),
            State::Ended(error) => return Err(error.clone()),
        };
        self.handle.open.check()?;
        self.options.check(ACTION)?;
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

fn finished() -> Error {
    Error::invalid("blob", "finished", "was finished: nothing can be written to it any more")
}

impl std::fmt::Debug for BlobWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BlobWriter").field("written", &self.written()).finish_non_exhaustive()
    }
}

impl Write for BlobWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.take(bytes).map_err(|error| {
            // The parent's is not the child's to end.
            if matches!(self.state, State::Open(_)) && !matches!(error, Error::Forked) {
                self.state = State::Ended(error.clone());
            }
            io::Error::other(error)
        })
    }

    /// Does nothing: there is no value before [`finish`](Self::finish).
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
