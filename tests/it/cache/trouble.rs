//! Flushes that fail: reads go on, the vault says so, and everything arrives afterwards.

use std::{
    fs,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use kvault::{Error, Health, KVault};

use super::{cached, options, room_for, stored};
use crate::{
    child::{self, Child},
    support::{FOREVER, Place, assert_err, wait_until},
};

const PATIENCE: Duration = Duration::from_millis(200);

/// Fills the cache, and has a put wait in vain. Returns the cause that it was given.
fn fill_up(vault: &KVault, entries: u8) -> String {
    for i in 0..entries {
        vault.put_bytes([i], [i; 100]).unwrap();
    }
    let start = Instant::now();
    let error = vault.with_write_timeout(PATIENCE).put_bytes([entries], [0; 100]).unwrap_err();
    assert!(start.elapsed() >= PATIENCE, "{:?}", start.elapsed());
    let Error::CacheFull { source: Some(cause) } = &error else { panic!("{error:?}") };
    assert!(error.is_retryable());
    cause.to_string()
}

/// All that was acknowledged can be read, and what was refused is not there.
fn readable(vault: &KVault, entries: u8) {
    for i in 0..entries {
        assert_eq!(vault.get_bytes([i]).unwrap().unwrap(), [i; 100]);
    }
    assert_eq!(vault.get_bytes([entries]).unwrap(), None);
    assert_eq!(vault.len().unwrap(), u64::from(entries));
}

fn cause(vault: &KVault) -> Error {
    match vault.health() {
        Health::Degraded { cause, since } => {
            assert!(since.elapsed().is_ok());
            cause
        }
        other => panic!("{other:?}"),
    }
}

/// It is mended: without being opened anew, everything arrives.
fn arrives(vault: &KVault, entries: u8) {
    vault.put_bytes([entries], [entries; 100]).unwrap();
    vault.flush().unwrap();
    assert!(vault.health().is_good(), "{:?}", vault.health());
    let stats = vault.stats();
    assert_eq!(stats.dirty_entries, 0);
    assert!(stats.flush_failures > 0 && stats.last_flush_error.is_some());
    readable(vault, entries + 1);
}

#[test]
fn a_lock_of_another_process_is_waited_out() {
    let place = Place::new();
    let vault = place.open_with(|options| options.busy_timeout(Duration::from_millis(50)));
    vault.enable_cache(room_for(10)).unwrap();
    let mut holder = Child::start("hold the write lock", &[place.file()]);
    holder.expect("locked");
    assert!(fill_up(&vault, 10).contains("busy"));
    readable(&vault, 10);
    wait_until("it is known", || matches!(vault.health(), Health::Degraded { .. }));
    assert!(matches!(cause(&vault), Error::DatabaseBusy { .. }));
    assert_err!(vault.flush(), Error::DatabaseBusy { attempts: 4 });
    let process = vault.with_durability(kvault::Durability::Process);
    // There is no room for it either: it would make the cache larger than its cap.
    let hasty = process.with_write_timeout(PATIENCE);
    assert!(hasty.put_bytes("p", "1").is_err());
    thread::scope(|scope| {
        let patient = vault.with_write_timeout(FOREVER);
        let patient = scope.spawn(move || patient.put_bytes([10], [10; 100]));
        holder.tell("enough");
        patient.join().unwrap().unwrap();
    });
    // The flush that was due needs nobody to ask for it.
    wait_until("all is flushed or has room", || vault.stats().dirty_entries < 10);
    vault.flush().unwrap();
    assert!(vault.health().is_good());
    assert_eq!(vault.get_bytes([10]).unwrap().unwrap(), [10; 100]);
    holder.finish();
}

/// A process that holds the lock for two seconds costs two seconds, and nothing else.
#[test]
fn a_lock_of_two_seconds_is_no_error() {
    let place = Place::new();
    let vault = cached(&place, room_for(10));
    let mut holder = Child::start("hold the write lock", &[place.file().to_str().unwrap(), "2000"]);
    holder.expect("locked");
    for i in 0..100_u8 {
        vault.put_bytes([i], [i; 100]).unwrap();
    }
    vault.flush().unwrap();
    holder.finish();
    assert!(vault.health().is_good());
    readable(&vault, 100);
}

/// The store refuses a row, for whatever reason.
#[test]
fn an_error_of_the_store_keeps_everything() {
    let place = Place::new();
    let vault = cached(&place, room_for(10));
    let raw = place.raw();
    raw.execute_batch(
        "CREATE TRIGGER no BEFORE INSERT ON kv BEGIN SELECT RAISE(ABORT, 'not today'); END",
    )
    .unwrap();
    assert!(fill_up(&vault, 10).contains("store a value"));
    readable(&vault, 10);
    let text = |error: &Error| std::error::Error::source(error).unwrap().to_string();
    assert!(text(&cause(&vault)).contains("not today"));
    assert!(text(&vault.flush().unwrap_err()).contains("not today"));
    assert!(text(&vault.disable_cache().unwrap_err()).contains("not today"));
    assert!(vault.stats().cache_enabled);
    assert_eq!(stored(&raw, "\0"), None);
    raw.execute_batch("DROP TRIGGER no").unwrap();
    arrives(&vault, 10);
}

/// A Process write that met a flush which failed was not acknowledged, but is not undone either:
/// it is seen, and comes with the next flush that works.
#[test]
fn what_was_to_be_stored_at_once_stays_pending() {
    let place = Place::new();
    let vault = cached(&place, options());
    let process = vault.with_durability(kvault::Durability::Process);
    let raw = place.raw();
    raw.execute_batch(
        "CREATE TRIGGER no BEFORE INSERT ON kv BEGIN SELECT RAISE(ABORT, 'not today'); END",
    )
    .unwrap();
    vault.put_bytes("a", "1").unwrap();
    assert_err!(process.put_bytes("b", "2"), Error::Sqlite { .. });
    assert_eq!(vault.get_bytes("b").unwrap().unwrap(), b"2");
    raw.execute_batch("DROP TRIGGER no").unwrap();
    wait_until("it is flushed", || vault.stats().dirty_entries == 0);
    assert_eq!(stored(&raw, "b").unwrap(), b"2");
}

/// A disk that is full and an endless row of values that go past the cap: the memory is bounded.
#[test]
fn large_values_do_not_pile_up() {
    let place = Place::new();
    let vault = cached(&place, options().cap_bytes(1_000));
    place
        .raw()
        .execute_batch(
            "CREATE TRIGGER no BEFORE INSERT ON kv BEGIN SELECT RAISE(ABORT, 'not today'); END",
        )
        .unwrap();
    let hasty = vault.with_write_timeout(Duration::from_millis(20));
    let process = hasty.with_durability(kvault::Durability::Process);
    // Accepted: it is read and flushed like any other.
    hasty.put_bytes("first", [1; 10_000]).unwrap();
    for i in 0..10_u8 {
        assert_err!(hasty.put_bytes([i], [1; 10_000]), Error::CacheFull { .. });
        assert_err!(process.put_bytes([i], [1; 10_000]), Error::CacheFull { .. });
    }
    assert!(vault.stats().dirty_bytes < 12_000);
    place.raw().execute_batch("DROP TRIGGER no").unwrap();
    hasty.with_write_timeout(FOREVER).put_bytes("second", [2; 10_000]).unwrap();
    vault.flush().unwrap();
    assert_eq!(vault.len().unwrap(), 2);
}

/// A child process, in a small file system of its own.
pub(crate) fn inside(args: &[String]) {
    let dir = Path::new(&args[0]);
    let path = dir.join("vault");
    let vault = KVault::open(&path).unwrap();
    vault.put_bytes("before", "1").unwrap();
    vault.delete("before").unwrap();
    vault.enable_cache(options().cap_bytes(1 << 20)).unwrap();
    let ballast = crate::full_disk::fill(dir);
    // More than there is room for in the file, as much as there is in the cache.
    let keys = (0_u8..).take_while(|i| {
        let hasty = vault.with_write_timeout(PATIENCE);
        hasty.put_bytes([*i], vec![*i; 20_000]).is_ok()
    });
    let keys = u8::try_from(keys.count()).unwrap();
    assert!(keys >= 40, "{keys} fit");
    let check = |vault: &KVault| {
        for i in 0..keys {
            assert!(vault.get_bytes([i]).unwrap().unwrap() == [i; 20_000]);
        }
        assert_eq!(vault.len().unwrap(), u64::from(keys));
    };
    check(&vault);
    assert!(matches!(cause(&vault), Error::Full { .. }));
    assert_err!(vault.flush(), Error::Full { .. });
    assert_err!(vault.close(), Error::Full { .. });
    assert!(!vault.is_closed());
    check(&vault);
    child::say("full");
    fs::remove_file(&ballast).unwrap();
    wait_until("it is flushed by itself", || vault.stats().dirty_bytes < 1 << 18);
    vault.flush().unwrap();
    assert!(vault.health().is_good());
    check(&vault);
    vault.close().unwrap();
    check(&KVault::open(&path).unwrap());
    child::say("empty");
}

#[test]
fn a_full_disk_is_waited_out() {
    let place = Place::new();
    let Some(command) = crate::unwritable::with_mount(place.dir(), "6m") else {
        return;
    };
    let mut child = Child::start_by(command, "full disk under a cache", &[place.dir()]);
    child.expect("full");
    child.expect("empty");
    child.finish();
}
