//! Where the file of a vault is, and making room for it.

use std::{
    fs::File,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use crate::{Error, Result, options::EngineOptions, sync::Arc};

/// The path that means: no file that outlives the vault.
const IN_MEMORY: &str = ":memory:";

/// The place of a vault's file.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) path: Arc<Path>,
    /// Removed with the vault. SQLite's own in-memory databases have no log: readers and the
    /// writer would wait for each other.
    pub(crate) temporary: Option<TempDir>,
}

impl Place {
    /// Checks a path, makes the folders above it, and makes it absolute: the program may change
    /// its working folder while readers still open connections.
    pub(crate) fn prepare(path: &Path, options: &EngineOptions) -> Result<Self> {
        let refuse = |why: &str| Err(Error::invalid("path", path.display(), why));
        if path.as_os_str().is_empty() {
            return refuse("is empty");
        }
        if path.as_os_str().as_encoded_bytes().contains(&0) {
            return refuse("must not hold a NUL byte");
        }
        if path == Path::new(IN_MEMORY) {
            if options.read_only {
                return refuse("has nothing to read");
            }
            return Self::temporary();
        }
        let absolute = std::path::absolute(path)
            .map_err(|error| Error::io(format!("find {}", path.display()), error))?;
        match std::fs::metadata(&absolute) {
            Ok(meta) if meta.is_dir() => return refuse("is a folder, not a file"),
            // To open a pipe would wait for somebody at its other end.
            Ok(meta) if !meta.is_file() => return refuse("is not a regular file"),
            Ok(_) => {}
            Err(error) if options.read_only || !options.create => {
                return Err(Error::io(format!("open {}", absolute.display()), error));
            }
            Err(_) => {
                if let Some(folder) = absolute.parent() {
                    make_folders(folder)?;
                }
            }
        }
        Ok(Self { path: real(&absolute)?.into(), temporary: None })
    }

    fn temporary() -> Result<Self> {
        let failed = |error| Error::io("make a temporary folder", error);
        // What is in memory is nobody else's to read.
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        let folder = tempfile::Builder::new().prefix("kvault-").permissions(private).tempdir();
        let folder = folder.map_err(failed)?;
        Ok(Self { path: folder.path().join("memory.db").into(), temporary: Some(folder) })
    }
}

/// Where the file is behind all links: SQLite puts the log beside it, not beside the link.
fn real(path: &Path) -> Result<PathBuf> {
    let failed = |error| Error::io(format!("find {}", path.display()), error);
    match (path.canonicalize(), path.parent(), path.file_name()) {
        (Ok(path), ..) => Ok(path),
        // It is still to be made.
        (Err(_), Some(folder), Some(name)) => {
            folder.canonicalize().map(|folder| folder.join(name)).map_err(failed)
        }
        (Err(error), ..) => Err(failed(error)),
    }
}

/// Makes missing folders, and puts each new entry on the disk: a vault that promises to survive a
/// power failure must not vanish with its folder.
fn make_folders(folder: &Path) -> Result<()> {
    let missing: Vec<PathBuf> =
        folder.ancestors().take_while(|folder| !folder.exists()).map(PathBuf::from).collect();
    let failed = |error| Error::io(format!("make the folder {}", folder.display()), error);
    std::fs::create_dir_all(folder).map_err(failed)?;
    for parent in missing.iter().filter_map(|made| made.parent()) {
        // A folder that cannot be synced is one whose file system does not offer it.
        if let Ok(parent) = File::open(parent) {
            drop(parent.sync_all());
        }
    }
    Ok(())
}
