use std::path::Path;

use super::{FileId, ForeignFile};
use crate::KVault;

/// Locks of this process on a file.
fn locks(path: &Path) -> usize {
    let inode = FileId::of(path).map(|id| id.inode);
    let (ours, file) = (format!(" {} ", std::process::id()), format!(":{} ", inode.unwrap_or(0)));
    let all = std::fs::read_to_string("/proc/locks").unwrap_or_default();
    all.lines().filter(|line| line.contains(&ours) && line.contains(&file)).count()
}

#[test]
fn a_file_that_becomes_a_vaults_is_not_closed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.db");
    KVault::open(&path).unwrap().close().unwrap();
    let file = ForeignFile::open(&path).unwrap().unwrap();
    assert!(!file.became_a_vaults());
    let vault = KVault::open(&path).unwrap();
    vault.put_bytes("a", "1").unwrap();
    let before = locks(&path);
    assert!(before > 0, "a vault that is open has a lock");
    assert!(file.became_a_vaults());
    drop(file);
    assert_eq!(locks(&path), before);
    assert!(ForeignFile::open(&path).unwrap().is_none());
}

#[test]
fn the_log_is_a_vaults_too() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.db");
    let log = dir.path().join("a.db-wal");
    std::fs::write(&log, "").unwrap();
    let file = ForeignFile::open(&log).unwrap().unwrap();
    let vault = KVault::open(&path).unwrap();
    vault.put_bytes("a", "1").unwrap();
    assert!(file.became_a_vaults());
}
