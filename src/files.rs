//! Which files on disk belong to the vaults that are open in this process.
//!
//! A process that opens and closes one of them by itself, if only to copy it, drops every lock
//! that SQLite holds on it: that is how POSIX locks work. So whoever walks a tree asks first.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::sync::Mutex;

static OPEN: Mutex<Vec<Arc<Path>>> = Mutex::new(Vec::new());

/// The files that SQLite keeps beside a database while it is open.
const COMPANIONS: [&str; 3] = ["-wal", "-shm", "-journal"];

/// Keeps a path on the list of what is open.
#[derive(Debug)]
pub(crate) struct Presence(Arc<Path>);

impl Presence {
    /// The file must be there already: SQLite puts the others beside what a link points to.
    pub(crate) fn announce(path: &Path) -> Self {
        let path: Arc<Path> = std::fs::canonicalize(path)
            .unwrap_or_else(|_| path.to_owned())
            .into();
        OPEN.lock().push(Arc::clone(&path));
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        let mut open = OPEN.lock();
        if let Some(at) = open.iter().position(|path| *path == self.0) {
            open.swap_remove(at);
        }
    }
}

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
    let asked = identity(path.as_ref())?;
    let open = OPEN.lock().clone();
    Ok(open
        .iter()
        .flat_map(|path| with_companions(path))
        .any(|path| {
            // Those that are not there at present are not the one that was asked for.
            identity(&path).is_ok_and(|ours| ours == asked)
        }))
}

fn with_companions(path: &Path) -> impl Iterator<Item = PathBuf> {
    let beside = COMPANIONS.map(|ending| {
        let mut name = OsString::from(path);
        name.push(ending);
        PathBuf::from(name)
    });
    std::iter::once(path.to_owned()).chain(beside)
}

#[cfg(unix)]
fn identity(path: &Path) -> std::io::Result<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    let meta = std::fs::metadata(path)?;
    Ok((meta.dev(), meta.ino()))
}

/// Other systems have no such locks; a path stands for its file there.
#[cfg(not(unix))]
fn identity(path: &Path) -> std::io::Result<PathBuf> {
    std::fs::canonicalize(path)
}
