//! What makes a file the same file, and which files belong to the vaults open in this process.

use std::{
    ffi::OsString,
    fs::OpenOptions,
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

/// A file, whatever it is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    /// Looks at the folder's entry, and never opens the file.
    pub(crate) fn of(path: &Path) -> std::io::Result<Self> {
        let meta = std::fs::metadata(path)?;
        Ok(Self { device: meta.dev(), inode: meta.ino() })
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
    let open = crate::registry::open_files();
    // The database may have been moved: it is known by what it is. Its companions go by its name.
    Ok(open.iter().any(|(file, path)| {
        *file == asked
            || companions(path).any(|path| FileId::of(&path).is_ok_and(|file| file == asked))
    }))
}

fn companions(path: &Path) -> impl Iterator<Item = PathBuf> {
    COMPANIONS.iter().map(move |ending| {
        let mut name = OsString::from(path);
        name.push(ending);
        PathBuf::from(name)
    })
}
