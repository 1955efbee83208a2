//! The end of a vault with a cache that is full of what is not in the file yet.

use std::{fs, time::Duration};

use kvault::{CheckpointMode, Error, Health};

use super::{cached, options, rows, stored};
use crate::{
    forks::fork,
    support::{Place, assert_err, ends, wait_until},
    syncs::set_broken,
};

const KEYS: u32 = 10_000;

fn fill(vault: &kvault::KVault) {
    for i in 0..KEYS {
        vault.put_bytes(i.to_be_bytes(), i.to_be_bytes()).unwrap();
    }
}

#[test]
fn closing_and_dropping_flush() {
    let place = Place::new();
    let vault = cached(&place, options());
    fill(&vault);
    vault.close().unwrap();
    assert_err!(vault.put_bytes("a", "1"), Error::Closed);
    assert_err!(vault.get_bytes(0_u32.to_be_bytes()), Error::Closed);
    assert_err!(vault.lock_cache(), Error::Closed);
    let vault = place.open();
    assert_eq!(vault.len().unwrap(), u64::from(KEYS));
    assert!(!vault.stats().cache_enabled);
    vault.enable_cache(options()).unwrap();
    vault.clear().unwrap();
    vault.put_bytes("a", "1").unwrap();
    drop(vault);
    assert_eq!(place.open().len().unwrap(), 1);
}

#[test]
fn without_flush_on_exit_closing_forgets() {
    let place = Place::new();
    let vault = cached(&place, options().flush_on_exit(false));
    vault.put_bytes("flushed", "1").unwrap();
    vault.flush().unwrap();
    vault.put_bytes("forgotten", "1").unwrap();
    vault.close().unwrap();
    let vault = place.open();
    assert_eq!(vault.len().unwrap(), 1);
    assert_eq!(vault.get_bytes("forgotten").unwrap(), None);
}

/// A close that cannot flush says why, and the vault goes on until it can.
#[test]
fn a_close_that_fails_can_be_repeated() {
    let place = Place::new();
    let vault = place.open_with(|options| {
        options.busy_timeout(Duration::ZERO).retries(2).backoff_base(Duration::from_millis(1))
    });
    vault.enable_cache(options()).unwrap();
    let reader = vault.reader().unwrap();
    vault.put_bytes("a", "1").unwrap();
    let lock = place.raw_with_lock();
    for _ in 0..2 {
        assert_err!(vault.close(), Error::DatabaseBusy { .. });
        assert!(!vault.is_closed());
        assert_eq!(reader.get_bytes("a").unwrap().unwrap(), b"1");
        assert!(matches!(vault.health(), Health::Degraded { .. }));
    }
    vault.put_bytes("b", "2").unwrap();
    lock.execute_batch("COMMIT").unwrap();
    vault.close().unwrap();
    assert_eq!(place.open().len().unwrap(), 2);
}

/// A drop that cannot flush leaves the engine to the next open, with all that was put.
#[test]
fn a_drop_that_fails_leaves_it_to_the_next_open() {
    let place = Place::new();
    let open = || {
        place.open_with(|options| {
            let options = options.busy_timeout(Duration::ZERO).retries(1);
            options.close_timeout(Duration::from_millis(50))
        })
    };
    let vault = open();
    vault.enable_cache(options()).unwrap();
    vault.put_bytes("a", "1").unwrap();
    let lock = place.raw_with_lock();
    drop(vault);
    let vault = open();
    assert_eq!(vault.get_bytes("a").unwrap().unwrap(), b"1");
    lock.execute_batch("COMMIT").unwrap();
    wait_until("it is flushed by itself", || vault.stats().dirty_entries == 0);
    assert_eq!(stored(&place.raw(), "a").unwrap(), b"1");
    vault.put_bytes("b", "1").unwrap();
    vault.close().unwrap();
    assert_eq!(place.open().len().unwrap(), 2);
}

/// The disk refuses a sync: nothing more is written, what is in the cache stays readable, and the
/// close tries once more, on a connection that has not failed.
#[test]
fn a_broken_disk_keeps_what_is_pending() {
    let place = Place::new();
    let vault = cached(&place, options());
    let power = vault.with_durability(kvault::Durability::Power);
    vault.put_bytes("a", "1").unwrap();
    set_broken(&place.beside("-wal"), true);
    assert_err!(power.put_bytes("b", "2"), Error::Io { .. });
    assert!(matches!(vault.health(), Health::Broken { .. }));
    // Neither: it could not be flushed.
    assert_err!(vault.put_bytes("c", "3"), Error::Io { .. });
    assert_err!(vault.flush(), Error::Io { .. });
    for key in ["a", "b"] {
        assert!(vault.contains_key(key).unwrap(), "{key}");
    }
    set_broken(&place.beside("-wal"), false);
    vault.close().unwrap();
    let vault = place.open();
    assert_eq!(vault.len().unwrap(), 2);
    vault.put_bytes("d", "4").unwrap();
}

#[test]
fn a_file_that_was_moved_gets_what_was_put_to_it() {
    let place = Place::new();
    let vault = cached(&place, options());
    vault.put_bytes("a", "1").unwrap();
    vault.flush().unwrap();
    vault.put_bytes("b", "2").unwrap();
    let moved = place.dir().join("moved.db");
    fs::rename(place.file(), &moved).unwrap();
    // Another one under the old name: the first ends, with all that it was given.
    let other = place.open();
    assert!(other.is_empty().unwrap());
    assert_err!(vault.put_bytes("c", "3"), Error::Closed);
    let raw = crate::support::connect(&moved);
    let both = [(b"a".to_vec(), b"1".to_vec()), (b"b".to_vec(), b"2".to_vec())];
    assert_eq!(rows(&raw, "kv"), both);
}

#[test]
fn a_forked_child_has_no_part_in_it() {
    let place = Place::new();
    let vault = cached(&place, options());
    let scope = vault.cache(options()).unwrap();
    vault.put_bytes("a", "1").unwrap();
    let lock = vault.lock_cache().unwrap();
    // Each side has its own of these.
    let (mut ours, mut theirs) = (Some((scope, lock)), None);
    fork(|| {
        theirs = ours.take();
        let (scope, lock) = theirs.take().unwrap();
        assert_err!(vault.put_bytes("b", "2"), Error::Forked);
        assert_err!(vault.get_bytes("a"), Error::Forked);
        assert_err!(vault.lock_cache(), Error::Forked);
        assert_err!(vault.disable_cache(), Error::Forked);
        assert_err!(lock.unlock(), Error::Forked);
        assert_err!(scope.finish(), Error::Forked);
    });
    let (scope, lock) = ours.take().unwrap();
    lock.unlock().unwrap();
    assert_eq!(scope.finish().unwrap(), 1);
    vault.put_bytes("b", "2").unwrap();
    vault.close().unwrap();
    assert_eq!(place.open().len().unwrap(), 2);
}

/// Puts, closes and switches of the cache at once: what was acknowledged is in the file.
#[test]
fn a_put_beside_a_close_is_flushed_or_refused() {
    ends("putting beside a close", || {
        for round in 0..30_u32 {
            let place = Place::new();
            let vault = cached(&place, options().cap_bytes(5_000));
            let stored = std::thread::scope(|scope| {
                let writers: Vec<_> = (0..3_u8)
                    .map(|thread| {
                        let vault = vault.clone();
                        scope.spawn(move || {
                            let put = |i: &u32| {
                                let key = [&[thread][..], &i.to_be_bytes()].concat();
                                vault.put_bytes(key, [1; 50]).is_ok()
                            };
                            (0..1_000_000).take_while(put).count()
                        })
                    })
                    .collect();
                let switcher = vault.clone();
                scope.spawn(move || {
                    for _ in 0..round % 4 {
                        drop(switcher.disable_cache());
                        drop(switcher.enable_cache(options().cap_bytes(5_000)));
                    }
                });
                wait_until("some are put", || vault.len().unwrap() > u64::from(round) * 20);
                vault.close().unwrap();
                writers.into_iter().map(|writer| writer.join().unwrap()).sum::<usize>()
            });
            assert_eq!(place.open().len().unwrap(), stored as u64);
        }
    });
}

/// Housekeeping goes on beside a cache.
#[test]
fn checkpoints_and_optimize_work_beside_it() {
    let place = Place::new();
    let vault = cached(&place, options().cap_bytes(100_000));
    fill(&vault);
    vault.checkpoint(CheckpointMode::Truncate).unwrap();
    vault.optimize(kvault::OptimizeOptions::default()).unwrap();
    assert_eq!(vault.len().unwrap(), u64::from(KEYS));
    vault.flush().unwrap();
    assert_eq!(rows(&place.raw(), "kv").len(), KEYS as usize);
}

/// Damage that nobody can mend: the vault cannot be closed, but it can be dropped, and the next
/// open is a new one.
#[test]
fn a_broken_vault_can_be_left() {
    let place = Place::new();
    let vault = cached(&place, options());
    let second = place.open();
    let power = vault.with_durability(kvault::Durability::Power);
    vault.put_bytes("a", "1").unwrap();
    set_broken(&place.beside("-wal"), true);
    assert_err!(power.flush(), Error::Io { .. });
    assert_err!(vault.put_bytes("c", "3"), Error::Io { .. });
    // There is another open, so that this close cannot be what ends it all.
    assert_err!(vault.close(), Error::Io { .. });
    assert_eq!(vault.get_bytes("a").unwrap().unwrap(), b"1");
    drop((second, power));
    set_broken(&place.beside("-wal"), false);
    drop(vault);
    let vault = place.open();
    assert!(vault.health().is_good());
    assert_eq!(vault.get_bytes("a").unwrap().unwrap(), b"1");
    vault.put_bytes("d", "4").unwrap();
}

/// What cannot be flushed when the last handle goes is flushed later, and then all of it ends.
#[test]
fn a_drop_under_a_lock_ends_in_the_background() {
    let place = Place::new();
    let vault = place.open_with(|options| {
        let options = options.busy_timeout(Duration::ZERO).retries(1);
        options.close_timeout(Duration::from_millis(50))
    });
    vault.enable_cache(options()).unwrap();
    vault.put_bytes("a", "1").unwrap();
    let lock = place.raw_with_lock();
    drop(vault);
    lock.execute_batch("COMMIT").unwrap();
    drop(lock);
    wait_until("the log went with the last connection", || !place.beside("-wal").exists());
    assert_eq!(place.open().len().unwrap(), 1);
}

/// What was put under one set of options is not left to the options of somebody else.
#[test]
fn other_options_do_not_forget_what_is_pending() {
    let place = Place::new();
    let vault = place.open_with(|options| options.busy_timeout(Duration::ZERO).retries(1));
    let scope = vault.cache(options()).unwrap();
    scope.put_bytes("a", "1").unwrap();
    let lock = place.raw_with_lock();
    assert_err!(scope.finish(), Error::DatabaseBusy { .. });
    let forgetful = options().flush_on_exit(false);
    assert_err!(vault.enable_cache(forgetful.clone()), Error::DatabaseBusy { .. });
    lock.execute_batch("COMMIT").unwrap();
    vault.enable_cache(forgetful).unwrap();
    vault.close().unwrap();
    assert_eq!(place.open().len().unwrap(), 1);
}
