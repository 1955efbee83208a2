//! Sequences of operations, past, into and through the write cache: a vault looks like a map.

#![no_main]

use std::collections::BTreeMap;

use arbitrary::Arbitrary;
use kvault::{CacheOptions, Cas, Error, KVault, Stored, StreamOptions, WriteBatch};
use libfuzzer_sys::fuzz_target;

#[derive(Debug, Arbitrary)]
enum Op {
    Put(u8, u8),
    PutMany(Vec<(u8, u8)>),
    Delete(u8),
    Swap(u8, u8),
    Batch(Vec<(u8, Option<u8>)>, Option<(u8, u8)>),
    DeleteRange(u8, u8),
    Stream(u8, u8, u16),
    Read(u8, u16),
    Clear,
    Get(u8),
    Scan,
    Back,
    Count(u8, u8),
    Cache(u16),
    NoCache,
    Flush,
}

type Map = BTreeMap<Vec<u8>, Vec<u8>>;

fn value(n: u8) -> Vec<u8> {
    vec![n; usize::from(n) * 3]
}

fuzz_target!(|ops: Vec<Op>| {
    let vault = KVault::options().page_size(512).open(":memory:").expect("a vault");
    let mut map = Map::new();
    for op in ops.into_iter().take(60) {
        step(&vault, &mut map, op).expect("nothing fails here");
    }
    vault.close().expect("a close");
});

fn step(vault: &KVault, map: &mut Map, op: Op) -> kvault::Result<()> {
    match op {
        Op::Put(key, n) => {
            vault.put_bytes([key], value(n))?;
            map.insert(vec![key], value(n));
        }
        Op::PutMany(rows) => {
            vault.put_many_bytes(rows.iter().map(|(key, n)| ([*key], value(*n))))?;
            map.extend(rows.into_iter().map(|(key, n)| (vec![key], value(n))));
        }
        Op::Delete(key) => {
            assert_eq!(vault.delete([key])?, map.remove(&vec![key]).is_some());
        }
        Op::Swap(key, n) => {
            let old = map.get(&vec![key]).map(|old| Stored::raw(old.clone()));
            let new = Stored::raw(value(n));
            assert_eq!(vault.compare_and_swap([key], old.as_ref(), Some(&new))?, Cas::Swapped);
            map.insert(vec![key], value(n));
        }
        Op::Batch(rows, range) => {
            let mut batch = WriteBatch::new();
            if let Some((first, end)) = range {
                batch.delete_range([first]..[end]);
                map.retain(|key, _| !(first..end).contains(&key[0]));
            }
            for (key, n) in rows {
                match n {
                    Some(n) => {
                        batch.put_bytes([key], value(n));
                        map.insert(vec![key], value(n));
                    }
                    None => {
                        batch.delete([key]);
                        map.remove(&vec![key]);
                    }
                }
            }
            vault.write(&batch)?;
        }
        Op::DeleteRange(first, end) => {
            let before = map.len();
            map.retain(|key, _| !(first..end).contains(&key[0]));
            assert_eq!(vault.delete_range([first]..[end])?, (before - map.len()) as u64);
        }
        // The longer half goes through a file.
        Op::Stream(key, n, len) => {
            let value = vec![n; usize::from(len) * 2];
            let options = StreamOptions::default().chunk_size(16 << 10);
            vault.put_reader([key], &value[..], options)?;
            map.insert(vec![key], value);
        }
        Op::Read(key, at) => match (vault.open_blob([key]), map.get(&vec![key])) {
            (Ok(blob), Some(value)) => {
                let mut piece = [0; 100];
                let read = blob.read_at(&mut piece, at.into())?;
                let rest = value.get(usize::from(at)..).unwrap_or_default();
                assert_eq!(piece[..read], rest[..rest.len().min(100)]);
            }
            (Err(Error::NotFound { .. }), None) => {}
            (found, value) => panic!("{found:?} and not {value:?}"),
        },
        Op::Clear => {
            vault.clear()?;
            map.clear();
        }
        Op::Get(key) => assert_eq!(vault.get_bytes([key])?.as_ref(), map.get(&vec![key])),
        Op::Scan => same(vault.iter(), map.iter())?,
        Op::Back => same(vault.iter().rev(), map.iter().rev())?,
        Op::Count(first, end) => {
            let inside = map.keys().filter(|key| (first..end).contains(&key[0])).count();
            assert_eq!(vault.count_range([first]..[end])?, inside as u64);
            assert_eq!(vault.len()?, map.len() as u64);
        }
        Op::Cache(cap) => {
            vault.disable_cache()?;
            vault.enable_cache(CacheOptions::default().cap_bytes(usize::from(cap) + 1))?;
        }
        Op::NoCache => drop(vault.disable_cache()?),
        Op::Flush => drop(vault.flush()?),
    }
    Ok(())
}

fn same<'a>(
    found: impl Iterator<Item = kvault::Result<(Vec<u8>, Stored)>>,
    mut map: impl Iterator<Item = (&'a Vec<u8>, &'a Vec<u8>)>,
) -> kvault::Result<()> {
    for row in found {
        let (key, stored) = row?;
        assert_eq!(map.next(), Some((&key, &stored.payload()?.to_vec())));
    }
    assert_eq!(map.next(), None);
    Ok(())
}
