//! One cache for all who have the file open: its budget, its options, its end.

use std::thread;

use kvault::{Durability, Error, KVault, WriteBatch};

use super::{cached, options, rows, stored};
use crate::support::{Place, assert_err, invalid, wait_until};

#[test]
fn it_goes_with_the_last_who_uses_it() {
    let place = Place::new();
    let (first, second) = (cached(&place, options()), cached(&place, options()));
    first.put_bytes("a", "1").unwrap();
    second.put_bytes("b", "1").unwrap();
    assert_eq!(first.disable_cache().unwrap(), 2);
    assert!(second.stats().cache_enabled);
    second.put_bytes("c", "1").unwrap();
    assert_eq!(stored(&place.raw(), "c"), None);
    // One that does not buffer any more.
    first.put_bytes("d", "1").unwrap();
    assert_eq!(stored(&place.raw(), "d").unwrap(), b"1");
    assert_eq!(second.disable_cache().unwrap(), 0);
    assert!(!second.stats().cache_enabled);
}

#[test]
fn other_options_are_refused_while_somebody_uses_it() {
    let place = Place::new();
    let (first, second) = (cached(&place, options()), place.open());
    let (name, value) = invalid(second.enable_cache(options().cap_bytes(1 << 20)));
    assert_eq!((&*name, &*value), ("cap_bytes", "1048576"));
    assert_eq!(invalid(second.cache(options().flush_on_exit(false))).0, "flush_on_exit");
    // The same, said otherwise.
    second.enable_cache(options().flush_threshold(16 << 20)).unwrap();
    second.disable_cache().unwrap();
    first.disable_cache().unwrap();
    second.enable_cache(options().cap_bytes(1 << 20)).unwrap();
}

#[test]
fn several_tables_share_a_budget_and_a_transaction() {
    let place = Place::new();
    let vault = cached(&place, super::room_for(4).flush_threshold(4 * 229));
    let tables: Vec<_> = ["t1", "T2", "t3"].map(|name| vault.table(name).unwrap()).into();
    let lock = vault.lock_cache().unwrap();
    for table in &tables {
        table.put_bytes("a", [1; 100]).unwrap();
    }
    vault.put_bytes("a", [1; 100]).unwrap();
    // By another name, which is the same table.
    let folded = vault.table("t2").unwrap();
    folded.put_bytes("a", [2; 100]).unwrap();
    assert_eq!(vault.stats().dirty_entries, 4);
    assert_err!(tables[0].put_bytes("b", [1; 100]), Error::CacheFull { .. });
    let before = vault.stats().commits;
    lock.unlock().unwrap();
    vault.flush().unwrap();
    assert_eq!(vault.stats().commits, before + 1);
    assert_eq!(rows(&place.raw(), "t2"), [(b"a".to_vec(), vec![2; 100])]);
    for table in &tables {
        assert_eq!(table.len().unwrap(), 1);
    }
}

/// What an open acknowledged is stored when it is closed, although the cache goes on.
#[test]
fn closing_one_of_two_opens_flushes() {
    let place = Place::new();
    let (first, second) = (cached(&place, options()), cached(&place, options()));
    first.put_bytes("a", "1").unwrap();
    first.close().unwrap();
    assert_eq!(stored(&place.raw(), "a").unwrap(), b"1");
    second.put_bytes("b", "1").unwrap();
    assert_eq!(stored(&place.raw(), "b"), None);
    assert!(second.stats().cache_enabled);
    drop(first);
    second.disable_cache().unwrap();
    assert!(!second.stats().cache_enabled);
}

#[test]
fn the_end_of_an_open_ends_its_use() {
    let place = Place::new();
    let (first, second) = (cached(&place, options()), place.open());
    first.put_bytes("a", "1").unwrap();
    first.close().unwrap();
    wait_until("nobody uses it", || !second.stats().cache_enabled);
    second.enable_cache(options().cap_bytes(1 << 20)).unwrap();
}

/// Many threads, each with keys of its own and some in common, in a cache that is always full.
#[test]
fn a_cache_that_is_always_full_loses_nothing() {
    let place = Place::new();
    let vault = cached(&place, super::room_for(20));
    thread::scope(|scope| {
        for thread in 0..4_u8 {
            let vault = vault.clone();
            scope.spawn(move || {
                for i in 0..2_000_u32 {
                    let key = [&[thread][..], &i.to_le_bytes()].concat();
                    vault.put_bytes(&key, [thread; 100]).unwrap();
                    vault.put_bytes("common", i.to_le_bytes()).unwrap();
                    assert!(vault.stats().dirty_bytes <= 20 * 229, "over the cap");
                    assert_eq!(vault.get_bytes(&key).unwrap().unwrap(), [thread; 100]);
                }
            });
        }
    });
    assert_eq!(vault.len().unwrap(), 8_001);
    vault.close().unwrap();
    assert_eq!(place.open().len().unwrap(), 8_001);
}

/// The key is gone from the cache, but not from the file. Found by the fault lab.
#[test]
fn a_durable_delete_that_finds_nothing_makes_that_lasting() {
    let place = Place::new();
    let vault = place.open();
    vault.put_bytes("key", "value").unwrap();
    vault.enable_cache(options()).unwrap();
    assert!(vault.delete("key").unwrap());
    assert_eq!(rows(&place.raw(), "kv").len(), 1);
    assert!(!vault.with_durability(Durability::Process).delete("key").unwrap());
    assert_eq!(rows(&place.raw(), "kv"), [], "a crash would bring it back");
}

/// Verbs that find nothing to change, on a vault with nothing in it.
type Verb = fn(&KVault) -> Result<(), Error>;
const FIND_NOTHING: [(&str, Verb); 9] = [
    ("delete", |vault| vault.delete("key").map(drop)),
    ("remove", |vault| vault.remove::<String>("key").map(drop)),
    ("update", |vault| vault.update("key", |_: Option<String>| None::<String>).map(drop)),
    ("entry", |vault| vault.entry("key").and_modify(String::clear).run().map(drop)),
    ("delete_range", |vault| vault.delete_range(..).map(drop)),
    ("delete_prefix", |vault| vault.delete_prefix("k").map(drop)),
    ("retain", |vault| vault.retain(|_, _| false).map(drop)),
    ("write", |vault| vault.write(&WriteBatch::new())),
    ("put_many", |vault| vault.put_many_bytes([("", ""); 0]).map(drop)),
];

/// Found by the model: most of them answered at once, and said nothing under a lock.
#[test]
fn every_durable_verb_that_finds_nothing_makes_that_lasting() {
    for (name, verb) in FIND_NOTHING {
        let place = Place::new();
        let vault = place.open();
        vault.put_bytes("key", "value").unwrap();
        vault.enable_cache(options()).unwrap();
        vault.discard("key").unwrap();
        verb(&vault).unwrap();
        assert_eq!(rows(&place.raw(), "kv").len(), 1, "{name} has nothing to wait for");
        let durable = vault.with_durability(Durability::Process);
        let lock = vault.lock_cache().unwrap();
        assert_err!(verb(&durable), Error::CacheLocked);
        drop(lock);
        verb(&durable).unwrap();
        assert_eq!(rows(&place.raw(), "kv"), [], "after {name} a crash would bring it back");
    }
}

/// Where one handle stops, those that were derived from it do too, and stay as durable as they say
/// although others have a cache.
#[test]
fn a_derived_handle_does_not_begin_again() {
    let place = Place::new();
    let vault = cached(&place, options());
    let derived = vault.table("kv").unwrap();
    let scope = vault.cache(options()).unwrap();
    let of_scope = scope.table("kv").unwrap();
    scope.finish().unwrap();
    vault.disable_cache().unwrap();
    let other = cached(&place, options());
    derived.put_bytes("a", "1").unwrap();
    of_scope.put_bytes("b", "1").unwrap();
    assert_eq!(rows(&place.raw(), "kv").len(), 2);
    other.put_bytes("c", "1").unwrap();
    assert_eq!(rows(&place.raw(), "kv").len(), 2);
}

/// Seals that nobody flushes take no memory for ever.
#[test]
fn many_locks_and_counts_leave_nothing_behind() {
    let place = Place::new();
    let vault = cached(&place, options());
    for i in 0..500_u32 {
        let lock = vault.lock_cache().unwrap();
        vault.put_bytes("a", i.to_le_bytes()).unwrap();
        vault.put_bytes("b", i.to_le_bytes()).unwrap();
        drop(lock);
        assert_eq!(vault.len().unwrap(), 2);
    }
    let stats = vault.stats();
    assert!(stats.pinned_bytes < 100_000, "{}", stats.pinned_bytes);
    assert!(stats.dirty_generations <= 9);
}
