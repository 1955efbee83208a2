//! What a source gave, until it is complete: in memory as long as that is little, then in a file
//! without a name.

use std::{fs::File, os::unix::fs::FileExt, path::PathBuf};

use crate::{
    Error, Result,
    failpoint::reached,
    format,
    handoff::cache::{Spool, Spooled},
};

/// So many chunks lie in memory at most, but no less than [`LEAST`] bytes.
const CHUNKS: usize = 4;
/// The fault lab's values are short.
const LEAST: usize = if cfg!(feature = "failpoints") { 1 << 10 } else { 64 << 10 };

/// A value that is being written.
pub(crate) struct Spooler {
    /// Where the file goes: beside the database.
    folder: PathBuf,
    chunk: usize,
    most: usize,
    buffer: Vec<u8>,
    /// Bytes of the buffer that are in use.
    filled: usize,
    file: Option<File>,
    /// Bytes in the file, with the header if there has to be one.
    written: u64,
    /// Bytes in all, without it.
    len: u64,
}

/// A value that is complete, as it is to be stored.
pub(crate) enum Value {
    Memory(Vec<u8>),
    Spool(Spool),
}

/// The file of a value that is complete. It has no name: when it is closed it is gone, however that
/// comes about.
struct SpoolFile {
    file: File,
    len: u64,
}

impl Spooler {
    pub(crate) fn new(folder: PathBuf, chunk: usize) -> Self {
        let most = chunk.saturating_mul(CHUNKS).max(LEAST);
        Self { folder, chunk, most, buffer: Vec::new(), filled: 0, file: None, written: 0, len: 0 }
    }

    /// How much was put into it.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// How much of it lies in memory at most.
    pub(crate) fn most(&self) -> u64 {
        self.most as u64
    }

    /// Room for at most `most` bytes, at least one: to be filled, and then [taken](Self::advance).
    pub(crate) fn room(&mut self, most: u64) -> Result<&mut [u8]> {
        if self.filled == self.most {
            self.spill()?;
        }
        // As much as there is already: a short value takes little memory, however large the chunks.
        let most_now = self.chunk.min(self.filled.max(LEAST));
        let wish = usize::try_from(most).unwrap_or(usize::MAX).clamp(1, most_now);
        let end = self.most.min(self.filled.saturating_add(wish));
        if self.buffer.len() < end {
            self.buffer.reserve_exact(end - self.buffer.len());
            self.buffer.resize(end, 0);
        }
        Ok(self.buffer.get_mut(self.filled..end).unwrap_or_default())
    }

    /// So many bytes of the room are of the value.
    pub(crate) fn advance(&mut self, bytes: usize) {
        self.filled += bytes;
        self.len += bytes as u64;
    }

    /// All of it, as it is to be stored.
    pub(crate) fn finish(mut self) -> Result<Value> {
        self.complete()?;
        Ok(self.into_value())
    }

    /// Writes what is left to the file, if there is one. May be tried again.
    pub(crate) fn complete(&mut self) -> Result<()> {
        if self.file.is_some() { self.spill() } else { Ok(()) }
    }

    /// What is [complete](Self::complete).
    pub(crate) fn into_value(mut self) -> Value {
        self.buffer.truncate(self.filled);
        match self.file {
            Some(file) => Value::Spool(Spool::new(SpoolFile { file, len: self.written })),
            None => Value::Memory(format::escape_owned(self.buffer)),
        }
    }

    /// Moves what is in memory to the file.
    fn spill(&mut self) -> Result<()> {
        let bytes = self.buffer.get(..self.filled).unwrap_or_default();
        let action = || format!("spool a value in {}", self.folder.display());
        let file = match &self.file {
            Some(file) => file,
            None => {
                let file = tempfile::tempfile_in(&self.folder)
                    .map_err(|error| Error::write(action(), error))?;
                if let Some(header) = format::escaping(bytes) {
                    file.write_all_at(&header, 0).map_err(|error| Error::write(action(), error))?;
                    self.written = header.len() as u64;
                }
                self.file.insert(file)
            }
        };
        file.write_all_at(bytes, self.written).map_err(|error| {
            Error::write(format!("spool a value in {}", self.folder.display()), error)
        })?;
        self.written += self.filled as u64;
        self.filled = 0;
        reached!("mid-spool");
        Ok(())
    }
}

impl Spooled for SpoolFile {
    fn len(&self) -> u64 {
        self.len
    }

    fn read(&self, at: u64, into: &mut [u8]) -> std::io::Result<()> {
        self.file.read_exact_at(into, at)
    }
}
