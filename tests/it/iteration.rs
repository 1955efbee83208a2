//! Walking along the keys: what is found, in which order, and what it costs others.

use std::{collections::BTreeMap, ops::Bound};

use kvault::{Cursor, Direction, Error, KVault, KeyRange, Reader, Stored};

use crate::support::{Place, assert_err, wait_until};

type Model = BTreeMap<Vec<u8>, Vec<u8>>;

/// The keys that go wrong where a bound or a prefix is not quite right.
pub(crate) fn odd_keys() -> Vec<Vec<u8>> {
    let bytes = [0x00, 0x01, 0x7F, 0xFE, 0xFF];
    let mut keys = vec![vec![]];
    for a in bytes {
        keys.push(vec![a]);
        for b in bytes {
            keys.push(vec![a, b]);
            keys.push(vec![a, b, a]);
        }
    }
    keys.sort();
    keys.dedup();
    keys
}

fn fill(vault: &KVault, keys: impl IntoIterator<Item = Vec<u8>>) -> Model {
    let value = |key: &Vec<u8>| [b"value of ", &key[..]].concat();
    let model: Model = keys.into_iter().map(|key| (key.clone(), value(&key))).collect();
    vault.put_many_bytes(&model).unwrap();
    model
}

fn entries(model: &Model) -> Vec<(Vec<u8>, Vec<u8>)> {
    model.iter().map(|(key, value)| (key.clone(), value.clone())).collect()
}

fn all<I>(iter: I) -> Vec<(Vec<u8>, Vec<u8>)>
where
    I: Iterator<Item = kvault::Result<(Vec<u8>, Stored)>>,
{
    iter.map(|entry| entry.map(|(key, value)| (key, value.into_bytes())).unwrap()).collect()
}

/// More than a few pages of keys, put in another order than theirs.
fn many(count: u32) -> impl Iterator<Item = Vec<u8>> {
    (0..count).map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes().to_vec())
}

#[test]
fn every_kind_of_range_over_odd_keys() {
    let place = Place::new();
    let vault = place.open();
    let reader = vault.reader().unwrap();
    let model = fill(&vault, odd_keys());
    assert_eq!(all(vault.iter()), entries(&model));

    let check = |range: (Bound<&Vec<u8>>, Bound<&Vec<u8>>)| {
        let inside = |key: &Vec<u8>| std::ops::RangeBounds::contains(&range, key);
        let wanted: Model =
            model.iter().filter(|(k, _)| inside(k)).map(|(k, v)| (k.clone(), v.clone())).collect();
        let mut wanted = entries(&wanted);
        assert_eq!(all(vault.range(range)), wanted, "{range:?}");
        assert_eq!(vault.count_range(range).unwrap(), wanted.len() as u64);
        assert_eq!(reader.count_range(range).unwrap(), wanted.len() as u64);
        wanted.reverse();
        assert_eq!(all(vault.range(range).rev()), wanted);
        assert_eq!(all(reader.range(range).rev()), wanted);
    };
    for from in model.keys() {
        check((Bound::Included(from), Bound::Unbounded));
        check((Bound::Excluded(from), Bound::Unbounded));
        check((Bound::Unbounded, Bound::Included(from)));
        check((Bound::Unbounded, Bound::Excluded(from)));
        for to in model.keys().step_by(3) {
            check((Bound::Included(from), Bound::Included(to)));
            check((Bound::Included(from), Bound::Excluded(to)));
            check((Bound::Excluded(from), Bound::Included(to)));
            check((Bound::Excluded(from), Bound::Excluded(to)));
        }
    }
}

#[test]
fn every_prefix_of_odd_keys() {
    let place = Place::new();
    let vault = place.open();
    let model = fill(&vault, odd_keys());
    let longer = vec![vec![0xFF; 5], b"nothing".to_vec()];
    for prefix in odd_keys().into_iter().chain(longer) {
        let wanted: Vec<Vec<u8>> =
            model.keys().filter(|key| key.starts_with(&prefix)).cloned().collect();
        let found: Vec<Vec<u8>> = vault.prefix(&prefix).keys().map(Result::unwrap).collect();
        assert_eq!(found, wanted, "{prefix:?}");
        let values: Vec<Vec<u8>> =
            vault.prefix(&prefix).values().map(|value| value.unwrap().into_bytes()).collect();
        assert_eq!(values, wanted.iter().map(|key| model[key].clone()).collect::<Vec<_>>());
        assert_eq!(vault.count_prefix(&prefix).unwrap(), wanted.len() as u64);
        assert_eq!(vault.prefix(&prefix).rev().count(), wanted.len());
    }
}

#[test]
fn a_range_that_ends_before_it_starts_is_empty() {
    fn empty(vault: &KVault, range: impl KeyRange) {
        assert_eq!(vault.range(&range).count(), 0);
        assert_eq!(vault.range(&range).rev().count(), 0);
        assert_eq!(vault.range(&range).keys().count(), 0);
        assert_eq!(vault.count_range(&range).unwrap(), 0);
    }
    let place = Place::new();
    let vault = place.open();
    fill(&vault, odd_keys());
    empty(&vault, "b".."a");
    empty(&vault, "b"..="a");
    empty(&vault, b"\xFF"..b"\xFF");
    empty(&vault, (Bound::Excluded("a"), Bound::Excluded("a")));
    empty(&vault, ..[]);
    empty(&vault, ..String::new());
    empty(&vault, vec![0xFF, 0xFF, 0xFF, 0xFF]..);
}

#[test]
fn first_and_last() {
    fn ends(vault: &KVault) -> [Option<Vec<u8>>; 2] {
        let reader = vault.reader().unwrap();
        let key = |found: Option<(Vec<u8>, Stored)>| found.map(|(key, _)| key);
        let of_reader = [key(reader.first().unwrap()), key(reader.last().unwrap())];
        let ends = [key(vault.first().unwrap()), key(vault.last().unwrap())];
        assert_eq!(ends, of_reader);
        ends
    }
    let place = Place::new();
    let vault = place.open();
    assert_eq!(ends(&vault), [None, None]);
    vault.put_bytes([0xFF], "1").unwrap();
    assert_eq!(ends(&vault), [Some(vec![0xFF]), Some(vec![0xFF])]);
    vault.put_bytes([0xFF, 0xFF], "2").unwrap();
    vault.put_bytes([], "3").unwrap();
    assert_eq!(ends(&vault), [Some(vec![]), Some(vec![0xFF, 0xFF])]);
    assert_eq!(vault.first().unwrap().unwrap().1.as_bytes(), b"3");
}

#[test]
fn both_ends_meet_exactly() {
    let place = Place::new();
    let vault = place.open();
    let model = fill(&vault, many(5_000));
    let keys: Vec<Vec<u8>> = model.keys().cloned().collect();
    // From the back as often as from the front, seldom, nearly always, never, always.
    for every in [2, 3, 7, 1_000, usize::MAX, 1] {
        let mut iter = vault.iter();
        let (mut front, mut back) = (Vec::new(), Vec::new());
        for turn in 1.. {
            let from_back = turn % every == 0;
            let entry = if from_back { iter.next_back() } else { iter.next() };
            let Some(entry) = entry else { break };
            let (key, value) = entry.unwrap();
            assert_eq!(value.as_bytes(), model[&key]);
            if from_back {
                back.push(key);
            } else {
                front.push(key);
            }
        }
        assert!(iter.next().is_none() && iter.next_back().is_none() && iter.next().is_none());
        front.extend(back.into_iter().rev());
        assert_eq!(front, keys, "every {every}");
    }
}

#[test]
fn nothing_is_cut_off() {
    let place = Place::new();
    let vault = place.open();
    let model = fill(&vault, many(25_000));
    assert_eq!(vault.iter().count(), 25_000);
    assert_eq!(vault.keys().rev().count(), 25_000);
    assert_eq!(vault.reader().unwrap().values().count(), 25_000);
    let keys: Vec<Vec<u8>> = vault.keys().map(Result::unwrap).collect();
    assert!(keys.iter().eq(model.keys()));
}

#[test]
fn a_page_is_bounded_in_bytes_and_has_a_row() {
    let place = Place::new();
    let vault = place.open();
    for n in 0..9_u8 {
        vault.put_bytes([n], vec![n; 700_000 * usize::from(n % 3)]).unwrap();
    }
    let lengths = |iter: kvault::Values| -> Vec<usize> {
        iter.map(|value| value.unwrap().as_bytes().len() / 700_000).collect()
    };
    assert_eq!(lengths(vault.values()), [0, 1, 2, 0, 1, 2, 0, 1, 2]);
    // What comes behind the page that was read is read later.
    let mut iter = vault.iter();
    assert_eq!(iter.next().unwrap().unwrap().0, [0]);
    vault.delete([8]).unwrap();
    vault.put_bytes([7], "new").unwrap();
    let rest = all(iter);
    assert_eq!(rest.last().unwrap(), &(vec![7], b"new".to_vec()));
}

#[test]
fn what_is_there_all_the_time_is_found_once() {
    let place = Place::new();
    let vault = place.open();
    let key = |n: u32| n.to_be_bytes().to_vec();
    fill(&vault, (0..4_000).map(|n| key(2 * n)));
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for n in 0..2_000 {
                let odd = key(2 * (n * 7 % 4_000) + 1);
                vault.put_bytes(&odd, "comes and goes").unwrap();
                vault.put_bytes(key(2 * n % 8_000), "changes").unwrap();
                vault.delete(&odd).unwrap();
            }
        });
        let mut up = true;
        while !writer.is_finished() {
            let mut found: Vec<Vec<u8>> = if up {
                vault.iter().map(|entry| entry.unwrap().0).collect()
            } else {
                vault.keys().rev().map(Result::unwrap).collect()
            };
            if !up {
                found.reverse();
            }
            up = !up;
            assert!(found.is_sorted_by(|a, b| a < b), "in order, and none twice");
            found.retain(|key| key[3] % 2 == 0);
            assert!(found.into_iter().eq((0..4_000).map(|n| key(2 * n))));
        }
    });
}

#[test]
fn an_iteration_goes_on_from_its_cursor() {
    let place = Place::new();
    let vault = place.open();
    let reader = vault.reader().unwrap();
    let model = fill(&vault, many(1_000));
    let keys: Vec<Vec<u8>> = model.keys().cloned().collect();
    for taken in [0, 1, 127, 128, 129, 500, 999, 1_000] {
        let mut iter = vault.range(keys[0].clone()..=keys[999].clone());
        iter.by_ref().take(taken).for_each(|entry| drop(entry.unwrap()));
        let cursor = iter.cursor();
        assert_eq!(cursor.last_key(), taken.checked_sub(1).map(|last| &keys[last][..]));
        // As text and back, as it may go through a file or a page's address.
        let text = serde_json::to_string(&cursor).unwrap();
        let back: Cursor = serde_json::from_str(&text).unwrap();
        assert_eq!(back, cursor);
        assert!(
            all(vault.resume(&back)).into_iter().map(|(key, _)| key).eq(keys[taken..].to_vec())
        );
        assert_eq!(reader.resume(&back).keys().count(), 1_000 - taken);
    }

    // From both ends, the last one from the back.
    let mut iter = vault.iter();
    iter.by_ref().take(300).for_each(drop);
    iter.by_ref().rev().take(300).for_each(drop);
    let cursor = iter.cursor();
    assert_eq!(
        (cursor.direction(), cursor.last_key()),
        (Direction::Backward, Some(&keys[700][..]))
    );
    assert!(vault.resume(&cursor).keys().map(Result::unwrap).eq(keys[300..700].to_vec()));
    assert!(
        vault
            .resume(&cursor)
            .keys()
            .rev()
            .map(Result::unwrap)
            .eq(keys[300..700].iter().rev().cloned())
    );
    // What was put meanwhile behind it is found, what was put before it is not.
    let mut iter = vault.keys();
    assert_eq!(iter.next().unwrap().unwrap(), keys[0]);
    let cursor = iter.cursor();
    drop(iter);
    let next = [&keys[0][..], &[0]].concat();
    vault.put_bytes(&next, "new").unwrap();
    vault.put_bytes([], "new").unwrap();
    assert_eq!(vault.resume(&cursor).next().unwrap().unwrap().0, next);
}

#[test]
fn starting_after_a_key() {
    let place = Place::new();
    let vault = place.open();
    let model = fill(&vault, many(500));
    let keys: Vec<Vec<u8>> = model.keys().cloned().collect();
    let rest = |iter: kvault::Iter| iter.keys().map(Result::unwrap).collect::<Vec<_>>();
    assert_eq!(rest(vault.iter().start_after(&keys[10])), keys[11..]);
    assert_eq!(rest(vault.iter().start_after([])), keys);
    assert_eq!(rest(vault.iter().start_after([0xFF; 9])), Vec::<Vec<u8>>::new());
    // Where pages were read already: before, inside and behind them, from either end.
    for at in [0, 3, 90, 127, 128, 300, 450, 499] {
        let mut iter = vault.iter();
        assert_eq!(iter.next().unwrap().unwrap().0, keys[0]);
        assert_eq!(iter.next_back().unwrap().unwrap().0, keys[499]);
        let left: &[Vec<u8>] = keys.get((at + 1).max(1)..499).unwrap_or(&[]);
        let iter = iter.start_after(&keys[at]);
        let cursor = iter.cursor();
        assert_eq!(rest(iter), left, "after {at}");
        assert_eq!(rest(vault.resume(&cursor)), left);
    }
}

#[test]
fn adapters_may_come_late() {
    let place = Place::new();
    let vault = place.open();
    vault.put_many((0..300_u32).map(|n| (n.to_be_bytes(), n))).unwrap();
    let begun = || {
        let mut iter = vault.iter();
        iter.next().unwrap().unwrap();
        iter.next_back().unwrap().unwrap();
        iter
    };
    assert_eq!(begun().keys().count(), 298);
    assert_eq!(begun().values().last().unwrap().unwrap().decode::<u32>().unwrap(), 298);
    let items: Vec<(Vec<u8>, u32)> = begun().items().map(Result::unwrap).collect();
    assert_eq!((items.len(), items[0].1), (298, 1));
}

#[test]
fn a_value_of_another_type_does_not_end_it() {
    let place = Place::new();
    let vault = place.open();
    vault.put_many([("a", 1), ("c", 3)]).unwrap();
    vault.put("b", "two").unwrap();
    let mut items = vault.items::<i64>();
    assert_eq!(items.next().unwrap().unwrap(), (b"a".to_vec(), 1));
    assert_err!(items.next().unwrap(), Error::Decode { table, key, .. } if table == "kv" && key == b"b");
    assert_eq!(items.next().unwrap().unwrap(), (b"c".to_vec(), 3));
    assert!(items.next().is_none());
    // As `get` reads it, with this handle's settings.
    vault.disable_auto_pack();
    assert_eq!(vault.items::<Vec<u8>>().flatten().count(), 3);
}

#[test]
fn an_iterator_goes_its_own_way() {
    let place = Place::new();
    let vault = place.open();
    fill(&vault, many(2_000));
    let mut iter = vault.table("kv").unwrap().iter();
    let mut of_reader = vault.reader().unwrap().iter();
    iter.next().unwrap().unwrap();
    of_reader.next().unwrap().unwrap();
    let thread = std::thread::spawn(move || iter.map(Result::unwrap).count());
    assert_eq!(thread.join().unwrap(), 1_999);
    assert_eq!(of_reader.count(), 1_999);
    assert!(!format!("{:?} {:?}", vault.iter(), vault.items::<u8>()).contains("value of"));
}

/// As `get` does it, but for keys that are not looked up.
#[test]
fn rows_of_others_are_left_out() {
    let place = Place::new();
    let vault = place.open();
    let raw = place.raw();
    raw.execute_batch(
        "INSERT INTO kv VALUES ('text key', x'01'), (17, x'02'), (1.5, x'03'), ('', x'04');
         INSERT INTO kv VALUES (x'76', 'text value'), (x'78', ''), (x'00', 1), (x'FF', 0.5);
         INSERT INTO kv VALUES (x'10', x'01'), (x'7679', x'02');
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
         INSERT INTO kv SELECT CAST('m' || i AS BLOB), 'text' FROM n;",
    )
    .unwrap();
    let ours = [vec![0x10], b"vy".to_vec()];
    assert!(all(vault.iter()).into_iter().map(|(key, _)| key).eq(ours.clone()));
    assert!(all(vault.iter().rev()).into_iter().map(|(key, _)| key).eq(ours.iter().rev().cloned()));
    assert_eq!(vault.count_range(..).unwrap(), vault.len().unwrap());
    assert_eq!(vault.count_prefix("v").unwrap(), 1);
    assert_eq!(vault.first().unwrap().unwrap().0, ours[0]);
    assert_eq!(vault.last().unwrap().unwrap().0, ours[1]);
    // Keys that are BLOBs, whatever their values are.
    assert_eq!(vault.keys().count(), 2 + 4 + 3_000);
}

/// Between pages nothing is held: the log can be begun anew.
#[test]
fn an_iterator_that_is_kept_keeps_nobody_from_cutting_the_log() {
    let place = Place::new();
    let vault = place.open();
    fill(&vault, many(3_000));
    let mut iter = vault.iter();
    let reader = vault.reader().unwrap();
    let mut of_reader = reader.values();
    iter.next().unwrap().unwrap();
    of_reader.next_back().unwrap().unwrap();
    vault.put_bytes("a", "1").unwrap();
    vault.checkpoint(kvault::CheckpointMode::Truncate).unwrap();
    wait_until("the log is cut", || vault.stats().wal_bytes == 0);
    assert_eq!((iter.count(), of_reader.count()), (3_000, 3_000));
}

#[test]
fn what_cannot_be_read_ends_it() {
    fn ends<T>(mut iter: impl DoubleEndedIterator<Item = kvault::Result<T>>) {
        let error = loop {
            match iter.next().expect("it ends with an error") {
                Ok(_) => {}
                Err(error) => break error,
            }
        };
        assert!(matches!(error, Error::Closed), "{error:?}");
        assert!(iter.next().is_none() && iter.next_back().is_none());
    }
    let place = Place::new();
    let vault = place.open();
    fill(&vault, many(3_000));
    let reader: Reader = vault.reader().unwrap();
    let mut begun = vault.iter();
    begun.next().unwrap().unwrap();
    let fresh = vault.range("b".."a");
    vault.close().unwrap();
    ends(begun);
    ends(fresh);
    ends(reader.keys());
    ends(vault.items::<u8>());
    assert_err!(vault.first(), Error::Closed);
    assert_err!(vault.count_prefix("a"), Error::Closed);
}
