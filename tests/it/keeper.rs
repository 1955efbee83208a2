//! What happens to the log by itself.

use std::{path::Path, process::Command};

use kvault::{CheckpointMode, CheckpointPolicy, KVault, OptimizeOptions};

use crate::{
    support::{Place, invalid, wait_until},
    syncs,
};

/// Whether the linked SQLite takes checkpoints beside writes. With others only the writer makes
/// them, and the log's file keeps its length.
pub(crate) fn beside_writes(vault: &KVault) -> bool {
    let version = vault.stats().sqlite_version;
    version >= 3_051_003
        || (3_050_007..3_051_000).contains(&version)
        || (3_044_006..3_045_000).contains(&version)
}

/// How many keys the database's file has without its log. Looked up in a copy, which another
/// process makes: this one must not touch the file.
fn keys_without_log(place: &Place) -> u64 {
    let copy = Place::new();
    let copied = Command::new("cp").arg(place.file()).arg(copy.file()).status();
    assert!(copied.unwrap().success());
    // Made while somebody writes to it, it may be anything.
    copy.try_open(|options| options).and_then(|vault| vault.len()).unwrap_or(0)
}

fn auto(pages: u32) -> CheckpointPolicy {
    CheckpointPolicy::Auto { pages, wal_limit: 1 << 30 }
}

#[test]
fn an_idle_log_is_moved_into_the_database_and_cut() {
    let place = Place::new();
    let vault = place.open_with(|options| options.checkpoint(auto(1_000_000)));
    let reader = vault.reader().unwrap();
    for round in 1..=3_u64 {
        for i in 0..20_u64 {
            vault.put_bytes((100 * round + i).to_le_bytes(), "value").unwrap();
        }
        // Some views are left behind.
        assert_eq!(reader.len().unwrap(), 20 * round);
        assert_eq!(vault.len().unwrap(), 20 * round);
        assert!(vault.stats().wal_bytes > 0);
        if beside_writes(&vault) {
            wait_until("the log is cut", || vault.stats().wal_bytes == 0);
            assert_eq!(keys_without_log(&place), 20 * round);
        } else {
            wait_until("the log is moved", || keys_without_log(&place) == 20 * round);
        }
    }
    assert!(vault.health().is_good());
}

#[test]
fn the_log_is_moved_while_writes_go_on() {
    let place = Place::new();
    let vault = place.open_with(|options| options.page_size(4_096).checkpoint(auto(20)));
    let before = place.file().metadata().unwrap().len();
    // Long before anybody could think that it is idle.
    let mut i = 0_u32;
    wait_until("the file grows", || {
        vault.put_bytes(i.to_le_bytes(), [7; 2_000]).unwrap();
        i += 1;
        place.file().metadata().unwrap().len() > before + 200_000
    });
    assert!(!beside_writes(&vault) || vault.stats().checkpoints > 0);
    wait_until("the log is begun anew", || {
        let length = vault.stats().wal_bytes;
        for _ in 0..200 {
            vault.put_bytes(i.to_le_bytes(), [7; 2_000]).unwrap();
            i += 1;
        }
        vault.stats().wal_bytes == length
    });
    assert_eq!(vault.len().unwrap(), u64::from(i));
}

/// Whatever else puts something into the log, without a write of ours after it.
#[test]
fn what_an_optimize_leaves_in_the_log_is_moved_too() {
    let place = Place::new();
    let vault = place.open();
    vault.put_many_bytes((0..500_u32).map(|i| (i.to_le_bytes(), [7; 20_000]))).unwrap();
    vault.clear().unwrap();
    vault.checkpoint(CheckpointMode::Truncate).unwrap();
    assert!(vault.stats().file_bytes > 10_000_000);
    // Long enough for the keeper to find that there is nothing to do.
    let other = Place::new();
    let witness = other.open();
    witness.put_bytes("key", "value").unwrap();
    wait_until("a log is moved elsewhere", || {
        if beside_writes(&witness) {
            witness.stats().wal_bytes == 0
        } else {
            keys_without_log(&other) == 1
        }
    });
    let report = vault.optimize(OptimizeOptions::default()).unwrap();
    wait_until("the file is as short as was said", || {
        vault.stats().file_bytes == report.bytes_after
    });
}

#[test]
fn a_log_that_is_left_to_others_is_left_alone() {
    let place = Place::new();
    let external = CheckpointPolicy::External;
    let vault = place.open_with(|options| options.checkpoint(external));
    let reader = vault.reader().unwrap();
    for i in 0..50_u32 {
        vault.put_bytes(i.to_le_bytes(), [7; 20_000]).unwrap();
    }
    assert_eq!(reader.len().unwrap(), 50);
    let (log, file) = (vault.stats().wal_bytes, vault.stats().file_bytes);
    assert!(log > 50 * 20_000);
    // As long as it takes for the log of another vault to be cleared.
    let other = Place::new();
    let witness = other.open();
    for round in 1..=2_u64 {
        witness.put_bytes(round.to_le_bytes(), "value").unwrap();
        wait_until("a log is moved elsewhere", || keys_without_log(&other) == round);
    }
    let modes = [
        CheckpointMode::Passive,
        CheckpointMode::Full,
        CheckpointMode::Restart,
        CheckpointMode::Truncate,
    ];
    for mode in modes {
        let refused = invalid(vault.checkpoint(mode));
        assert_eq!(refused, ("checkpoint".to_owned(), "External".to_owned()));
    }
    let untouched = |place: &Place| {
        let length = |path: &Path| path.metadata().unwrap().len();
        assert_eq!((length(&place.beside("-wal")), length(place.file())), (log, file));
    };
    untouched(&place);
    assert_eq!(vault.stats().checkpoints, 0);
    vault.close().unwrap();
    drop(reader);
    untouched(&place);
    let vault = place.open_with(|options| options.checkpoint(external).read_only(true));
    assert_eq!(vault.len().unwrap(), 50);
    drop(vault);
    untouched(&place);
    // Whoever does it finds everything.
    place.open().close().unwrap();
    assert!(!place.beside("-wal").exists());
    assert_eq!(keys_without_log(&place), 50);
}

/// SQLite leaves that to who moves the last of the log. That may be the writer, and the next write
/// would wait until hundreds of megabytes are on the disk.
#[test]
fn much_that_is_moved_is_synced_although_more_is_left() {
    let place = Place::new();
    // Not before the log is idle, so that it does not begin in between.
    let vault = place.open_with(|options| options.checkpoint(auto(1_000_000)));
    if !beside_writes(&vault) {
        return;
    }
    let before = syncs::count(place.file());
    vault.put_bytes("long", vec![7; 70 << 20]).unwrap();
    // What comes after it cannot be moved as long as it lives.
    let snapshot = vault.snapshot().unwrap();
    vault.put_bytes("key", "value").unwrap();
    wait_until("the database is synced", || syncs::count(place.file()) > before);
    assert_eq!(snapshot.len().unwrap(), 1);
}

/// It is tried over and over, and nothing comes of it.
#[test]
fn what_cannot_be_moved_is_not_synced_for() {
    let place = Place::new();
    let vault = place.open_with(|options| options.checkpoint(auto(10)));
    vault.put_bytes("key", "value").unwrap();
    // With a log that is empty, there is no reason to sync before the value is there.
    vault.checkpoint(CheckpointMode::Truncate).unwrap();
    let snapshot = vault.snapshot().unwrap();
    let before = syncs::count(place.file());
    vault.put_bytes("long", vec![7; 70 << 20]).unwrap();
    let tries = vault.stats().checkpoints;
    wait_until("it is tried", || vault.stats().checkpoints > tries + 5);
    assert_eq!(syncs::count(place.file()), before);
    assert_eq!(snapshot.len().unwrap(), 1);
}
