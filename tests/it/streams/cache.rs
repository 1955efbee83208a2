//! Streams and the write cache.

use std::{
    collections::BTreeSet,
    io::Read,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use kvault::{CacheOptions, Cas, Durability, Error, KVault, Stored};

use super::{LARGE, bytes, in_chunks};
use crate::support::{Place, assert_err, wait_until};

fn cached(place: &Place) -> KVault {
    let vault = place.open();
    vault.enable_cache(CacheOptions::default()).unwrap();
    vault
}

/// A stream that is in the cache and cannot be flushed: another program has the file's lock.
fn pending(vault: &KVault, value: &[u8]) {
    let vault = vault.with_write_timeout(Duration::ZERO);
    // Accepted, although its flush fails: it is in the cache.
    vault.put_reader("k", value, in_chunks()).unwrap();
}

fn impatient(place: &Place) -> KVault {
    let vault =
        place.open_with(|options| options.busy_timeout(Duration::from_millis(1)).retries(1));
    vault.enable_cache(CacheOptions::default()).unwrap();
    vault
}

#[test]
fn what_is_pending_is_read_from_the_cache() {
    let place = Place::new();
    let vault = impatient(&place);
    vault.put_bytes("k", "before").unwrap();
    vault.put_bytes("z", "z").unwrap();
    vault.flush().unwrap();
    let value = bytes(LARGE);
    let lock = place.raw_with_lock();
    pending(&vault, &value);
    assert_eq!(vault.stats().dirty_entries, 1);
    assert!(vault.get_bytes("k").unwrap().unwrap() == value);
    assert!(vault.get_many_stored(["z", "k"]).unwrap()[1].as_ref().unwrap().as_bytes() == value);
    assert!(vault.contains_key("k").unwrap());
    assert_eq!(vault.len().unwrap(), 2);
    let mut copy = Vec::new();
    vault.get_to_writer("k", &mut copy, in_chunks()).unwrap();
    assert!(copy == value);
    assert_eq!(vault.keys().map(Result::unwrap).collect::<Vec<_>>(), [b"k", b"z"]);
    assert!(vault.iter().next().unwrap().unwrap().1.as_bytes() == value);
    let snapshot = vault.snapshot().unwrap();
    let mut blob = vault.open_blob("k").unwrap();
    assert_eq!(blob.read_at(&mut [0; 10], 100).unwrap(), 10);

    // What comes later is newer.
    vault.put_bytes("k", "after").unwrap();
    assert_eq!(vault.get_bytes("k").unwrap().unwrap(), b"after");
    drop(lock);
    vault.flush().unwrap();
    assert_eq!(vault.get_bytes("k").unwrap().unwrap(), b"after");
    assert!(snapshot.get_bytes("k").unwrap().unwrap() == value);
    copy.clear();
    blob.read_to_end(&mut copy).unwrap();
    assert!(copy == value);
    drop((snapshot, blob));
    vault.close().unwrap();
    assert_eq!(place.open().get_bytes("k").unwrap().unwrap(), b"after");
}

#[test]
fn what_is_pending_is_flushed_when_that_works_again() {
    let place = Place::new();
    let vault = impatient(&place);
    let value = bytes(LARGE);
    let lock = place.raw_with_lock();
    pending(&vault, &value);
    assert!(!vault.health().is_good());
    drop(lock);
    wait_until("it is flushed", || vault.stats().dirty_entries == 0);
    let found: Vec<u8> =
        place.raw().query_row("SELECT value FROM kv", [], |row| row.get(0)).unwrap();
    assert!(found == value);
    assert!(vault.health().is_good());
}

#[test]
fn a_close_flushes_what_is_pending() {
    let place = Place::new();
    let vault = impatient(&place);
    let value = bytes(LARGE);
    let lock = place.raw_with_lock();
    pending(&vault, &value);
    assert_err!(vault.close(), Error::DatabaseBusy { .. });
    drop(lock);
    vault.close().unwrap();
    super::left_nothing_behind(&place);
    assert!(place.open().get_bytes("k").unwrap().unwrap() == value);
}

#[test]
fn what_is_pending_can_be_compared_and_deleted() {
    let place = Place::new();
    let vault = impatient(&place);
    let value = bytes(LARGE);
    let lock = place.raw_with_lock();
    pending(&vault, &value);
    // To compare it is to flush it.
    assert_err!(vault.compare_and_swap("k", None, None), Error::DatabaseBusy { .. });
    drop(lock);
    let stored = Stored::raw(value);
    assert_eq!(
        vault.compare_and_swap("k", None, None).unwrap(),
        Cas::Conflict(Some(stored.clone()))
    );
    let lock = place.raw_with_lock();
    pending(&vault, stored.as_bytes());
    assert!(vault.delete("k").unwrap() && !vault.contains_key("k").unwrap());
    drop(lock);
    vault.put_reader("k", stored.as_bytes(), in_chunks()).unwrap();
    assert_eq!(vault.compare_and_swap("k", Some(&stored), None).unwrap(), Cas::Swapped);
    vault.flush().unwrap();
    assert!(vault.is_empty().unwrap());
}

#[test]
fn a_long_stream_does_not_count_in_the_budget() {
    let place = Place::new();
    let vault = place.open();
    vault.enable_cache(CacheOptions::default().cap_bytes(100_000)).unwrap();
    let value = bytes(LARGE);
    let lock = vault.lock_cache().unwrap();
    vault.put_bytes("a", "1").unwrap();
    // It would have to wait for its commit, as anything does that is larger than the cache.
    assert_err!(vault.put_reader("k", &value[..], in_chunks()), Error::CacheLocked);
    vault.put_reader("small", &value[..1_000], in_chunks()).unwrap();
    lock.unlock().unwrap();
    vault.put_reader("k", &value[..], in_chunks()).unwrap();
    let stats = vault.stats();
    assert_eq!((stats.dirty_entries, stats.cache_locks), (0, 0));
    assert!(vault.get_bytes("k").unwrap().unwrap() == value);
}

#[test]
fn other_handles_are_as_durable_as_they_say() {
    let place = Place::new();
    let vault = cached(&place);
    let value = bytes(LARGE);
    for durability in [Durability::Process, Durability::Power] {
        let handle = vault.with_durability(durability);
        vault.put_bytes("k", "pending").unwrap();
        handle.put_reader("k", &value[..], in_chunks()).unwrap();
        let found: Vec<u8> =
            place.raw().query_row("SELECT value FROM kv", [], |row| row.get(0)).unwrap();
        assert!(found == value, "{durability:?}");
    }
}

/// Streams, puts, deletes, flushes and switching, all on a few keys: what was written last is there.
#[test]
fn everything_at_once_keeps_its_order() {
    let place = Place::new();
    let vault = place.open();
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        for key in ["a", "b", "c"] {
            let vault = place.open();
            scope.spawn(move || {
                for round in 0..30_u8 {
                    let value = vec![round; LARGE / 4 + usize::from(round)];
                    match round % 4 {
                        0 | 1 => drop(vault.put_reader(key, &value[..], in_chunks()).unwrap()),
                        2 => vault.put_bytes(key, &value[..10]).unwrap(),
                        _ => drop(vault.delete(key).unwrap()),
                    }
                    let found = vault.get_bytes(key).unwrap();
                    match round % 4 {
                        0 | 1 => assert!(found.unwrap() == value),
                        2 => assert_eq!(found.unwrap(), value[..10]),
                        _ => assert_eq!(found, None),
                    }
                }
            });
        }
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                vault.enable_cache(CacheOptions::default()).unwrap();
                vault.put_bytes("d", "1").unwrap();
                vault.flush().unwrap();
                vault.disable_cache().unwrap();
            }
        });
        scope.spawn(|| {
            let known: BTreeSet<&[u8]> = [&b"a"[..], b"b", b"c", b"d"].into();
            for _ in 0..50 {
                for row in &vault {
                    let (key, value) = row.unwrap();
                    let first = value.as_bytes().first();
                    assert!(known.contains(&key[..]));
                    assert!(value.as_bytes().iter().all(|byte| Some(byte) == first), "a mixture");
                }
            }
            stop.store(true, Ordering::Relaxed);
        });
    });
    assert!(vault.health().is_good());
}

/// Its file takes room, and its flush takes as much: what was put before is committed first, and
/// while that cannot be there is no second one.
#[test]
fn one_waits_for_what_was_put_before_it() {
    let place = Place::new();
    let vault = place.open_with(|options| options.retries(1).busy_timeout(Duration::ZERO));
    vault.enable_cache(CacheOptions::default()).unwrap();
    vault.put_bytes("before", "1").unwrap();
    let raw = place.raw();
    raw.execute_batch("BEGIN IMMEDIATE").unwrap();
    let value = bytes(LARGE);
    assert_err!(vault.put_reader("k", &value[..], in_chunks()), Error::DatabaseBusy { .. });
    assert_eq!(vault.get_bytes("k").unwrap(), None);
    assert_eq!(vault.get_bytes("before").unwrap().unwrap(), b"1");
    raw.execute_batch("COMMIT").unwrap();
    vault.put_reader("k", &value[..], in_chunks()).unwrap();
    let stored: i64 = raw.query_row("SELECT count(*) FROM kv", [], |row| row.get(0)).unwrap();
    assert_eq!(stored, 2);
}
