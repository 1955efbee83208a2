//! Reading, changing and writing while others do the same.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    thread,
};

use kvault::{CacheOptions, Cas, Durability, Encoding, Error, KVault, Stored};

use crate::{
    child::{self, Child},
    support::{Place, assert_err},
};

/// A vault whose writes go straight to the file, one whose writes go to the cache, and one whose
/// writes go through another's cache.
pub(crate) fn in_every_mode(test: impl Fn(&KVault)) {
    let place = Place::new();
    test(&place.open());

    let place = Place::new();
    let vault = place.open();
    vault.enable_cache(CacheOptions::default()).unwrap();
    test(&vault);
    assert!(vault.stats().cache_enabled);

    let place = Place::new();
    let vault = place.open();
    let scope = vault.cache(CacheOptions::default()).unwrap();
    test(&vault);
    assert!(vault.stats().cache_enabled);
    scope.finish().unwrap();
}

fn stored(vault: &KVault, key: &str) -> Option<Stored> {
    vault.get_stored(key).unwrap()
}

#[test]
fn swaps_what_is_expected_and_nothing_else() {
    in_every_mode(|vault| {
        let [a, b] = ["a", "b"].map(Stored::raw);
        let swap = |old, new| vault.compare_and_swap("k", old, new).unwrap();
        assert_eq!(swap(Some(&a), Some(&b)), Cas::Conflict(None));
        assert_eq!(swap(None, None), Cas::Swapped);
        assert_eq!(stored(vault, "k"), None);
        assert_eq!(swap(None, Some(&a)), Cas::Swapped);
        assert_eq!(swap(None, Some(&b)), Cas::Conflict(Some(a.clone())));
        assert_eq!(swap(Some(&b), None), Cas::Conflict(Some(a.clone())));
        assert_eq!(stored(vault, "k"), Some(a.clone()));
        assert_eq!(swap(Some(&a), Some(&a)), Cas::Swapped);
        assert_eq!(swap(Some(&a), Some(&b)), Cas::Swapped);
        vault.flush().unwrap();
        assert_eq!(swap(Some(&a), None), Cas::Conflict(Some(b.clone())));
        assert_eq!(swap(Some(&b), None), Cas::Swapped);
        assert_eq!(swap(Some(&b), None), Cas::Conflict(None));
        assert_eq!(stored(vault, "k"), None);
        vault.flush().unwrap();
        assert!(vault.is_empty().unwrap());
    });
}

#[test]
fn what_is_swapped_in_is_as_durable_as_its_handle() {
    in_every_mode(|vault| {
        let power = vault.with_durability(Durability::Power);
        let synced = vault.stats().synced_commits;
        assert_eq!(power.increment("n", 1).unwrap(), 1);
        // A flush that was under way is synced after it, and counts as one that was not.
        assert!(vault.stats().cache_enabled || vault.stats().synced_commits > synced);
        assert_eq!(vault.stats().dirty_entries, 0);
    });
}

/// Somebody's text under our key is not a value: nobody's swap meets it, and a put replaces it.
#[test]
fn a_value_that_is_not_a_blob_is_none() {
    let place = Place::new();
    let vault = place.open();
    place.raw().execute_batch("INSERT INTO kv VALUES (x'6B', 'text')").unwrap();
    let a = Stored::raw("a");
    assert_eq!(vault.compare_and_swap("k", Some(&a), None).unwrap(), Cas::Conflict(None));
    assert!(vault.insert_if_absent("k", "ours").unwrap());
    assert_eq!(vault.get::<String>("k").unwrap().unwrap(), "ours");
}

#[test]
fn updates_see_every_state_there_is() {
    in_every_mode(|vault| {
        let push = |list: Option<Vec<u32>>| {
            let mut list = list.unwrap_or_default();
            list.push(u32::try_from(list.len()).unwrap());
            Some(list)
        };
        assert_eq!(vault.update("list", push).unwrap(), Some(vec![0]));
        assert_eq!(vault.update("list", push).unwrap(), Some(vec![0, 1]));
        let none = |_: Option<Vec<u32>>| None::<u8>;
        assert_eq!(vault.update("list", none).unwrap(), None);
        assert_eq!(vault.update("list", none).unwrap(), None);
        assert!(!vault.contains_key("list").unwrap());
        // What cannot be read is not called for, and stays.
        vault.put("list", "text").unwrap();
        let never = |_: Option<u8>| -> Option<u8> { unreachable!() };
        assert_err!(vault.update("list", never), Error::Decode { key, .. } if key == b"list");
        assert_eq!(vault.fetch::<String>("list").unwrap(), "text");
    });
}

#[test]
fn an_update_that_is_overtaken_is_made_again() {
    in_every_mode(|vault| {
        vault.put("n", &1).unwrap();
        let mut calls = Vec::new();
        let update = vault.update("n", |n: Option<i32>| {
            calls.push(n);
            if calls.len() < 10 {
                // Nothing is locked meanwhile.
                vault.put("n", &(10 * calls.len())).unwrap();
            }
            n.map(|n| n + 1)
        });
        assert_eq!(update.unwrap(), Some(91));
        assert_eq!(calls.len(), 10);
        assert_eq!((calls[0], calls[9]), (Some(1), Some(90)));
        assert_eq!(vault.fetch::<i32>("n").unwrap(), 91);
    });
}

#[test]
fn values_that_are_made_where_there_is_none() {
    in_every_mode(|vault| {
        assert_eq!(vault.get_or_insert_with("k", || 1).unwrap(), 1);
        assert_eq!(vault.get_or_insert_with("k", || -> i32 { unreachable!() }).unwrap(), 1);
        // Somebody else comes first.
        let made = vault.get_or_insert_with("other", || {
            vault.put("other", &2).unwrap();
            3
        });
        assert_eq!(made.unwrap(), 2);
        assert!(!vault.insert_if_absent("k", &7).unwrap());
        assert!(vault.insert_if_absent("new", "text").unwrap());
        assert_eq!(vault.remove::<i32>("k").unwrap(), Some(1));
        assert_eq!(vault.remove::<i32>("k").unwrap(), None);
        assert_err!(vault.remove::<i32>("new"), Error::Decode { .. });
        assert_eq!(vault.remove::<String>("new").unwrap().unwrap(), "text");
        vault.flush().unwrap();
        assert_eq!(vault.len().unwrap(), 1);
    });
}

#[test]
fn entries_are_filled_and_changed_in_one_go() {
    in_every_mode(|vault| {
        assert_eq!(vault.entry("k").key(), b"k");
        assert_eq!(vault.entry("k").and_modify(|n: &mut i32| *n += 1).run().unwrap(), None);
        assert_eq!(vault.entry("k").or_insert(5).unwrap(), 5);
        assert_eq!(vault.entry("k").or_insert_with(|| 6).unwrap(), 5);
        let add = |n: &mut i32| *n += 1;
        assert_eq!(vault.entry("k").and_modify(add).or_insert(0).unwrap(), 6);
        assert_eq!(vault.entry("k").and_modify(add).run().unwrap(), Some(7));
        let made = vault.entry("new").and_modify(add).or_insert_with(|| 9);
        assert_eq!(made.unwrap(), 9);
        // Made once, although somebody puts and deletes in between.
        let (mut meddle, mut makes) = (true, 0);
        let made = vault.entry("raced").and_modify(add).or_insert_with(|| {
            makes += 1;
            if std::mem::take(&mut meddle) {
                vault.put("raced", &40).unwrap();
            }
            1
        });
        assert_eq!((made.unwrap(), makes), (41, 1));
        assert_eq!(vault.fetch::<i32>("raced").unwrap(), 41);
    });
}

#[test]
fn counting_across_the_change_of_encoding() {
    in_every_mode(|vault| {
        const EDGE: i64 = 1_000_000_000_000;
        let encoding = || stored(vault, "n").unwrap().encoding().unwrap();
        assert_eq!(vault.increment("n", EDGE - 2).unwrap(), EDGE - 2);
        for (by, sum, now) in [
            (1, EDGE - 1, Encoding::DataPacker),
            (1, EDGE, Encoding::MsgPack),
            (1, EDGE + 1, Encoding::MsgPack),
            (-2, EDGE - 1, Encoding::DataPacker),
            (-2 * EDGE, -EDGE - 1, Encoding::MsgPack),
            (2, -EDGE + 1, Encoding::DataPacker),
            (EDGE - 1, 0, Encoding::DataPacker),
            (0, 0, Encoding::DataPacker),
        ] {
            assert_eq!(vault.increment("n", by).unwrap(), sum);
            assert_eq!((vault.fetch::<i64>("n").unwrap(), encoding()), (sum, now), "{sum}");
        }
        assert_eq!(vault.increment("n", i64::MAX).unwrap(), i64::MAX);
        assert_err!(vault.increment("n", 1), Error::Overflow { key, .. } if key == b"n");
        assert_eq!(vault.increment("n", i64::MIN).unwrap(), -1);
        assert_err!(vault.increment("n", i64::MIN), Error::Overflow { table, .. } if table == "kv");
        assert_eq!(vault.fetch::<i64>("n").unwrap(), -1);
    });
}

#[test]
fn only_integers_are_counted() {
    let place = Place::new();
    let vault = place.open();
    vault.put("float", &2.0).unwrap();
    vault.put("text", "5").unwrap();
    vault.put("bool", &true).unwrap();
    vault.put("large", &u64::MAX).unwrap();
    vault.put("list", &[1, 2]).unwrap();
    vault.put_bytes("bytes", 5_i64.to_le_bytes()).unwrap();
    vault.put_bytes("nothing", []).unwrap();
    for key in ["float", "text", "bool", "large", "list", "bytes", "nothing"] {
        let before = stored(&vault, key);
        assert_err!(vault.increment(key, 1), Error::TypeMismatch { key: at, .. } if at == key.as_bytes());
        assert_eq!(stored(&vault, key), before, "{key}");
    }
    let text = vault.increment("text", 1).unwrap_err().to_string();
    assert_eq!(text, "key \"text\" of table \"kv\" (stored as UTF-8) is not an integer of 64 bits");
    // However they are encoded.
    vault.put_as("json", &7, Encoding::Json).unwrap();
    assert_eq!(vault.increment("json", 1).unwrap(), 8);
    vault.put("small", &200_u8).unwrap();
    assert_eq!(vault.increment("small", 100).unwrap(), 300);
    // As the Python package wrote it: without a word on what it is.
    let python = [&b"\x89K\x01\x02\x00\x00\x00\x00VK"[..], &41_i64.to_le_bytes()].concat();
    vault.compare_and_swap("python", None, Some(&Stored::raw(python))).unwrap();
    assert_eq!(vault.increment("python", 1).unwrap(), 42);
}

const THREADS: u64 = 8;
const KEYS: u64 = 4;

/// Eight threads count on four keys. Nothing is lost.
fn count_together(vaults: &[KVault], each: u64) {
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let vault = &vaults[usize::try_from(thread).unwrap() % vaults.len()];
            scope.spawn(move || {
                for n in 0..each {
                    vault.increment([u8::try_from((n + thread) % KEYS).unwrap()], 1).unwrap();
                }
            });
        }
    });
    for key in 0..u8::try_from(KEYS).unwrap() {
        assert_eq!(vaults[0].fetch::<u64>([key]).unwrap(), THREADS * each / KEYS);
    }
}

#[test]
fn eight_threads_count_to_eighty_thousand() {
    let place = Place::new();
    count_together(&[place.open()], 10_000);
}

#[test]
fn eight_threads_count_in_the_cache() {
    let place = Place::new();
    let vault = place.open();
    // Flushed all the time.
    let options = CacheOptions::default().cap_bytes(64 << 10).flush_threshold(4 << 10);
    vault.enable_cache(options).unwrap();
    count_together(std::slice::from_ref(&vault), 10_000);
    vault.disable_cache().unwrap();
    count_together(&[vault.table("again").unwrap()], 100);
}

#[test]
fn half_count_in_the_cache_and_half_through_it() {
    let place = Place::new();
    let vault = place.open();
    let scope = vault.cache(CacheOptions::default()).unwrap();
    let buffered: &KVault = &scope;
    count_together(&[buffered.clone(), vault.clone()], 500);
    scope.finish().unwrap();
    let sum: u64 = vault.items::<u64>().map(|item| item.unwrap().1).sum();
    assert_eq!(sum, THREADS * 500);
}

#[test]
fn counting_while_the_cache_comes_and_goes() {
    let place = Place::new();
    let vault = place.open();
    thread::scope(|scope| {
        for thread in 0..4_u8 {
            let vault = &vault;
            scope.spawn(move || {
                for _ in 0..1_000 {
                    vault.increment([thread % 2], 1).unwrap();
                }
            });
        }
        for _ in 0..30 {
            vault.enable_cache(CacheOptions::default()).unwrap();
            thread::yield_now();
            vault.disable_cache().unwrap();
        }
    });
    assert_eq!(vault.get_many::<u32, _>([[0], [1]]).unwrap(), [Some(2_000), Some(2_000)]);
}

/// A child process: counts until it has counted enough.
pub(crate) fn count_in_another_process(args: &[String]) {
    let vault = KVault::open(&args[0]).unwrap();
    child::say("ready");
    child::order().unwrap();
    for _ in 0..args[1].parse().unwrap() {
        vault.increment("n", 1).unwrap();
    }
    child::say("counted");
}

#[test]
fn two_processes_count_together() {
    const EACH: u64 = 2_000;
    let place = Place::new();
    let vault = place.open();
    let args = [place.file().to_str().unwrap(), &EACH.to_string()];
    let mut children = [0, 1].map(|_| Child::start("count", &args));
    for child in &mut children {
        child.expect("ready");
    }
    for child in &mut children {
        child.tell("go");
    }
    for _ in 0..EACH {
        vault.increment("n", 1).unwrap();
    }
    for child in &mut children {
        child.expect("counted");
    }
    assert_eq!(vault.fetch::<u64>("n").unwrap(), 3 * EACH);
    children.into_iter().for_each(Child::finish);
}

#[test]
fn a_vault_that_may_not_write_swaps_nothing() {
    let place = Place::new();
    place.open().put("n", &1).unwrap();
    let vault = place.open_with(|options| options.read_only(true));
    let called = AtomicU32::new(0);
    let count = |n: Option<u8>| {
        called.fetch_add(1, Ordering::Relaxed);
        n
    };
    assert_err!(vault.update("n", count), Error::ReadOnly { .. });
    assert_err!(vault.increment("n", 1), Error::ReadOnly { .. });
    assert_err!(vault.remove::<u8>("nothing"), Error::ReadOnly { .. });
    assert_err!(vault.compare_and_swap("n", None, None), Error::ReadOnly { .. });
    assert_err!(vault.transact(|tx| tx.get::<u8>("n")), Error::ReadOnly { .. });
    assert_eq!(called.into_inner(), 0);
    assert_eq!(vault.get_or_insert_with("n", || 7).unwrap(), 1);
}

#[test]
fn a_value_that_is_too_large_is_not_swapped_in() {
    let place = Place::new();
    let vault = place.open_with(|options| options.max_value_bytes(100));
    let large = Stored::raw(vec![0; 101]);
    assert_err!(
        vault.compare_and_swap("k", None, Some(&large)),
        Error::ValueTooLarge { len: 101, max: 100 }
    );
    let grow = |_: Option<u8>| Some(vec![0_u8; 101]);
    assert_err!(vault.update("k", grow), Error::ValueTooLarge { .. });
    assert!(vault.is_empty().unwrap());
}
