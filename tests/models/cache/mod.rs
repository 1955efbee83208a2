//! Models of the dirty cache, and what they share: a store in memory, an actor, short words.

mod batch;
mod budget;
mod close;
mod get;
mod hold;
mod instant;
mod merge;
mod mode;
mod settle;
mod spool;
mod swap;

pub(crate) use batch::*;
pub(crate) use budget::*;
pub(crate) use close::*;
pub(crate) use get::*;
pub(crate) use hold::*;
pub(crate) use instant::*;
pub(crate) use merge::*;
pub(crate) use mode::*;
pub(crate) use settle::*;
pub(crate) use spool::*;
pub(crate) use swap::*;

use std::collections::{BTreeMap, VecDeque};

use super::{
    core::{
        Bell, Woken,
        cache::{Cache, Change, Dirty, ENTRY_COST, Key, KeyRef, Limits, Overlay, Store, Table},
    },
    model,
};
use crate::sync::{Arc, Bytes, Deadline, Mutex, StdArc};

type Why = &'static str;
type Shared = StdArc<Cache<Why>>;

/// Two keys in two tables: a batch, a flush and a view span tables.
const A: KeyRef<'static> = KeyRef { table: Table(1), bytes: b"a" };
const B: KeyRef<'static> = KeyRef { table: Table(2), bytes: b"b" };
const C: KeyRef<'static> = KeyRef { table: Table(1), bytes: b"c" };
/// What an entry of these models counts.
const ONE: usize = ENTRY_COST + 2;
const ROOMY: Limits = Limits { cap: 100 * ONE, threshold: 100 * ONE, sealed: 8 };

const NEVER: Deadline = Deadline::NEVER;

/// A store in memory. What is committed is there at once, as in a database.
#[derive(Clone)]
struct Db(StdArc<Mutex<Rows>>);

#[derive(Clone, Default)]
struct Rows {
    values: BTreeMap<(Table, Vec<u8>), Bytes>,
    /// How many changes each commit had.
    commits: Vec<usize>,
    /// How the next commits end; well, when there is nothing here.
    ends: VecDeque<End>,
}

#[derive(Clone, Copy)]
enum End {
    Fails,
    /// The commit was durable, but its answer was an error.
    FailsAfterwards,
}

impl Rows {
    fn number(&self, key: KeyRef<'_>) -> u8 {
        number(self.values.get(&(key.table, key.bytes.to_vec())).cloned())
    }
}

impl Db {
    fn new(ends: &[End]) -> Self {
        let ends = ends.iter().copied().collect();
        Self(StdArc::new(Mutex::new(Rows { ends, ..Rows::default() })))
    }

    fn view(&self) -> Rows {
        self.0.lock().clone()
    }

    fn number(&self, key: KeyRef<'_>) -> u8 {
        self.0.lock().number(key)
    }

    /// A commit past the cache.
    fn write(&self, key: KeyRef<'_>, number: u8) {
        let key = (key.table, key.bytes.to_vec());
        self.0.lock().values.insert(key, Bytes::from([number]));
    }
}

impl Store for Db {
    type Error = Why;

    fn commit(&mut self, changes: &mut dyn Iterator<Item = Change<'_>>) -> Result<(), Why> {
        let changes: Vec<_> = changes.collect();
        let order = |change: &Change<'_>| (change.table, change.key.to_vec());
        assert!(
            changes.is_sorted_by(|one, two| order(one) < order(two)),
            "each key once, in order"
        );
        let mut db = self.0.lock();
        let end = db.ends.pop_front();
        if matches!(end, Some(End::Fails)) {
            return Err("no");
        }
        db.commits.push(changes.len());
        for change in changes {
            let key = (change.table, change.key.to_vec());
            match change.value {
                Dirty::Deleted => drop(db.values.remove(&key)),
                value => drop(db.values.insert(key, bytes_of(value).unwrap_or_default())),
            }
        }
        if end.is_some() { Err("perhaps") } else { Ok(()) }
    }
}

/// A value is a number; 0 is none.
fn number(value: Option<Bytes>) -> u8 {
    value.map_or(0, |bytes| bytes[0])
}

fn value(number: u8) -> Option<Bytes> {
    (number > 0).then(|| Bytes::from([number]))
}

fn dirty(number: u8) -> Dirty {
    value(number).map_or(Dirty::Deleted, Dirty::Put)
}

fn of_dirty(dirty: &Dirty) -> u8 {
    number(bytes_of(dirty))
}

fn bytes_of(dirty: &Dirty) -> Option<Bytes> {
    dirty.load().expect("what is written down can be read").map(Bytes::from)
}

fn owned(key: KeyRef<'_>) -> Key {
    Key::new(key.table, key.bytes)
}

fn entry(key: KeyRef<'_>, number: u8) -> (Key, Dirty) {
    (owned(key), dirty(number))
}

/// A cache that is on, without anybody to wake.
fn roomy() -> Shared {
    with(ROOMY, &Arc::new(Bell::new()))
}

fn with(limits: Limits, bell: &Arc<Bell>) -> Shared {
    let bell = Arc::clone(bell);
    let cache = StdArc::new(Cache::new(limits, move || bell.ring()));
    cache.turn_on();
    cache
}

fn put(cache: &Cache<Why>, key: KeyRef<'_>, number: u8) -> bool {
    cache.put(owned(key), dirty(number), NEVER).is_ok()
}

fn read(cache: &Cache<Why>, db: &Db, key: KeyRef<'_>) -> u8 {
    cache.read(key, of_dirty, || db.number(key))
}

/// What one sees who has a view of the store and what lay over it.
fn through(overlay: &Overlay, view: &Rows, key: KeyRef<'_>) -> u8 {
    overlay.get(key).map_or_else(|| view.number(key), |found| of_dirty(&found))
}

/// Runs something with the cache and the store on a thread of its own.
fn beside<T: 'static + Send>(
    cache: &Shared,
    db: &Db,
    run: impl FnOnce(Shared, Db) -> T + 'static + Send,
) -> model::JoinHandle<T> {
    let (cache, db) = (StdArc::clone(cache), db.clone());
    model::spawn(move || run(cache, db))
}

/// An actor that sleeps until it is woken, and flushes when that is wanted.
fn actor(cache: &Shared, db: &Db, bell: &Arc<Bell>) -> model::JoinHandle<()> {
    let bell = Arc::clone(bell);
    beside(cache, db, move |cache, mut db| {
        while bell.wait(NEVER) != Woken::Stopped {
            if cache.wants_flush() {
                let _ = cache.flush(&mut db);
            }
        }
    })
}
