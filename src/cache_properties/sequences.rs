use super::*;
use crate::handoff::cache::Cache;

const LIMITS: Limits = Limits { cap: 12 * (ENTRY_COST + 8), threshold: 1 << 20, sealed: 4 };

#[derive(Debug, Clone)]
enum Operation {
    Put(u8, Option<u8>),
    PutAll(Vec<(u8, Option<u8>)>),
    PutThrough(Vec<(u8, Option<u8>)>),
    Swap(u8, Option<u8>, Option<u8>),
    GetMany,
    Seal,
    Snapshot,
    Flush(End),
    Hold,
    Release,
    /// Beside the cache.
    Write(u8, u8, End),
    TurnOff(End),
    TurnOn,
    Free,
    Close(End),
}

fn end() -> impl Strategy<Value = End> {
    prop_oneof![2 => Just(End::Well), 1 => Just(End::Fails), 1 => Just(End::FailsAfterwards)]
}

fn entries() -> impl Strategy<Value = Vec<(u8, Option<u8>)>> {
    // Sometimes more than the cap.
    prop::collection::vec((0..8u8, any::<Option<u8>>()), 0..20)
}

fn operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        12 => (0..8u8, any::<Option<u8>>()).prop_map(|(key, value)| Operation::Put(key, value)),
        3 => entries().prop_map(Operation::PutAll),
        2 => entries().prop_map(Operation::PutThrough),
        4 => (0..8u8, any::<Option<u8>>(), any::<Option<u8>>())
            .prop_map(|(key, old, new)| Operation::Swap(key, old, new)),
        2 => Just(Operation::GetMany),
        6 => Just(Operation::Seal),
        3 => Just(Operation::Snapshot),
        5 => end().prop_map(Operation::Flush),
        2 => Just(Operation::Hold),
        3 => Just(Operation::Release),
        1 => (0..8u8, any::<u8>(), end()).prop_map(|(key, value, end)| Operation::Write(key, value, end)),
        1 => end().prop_map(Operation::TurnOff),
        3 => Just(Operation::TurnOn),
        2 => Just(Operation::Free),
        1 => end().prop_map(Operation::Close),
    ]
}

/// Keys of two tables, some of them alike.
fn key(number: u8) -> (u32, Vec<u8>) {
    (u32::from(number % 2), vec![number / 4; usize::from(number / 2)])
}

/// Values of many lengths.
fn value(number: u8) -> Vec<u8> {
    vec![number; usize::from(number % 9)]
}

/// The cache and what must be seen through it.
struct Run {
    cache: Shared,
    db: Db,
    model: Map,
    holds: Vec<crate::handoff::cache::Hold<Why>>,
    /// Snapshots, and what each must show for ever.
    taken: Vec<(Overlay, Map, Map)>,
    closed: bool,
}

impl Run {
    fn new() -> Self {
        let cache = Arc::new(Cache::new(LIMITS, || ()));
        cache.turn_on();
        Self {
            cache,
            db: Db::new(),
            model: Map::new(),
            holds: Vec::new(),
            taken: Vec::new(),
            closed: false,
        }
    }

    fn ending(&self, end: End) -> Db {
        Db { end, ..self.db.clone() }
    }

    fn batch(entries: &[(u8, Option<u8>)]) -> Vec<(Key, Dirty)> {
        let entry = |(number, new): &(u8, Option<u8>)| {
            (owned(&key(*number)), dirty(new.map(value).as_ref()))
        };
        entries.iter().map(entry).collect()
    }

    fn was_put(&mut self, entries: &[(u8, Option<u8>)]) {
        for (number, new) in entries {
            apply(&mut self.model, key(*number), new.map(value));
        }
    }

    /// What may be refused, when.
    fn check_refusal(&self, refused: &Refused<Why>, may_be_full: bool) {
        match refused {
            Refused::Off => assert!(!self.cache.is_on()),
            Refused::Closed => assert!(self.closed),
            Refused::Held => assert!(!self.holds.is_empty()),
            Refused::Full(_) => assert!(may_be_full),
            Refused::Poisoned | Refused::Busy => panic!("nobody panicked or is in the way"),
        }
    }

    fn run(&mut self, operation: &Operation) {
        let cache = Arc::clone(&self.cache);
        match operation {
            Operation::Put(number, new) => {
                let put =
                    cache.put(owned(&key(*number)), dirty(new.map(value).as_ref()), Deadline::NOW);
                match put {
                    Ok(_) => self.was_put(&[(*number, *new)]),
                    Err(refused) => self.check_refusal(&refused, true),
                }
            }
            Operation::PutAll(entries) => {
                match cache.put_all(Self::batch(entries), Deadline::NOW) {
                    Ok(_) => self.was_put(entries),
                    Err(refused) => self.check_refusal(&refused, true),
                }
            }
            Operation::PutThrough(entries) => {
                let bytes = cache.stats().bytes;
                match cache.put_through(Self::batch(entries), Deadline::NOW) {
                    Ok(ticket) => {
                        self.was_put(entries);
                        let settled = cache.settle(ticket, Deadline::NOW);
                        let nobody_flushed = Err(Unsettled::TimedOut);
                        assert!(entries.is_empty() || settled == nobody_flushed, "{settled:?}");
                    }
                    // Only by what was put apart, or through, before.
                    Err(refused) => self.check_refusal(&refused, bytes > LIMITS.cap),
                }
            }
            Operation::Swap(number, old, new) => self.swap(*number, *old, *new),
            Operation::GetMany => self.get_many(),
            Operation::Seal => {
                let overlay = cache.overlay();
                assert_eq!(lay_over(&overlay, &self.db.view()), self.model);
            }
            Operation::Snapshot => {
                let (view, overlay) = cache.snapshot(|| Ok::<_, ()>(self.db.view())).unwrap();
                self.taken.push((overlay, view, self.model.clone()));
            }
            Operation::Flush(end) => {
                let _ = cache.flush(&mut self.ending(*end));
                if self.holds.is_empty() && *end == End::Well {
                    assert_eq!(self.db.view(), self.model);
                }
            }
            Operation::Hold => self.holds.push(Cache::hold(&cache)),
            Operation::Release => drop(self.holds.pop()),
            Operation::Write(number, new, end) => self.write(*number, *new, *end),
            Operation::TurnOff(end) => match cache.turn_off(&mut self.ending(*end)) {
                Err(Held) => assert!(!self.holds.is_empty()),
                Ok(flushed) => assert_eq!(cache.is_on(), flushed.is_err()),
            },
            Operation::TurnOn => cache.turn_on(),
            Operation::Free => cache.free(),
            Operation::Close(end) => {
                if cache.close(&mut self.ending(*end)).is_ok() {
                    self.closed = true;
                    assert_eq!(self.db.view(), self.model);
                }
            }
        }
    }

    fn swap(&mut self, number: u8, old: Option<u8>, new: Option<u8>) {
        let at = key(number);
        let old = old.map(value);
        let is = self.model.get(&at).cloned();
        let base = || {
            Ok::<_, ()>(self.db.get(owned(&at).by_ref()).map(|value| Bytes::from(value.as_slice())))
        };
        let new_value = dirty(new.map(value).as_ref());
        let done = self
            .cache
            .compare_and_swap(
                &owned(&at),
                old.as_deref(),
                &new_value,
                base,
                Way::Buffered,
                Deadline::NOW,
            )
            .unwrap();
        match done {
            Ok(Swap::Swapped(_)) => {
                assert_eq!(is, old);
                self.was_put(&[(number, new)]);
            }
            Ok(Swap::Conflict(found)) => {
                assert_ne!(is, old);
                assert_eq!(found.as_deref(), is.as_deref());
            }
            Ok(Swap::Spooled) => unreachable!("nothing is spooled here"),
            Err(refused) => self.check_refusal(&refused, true),
        }
    }

    fn get_many(&self) {
        let keys: Vec<_> = (0..8).map(key).collect();
        let refs: Vec<_> =
            keys.iter().map(|(t, k)| KeyRef { table: Table(*t), bytes: k }).collect();
        let (view, found) = self.cache.get_many(&refs, || Ok::<_, ()>(self.db.view())).unwrap();
        for (key, found) in keys.iter().zip(found) {
            let seen = match found {
                Some(found) => found.load().unwrap(),
                None => view.get(key).cloned(),
            };
            assert_eq!(seen.as_ref(), self.model.get(key));
        }
    }

    fn write(&mut self, number: u8, new: u8, end: End) {
        let mut ran = false;
        let write = |db: &mut Db| {
            ran = true;
            apply(&mut db.rows.lock(), key(number), Some(value(new)));
            Ok(())
        };
        let on = self.cache.is_on();
        match self.cache.beside(&mut self.ending(end), write) {
            Err(Held) => assert!(on && !self.holds.is_empty() && !ran),
            Ok(outcome) => {
                assert_eq!(outcome.is_ok(), ran);
                if ran {
                    apply(&mut self.model, key(number), Some(value(new)));
                }
            }
        }
        assert_eq!(self.cache.is_on(), on);
    }

    fn check(&self) {
        for at in (0..8).map(key) {
            let seen = read(&self.cache, &self.db, KeyRef { table: Table(at.0), bytes: &at.1 });
            assert_eq!(seen.as_ref(), self.model.get(&at));
        }
        assert!(self.cache.stats().sealed <= LIMITS.sealed);
    }

    fn end(mut self) {
        self.holds.clear();
        let _ = self.cache.flush(&mut self.db.clone());
        assert_eq!(self.db.view(), self.model);
        for (overlay, view, then) in self.taken.drain(..) {
            assert_eq!(lay_over(&overlay, &view), then, "a snapshot changed");
        }
        self.cache.free();
        let stats = self.cache.stats();
        assert_eq!((stats.entries, stats.bytes, stats.pinned), (0, 0, 0));
        assert_eq!((stats.sealed, stats.oldest), (0, None));
    }
}

proptest! {
    #![proptest_config(super::cases(500))]

    #[test]
    fn every_sequence_looks_like_a_map(operations in prop::collection::vec(operation(), 0..60)) {
        let mut run = Run::new();
        for operation in &operations {
            run.run(operation);
            run.check();
        }
        run.end();
    }
}
