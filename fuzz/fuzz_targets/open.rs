//! A vault's file in which bytes were changed, cut off or added: whatever is asked of it, it
//! answers, with a value or with an error.

#![no_main]

use std::{fs, path::Path, sync::LazyLock, time::Duration};

use kvault::{CheckpointPolicy, KVault, OptimizeOptions};
use libfuzzer_sys::fuzz_target;

/// A file with a few pages of rows, and one that was overwritten and deleted from.
static SOUND: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("sound.db");
    let vault = options().open(&path).expect("a vault");
    for i in 0..60_u8 {
        vault.put_bytes([i], vec![i; usize::from(i) * 20]).expect("a put");
    }
    vault.put("text", "a value with a header").expect("a put");
    vault.table("other").expect("a table").put("n", &7).expect("a put");
    for i in 0..20_u8 {
        vault.delete([i]).expect("a delete");
    }
    vault.close().expect("a close");
    fs::read(path).expect("the file")
});

fn options() -> kvault::Options {
    KVault::options()
        .page_size(512)
        .mmap_size(0)
        .busy_timeout(Duration::ZERO)
        .retries(1)
        .checkpoint(CheckpointPolicy::Auto { pages: 1_000_000, wal_limit: 1 << 30 })
}

fuzz_target!(|data: &[u8]| {
    let mut bytes = SOUND.clone();
    // Three bytes each: where, and what to put there. What is left is the log.
    let (changes, log) = data.split_at(data.len().min(60));
    for change in changes.chunks_exact(3) {
        let at = usize::from(u16::from_le_bytes([change[0], change[1]])) % bytes.len();
        bytes[at] = change[2];
    }
    if let [a, b] = changes.chunks_exact(3).remainder() {
        bytes.truncate(usize::from(u16::from_le_bytes([*a, *b])));
    }
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("vault.db");
    fs::write(&path, bytes).expect("the file");
    if !log.is_empty() {
        fs::write(dir.path().join("vault.db-wal"), log).expect("the log");
    }
    use_it(&path);
});

/// Every error is fine; a panic, a hang, or a bad access is not.
fn use_it(path: &Path) {
    let Ok(vault) = options().open(path) else { return };
    drop(vault.len());
    drop(vault.tables());
    for i in 0..60_u8 {
        drop(vault.get_bytes([i]));
    }
    drop(vault.get_value("text"));
    vault.iter().take(200).for_each(drop);
    vault.keys().rev().take(200).for_each(drop);
    drop(vault.put_bytes("new", [1; 300]));
    drop(vault.put_many_bytes([([3], "x"), ([200], "y")]));
    drop(vault.delete([30]));
    drop(vault.table("other").and_then(|other| other.increment("n", 1)));
    drop(vault.optimize(OptimizeOptions::default()));
    drop(vault.clear());
    drop(vault.close());
}
