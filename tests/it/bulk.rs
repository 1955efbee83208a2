//! Batches, and deleting much.

use std::ops::Bound;

use kvault::{CacheOptions, Error, KVault, WriteBatch};

use crate::{
    atomic::in_every_mode,
    iteration::odd_keys,
    support::{Place, assert_err, invalid},
};

fn keys(vault: &KVault) -> Vec<Vec<u8>> {
    vault.keys().map(Result::unwrap).collect()
}

#[test]
fn a_batch_happens_in_its_order() {
    in_every_mode(|vault| {
        vault.put_many([("a", 1), ("ab", 2), ("b", 3)]).unwrap();
        let mut batch = WriteBatch::new();
        assert!(batch.is_empty() && WriteBatch::default().is_empty());
        batch.put("a", &10).unwrap().put_bytes("ac", "gone at once");
        batch.delete_prefix("a").put("ab", &20).unwrap();
        batch.put("b", &30).unwrap().delete("b").put("c", &40).unwrap().put("c", &41).unwrap();
        batch.delete_range("x".."z").delete("nothing").put("y", &50).unwrap();
        assert_eq!(batch.len(), 11);
        // As often as one likes.
        for _ in 0..2 {
            vault.write(&batch).unwrap();
            assert_eq!(keys(vault), [&b"ab"[..], b"c", b"y"]);
            assert_eq!(vault.get_many(["ab", "c", "y"]).unwrap(), [Some(20), Some(41), Some(50)]);
        }
        assert_eq!(batch.len(), 11);
        assert!(!format!("{batch:?}").contains("gone"));
    });
}

#[test]
fn points_alone_go_where_puts_go() {
    in_every_mode(|vault| {
        vault.put_bytes("a", "1").unwrap();
        let mut batch = WriteBatch::new();
        batch
            .delete("a")
            .put_bytes("b", "2")
            .delete("b")
            .put_bytes("c", b"\x89K\x01\x06\0\0\0\0VK");
        vault.write(&batch).unwrap();
        assert_eq!(keys(vault), [b"c"]);
        assert_eq!(vault.get_bytes("c").unwrap().unwrap(), b"\x89K\x01\x06\0\0\0\0VK");
        vault.write(&WriteBatch::new()).unwrap();
    });
    // In the cache it stays there.
    let place = Place::new();
    let vault = place.open();
    vault.enable_cache(CacheOptions::default()).unwrap();
    let commits = vault.stats().commits;
    let mut batch = WriteBatch::new();
    batch.put("a", &1).unwrap().put("b", &2).unwrap();
    vault.write(&batch).unwrap();
    assert_eq!((vault.stats().commits, vault.stats().dirty_entries), (commits, 2));
}

#[test]
fn a_batch_over_several_tables() {
    in_every_mode(|vault| {
        let mut batch = WriteBatch::new();
        batch.put("k", "first").unwrap();
        batch.table("Other").put("k", "second").unwrap();
        // Three names of one table: still in the order in which they came.
        batch.table("OTHER").put("k", "third").unwrap().table("kv").put("k", "fourth").unwrap();
        batch.table("other").put("l", "fifth").unwrap();
        vault.write(&batch).unwrap();
        assert_eq!(vault.fetch::<String>("k").unwrap(), "fourth");
        let other = vault.table("other").unwrap();
        assert_eq!(other.fetch::<String>("k").unwrap(), "third");
        assert_eq!((vault.len().unwrap(), other.len().unwrap()), (1, 2));
        // Written to another vault, the first ones go to that one's table.
        other.write(&batch).unwrap();
        assert_eq!(other.fetch::<String>("k").unwrap(), "third");
        assert_eq!(vault.tables().unwrap().len(), 2);

        let mut batch = WriteBatch::new();
        batch.put("new", "value").unwrap().table("sqlite_x").put("k", "v").unwrap();
        assert_eq!(invalid(vault.write(&batch)).0, "table");
        assert!(!vault.contains_key("new").unwrap());
    });
}

/// Cannot be packed.
struct Refuses;
impl serde::Serialize for Refuses {
    fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("no"))
    }
}

#[test]
fn all_of_a_batch_or_nothing() {
    let place = Place::new();
    let vault = place.open_with(|options| options.max_value_bytes(1_000));
    vault.put_bytes("a", "1").unwrap();
    let mut batch = WriteBatch::new();
    batch.put_bytes("b", "2").delete("a").put_bytes("large", vec![0; 1_001]);
    assert_err!(vault.write(&batch), Error::ValueTooLarge { len: 1_001, .. });
    assert_eq!(keys(&vault), [b"a"]);
    // In the middle of it, by somebody who minds one of the values.
    let raw = place.raw();
    raw.execute_batch(
        "CREATE TRIGGER mind BEFORE INSERT ON kv WHEN new.key = x'63'
         BEGIN SELECT RAISE(ABORT, 'not this one'); END",
    )
    .unwrap();
    let mut batch = WriteBatch::new();
    batch.put_bytes("b", "2").delete_range("a".."b").put_bytes("c", "3").put_bytes("d", "4");
    assert_err!(vault.write(&batch), Error::Sqlite { .. });
    assert_eq!(keys(&vault), [b"a"]);
    raw.execute_batch("DROP TRIGGER mind").unwrap();
    vault.write(&batch).unwrap();
    assert_eq!(keys(&vault), [b"b", b"c", b"d"]);
    // What cannot be packed leaves the batch as it was.
    let mut batch = WriteBatch::new();
    assert!(batch.put("k", &Refuses).is_err() && batch.is_empty());
}

#[test]
fn ranges_of_odd_keys_are_deleted() {
    in_every_mode(|vault| {
        let all = odd_keys();
        let check = |range: (Bound<&Vec<u8>>, Bound<&Vec<u8>>)| {
            vault.put_many_bytes(all.iter().map(|key| (key, "value"))).unwrap();
            let inside = |key: &Vec<u8>| std::ops::RangeBounds::contains(&range, key);
            let left: Vec<Vec<u8>> = all.iter().filter(|key| !inside(key)).cloned().collect();
            let removed = (all.len() - left.len()) as u64;
            assert_eq!(vault.delete_range(range).unwrap(), removed, "{range:?}");
            assert_eq!(keys(vault), left);
            assert_eq!(vault.delete_range(range).unwrap(), 0);
        };
        for key in all.iter().step_by(9) {
            check((Bound::Included(key), Bound::Unbounded));
            check((Bound::Excluded(key), Bound::Unbounded));
            check((Bound::Unbounded, Bound::Included(key)));
            check((Bound::Excluded(&all[2]), Bound::Excluded(key)));
            let mut batch = WriteBatch::new();
            batch.delete_range((Bound::Unbounded, Bound::Excluded(key))).put_bytes(key, "new");
            vault.write(&batch).unwrap();
        }
        vault.put_many_bytes(all.iter().map(|key| (key, "value"))).unwrap();
        for prefix in [&[0xFF, 0xFF][..], &[0xFF], &[0x00], &[0x00], &[]] {
            let before = vault.len().unwrap();
            let begin = vault.count_prefix(prefix).unwrap();
            assert_eq!(vault.delete_prefix(prefix).unwrap(), begin, "{prefix:?}");
            assert_eq!(
                (vault.count_prefix(prefix).unwrap(), vault.len().unwrap()),
                (0, before - begin)
            );
        }
        assert!(vault.is_empty().unwrap());
    });
}

#[test]
fn much_is_deleted_bit_by_bit() {
    in_every_mode(|vault| {
        let many = |n: u32| (0..n).map(|n| (n.wrapping_mul(2_654_435_761).to_be_bytes(), n));
        vault.put_many(many(10_500)).unwrap();
        vault.flush().unwrap();
        let commits = vault.stats().commits;
        assert_eq!(vault.delete_range(..).unwrap(), 10_500);
        if vault.stats().dirty_entries == 0 {
            let commits = vault.stats().commits - commits;
            assert!((10..15).contains(&commits), "{commits} transactions");
        }
        assert!(vault.is_empty().unwrap());
        vault.put_many(many(5_000)).unwrap();
        let kept = vault.retain(|_, value| value.decode::<u32>().unwrap().is_multiple_of(4));
        assert_eq!(kept.unwrap(), 3_750);
        assert_eq!((vault.len().unwrap(), vault.retain(|_, _| true).unwrap()), (1_250, 0));
        vault.flush().unwrap();
        assert_eq!(vault.keys().count(), 1_250);
    });
}

#[test]
fn what_changes_after_it_was_looked_at_is_retained() {
    in_every_mode(|vault| {
        vault.put_many([("a", 1), ("b", 2), ("c", 3)]).unwrap();
        let removed = vault.retain(|key, _| {
            if key == b"b" {
                vault.put("a", &10).unwrap();
                vault.put("b", &20).unwrap();
            }
            false
        });
        // In the cache the first one is gone before the second is looked at.
        let removed = removed.unwrap();
        assert!(vault.contains_key("b").unwrap() && !vault.contains_key("c").unwrap());
        assert!(vault.contains_key("a").unwrap());
        assert!((1..=2).contains(&removed));
    });
}

#[test]
fn rows_of_others_stay() {
    let place = Place::new();
    let vault = place.open();
    place
        .raw()
        .execute_batch(
            "INSERT INTO kv VALUES ('text', x'01'), (7, x'02'), (x'61', 'text'), (x'62', x'03')",
        )
        .unwrap();
    let rows = || place.raw().query_row("SELECT COUNT(*) FROM kv", [], |row| row.get::<_, u32>(0));
    assert_eq!(vault.delete_prefix("a").unwrap(), 0);
    assert_eq!(vault.retain(|_, _| false).unwrap(), 1);
    vault.put_bytes("b", "3").unwrap();
    let mut batch = WriteBatch::new();
    vault.write(batch.delete_range(..)).unwrap();
    vault.put_bytes("b", "3").unwrap();
    vault.enable_cache(CacheOptions::default()).unwrap();
    assert_eq!(vault.delete_range(..).unwrap(), 1);
    vault.disable_cache().unwrap();
    assert_eq!(rows().unwrap(), 3);
}

/// Under a lock of the cache nothing may be committed: what needs that says so, and what does not
/// goes on.
#[test]
fn while_the_cache_is_locked() {
    let place = Place::new();
    let vault = place.open();
    vault.enable_cache(CacheOptions::default()).unwrap();
    vault.put_many((0..2_500_u32).map(|n| (n.to_be_bytes(), n))).unwrap();
    let lock = vault.lock_cache().unwrap();
    let commits = vault.stats().commits;
    assert_eq!(vault.delete_range(2_000_u32.to_be_bytes()..).unwrap(), 500);
    assert_eq!(vault.retain(|_, n| n.decode::<u32>().unwrap() < 1_000).unwrap(), 1_000);
    assert_eq!(vault.increment("n", 1).unwrap(), 1);
    let mut batch = WriteBatch::new();
    batch.delete("n").put("m", &1).unwrap();
    vault.write(&batch).unwrap();
    batch.delete_range(.."a");
    assert_err!(vault.write(&batch), Error::CacheLocked);
    assert_err!(vault.transact(|tx| tx.put("n", &1)), Error::CacheLocked);
    assert_eq!(vault.keys().count(), 1_001);
    assert_eq!(vault.stats().commits, commits);
    lock.unlock().unwrap();
    vault.disable_cache().unwrap();
    assert_eq!(vault.len().unwrap(), 1_001);
}
