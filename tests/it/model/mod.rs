//! A vault against a map that does the same: whatever one does in whatever order.
//!
//! `KVAULT_MODEL_CASES` says how many sequences are tried, if it is not to be the usual number.

use std::{collections::BTreeMap, ops::Bound, sync::Mutex};

use kvault::{CacheOptions, Cas, KVault, Snapshot, Stored, WriteBatch};
use proptest::{collection::vec, option, prelude::*, sample::select};

use crate::support::Place;

type Key = Vec<u8>;
type Model = BTreeMap<Key, Vec<u8>>;
type Range = (Bound<Key>, Bound<Key>);

#[derive(Debug, Clone)]
enum Step {
    Put(Key, u8),
    Delete(Key),
    /// Every so many of all keys there are.
    Fill(usize, u8),
    Batch(Vec<Change>),
    Swap(Key, bool, Option<u8>),
    Increment(u8),
    Update(Key, Option<u8>),
    DeleteRange(Range),
    DeletePrefix(Key),
    /// What is divisible by that.
    Retain(u8),
    Transact(Key, Key),
    Flush,
    Snapshot,
    /// From which end to take, again and again.
    Scan(Range, Vec<bool>),
    Prefix(Key),
    Resume(Range, usize, Option<Key>),
}

#[derive(Debug, Clone)]
enum Change {
    Put(Key, u8),
    Delete(Key),
    Range(Range),
    Prefix(Key),
}

const BYTES: [u8; 4] = [0x00, 0x01, 0xFE, 0xFF];

fn key() -> impl Strategy<Value = Key> {
    vec(select(&BYTES[..]), 0..5)
}

fn bound() -> impl Strategy<Value = Bound<Key>> {
    prop_oneof![
        2 => key().prop_map(Bound::Included),
        2 => key().prop_map(Bound::Excluded),
        1 => Just(Bound::Unbounded),
    ]
}

fn range() -> impl Strategy<Value = Range> {
    (bound(), bound())
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        3 => (key(), any::<u8>()).prop_map(|(key, n)| Change::Put(key, n)),
        2 => key().prop_map(Change::Delete),
        1 => range().prop_map(Change::Range),
        1 => key().prop_map(Change::Prefix),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (key(), any::<u8>()).prop_map(|(key, n)| Step::Put(key, n)),
        2 => key().prop_map(Step::Delete),
        2 => (1_usize..9, any::<u8>()).prop_map(|(every, n)| Step::Fill(every, n)),
        2 => vec(change(), 0..9).prop_map(Step::Batch),
        2 => (key(), any::<bool>(), option::of(any::<u8>()))
            .prop_map(|(key, right, new)| Step::Swap(key, right, new)),
        1 => any::<u8>().prop_map(Step::Increment),
        1 => (key(), option::of(any::<u8>())).prop_map(|(key, new)| Step::Update(key, new)),
        1 => range().prop_map(Step::DeleteRange),
        1 => key().prop_map(Step::DeletePrefix),
        1 => (2_u8..9).prop_map(Step::Retain),
        1 => (key(), key()).prop_map(|(a, b)| Step::Transact(a, b)),
        2 => Just(Step::Flush),
        1 => Just(Step::Snapshot),
        4 => (range(), vec(any::<bool>(), 1..9)).prop_map(|(range, turns)| Step::Scan(range, turns)),
        2 => key().prop_map(Step::Prefix),
        2 => (range(), 0_usize..300, option::of(key()))
            .prop_map(|(range, taken, after)| Step::Resume(range, taken, after)),
    ]
}

/// All keys that [`key`] makes.
fn all_keys() -> Vec<Key> {
    let mut all = vec![vec![]];
    let mut from = 0;
    for _ in 0..4 {
        let last = from..all.len();
        from = all.len();
        for at in last {
            for byte in BYTES {
                let key = [&all[at][..], &[byte]].concat();
                all.push(key);
            }
        }
    }
    all
}

fn inside(range: &Range, key: &Key) -> bool {
    std::ops::RangeBounds::contains(range, key)
}

fn within(model: &Model, range: &Range) -> Vec<(Key, Vec<u8>)> {
    let wanted = model.iter().filter(|(key, _)| inside(range, key));
    wanted.map(|(key, value)| (key.clone(), value.clone())).collect()
}

fn taken(entry: kvault::Result<(Key, Stored)>) -> (Key, Vec<u8>) {
    let (key, value) = entry.unwrap();
    (key, value.into_bytes())
}

/// Takes from both ends by turns, and puts it together.
fn scan(mut iter: kvault::Iter, turns: &[bool]) -> Vec<(Key, Vec<u8>)> {
    let (mut front, mut back) = (Vec::new(), Vec::new());
    for from_back in turns.iter().cycle() {
        let entry = if *from_back { iter.next_back() } else { iter.next() };
        let Some(entry) = entry.map(taken) else { break };
        if *from_back { &mut back } else { &mut front }.push(entry);
    }
    assert!(iter.next().is_none() && iter.next_back().is_none());
    front.extend(back.into_iter().rev());
    front
}

/// Where a counter is that only [`Step::Increment`] touches.
const COUNTER: &[u8] = b"counter";

struct Pair<'a> {
    vault: &'a KVault,
    model: Model,
    kept: Option<(Snapshot, Model)>,
    keys: &'a [Key],
}

impl Pair<'_> {
    fn run(&mut self, step: Step) {
        let (vault, model) = (self.vault, &mut self.model);
        match step {
            Step::Put(key, n) => {
                vault.put_bytes(&key, [n]).unwrap();
                model.insert(key, vec![n]);
            }
            Step::Delete(key) => {
                assert_eq!(vault.delete(&key).unwrap(), model.remove(&key).is_some());
            }
            Step::Fill(every, n) => {
                let rows = self.keys.iter().step_by(every);
                model.extend(rows.clone().map(|key| (key.clone(), vec![n])));
                vault.put_many_bytes(rows.map(|key| (key, [n]))).unwrap();
            }
            Step::Batch(changes) => self.batch(changes),
            Step::Swap(key, right, new) => {
                let now = model.get(&key).cloned();
                let old = if right { now.clone() } else { Some(b"something else".to_vec()) };
                let swapped = vault
                    .compare_and_swap(
                        &key,
                        old.map(Stored::raw).as_ref(),
                        new.map(|n| Stored::raw([n])).as_ref(),
                    )
                    .unwrap();
                if right {
                    assert_eq!(swapped, Cas::Swapped);
                    set(model, key, new);
                } else {
                    assert_eq!(swapped, Cas::Conflict(now.map(Stored::raw)));
                }
            }
            Step::Increment(by) => {
                let now = vault.increment(COUNTER, i64::from(by)).unwrap();
                let stored = vault.pack(&now).unwrap().into_bytes();
                let before = model.insert(COUNTER.to_vec(), stored);
                let before = before.map_or(0, |before| Stored::raw(before).decode().unwrap());
                assert_eq!(now, before + i64::from(by));
            }
            Step::Update(key, new) if key != COUNTER => {
                let seen = model.get(&key).cloned();
                let made = |found: Option<Vec<u8>>| {
                    assert_eq!(found, seen);
                    new.map(|n| vec![n])
                };
                assert_eq!(vault.update(&key, made).unwrap(), new.map(|n| vec![n]));
                set(model, key, new);
            }
            Step::DeleteRange(range) => {
                let gone = within(model, &range).len() as u64;
                model.retain(|key, _| !inside(&range, key));
                assert_eq!(vault.delete_range(range).unwrap(), gone);
            }
            Step::DeletePrefix(prefix) => {
                let before = model.len();
                model.retain(|key, _| !key.starts_with(&prefix));
                let gone = (before - model.len()) as u64;
                assert_eq!(vault.delete_prefix(&prefix).unwrap(), gone);
            }
            Step::Retain(by) => {
                let keep = |value: &[u8]| value.last().is_some_and(|n| n % by != 0);
                let before = model.len();
                model.retain(|_, value| keep(value));
                let gone = (before - model.len()) as u64;
                assert_eq!(vault.retain(|_, value| keep(value.as_bytes())).unwrap(), gone);
            }
            Step::Transact(a, b) => {
                // They change places.
                vault
                    .transact(|tx| {
                        let (x, y) = (tx.get::<Vec<u8>>(&a)?, tx.get::<Vec<u8>>(&b)?);
                        for (key, value) in [(&a, y), (&b, x)] {
                            match value {
                                Some(value) => tx.put(key, &value)?,
                                None => drop(tx.delete(key)?),
                            }
                        }
                        Ok(())
                    })
                    .unwrap();
                let (x, y) = (model.remove(&a), model.remove(&b));
                if a == b {
                    model.extend(x.map(|x| (a, x)));
                } else {
                    model.extend(y.map(|y| (a, y)));
                    model.extend(x.map(|x| (b, x)));
                }
            }
            Step::Flush => drop(vault.flush().unwrap()),
            Step::Snapshot => self.kept = Some((vault.snapshot().unwrap(), model.clone())),
            reading => self.read(&reading),
        }
    }

    fn batch(&mut self, changes: Vec<Change>) {
        let mut batch = WriteBatch::new();
        for change in changes {
            match change {
                Change::Put(key, n) => {
                    batch.put_bytes(&key, [n]);
                    self.model.insert(key, vec![n]);
                }
                Change::Delete(key) => {
                    batch.delete(&key);
                    self.model.remove(&key);
                }
                Change::Range(range) => {
                    self.model.retain(|key, _| !inside(&range, key));
                    batch.delete_range(range);
                }
                Change::Prefix(prefix) => {
                    self.model.retain(|key, _| !key.starts_with(&prefix));
                    batch.delete_prefix(prefix);
                }
            }
        }
        self.vault.write(&batch).unwrap();
    }

    fn read(&self, step: &Step) {
        let (vault, model) = (self.vault, &self.model);
        match step {
            Step::Scan(range, turns) => {
                let wanted = within(model, range);
                assert_eq!(scan(vault.range(range.clone()), turns), wanted);
                let count = wanted.len() as u64;
                assert_eq!(vault.count_range(range.clone()).unwrap(), count);
                let keys: Vec<Key> =
                    vault.range(range.clone()).keys().map(Result::unwrap).collect();
                assert!(keys.iter().eq(wanted.iter().map(|(key, _)| key)));
                if let Some((snapshot, then)) = &self.kept {
                    assert_eq!(scan(snapshot.range(range.clone()), turns), within(then, range));
                    assert_eq!(snapshot.len().unwrap(), then.len() as u64);
                }
            }
            Step::Prefix(prefix) => {
                let wanted = model.iter().filter(|(key, _)| key.starts_with(prefix));
                let mut wanted: Vec<_> = wanted.map(|(k, v)| (k.clone(), v.clone())).collect();
                assert_eq!(vault.count_prefix(prefix).unwrap(), wanted.len() as u64);
                wanted.reverse();
                assert!(vault.prefix(prefix).rev().map(taken).eq(wanted));
                let ends = [vault.first().unwrap(), vault.last().unwrap()];
                let keys = ends.map(|end| end.map(|(key, _)| key));
                let first = model.keys().next().cloned();
                assert_eq!(keys, [first, model.keys().next_back().cloned()]);
            }
            Step::Resume(range, count, after) => {
                let mut wanted = within(model, range);
                let mut iter = vault.range(range.clone());
                let begun: Vec<_> = iter.by_ref().take(*count).map(taken).collect();
                let rest = wanted.split_off(begun.len());
                assert_eq!(begun, wanted);
                assert!(vault.resume(&iter.cursor()).map(taken).eq(rest.clone()));
                let after = after.clone().unwrap_or_default();
                let rest: Vec<_> = rest.into_iter().filter(|(key, _)| *key > after).collect();
                assert!(iter.start_after(&after).map(taken).eq(rest));
            }
            _ => {}
        }
    }
}

fn set(model: &mut Model, key: Key, value: Option<u8>) {
    match value {
        Some(n) => drop(model.insert(key, vec![n])),
        None => drop(model.remove(&key)),
    }
}

fn try_sequences(vault: &KVault) {
    let cases = std::env::var("KVAULT_MODEL_CASES").map_or(1_000, |cases| cases.parse().unwrap());
    let keys = all_keys();
    // One vault for all of them: to open one takes longer than a sequence.
    let vault = Mutex::new(vault);
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(steps in vec(step(), 1..25))| {
        let vault = vault.lock().unwrap();
        vault.clear().unwrap();
        let mut pair = Pair { vault: &vault, model: Model::new(), kept: None, keys: &keys };
        for step in steps {
            pair.run(step);
        }
        pair.read(&Step::Scan((Bound::Unbounded, Bound::Unbounded), vec![false, true]));
    });
}

#[test]
fn a_vault_is_a_map() {
    let place = Place::new();
    try_sequences(&place.open());
}

#[test]
fn a_vault_with_a_cache_is_a_map() {
    let place = Place::new();
    let vault = place.open();
    // Small enough to be flushed again and again, and to be too small for some.
    let options = CacheOptions::default().cap_bytes(64 << 10).flush_threshold(16 << 10);
    vault.enable_cache(options).unwrap();
    try_sequences(&vault);
}

#[test]
fn a_vault_that_writes_through_a_cache_is_a_map() {
    let place = Place::new();
    let vault = place.open();
    let _scope = vault.cache(CacheOptions::default()).unwrap();
    try_sequences(&vault);
}
