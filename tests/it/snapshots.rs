//! One instant, looked at while everything goes on.

use std::{thread, time::Duration};

use kvault::{
    CacheOptions, CheckpointMode, CheckpointPolicy, Error, KVault, OptimizeOptions, Options,
    Snapshot, WriteBatch,
};

use crate::{
    api::call_a_snapshot,
    atomic::in_every_mode,
    support::{Place, assert_err, ends, invalid, wait_until},
    transactions::{bank, keys_of_accounts},
};

fn keys(snapshot: &Snapshot) -> Vec<Vec<u8>> {
    snapshot.keys().map(Result::unwrap).collect()
}

#[test]
fn it_stays_what_it_is() {
    in_every_mode(|vault| {
        vault.put_many((0..2_000_u32).map(|n| (n.to_be_bytes(), n))).unwrap();
        vault.flush().unwrap();
        vault.put([0xFF], "dirty").unwrap();
        vault.delete(7_u32.to_be_bytes()).unwrap();
        let snapshot = vault.snapshot().unwrap();
        let check = || {
            assert_eq!(snapshot.get::<String>([0xFF]).unwrap().unwrap(), "dirty");
            assert_eq!(snapshot.get::<u32>(7_u32.to_be_bytes()).unwrap(), None);
            assert_eq!(snapshot.fetch::<u32>(8_u32.to_be_bytes()).unwrap(), 8);
            assert!(snapshot.contains_key([0xFF]).unwrap() && !snapshot.is_empty().unwrap());
            assert!(!snapshot.contains_key("new").unwrap());
            assert!(!snapshot.contains_key(7_u32.to_be_bytes()).unwrap());
            assert_eq!((snapshot.len().unwrap(), snapshot.iter().count()), (2_000, 2_000));
            assert_eq!(snapshot.keys().rev().count(), 2_000);
            assert_eq!(snapshot.values().count(), 2_000);
            assert_eq!(snapshot.count_prefix([0, 0, 0]).unwrap(), 255);
            assert_eq!(snapshot.count_range([0xFE]..).unwrap(), 1);
            assert_eq!(snapshot.first().unwrap().unwrap().0, [0, 0, 0, 0]);
            assert_eq!(snapshot.last().unwrap().unwrap().0, [0xFF]);
            assert_eq!(snapshot.get_many::<u32, _>([[0, 0, 0, 9]]).unwrap(), [Some(9)]);
            assert_eq!(snapshot.get_bytes([0xFF]).unwrap().unwrap(), b"dirty");
            assert!(snapshot.get_value("new").unwrap().is_none());
            let sum: u64 =
                snapshot.range(..[0xFF]).items::<u64>().map(|item| item.unwrap().1).sum();
            assert_eq!(sum, 1_999 * 1_000 - 7);
        };
        check();
        let mut begun = snapshot.iter();
        assert_eq!(begun.next().unwrap().unwrap().0, [0, 0, 0, 0]);
        vault.put("new", &1).unwrap();
        vault.put([0xFF], "changed").unwrap();
        vault.delete_range(..1_000_u32.to_be_bytes()).unwrap();
        check();
        vault.flush().unwrap();
        vault.increment("n", 1).unwrap();
        vault.retain(|_, _| false).unwrap();
        vault.clear().unwrap();
        check();
        assert!(vault.is_empty().unwrap());
        // An iterator keeps it.
        let cursor = begun.cursor();
        assert_eq!(snapshot.resume(&cursor).count(), 1_999);
        let shared = snapshot.clone();
        drop(snapshot);
        assert_eq!(begun.count(), 1_999);
        assert_eq!(shared.len().unwrap(), 2_000);
        drop(shared);
        assert!(vault.stats().snapshots.is_empty());
    });
}

#[test]
fn all_tables_are_of_that_instant() {
    in_every_mode(|vault| {
        let other = vault.table("other").unwrap();
        let both = |n: u32| {
            let mut batch = WriteBatch::new();
            batch.put("n", &n).unwrap().table("other").put("n", &n).unwrap();
            vault.write(&batch).unwrap();
        };
        both(0);
        thread::scope(|scope| {
            let writer = scope.spawn(|| (1..400).for_each(both));
            while !writer.is_finished() {
                let snapshot = vault.snapshot().unwrap();
                let there = snapshot.table("other").unwrap();
                assert_eq!(snapshot.fetch::<u32>("n").unwrap(), there.fetch::<u32>("n").unwrap());
                assert_eq!(there.table_name(), "other");
            }
        });
        assert_eq!(other.fetch::<u32>("n").unwrap(), 399);
        let snapshot = vault.snapshot().unwrap();
        vault.table("later").unwrap();
        assert_eq!(invalid(snapshot.table("later")).0, "table");
        assert_eq!(invalid(snapshot.table("sqlite_x")).0, "table");
    });
}

#[test]
fn all_money_is_there_at_every_instant() {
    in_every_mode(|vault| {
        let sum = || {
            let snapshot = vault.snapshot().unwrap();
            let one_by_one: i64 =
                keys_of_accounts().iter().map(|key| snapshot.fetch::<i64>(key).unwrap()).sum();
            let in_a_row: i64 = snapshot.items::<i64>().map(|item| item.unwrap().1).sum();
            assert_eq!(one_by_one, in_a_row);
            one_by_one
        };
        bank(vault, sum);
    });
}

fn limited(age: Duration) -> impl FnOnce(Options) -> Options {
    move |options| options.snapshot_max_age(age)
}

#[test]
fn it_ends_when_it_is_old() {
    let age = Duration::from_millis(300);
    let place = Place::new();
    let vault = place.open_with(limited(age));
    vault.enable_cache(CacheOptions::default()).unwrap();
    vault.put_many((0..1_000_u32).map(|n| (n.to_be_bytes(), n))).unwrap();
    let snapshot = vault.snapshot().unwrap();
    let mut iter = snapshot.iter();
    iter.next().unwrap().unwrap();
    assert_eq!(vault.stats().snapshots.len(), 1);
    vault.flush().unwrap();
    wait_until("it ends", || vault.stats().snapshots.is_empty());
    assert_err!(snapshot.get::<u32>("n"), Error::SnapshotExpired { age: then } if then >= age);
    assert_err!(snapshot.len(), Error::SnapshotExpired { .. });
    let rest: Vec<_> = iter.collect();
    assert!(rest.len() < 1_000, "what was read already, and the error");
    assert_err!(rest.last().unwrap(), Error::SnapshotExpired { .. });
    for (what, outcome) in call_a_snapshot(&snapshot) {
        assert!(matches!(outcome, Err(Error::SnapshotExpired { .. })), "{what}: {outcome:?}");
    }
    // Nobody has to ask for that: the log can be cut although it is still there.
    vault.checkpoint(CheckpointMode::Truncate).unwrap();
    vault.optimize(OptimizeOptions::default()).unwrap();
    assert_eq!(vault.snapshot().unwrap().len().unwrap(), 1_000);
}

#[test]
fn what_it_costs_is_told() {
    let place = Place::new();
    let vault = place.open_with(|options| {
        options.checkpoint(CheckpointPolicy::Auto { pages: 10, wal_limit: 1 << 30 })
    });
    vault.put_bytes("a", "1").unwrap();
    assert!(vault.stats().snapshots.is_empty());
    let snapshot = vault.snapshot().unwrap();
    let second = vault.snapshot().unwrap();
    assert_eq!(vault.stats().snapshots[0].wal_bytes, 0);
    for n in 0..100_u32 {
        vault.put_bytes(n.to_be_bytes(), vec![7; 40_000]).unwrap();
    }
    let told = vault.stats().snapshots;
    assert_eq!(told.len(), 2);
    assert!(told[0].age >= told[1].age);
    assert!(told[0].wal_bytes >= 100 * 40_000, "{told:?}");
    assert!(vault.stats().wal_bytes >= told[0].wal_bytes);
    drop((snapshot, second));
    vault.checkpoint(CheckpointMode::Truncate).unwrap();
    assert_eq!(vault.stats().wal_bytes, 0);
}

#[test]
fn the_file_is_not_written_anew_beside_it() {
    let place = Place::new();
    let vault = place.open();
    vault.put_bytes("a", "1").unwrap();
    let snapshot = vault.snapshot().unwrap();
    assert_eq!(invalid(vault.optimize(OptimizeOptions::default())).0, "snapshots");
    assert_eq!(snapshot.get_bytes("a").unwrap().unwrap(), b"1");
    drop(snapshot);
    vault.optimize(OptimizeOptions::default()).unwrap();
}

#[test]
fn closing_ends_it() {
    for cached in [false, true] {
        let place = Place::new();
        let vault = place.open();
        if cached {
            vault.enable_cache(CacheOptions::default()).unwrap();
        }
        vault.put_bytes("a", "1").unwrap();
        let snapshot = vault.snapshot().unwrap();
        let mut keys = snapshot.keys();
        vault.close().unwrap();
        assert_err!(snapshot.get_bytes("a"), Error::Closed);
        assert_err!(keys.next().unwrap(), Error::Closed);
        assert_err!(vault.snapshot(), Error::Closed);
        assert!(!place.beside("-wal").exists(), "its connection is gone too");
        // Kept alone, it keeps the vault open as a reader does.
        let vault = place.open();
        let snapshot = vault.snapshot().unwrap();
        drop(vault);
        assert_eq!(snapshot.get_bytes("a").unwrap().unwrap(), b"1");
        ends("dropping a snapshot", move || drop(snapshot));
        wait_until("the vault is closed", || !place.beside("-wal").exists());
    }
}

#[test]
fn without_a_log_there_is_none() {
    let place = Place::new();
    let vault = place.open_with(|options| options.enable_wal(false));
    assert_eq!(invalid(vault.snapshot()).0, "enable_wal");
}

#[test]
fn a_vault_that_may_not_write_has_them_too() {
    let place = Place::new();
    let writer = place.open();
    writer.put_bytes("a", "1").unwrap();
    let reader = place.open_with(|options| options.read_only(true));
    writer.enable_cache(CacheOptions::default()).unwrap();
    writer.put_bytes("b", "2").unwrap();
    assert_eq!(keys(&reader.snapshot().unwrap()), [b"a", b"b"]);
    writer.close().unwrap();
    reader.close().unwrap();
    let reader = place.open_with(|options| options.read_only(true));
    assert_eq!(keys(&reader.snapshot().unwrap()), [b"a", b"b"]);
}

#[test]
fn threads_may_share_it() {
    let place = Place::new();
    let vault: KVault = place.open();
    vault.put_many((0..3_000_u32).map(|n| (n.to_be_bytes(), n))).unwrap();
    let snapshot = vault.snapshot().unwrap();
    thread::scope(|scope| {
        for n in 0..4_u32 {
            let snapshot = &snapshot;
            scope.spawn(move || {
                assert_eq!(snapshot.iter().count(), 3_000);
                assert_eq!(snapshot.fetch::<u32>(n.to_be_bytes()).unwrap(), n);
            });
        }
        vault.clear().unwrap();
    });
    assert_eq!(snapshot.len().unwrap(), 3_000);
}
