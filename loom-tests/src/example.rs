//! A program of somebody else's, checked the way the core is: see "A program of your own" in the
//! README.

use std::{collections::BTreeMap, convert::Infallible};

use crate::{
    handoff::cache::{Cache, Change, Dirty, Key, KeyRef, Limits, Store, Swap, Table, Way},
    model,
    sync::{Bytes, Deadline, Mutex, StdArc},
};

/// What the program asks of a vault, in its own words. One implementation of this is made of
/// `kvault::KVault`, and runs; the other is [`Twin`], and is checked.
trait Seats {
    fn holder(&self, seat: &[u8]) -> Option<u8>;
    /// Gives the seat to `who` if its holder still is `old`.
    fn give(&self, seat: &[u8], old: Option<u8>, who: u8) -> bool;
}

/// The program: takes a seat if it is free. Reading and then putting would sell it twice.
fn reserve(seats: &impl Seats, seat: &[u8], who: u8) -> bool {
    seats.holder(seat).is_none() && seats.give(seat, None, who)
}

/// A vault with its cache on, and a map in the place of the file.
struct Twin {
    cache: Cache<Infallible>,
    file: File,
}

#[derive(Clone)]
struct File(StdArc<Mutex<BTreeMap<Vec<u8>, Bytes>>>);

const TABLE: Table = Table(0);

impl Twin {
    fn new() -> Self {
        let limits = Limits { cap: 1 << 20, threshold: 1 << 20, sealed: 8 };
        let cache = Cache::new(limits, || ());
        cache.turn_on();
        Self { cache, file: File(StdArc::new(Mutex::new(BTreeMap::new()))) }
    }

    /// What the vault's writer does now and then, by itself.
    fn flush(&self) {
        self.cache.flush(&mut self.file.clone()).unwrap();
    }
}

impl Store for File {
    type Error = Infallible;

    fn commit(&mut self, changes: &mut dyn Iterator<Item = Change<'_>>) -> Result<(), Infallible> {
        let mut file = self.0.lock();
        for change in changes {
            match change.value {
                Dirty::Put(value) => drop(file.insert(change.key.into(), value.clone())),
                _ => drop(file.remove(change.key)),
            }
        }
        Ok(())
    }
}

impl Seats for Twin {
    fn holder(&self, seat: &[u8]) -> Option<u8> {
        let key = KeyRef { table: TABLE, bytes: seat };
        let file = || self.file.0.lock().get(seat).map(|bytes| bytes[0]);
        self.cache.read(key, |found| found.load().unwrap().map(|bytes| bytes[0]), file)
    }

    fn give(&self, seat: &[u8], old: Option<u8>, who: u8) -> bool {
        let old = old.map(|old| [old]);
        let old = old.as_ref().map(|old| &old[..]);
        let file = || Ok::<_, Infallible>(self.file.0.lock().get(seat).cloned());
        let new = Dirty::Put(Bytes::from([who]));
        let done = self
            .cache
            .compare_and_swap(
                &Key::new(TABLE, seat),
                old,
                &new,
                file,
                Way::Buffered,
                Deadline::NEVER,
            )
            .unwrap();
        matches!(done, Ok(Swap::Swapped(_)))
    }
}

/// However the two and the flush meet, the seat is sold once, to whom the vault says.
#[test]
fn a_seat_is_sold_once() {
    model::check(|| {
        let twin = StdArc::new(Twin::new());
        let other = {
            let twin = StdArc::clone(&twin);
            model::spawn(move || {
                let sold = reserve(&*twin, b"1A", 1);
                twin.flush();
                sold
            })
        };
        let sold = reserve(&*twin, b"1A", 2);
        let sold_to_other = other.join().unwrap();
        assert!(sold ^ sold_to_other, "sold twice, or to nobody");
        assert_eq!(twin.holder(b"1A"), Some(if sold { 2 } else { 1 }));
    });
}
