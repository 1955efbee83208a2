//! The cache's core against a map: any sequence of operations, and threads at random, over a store
//! that fails as it likes. What loom cannot reach: long runs, many keys, the real concurrent map.

use std::collections::BTreeMap;

use proptest::prelude::*;

use crate::{
    handoff::cache::{
        Cache, Change, Dirty, ENTRY_COST, Held, Key, KeyRef, Limits, Overlay, Refused, Store, Swap,
        Table, Unsettled, Way,
    },
    sync::{Arc, Bytes, Deadline, Mutex},
};

mod sequences;
mod threads;

type Map = BTreeMap<(u32, Vec<u8>), Vec<u8>>;
type Shared = Arc<Cache<Why>>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Why;

/// More with `PROPTEST_CASES`. What fails is printed, and becomes a plain test or a model.
fn cases(default: u32) -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig {
        cases: asked.unwrap_or(default),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// How a commit ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Well,
    Fails,
    /// It was durable, and said that it was not.
    FailsAfterwards,
}

/// A store in memory, whose commits end as `end` says.
#[derive(Clone)]
struct Db {
    rows: Arc<Mutex<Map>>,
    end: End,
}

impl Db {
    fn new() -> Self {
        Self { rows: Arc::new(Mutex::new(Map::new())), end: End::Well }
    }

    fn get(&self, key: KeyRef<'_>) -> Option<Vec<u8>> {
        self.rows.lock().get(&(key.table.0, key.bytes.to_vec())).cloned()
    }

    fn view(&self) -> Map {
        self.rows.lock().clone()
    }
}

impl Store for Db {
    type Error = Why;

    fn commit(&mut self, changes: &mut dyn Iterator<Item = Change<'_>>) -> Result<(), Why> {
        if self.end == End::Fails {
            return Err(Why);
        }
        let mut rows = self.rows.lock();
        let mut last = None;
        for change in changes {
            let key = (change.table.0, change.key.to_vec());
            assert!(last.replace(key.clone()) < Some(key.clone()), "each key once, in order");
            apply(&mut rows, key, change.value.load().unwrap());
        }
        if self.end == End::Well { Ok(()) } else { Err(Why) }
    }
}

fn apply(map: &mut Map, key: (u32, Vec<u8>), value: Option<Vec<u8>>) {
    match value {
        Some(value) => drop(map.insert(key, value)),
        None => drop(map.remove(&key)),
    }
}

fn owned(key: &(u32, Vec<u8>)) -> Key {
    Key::new(Table(key.0), key.1.as_slice())
}

fn dirty(value: Option<&Vec<u8>>) -> Dirty {
    value.map_or(Dirty::Deleted, |value| Dirty::Put(Bytes::from(value.as_slice())))
}

fn read(cache: &Cache<Why>, db: &Db, key: KeyRef<'_>) -> Option<Vec<u8>> {
    cache.read(key, |found| found.load().unwrap(), || db.get(key))
}

/// All that somebody sees who has a view of the store and what lay over it.
fn lay_over(overlay: &Overlay, view: &Map) -> Map {
    let mut seen = view.clone();
    for table in 0..2 {
        for (key, value) in overlay.entries(Table(table), |_| true) {
            let value = value.load().unwrap();
            apply(&mut seen, (key.table().0, key.bytes().to_vec()), value);
        }
    }
    seen
}
