//! Sees what is synced to the disk, and makes that fail on wish.
//!
//! A program's own `fsync` and `fdatasync` stand before the C library's, also for SQLite. Nothing
//! else shows whether an acknowledged write has reached the disk.
#![allow(unsafe_code, reason = "to stand in for two functions of the C library")]

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Mutex,
};

use libc::{c_int, c_long};

static FILES: Mutex<BTreeMap<PathBuf, File>> = Mutex::new(BTreeMap::new());

#[derive(Default)]
struct File {
    syncs: u64,
    broken: bool,
    breaks_once: bool,
}

fn with<T>(path: &Path, look: impl FnOnce(&mut File) -> T) -> T {
    let folder = path.parent().unwrap().canonicalize().unwrap();
    let path = folder.join(path.file_name().unwrap());
    look(FILES.lock().unwrap().entry(path).or_default())
}

/// How often a file was synced.
pub(crate) fn count(path: &Path) -> u64 {
    with(path, |file| file.syncs)
}

/// From now on syncing this file fails, or works again.
pub(crate) fn set_broken(path: &Path, broken: bool) {
    with(path, |file| file.broken = broken);
}

/// The next sync of this file fails.
pub(crate) fn break_next(path: &Path) {
    with(path, |file| file.breaks_once = true);
}

fn sync(fd: c_int, call: c_long) -> c_int {
    if let Ok(path) = std::fs::read_link(format!("/proc/self/fd/{fd}")) {
        let mut files = FILES.lock().unwrap();
        let file = files.entry(path).or_default();
        file.syncs += 1;
        if std::mem::take(&mut file.breaks_once) || file.broken {
            // SAFETY: a thread's own error number may always be written.
            unsafe { *libc::__errno_location() = libc::EIO };
            return -1;
        }
    }
    // SAFETY: both calls take one descriptor and touch no memory of ours.
    let result = unsafe { libc::syscall(call, fd) };
    c_int::try_from(result).unwrap_or(-1)
}

// SAFETY: does what the C library's does, with the same signature, and counts.
#[unsafe(no_mangle)]
extern "C" fn fsync(fd: c_int) -> c_int {
    sync(fd, libc::SYS_fsync)
}

// SAFETY: as above.
#[unsafe(no_mangle)]
extern "C" fn fdatasync(fd: c_int) -> c_int {
    sync(fd, libc::SYS_fdatasync)
}
