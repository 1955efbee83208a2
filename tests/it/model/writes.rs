//! Changes of one table, done to the vault and, where they are not refused, to the model.

use kvault::{Cas, Error, KVault, Result, Stored, Value};

use super::{
    Model,
    reads::{inside, typed, within},
    steps::{ALL, Key, Write, all_keys},
};
use crate::support::assert_err;

fn raw(n: u8) -> Stored {
    Stored::raw([n])
}

fn bytes(n: u8) -> Value {
    Value::Bytes(vec![n])
}

pub(super) fn set(model: &mut Model, key: &Key, value: Option<Stored>) {
    match value {
        Some(value) => drop(model.insert(key.clone(), value)),
        None => drop(model.remove(key)),
    }
}

pub(super) fn run(vault: &KVault, model: &mut Model, write: &Write) -> Result<()> {
    match write {
        Write::Put(key, n) => {
            vault.put_bytes(key, [*n])?;
            set(model, key, Some(raw(*n)));
        }
        Write::Fill(every, n) => {
            let keys = all_keys();
            let keys: Vec<&Key> = keys.iter().step_by(*every).collect();
            let count = vault.put_many_bytes(keys.iter().map(|key| (key, [*n])))?;
            assert_eq!(count, keys.len() as u64);
            model.extend(keys.into_iter().map(|key| (key.clone(), raw(*n))));
        }
        Write::Delete(key) => assert_eq!(vault.delete(key)?, model.remove(key).is_some()),
        Write::Discard(key) => {
            vault.discard(key)?;
            model.remove(key);
        }
        Write::Clear => {
            vault.clear()?;
            model.clear();
        }
        Write::Swap(key, right, new) => {
            let now = model.get(key).cloned();
            let old = if *right { now.clone() } else { Some(Stored::raw("something else")) };
            let new = new.map(raw);
            let swapped = vault.compare_and_swap(key, old.as_ref(), new.as_ref())?;
            if *right {
                assert_eq!(swapped, Cas::Swapped);
                set(model, key, new);
            } else {
                assert_eq!(swapped, Cas::Conflict(now));
            }
        }
        Write::Update(key, new) => {
            let seen = model.get(key).map(typed);
            let made = |found: Option<Value>| {
                assert_eq!(found, seen);
                new.map(bytes)
            };
            assert_eq!(vault.update(key, made)?, new.map(bytes));
            set(model, key, new.map(raw));
        }
        Write::GetOrInsert(key, n) => {
            let there = vault.get_or_insert_with(key, || bytes(*n))?;
            assert_eq!(there, typed(model.entry(key.clone()).or_insert(raw(*n))));
        }
        Write::InsertIfAbsent(key, n) => {
            let inserted = vault.insert_if_absent(key, &bytes(*n))?;
            assert_eq!(inserted, !model.contains_key(key));
            model.entry(key.clone()).or_insert(raw(*n));
        }
        Write::Remove(key) => {
            assert_eq!(vault.remove(key)?, model.remove(key).as_ref().map(typed));
        }
        Write::Entry(key, n, or) => {
            let change = |value: &mut Value| *value = bytes(*n);
            let entry = vault.entry(key).and_modify(change);
            let there = model.contains_key(key);
            if *or {
                let wanted = if there { *n } else { n.wrapping_add(1) };
                assert_eq!(entry.or_insert(bytes(n.wrapping_add(1)))?, bytes(wanted));
                set(model, key, Some(raw(wanted)));
            } else {
                assert_eq!(entry.run()?, there.then(|| bytes(*n)));
                model.entry(key.clone()).and_modify(|value| *value = raw(*n));
            }
        }
        Write::Increment(key, by) => increment(vault, model, key, *by)?,
        Write::DeleteRange(range) => {
            let gone = vault.delete_range(range)?;
            assert_eq!(gone, within(model, range).len() as u64);
            model.retain(|key, _| !inside(range, key));
        }
        Write::DeletePrefix(prefix) => {
            let (gone, before) = (vault.delete_prefix(prefix)?, model.len());
            model.retain(|key, _| !key.starts_with(prefix));
            assert_eq!(gone, (before - model.len()) as u64);
        }
        Write::Retain(by) => retain(vault, model, *by)?,
    }
    Ok(())
}

fn increment(vault: &KVault, model: &mut Model, key: &Key, by: i64) -> Result<()> {
    let now = vault.increment(key, by);
    let before = model.get(key).map_or(Some(0), |stored| typed(stored).as_i64());
    match (before, before.and_then(|before| before.checked_add(by))) {
        (None, _) => assert_err!(now, Error::TypeMismatch { .. }),
        (_, None) => assert_err!(now, Error::Overflow { .. }),
        (_, Some(sum)) => {
            assert_eq!(now?, sum);
            set(model, key, Some(vault.pack(&sum)?));
        }
    }
    Ok(())
}

fn retain(vault: &KVault, model: &mut Model, by: u8) -> Result<()> {
    let keep = |value: &Stored| value.as_bytes().last().is_some_and(|n| n % by != 0);
    let removed = vault.retain(|_, value| keep(value));
    let gone = model.iter().filter(|(_, value)| !keep(value));
    let mut gone: Vec<Key> = gone.map(|(key, _)| key.clone()).collect();
    if removed.is_err() {
        // Key by key where there is a cache: it may have found no room for the last of them.
        let left = vault.count_range(&ALL)?;
        gone.truncate(model.len() - usize::try_from(left).unwrap());
    }
    for key in &gone {
        model.remove(key);
    }
    assert_eq!(removed?, gone.len() as u64);
    Ok(())
}
