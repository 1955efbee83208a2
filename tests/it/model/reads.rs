//! Whether what a vault or a snapshot shows of a table is what the model holds.

use kvault::{Iter, KVault, Result, Snapshot, Stored, Value};

use super::{
    Model,
    steps::{Key, Range, Read},
};

type Rows = Vec<(Key, Stored)>;

pub(super) fn inside(range: &Range, key: &Key) -> bool {
    std::ops::RangeBounds::contains(range, key)
}

pub(super) fn within(model: &Model, range: &Range) -> Rows {
    let wanted = model.iter().filter(|(key, _)| inside(range, key));
    wanted.map(|(key, value)| (key.clone(), value.clone())).collect()
}

pub(super) fn typed(stored: &Stored) -> Value {
    stored.decode().unwrap()
}

/// Takes from both ends by turns, at most so many; what came from the front and from the back.
pub(super) fn take(iter: &mut Iter, turns: &[bool], most: usize) -> (Rows, Rows) {
    let (mut front, mut back) = (Vec::new(), Vec::new());
    for from_back in turns.iter().cycle().take(most) {
        let entry = if *from_back { iter.next_back() } else { iter.next() };
        let Some(entry) = entry.map(Result::unwrap) else { break };
        if *from_back { &mut back } else { &mut front }.push(entry);
    }
    (front, back)
}

/// Everything, taken from both ends and put together.
fn scan(mut iter: Iter, turns: &[bool]) -> Rows {
    let (mut front, back) = take(&mut iter, turns, usize::MAX);
    assert!(iter.next().is_none() && iter.next_back().is_none());
    front.extend(back.into_iter().rev());
    front
}

/// Writes it for a type: the verbs have the same names, and no trait in common.
macro_rules! shows {
    ($name:ident, $type:ty) => {
        pub(super) fn $name(table: &$type, model: &Model, read: &Read) {
            match read {
                Read::Get(key) => {
                    let wanted = model.get(key);
                    assert_eq!(table.get_stored(key).unwrap().as_ref(), wanted);
                    assert_eq!(table.get::<Value>(key).unwrap(), wanted.map(typed));
                    assert_eq!(table.contains_key(key).unwrap(), wanted.is_some());
                    assert_eq!(table.len().unwrap(), model.len() as u64);
                    assert_eq!(table.is_empty().unwrap(), model.is_empty());
                }
                Read::GetMany(keys) => {
                    let wanted: Vec<_> = keys.iter().map(|key| model.get(key)).collect();
                    let stored = table.get_many_stored(keys).unwrap();
                    assert!(stored.iter().map(Option::as_ref).eq(wanted.iter().copied()));
                    let wanted: Vec<_> = wanted.into_iter().map(|v| v.map(typed)).collect();
                    assert_eq!(table.get_many::<Value, _>(keys).unwrap(), wanted);
                }
                Read::Scan(range, turns) => {
                    let wanted = within(model, range);
                    assert_eq!(scan(table.range(range), turns), wanted);
                    assert_eq!(table.count_range(range).unwrap(), wanted.len() as u64);
                    let keys = table.range(range).keys().rev().map(Result::unwrap);
                    assert!(keys.eq(wanted.iter().rev().map(|(key, _)| key.clone())));
                    let values = table.values().map(Result::unwrap);
                    assert!(values.eq(model.values().cloned()));
                    let items = table.items::<Value>().map(Result::unwrap);
                    assert!(items.eq(model.iter().map(|(key, v)| (key.clone(), typed(v)))));
                }
                Read::Prefix(prefix) => {
                    let of = |entry: (&Key, &Stored)| (entry.0.clone(), entry.1.clone());
                    let wanted = model.iter().filter(|(key, _)| key.starts_with(prefix));
                    let wanted: Vec<_> = wanted.map(of).collect();
                    assert_eq!(table.count_prefix(prefix).unwrap(), wanted.len() as u64);
                    let found = table.prefix(prefix).rev().map(Result::unwrap);
                    assert!(found.eq(wanted.into_iter().rev()));
                    assert_eq!(table.first().unwrap(), model.first_key_value().map(of));
                    assert_eq!(table.last().unwrap(), model.last_key_value().map(of));
                    assert!(table.keys().map(Result::unwrap).eq(model.keys().cloned()));
                }
                Read::Resume(range, count, after) => {
                    let mut wanted = within(model, range);
                    let mut iter = table.range(range);
                    let begun: Vec<_> = iter.by_ref().take(*count).map(Result::unwrap).collect();
                    let rest = wanted.split_off(begun.len());
                    assert_eq!(begun, wanted);
                    let resumed = table.resume(&iter.cursor()).map(Result::unwrap);
                    assert!(resumed.eq(rest.iter().cloned()));
                    let after = after.clone().unwrap_or_default();
                    let rest = rest.into_iter().filter(|(key, _)| *key > after);
                    assert!(iter.start_after(&after).map(Result::unwrap).eq(rest));
                }
            }
        }
    };
}

shows!(vault_shows, KVault);
shows!(snapshot_shows, Snapshot);
