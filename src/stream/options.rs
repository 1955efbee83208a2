//! How a value is streamed.

use std::fmt;

use crate::{
    Error, Result,
    sync::{Arc, AtomicBool, Ordering},
};

type Progress = Box<dyn FnMut(u64, Option<u64>) + Send>;

/// How a value is streamed in or out: chained setters.
///
/// # Examples
///
/// ```
/// use std::sync::{Arc, atomic::AtomicBool};
/// use kvault::StreamOptions;
///
/// let stop = Arc::new(AtomicBool::new(false));
/// let options = StreamOptions::default()
///     .chunk_size(4 << 20)
///     .progress(|done, total| eprintln!("{done} of {total:?} bytes"))
///     .cancel(Arc::clone(&stop));
/// ```
#[derive(Default)]
#[must_use = "options do nothing until something is streamed with them"]
pub struct StreamOptions {
    pub(crate) size: Option<u64>,
    pub(crate) chunk_size: Option<usize>,
    progress: Option<Progress>,
    cancel: Option<Arc<AtomicBool>>,
}

/// The largest chunk: it lies in memory, a few times over.
const LARGEST_CHUNK: usize = 1 << 30;

impl StreamOptions {
    /// How many bytes there will be. So many are read from a source and no more: what follows
    /// them stays there. A source that ends earlier is an error. Without meaning where a value is
    /// read. Default: unknown.
    pub fn size(mut self, size: u64) -> Self {
        self.size = Some(size);
        self
    }

    /// Bytes that are read or written in one piece, from 1 to 1 GiB. Up to four such pieces lie in
    /// memory, and a value that is no longer than that once more while it is stored. Default: that of
    /// the vault, [`Options::chunk_size`](crate::Options::chunk_size).
    pub fn chunk_size(mut self, chunk_size: usize) -> Self {
        self.chunk_size = Some(chunk_size);
        self
    }

    /// Is called after every piece, and after every write to a [`BlobWriter`](crate::BlobWriter), on
    /// the thread that streams and while nothing is locked, with the number of bytes so far and of
    /// all, where that is known. Default: none.
    pub fn progress(mut self, progress: impl FnMut(u64, Option<u64>) + Send + 'static) -> Self {
        self.progress = Some(Box::new(progress));
        self
    }

    /// Ends the stream with [`Error::Cancelled`] once this is true. It is looked at before every
    /// read of a source; one that blocks is not woken. What is being committed is not stopped any
    /// more. Default: none.
    pub fn cancel(mut self, cancel: Arc<AtomicBool>) -> Self {
        self.cancel = Some(cancel);
        self
    }

    pub(crate) fn chunk(&self, of_vault: usize) -> Result<usize> {
        let chunk = self.chunk_size.unwrap_or(of_vault);
        if (1..=LARGEST_CHUNK).contains(&chunk) {
            return Ok(chunk);
        }
        Err(Error::invalid("chunk_size", chunk, format!("must be from 1 to {LARGEST_CHUNK}")))
    }

    pub(crate) fn check(&self, action: &str) -> Result<()> {
        match &self.cancel {
            Some(cancel) if cancel.load(Ordering::Relaxed) => {
                Err(Error::Cancelled { action: action.to_owned() })
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn report(&mut self, done: u64, total: Option<u64>) {
        if let Some(progress) = &mut self.progress {
            progress(done, total);
        }
    }
}

impl fmt::Debug for StreamOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamOptions")
            .field("size", &self.size)
            .field("chunk_size", &self.chunk_size)
            .finish_non_exhaustive()
    }
}
