//! What makes a file the same file, and which files belong to the vaults open in this process.

use std::{
    ffi::OsString,
    fs::{File, Metadata, OpenOptions},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use crate::{registry, sync::Arc};

/// A file, whatever it is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    /// Looks at the folder's entry, and never opens the file.
    pub(crate) fn of(path: &Path) -> std::io::Result<Self> {
        std::fs::metadata(path).map(|meta| Self::in_meta(&meta))
    }

    fn in_meta(meta: &Metadata) -> Self {
        Self { device: meta.dev(), inode: meta.ino() }
    }
}

/// As SQLite makes its files, less what the process's umask takes away.
const MODE: u32 = 0o644;

/// Makes an empty file if there is none.
///
/// Only then: to open and close a file that is there would take away the locks that SQLite has on
/// it. That is how POSIX locks work.
pub(crate) fn create_if_missing(path: &Path) -> std::io::Result<()> {
    match OpenOptions::new().write(true).create_new(true).mode(MODE).open(path) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        outcome => outcome.map(drop),
    }
}

/// The files that SQLite keeps beside a database while it is open.
const COMPANIONS: [&str; 3] = ["-wal", "-shm", "-journal"];

/// Whether `path` is a file of a vault that is open in this process: the database itself, its
/// `-wal`, `-shm` or `-journal`, under this or another name.
///
/// Such a file must not be opened by other means than this crate: closing it again would take
/// the database's locks away. The answer comes from the identity of the file, without opening it.
///
/// # Errors
///
/// If `path` cannot be looked at.
///
/// # Examples
///
/// ```
/// # let dir = tempfile::tempdir()?;
/// let path = dir.path().join("app.db");
/// let vault = kvault::KVault::open(&path)?;
/// assert!(kvault::is_open_vault_file(&path)?);
/// assert!(!kvault::is_open_vault_file(dir.path())?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn is_open_vault_file(path: impl AsRef<Path>) -> std::io::Result<bool> {
    let asked = FileId::of(path.as_ref())?;
    Ok(is_among(&registry::open_files(), asked))
}

fn is_among(open: &[(FileId, Arc<Path>)], asked: FileId) -> bool {
    // The database may have been moved: it is known by what it is. Its companions go by its name.
    open.iter().any(|(file, path)| {
        *file == asked
            || companions(path).any(|path| FileId::of(&path).is_ok_and(|file| file == asked))
    })
}

fn companions(path: &Path) -> impl Iterator<Item = PathBuf> {
    COMPANIONS.iter().map(move |ending| {
        let mut name = OsString::from(path);
        name.push(ending);
        PathBuf::from(name)
    })
}

/// A file of somebody else's, open for reading.
///
/// It may become a vault's while it is open: then closing it would take that vault's locks away,
/// and it stays open for good.
pub(crate) struct ForeignFile {
    /// There until it is dropped.
    file: Option<File>,
    id: FileId,
}

impl ForeignFile {
    /// `None` if it is a vault's.
    pub(crate) fn open(path: &Path) -> std::io::Result<Option<Self>> {
        if is_open_vault_file(path)? {
            return Ok(None);
        }
        // Not under the registry's lock: to open a pipe may take for ever. What is opened as a
        // vault in between is noticed below.
        let id = FileId::of(path)?;
        let mut file = Self { file: Some(File::open(path)?), id };
        // Another one may have come in its place before it was opened.
        file.id = FileId::in_meta(&file.get()?.metadata()?);
        Ok((!file.became_a_vaults()).then_some(file))
    }

    pub(crate) fn get(&self) -> std::io::Result<&File> {
        self.file.as_ref().ok_or_else(|| std::io::ErrorKind::NotConnected.into())
    }

    /// Whether a vault has it open by now.
    pub(crate) fn became_a_vaults(&self) -> bool {
        is_among(&registry::open_files(), self.id)
    }
}

impl std::io::Read for ForeignFile {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        self.get()?.read(into)
    }
}

impl Drop for ForeignFile {
    fn drop(&mut self) {
        let leaked = registry::while_none_opens(|open| {
            let leaked = is_among(open, self.id);
            if leaked {
                std::mem::forget(self.file.take());
            } else {
                drop(self.file.take());
            }
            leaked
        });
        // Not under the registry's lock: who hears of it may ask it something.
        if leaked {
            crate::log::warning!("a file became a vault's while it was read: it stays open");
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests;
