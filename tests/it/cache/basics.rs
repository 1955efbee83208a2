//! What is put is seen, and flushed in its time.

use std::time::Duration;

use kvault::{CacheOptions, Durability, Error, KVault};

use super::{cached, options, rows, stored};
use crate::{
    support::{Place, assert_err, invalid, wait_until},
    syncs,
};

#[test]
fn what_was_put_is_seen_at_once_and_flushed_later() {
    let place = Place::new();
    let vault = place.open();
    vault.put_bytes("old", "stored").unwrap();
    vault.enable_cache(options()).unwrap();
    vault.put_bytes("a", "1").unwrap();
    vault.put_many_bytes([("b", "2"), ("a", "3")]).unwrap();
    assert!(vault.delete("old").unwrap());
    assert!(!vault.delete("old").unwrap());
    vault.discard("nothing").unwrap();

    let other = place.open();
    let reader = other.reader().unwrap();
    for (key, value) in [("a", Some("3")), ("b", Some("2")), ("old", None), ("nothing", None)] {
        let value = value.map(|value| value.as_bytes().to_vec());
        assert_eq!(vault.get_bytes(key).unwrap(), value);
        assert_eq!(other.get_bytes(key).unwrap(), value);
        assert_eq!(reader.get_bytes(key).unwrap(), value);
        assert_eq!(reader.contains_key(key).unwrap(), value.is_some());
        assert_eq!(other.contains_key(key).unwrap(), value.is_some());
    }
    assert_eq!((other.len().unwrap(), reader.len().unwrap()), (2, 2));
    let many = reader.get_many_stored(["old", "b", "nothing", "a"]).unwrap();
    assert_eq!(many.iter().map(Option::is_some).collect::<Vec<_>>(), [false, true, false, true]);
    let raw = place.raw();
    assert_eq!(rows(&raw, "kv"), [(b"old".to_vec(), b"stored".to_vec())]);
    let stats = vault.stats();
    assert!(stats.cache_enabled && stats.dirty_bytes > 0 && stats.oldest_dirty_age.is_some());
    assert!(stats.dirty_entries >= 4, "{}", stats.dirty_entries);

    assert_eq!(vault.flush().unwrap(), 4);
    assert_eq!(vault.flush().unwrap(), 0);
    let both = [(b"a".to_vec(), b"3".to_vec()), (b"b".to_vec(), b"2".to_vec())];
    assert_eq!(rows(&raw, "kv"), both);
    let stats = vault.stats();
    assert_eq!((stats.dirty_entries, stats.dirty_bytes, stats.dirty_generations), (0, 0, 0));
    assert_eq!(stats.oldest_dirty_age, None);
    assert_eq!((stats.flushes, stats.flush_failures), (1, 0));
}

#[test]
fn an_empty_vault_that_only_the_cache_fills_and_empties() {
    let place = Place::new();
    let vault = cached(&place, options());
    assert!(vault.is_empty().unwrap());
    vault.put_bytes("a", "1").unwrap();
    assert!(!vault.is_empty().unwrap());
    vault.flush().unwrap();
    vault.discard("a").unwrap();
    assert!(vault.is_empty().unwrap());
    assert_eq!(vault.len().unwrap(), 0);
    vault.flush().unwrap();
    assert!(vault.is_empty().unwrap());
}

/// What was deleted while it was pending does not come back with a flush.
#[test]
fn a_deleted_key_stays_deleted() {
    let place = Place::new();
    let vault = cached(&place, options());
    vault.put_bytes("a", "1").unwrap();
    assert!(vault.delete("a").unwrap());
    vault.flush().unwrap();
    assert_eq!(vault.get_bytes("a").unwrap(), None);
    vault.put_bytes("a", "2").unwrap();
    vault.flush().unwrap();
    vault.discard("a").unwrap();
    vault.put_bytes("b", "2").unwrap();
    vault.flush().unwrap();
    assert_eq!(rows(&place.raw(), "kv"), [(b"b".to_vec(), b"2".to_vec())]);
}

/// A value that goes past the cap keeps its place among the others of its key.
#[test]
fn values_larger_than_the_cap_keep_their_order() {
    let place = Place::new();
    let vault = cached(&place, options().cap_bytes(1_000));
    let large = vec![7; 100_000];
    vault.put_bytes("key", "small").unwrap();
    vault.put_bytes("key", &large).unwrap();
    assert_eq!(vault.get_bytes("key").unwrap().unwrap(), large);
    // It was flushed before it was acknowledged: else it would take memory without bound.
    assert_eq!(stored(&place.raw(), "key").unwrap(), large);
    vault.put_bytes("key", "after").unwrap();
    assert_eq!(vault.get_bytes("key").unwrap().unwrap(), b"after");
    vault.put_many_bytes((0..100_u8).map(|i| ([i], vec![i; 1_000]))).unwrap();
    assert_eq!(vault.len().unwrap(), 101);
    vault.flush().unwrap();
    assert_eq!(stored(&place.raw(), "key").unwrap(), b"after");
    assert_eq!(vault.len().unwrap(), 101);
}

#[test]
fn a_cache_of_one_byte_works_like_none() {
    let place = Place::new();
    let vault = cached(&place, options().cap_bytes(1));
    for i in 0..50_u8 {
        vault.put_bytes([i % 10], [i]).unwrap();
        assert_eq!(vault.get_bytes([i % 10]).unwrap().unwrap(), [i]);
    }
    assert!(vault.delete([3]).unwrap());
    assert_eq!(vault.len().unwrap(), 9);
    assert_eq!(vault.stats().dirty_bytes, 0);
}

#[test]
fn the_threshold_begins_a_flush() {
    let place = Place::new();
    let vault = cached(&place, options().cap_bytes(1 << 20).flush_threshold(10_000));
    for i in 0..1_000_u32 {
        vault.put_bytes(i.to_le_bytes(), [0; 100]).unwrap();
    }
    wait_until("most is flushed", || vault.stats().dirty_bytes < 10_000);
    assert!(vault.stats().flushes > 0);
    assert_eq!(vault.len().unwrap(), 1_000);
}

/// The age of the oldest entry counts, not how long nobody put anything.
#[test]
fn the_interval_bounds_the_age() {
    let place = Place::new();
    let interval = Duration::from_millis(100);
    let vault = cached(&place, options().flush_interval(Some(interval)));
    let raw = place.raw();
    vault.put_bytes("first", "1").unwrap();
    let mut puts = 0_u32;
    wait_until("it is in the file although others come all the time", || {
        vault.put_bytes(puts.to_le_bytes(), "more").unwrap();
        puts += 1;
        stored(&raw, "first").is_some()
    });
    wait_until("the rest is too", || vault.stats().dirty_entries == 0);
    assert_eq!(vault.len().unwrap(), u64::from(puts) + 1);
    // And again, after a rest.
    vault.put_bytes("last", "1").unwrap();
    wait_until("it is in the file", || stored(&raw, "last").is_some());
}

#[test]
fn other_handles_are_as_durable_as_they_say() {
    let place = Place::new();
    let vault = cached(&place, options());
    let other = place.open();
    let (raw, wal) = (place.raw(), place.beside("-wal"));
    vault.put_bytes("buffered", "1").unwrap();
    other.put_bytes("process", "1").unwrap();
    assert_eq!(stored(&raw, "process").unwrap(), b"1");
    // In order with what was put before.
    vault.put_bytes("key", "1").unwrap();
    other.put_bytes("key", "2").unwrap();
    assert_eq!(stored(&raw, "key").unwrap(), b"2");
    vault.put_bytes("key", "3").unwrap();
    assert!(other.delete("key").unwrap());
    assert_eq!(stored(&raw, "key"), None);
    assert!(!other.delete("key").unwrap());

    vault.put_bytes("key", "4").unwrap();
    let before = syncs::count(&wal);
    vault.with_durability(Durability::Power).put_bytes("power", "1").unwrap();
    assert!(syncs::count(&wal) > before, "a power write was not synced");
    let before = syncs::count(&wal);
    other.with_durability(Durability::Power).flush().unwrap();
    assert!(syncs::count(&wal) > before, "although nothing was dirty");
    assert_eq!(stored(&raw, "key").unwrap(), b"4");
    let before = syncs::count(&wal);
    vault.put_bytes("gone", "1").unwrap();
    vault.discard("gone").unwrap();
    assert!(!vault.with_durability(Durability::Power).delete("gone").unwrap());
    assert!(syncs::count(&wal) > before, "the answer rests on what was not synced");
}

#[test]
fn clear_takes_what_is_pending_and_no_more() {
    let place = Place::new();
    let vault = cached(&place, options());
    let table = vault.table("other").unwrap();
    vault.put_bytes("a", "1").unwrap();
    table.put_bytes("a", "1").unwrap();
    vault.clear().unwrap();
    assert!(vault.is_empty().unwrap());
    vault.put_bytes("b", "2").unwrap();
    vault.flush().unwrap();
    assert_eq!(rows(&place.raw(), "kv"), [(b"b".to_vec(), b"2".to_vec())]);
    assert_eq!(rows(&place.raw(), "other"), [(b"a".to_vec(), b"1".to_vec())]);
}

#[test]
fn buffered_needs_a_cache() {
    let place = Place::new();
    let vault = place.open();
    let buffered = vault.with_durability(Durability::Buffered);
    let (name, value) = invalid(buffered.put_bytes("a", "1"));
    assert_eq!((&*name, &*value), ("durability", "Buffered"));
    assert_eq!(invalid(buffered.clear()).0, "durability");
    assert_eq!(invalid(buffered.flush()).0, "durability");
    vault.enable_cache(options()).unwrap();
    buffered.put_bytes("a", "1").unwrap();
    assert_eq!(stored(&place.raw(), "a"), None);
    assert_eq!(vault.disable_cache().unwrap(), 1);
    assert_eq!(invalid(buffered.put_bytes("a", "1")).0, "durability");
}

#[test]
fn options_that_make_no_sense_are_named() {
    let place = Place::new();
    let vault = place.open();
    let refused = |options: CacheOptions| invalid(vault.enable_cache(options)).0;
    assert_eq!(refused(options().cap_bytes(0)), "cap_bytes");
    assert_eq!(refused(options().flush_threshold(0)), "flush_threshold");
    assert_eq!(refused(options().cap_bytes(10).flush_threshold(11)), "flush_threshold");
    assert_eq!(refused(options().flush_interval(Some(Duration::ZERO))), "flush_interval");
    assert!(!vault.stats().cache_enabled);
    vault.enable_cache(options().cap_bytes(usize::MAX)).unwrap();
    vault.put_bytes("a", "1").unwrap();
    vault.disable_cache().unwrap();
}

/// A row that SQLite would refuse must not come into the cache: it could never leave it.
#[test]
fn a_row_over_the_limit_is_refused_when_it_is_put() {
    let place = Place::new();
    let limit = 1_000_000_000;
    let vault = place.open_with(|options| options.max_value_bytes(limit));
    vault.enable_cache(options()).unwrap();
    vault.put_bytes("a", "1").unwrap();
    let huge = vec![0; usize::try_from(limit).unwrap()];
    assert_err!(vault.put_bytes("b", &huge), Error::ValueTooLarge { .. });
    // Nor one that says that a key is gone which no row can have.
    assert_err!(vault.discard(&huge), Error::ValueTooLarge { .. });
    assert_err!(vault.delete(&huge), Error::ValueTooLarge { .. });
    assert_err!(vault.compare_and_swap(&huge, None, None), Error::ValueTooLarge { .. });
    drop(huge);
    assert_eq!(vault.flush().unwrap(), 1);
    assert!(vault.health().is_good());
}

#[test]
fn a_read_only_vault_has_no_cache() {
    let place = Place::new();
    place.open().put_bytes("a", "1").unwrap();
    let vault = place.open_with(|options| options.read_only(true));
    assert_err!(vault.enable_cache(options()), Error::ReadOnly { .. });
    assert_eq!(invalid(vault.lock_cache()).0, "cache");
    // Beside one that writes to its cache it sees what that one put.
    let writer = cached(&place, options());
    writer.put_bytes("b", "2").unwrap();
    assert_eq!(vault.get_bytes("b").unwrap().unwrap(), b"2");
    assert_err!(vault.put_bytes("b", "3"), Error::ReadOnly { .. });
}

#[test]
fn it_works_in_memory_and_with_a_rollback_journal() {
    let place = Place::new();
    let memory = KVault::open(":memory:").unwrap();
    let journal = place.open_with(|options| options.enable_wal(false));
    for vault in [memory, journal] {
        vault.enable_cache(options().cap_bytes(10_000)).unwrap();
        for i in 0..500_u32 {
            vault.put_bytes(i.to_le_bytes(), i.to_le_bytes()).unwrap();
            assert_eq!(vault.get_bytes(i.to_le_bytes()).unwrap().unwrap(), i.to_le_bytes());
        }
        assert_eq!(vault.len().unwrap(), 500);
        let keys: Vec<_> = (0..500_u32).map(u32::to_le_bytes).collect();
        assert!(vault.get_many_stored(&keys).unwrap().iter().all(Option::is_some));
        vault.flush().unwrap();
        assert_eq!(vault.stats().dirty_entries, 0);
        vault.close().unwrap();
    }
    assert_eq!(place.open_with(|options| options.enable_wal(false)).len().unwrap(), 500);
}

/// What was acknowledged is not given up because another program dropped its table.
#[test]
fn a_table_that_went_away_is_made_again() {
    let place = Place::new();
    let vault = cached(&place, options());
    let table = vault.table("other").unwrap();
    table.put_bytes("a", "1").unwrap();
    vault.put_bytes("a", "1").unwrap();
    place.raw().execute_batch("DROP TABLE other").unwrap();
    assert_eq!(vault.flush().unwrap(), 2);
    assert_eq!(rows(&place.raw(), "other"), [(b"a".to_vec(), b"1".to_vec())]);
}
