//! What the tests of a vault's life look at: threads and descriptors of a process, a folder, a file.

use std::{fs, path::Path};

use kvault::KVault;

use crate::support::connect;

/// Names of the threads of this process that a vault started.
pub(crate) fn threads() -> Vec<String> {
    let tasks = fs::read_dir("/proc/self/task").unwrap();
    // One may end while it is looked at.
    let names = tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("comm")).ok());
    names.filter(|name| name.starts_with("kvault-")).collect()
}

/// How many descriptors of this process lead into a folder, to files that are gone too.
pub(crate) fn descriptors(folder: &Path) -> usize {
    let open = fs::read_dir("/proc/self/fd").unwrap();
    let files = open.filter_map(|fd| fs::read_link(fd.ok()?.path()).ok());
    files.filter(|file| file.starts_with(folder)).count()
}

/// Names of what is in a folder, in order.
pub(crate) fn entries(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Checks that a file is sound, that a vault can be opened on it that takes writes, and that it
/// has so many keys.
#[track_caller]
pub(crate) fn check_file(path: &Path, keys: u64) {
    let vault = KVault::open(path).unwrap();
    assert_eq!(vault.len().unwrap(), keys, "keys in {}", path.display());
    vault.put_bytes("a key of nobody", "value").unwrap();
    assert!(vault.delete("a key of nobody").unwrap());
    vault.close().unwrap();
    let sound: String =
        connect(path).query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(sound, "ok", "of {}", path.display());
}
