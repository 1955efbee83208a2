//! Tidying up the file: `KVault::optimize`.

use std::{os::unix::fs::MetadataExt, time::Duration};

use crate::{Error, Result, store};

/// What [`KVault::optimize`](crate::KVault::optimize) is to do.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct OptimizeOptions {
    /// Whether the file is written anew without the pages that hold nothing. Default: true.
    pub vacuum: bool,
}

impl Default for OptimizeOptions {
    fn default() -> Self {
        Self { vacuum: true }
    }
}

impl OptimizeOptions {
    /// Whether the file is written anew without the pages that hold nothing. Default: true.
    #[must_use]
    pub fn vacuum(mut self, vacuum: bool) -> Self {
        self.vacuum = vacuum;
        self
    }
}

/// What [`KVault::optimize`](crate::KVault::optimize) did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct OptimizeReport {
    /// Bytes of the file before.
    pub bytes_before: u64,
    /// Bytes of the file afterwards.
    pub bytes_after: u64,
    /// Bytes of it that held nothing before.
    pub free_before: u64,
    /// Bytes of it that hold nothing afterwards.
    pub free_after: u64,
    /// How long it took. No write was made meanwhile.
    pub elapsed: Duration,
}

/// Refuses a vacuum that would run into a full disk: it writes a copy of what the file holds to a
/// temporary file and then, through the log, into the file itself.
pub(crate) fn check_space(path: &std::path::Path, needed: u64) -> Result<()> {
    let beside = path.parent().unwrap_or(path);
    let temporary = temporary_folder();
    let device = |folder| std::fs::metadata(folder).map(|meta| meta.dev()).ok();
    let shared = device(beside) == device(temporary.as_path());
    let needed = if shared { needed.saturating_mul(2) } else { needed };
    for folder in [beside, &temporary] {
        let free = store::free_space(folder)
            .map_err(|error| Error::io(format!("see how full {} is", folder.display()), error))?;
        if free < needed {
            return Err(Error::Full {
                action: format!("vacuum: it needs {needed} bytes in {}", folder.display()),
                source: std::sync::Arc::new(std::io::Error::other(format!(
                    "{free} bytes are free"
                ))),
            });
        }
    }
    Ok(())
}

/// Where SQLite puts its temporary files on Unix: the first of these that is there
/// (documentation of temporary files, "Temporary File Storage Locations").
fn temporary_folder() -> std::path::PathBuf {
    let named = ["SQLITE_TMPDIR", "TMPDIR"].into_iter().filter_map(std::env::var_os);
    let usual = ["/var/tmp", "/usr/tmp", "/tmp"].into_iter().map(Into::into);
    let mut all = named.chain(usual).map(std::path::PathBuf::from);
    all.find(|folder| folder.is_dir()).unwrap_or_else(|| ".".into())
}
