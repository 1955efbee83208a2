//! `lock_cache`: nothing of what is put meanwhile is committed, and nobody waits for its end.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

use kvault::{Error, KVault};

use super::{cached, options, room_for, stored};
use crate::{
    child::{self, Child},
    support::{FOREVER, Place, assert_err, wait_until},
};

#[test]
fn what_is_put_under_a_lock_is_committed_at_once() {
    let place = Place::new();
    let interval = Some(Duration::from_millis(1));
    let vault = cached(&place, options().flush_threshold(1).flush_interval(interval));
    let raw = place.raw();
    let lock = vault.lock_cache().unwrap();
    let inner = vault.lock_cache().unwrap();
    assert_eq!(vault.stats().cache_locks, 2);
    for i in 0..100_u8 {
        vault.put_bytes([i], [i]).unwrap();
    }
    inner.unlock().unwrap();
    vault.put_bytes("more", "1").unwrap();
    assert_err!(vault.flush(), Error::CacheLocked);
    assert_err!(vault.disable_cache(), Error::CacheLocked);
    assert_err!(vault.close(), Error::CacheLocked);
    assert_err!(vault.clear(), Error::CacheLocked);
    let (other, once) = (place.open(), vault.with_write_timeout(Duration::ZERO));
    assert_err!(other.put_bytes("more", "2"), Error::CacheLocked);
    assert_err!(other.delete("more"), Error::CacheLocked);
    assert_err!(other.put_many_bytes([("more", "2")]), Error::CacheLocked);
    // The age of the oldest entry has long passed the interval.
    wait_until("a flush is due", || {
        vault.stats().oldest_dirty_age.is_some_and(|age| age > Duration::from_millis(50))
    });
    assert_eq!(super::rows(&raw, "kv"), []);
    assert_eq!(once.get_bytes("more").unwrap().unwrap(), b"1");
    let before = vault.stats().commits;
    lock.unlock().unwrap();
    wait_until("the flush that was due has been", || vault.stats().dirty_entries == 0);
    assert_eq!(super::rows(&raw, "kv").len(), 101);
    assert_eq!(vault.stats().commits, before + 1, "in one piece");
}

/// What was put before the lock may go to the file, and does when somebody waits for it.
#[test]
fn a_table_can_be_made_under_a_lock() {
    let place = Place::new();
    let vault = cached(&place, options());
    let lock = vault.lock_cache().unwrap();
    let table = vault.table("new").unwrap();
    table.put_bytes("a", "1").unwrap();
    vault.enable_auto_pack(true).unwrap();
    drop(lock);
    assert_eq!(vault.flush().unwrap(), 1);
}

/// A put that finds no room under a lock is refused at once, and changes nothing.
#[test]
fn a_full_cache_under_a_lock_refuses() {
    let place = Place::new();
    let vault = cached(&place, room_for(2)).with_write_timeout(FOREVER);
    let lock = vault.lock_cache().unwrap();
    vault.put_bytes("a", [1; 100]).unwrap();
    vault.put_bytes("b", [1; 100]).unwrap();
    assert_err!(vault.put_bytes("c", [1; 100]), Error::CacheFull { .. });
    assert_err!(vault.put_many_bytes([("c", [1; 100])]), Error::CacheFull { .. });
    assert_err!(vault.put_bytes("c", [1; 10_000]), Error::CacheLocked);
    assert_eq!(vault.get_bytes("c").unwrap(), None);
    // One that only takes the place of another is fine.
    vault.put_bytes("b", [2; 100]).unwrap();
    drop(lock);
    vault.put_bytes("c", [1; 100]).unwrap();
    vault.flush().unwrap();
    assert_eq!(vault.len().unwrap(), 3);
    assert_eq!(stored(&place.raw(), "b").unwrap(), [2; 100]);
}

#[test]
fn a_panic_releases_the_lock() {
    let place = Place::new();
    let vault = cached(&place, options());
    let unwound = catch_unwind(AssertUnwindSafe(|| {
        let _lock = vault.lock_cache().unwrap();
        vault.put_bytes("a", "1").unwrap();
        panic!("in the middle");
    }));
    assert!(unwound.is_err());
    assert_eq!(vault.flush().unwrap(), 1);
}

/// A lock that is never released refuses what it must, and keeps nobody waiting; what was put is
/// stored when the vault goes.
#[test]
fn a_forgotten_lock_hangs_nobody_and_loses_nothing() {
    let place = Place::new();
    let vault = cached(&place, room_for(3));
    std::mem::forget(vault.lock_cache().unwrap());
    vault.put_bytes("a", [1; 100]).unwrap();
    vault.put_bytes("b", [1; 100]).unwrap();
    vault.put_bytes("c", [1; 100]).unwrap();
    assert_err!(vault.put_bytes("d", [1; 100]), Error::CacheFull { .. });
    assert_err!(vault.flush(), Error::CacheLocked);
    assert_err!(vault.close(), Error::CacheLocked);
    assert!(!vault.is_closed());
    assert_eq!(vault.len().unwrap(), 3);
    drop(vault);
    let vault = place.open();
    assert_eq!(vault.len().unwrap(), 3);
    vault.put_bytes("d", "1").unwrap();
}

/// A lock does not keep the vault open, and may be dropped after it, on another thread.
#[test]
fn a_lock_may_outlive_its_vault() {
    let place = Place::new();
    let vault = cached(&place, options());
    let lock = vault.lock_cache().unwrap();
    vault.put_bytes("a", "1").unwrap();
    drop(vault);
    assert_eq!(place.open().len().unwrap(), 1);
    std::thread::spawn(move || lock.unlock()).join().unwrap().unwrap();
    let vault = cached(&place, options());
    vault.put_bytes("b", "1").unwrap();
    assert_eq!(vault.flush().unwrap(), 1);
}

/// A child process: puts to its cache what it is told, and flushes when it is told to.
pub(crate) fn two_caches(args: &[String]) {
    let vault = KVault::open(&args[0]).unwrap();
    vault.enable_cache(options()).unwrap();
    child::say("open");
    while let Some(order) = child::order() {
        match order.split_once(' ') {
            Some((key, value)) => vault.put_bytes(key, value).unwrap(),
            None => drop(vault.flush().unwrap()),
        }
        child::say("done");
    }
    vault.close().unwrap();
}

/// Each process has a cache of its own: what the other one has not flushed cannot be seen, and the
/// last flush of a key counts.
#[test]
fn of_two_processes_the_last_flush_counts() {
    let place = Place::new();
    let vault = cached(&place, options());
    let mut other = Child::start("two caches", &[place.file()]);
    other.expect("open");
    vault.put_bytes("key", "ours").unwrap();
    vault.put_bytes("only ours", "1").unwrap();
    for order in ["key theirs", "theirs 1"] {
        other.tell(order);
        other.expect("done");
    }
    assert_eq!(vault.get_bytes("key").unwrap().unwrap(), b"ours");
    assert_eq!(vault.get_bytes("theirs").unwrap(), None);
    vault.flush().unwrap();
    other.tell("flush");
    other.expect("done");
    assert_eq!(vault.get_bytes("key").unwrap().unwrap(), b"theirs");
    assert_eq!(vault.len().unwrap(), 3);
    vault.put_bytes("key", "ours again").unwrap();
    vault.flush().unwrap();
    other.finish();
    assert_eq!(vault.get_bytes("key").unwrap().unwrap(), b"ours again");
}
