//! A file as a value, without a copy of it.

use std::{
    fs::{File, Metadata},
    io::{self, Read},
    os::unix::fs::{FileExt, MetadataExt},
    path::Path,
};

use crate::{Error, Result, files::ForeignFile, format, handoff::cache::Spooled, store::is_local};

/// A regular file on a disk of this machine, as it is to be stored: what the writer may read
/// itself, since nobody has to be waited for.
pub(crate) struct PathValue {
    file: ForeignFile,
    /// The header that has to stand in front, if any, and the first bytes: they say whether one
    /// has to, and must be those that said so.
    head: Vec<u8>,
    /// How many of the head's are not in the file.
    header: u64,
    /// Bytes in the file, and when it was last changed.
    bytes: u64,
    changed: (i64, i64),
}

/// What is at a path.
pub(crate) enum Found {
    Direct(PathValue),
    /// A pipe, or a file that may be slow: to be read by who asked.
    Source(ForeignFile, Option<u64>),
}

impl PathValue {
    /// Opens a file that is none of a vault's.
    pub(crate) fn open(path: &Path, max: u64) -> Result<Found> {
        let failed = |error| Error::io(format!("read {}", path.display()), error);
        let Some(file) = ForeignFile::open(path).map_err(failed)? else {
            let why = "is a file of a vault that is open";
            return Err(Error::invalid("path", path.display(), why));
        };
        let meta = file.get().and_then(File::metadata).map_err(failed)?;
        if meta.is_dir() {
            return Err(failed(io::ErrorKind::IsADirectory.into()));
        }
        let bytes = meta.len();
        if meta.is_file() && bytes > max {
            return Err(Error::ValueTooLarge { len: bytes, max });
        }
        if !is_direct(&meta, file.get().map_err(failed)?) {
            return Ok(Found::Source(file, meta.is_file().then_some(bytes)));
        }
        let first = usize::try_from(bytes).unwrap_or(usize::MAX).min(format::HEADER_LEN);
        let mut raw = vec![0; first];
        file.get().and_then(|file| file.read_exact_at(&mut raw, 0)).map_err(failed)?;
        let mut head = format::escaping(&raw).map_or_else(Vec::new, Vec::from);
        let header = head.len() as u64;
        head.append(&mut raw);
        Ok(Found::Direct(Self { file, head, header, bytes, changed: changed(&meta) }))
    }

    /// The file, from its start.
    pub(crate) fn reader(&self) -> impl Read {
        FileReader { file: &self.file, at: 0 }
    }

    /// Bytes of the file.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }
}

struct FileReader<'a> {
    file: &'a ForeignFile,
    at: u64,
}

impl Read for FileReader<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.file.get()?.read_at(into, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

/// Moves with every write, and cannot be set back.
fn changed(meta: &Metadata) -> (i64, i64) {
    (meta.ctime(), meta.ctime_nsec())
}

/// Files that say they are empty may be made while they are read, as those of `/proc` are.
fn is_direct(meta: &Metadata, file: &File) -> bool {
    meta.is_file() && meta.len() > 0 && is_local(file)
}

impl Spooled for PathValue {
    fn len(&self) -> u64 {
        self.bytes + self.header
    }

    fn read(&self, at: u64, into: &mut [u8]) -> io::Result<()> {
        let head = usize::try_from(at).ok().and_then(|at| self.head.get(at..)).unwrap_or_default();
        let from_head = head.len().min(into.len());
        let (first, rest) = into.split_at_mut(from_head);
        first.copy_from_slice(head.get(..from_head).unwrap_or_default());
        if rest.is_empty() {
            return Ok(());
        }
        self.file.get()?.read_exact_at(rest, at + from_head as u64 - self.header)
    }

    fn verify(&self) -> io::Result<()> {
        let now = self.file.get()?.metadata()?;
        let why = if now.len() != self.bytes {
            format!("it had {} bytes at first, and {} in the end", self.bytes, now.len())
        } else if changed(&now) != self.changed {
            "it was changed meanwhile".to_owned()
        } else if self.file.became_a_vaults() {
            "it was opened as a vault meanwhile".to_owned()
        } else {
            return Ok(());
        };
        Err(io::Error::new(io::ErrorKind::InvalidData, why))
    }
}
