//! The write cache as its users see it.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use kvault::{CacheOptions, Durability, Error};

use crate::support::{Place, assert_err, invalid, wait_until};

fn options() -> CacheOptions {
    CacheOptions::default()
}

#[test]
fn what_was_put_is_seen_at_once_and_flushed_later() {
    let place = Place::new();
    let vault = place.open();
    vault.put_bytes("old", "stored").unwrap();
    vault.enable_cache(options()).unwrap();
    vault.put_bytes("a", "1").unwrap();
    vault.put_bytes("b", "2").unwrap();
    vault.put_bytes("a", "3").unwrap();
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
    }
    assert_eq!(other.len().unwrap(), 2);
    let many = reader.get_many_stored(["old", "b", "nothing", "a"]).unwrap();
    assert_eq!(many.iter().map(Option::is_some).collect::<Vec<_>>(), [false, true, false, true]);
    // Nothing of this is in the file.
    let rows = |conn: &rusqlite::Connection| -> Vec<(Vec<u8>, Vec<u8>)> {
        let mut rows = conn.prepare("SELECT key, value FROM kv ORDER BY key").unwrap();
        let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        rows.map(Result::unwrap).collect()
    };
    let raw = place.raw();
    assert_eq!(rows(&raw), [(b"old".to_vec(), b"stored".to_vec())]);
    let stats = vault.stats();
    assert!(stats.cache_enabled && stats.dirty_bytes > 0 && stats.oldest_dirty_age.is_some());
    assert_eq!(stats.dirty_entries, 4);

    assert_eq!(vault.flush().unwrap(), 4);
    assert_eq!(vault.flush().unwrap(), 0);
    assert_eq!(rows(&raw), [(b"a".to_vec(), b"3".to_vec()), (b"b".to_vec(), b"2".to_vec())]);
    let stats = vault.stats();
    assert_eq!((stats.dirty_entries, stats.dirty_bytes, stats.oldest_dirty_age), (0, 0, None));
    assert_eq!((stats.flushes, stats.flush_failures), (1, 0));
}

#[test]
fn a_process_write_is_stored_when_it_returns() {
    let place = Place::new();
    let vault = place.open();
    let buffered = vault.cache(options()).unwrap();
    buffered.put_bytes("key", "buffered").unwrap();
    vault.put_bytes("key", "stored").unwrap();
    let raw = place.raw();
    let stored: Vec<u8> = raw.query_row("SELECT value FROM kv", [], |row| row.get(0)).unwrap();
    assert_eq!(stored, b"stored");
    assert_eq!(vault.stats().dirty_entries, 0);
    buffered.put_bytes("other", "buffered").unwrap();
    vault.clear().unwrap();
    assert!(buffered.is_empty().unwrap());
    assert_eq!(buffered.finish().unwrap(), 0);
    assert!(vault.is_empty().unwrap());
}
