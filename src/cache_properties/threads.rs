use std::thread;

use super::*;
use crate::sync::{AtomicBool, AtomicU64, Ordering};

const LIMITS: Limits =
    Limits { cap: 40 * (ENTRY_COST + 16), threshold: 10 * (ENTRY_COST + 16), sealed: 5 };
const WRITERS: u8 = 3;
const COUNTER: (u32, &[u8]) = (0, b"counter");

fn by_ref((table, bytes): (u32, &[u8])) -> KeyRef<'_> {
    KeyRef { table: Table(table), bytes }
}

/// A `SplitMix64`: the seed that proptest gives makes the run, as far as the threads allow.
struct Dice(u64);

impl Dice {
    fn throw(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (bits ^ (bits >> 31)) % sides
    }
}

/// Owns some keys: what it put last is what it reads. Shares two, always put together, and a
/// counter. Returns what its keys must be at the end, and how often it counted.
fn writer(cache: &Cache<Why>, db: &Db, me: u8, mut dice: Dice) -> (Map, u64) {
    let (mut mine, mut counted) = (Map::new(), 0);
    for round in 0..200u32 {
        let key = (u32::from(me) % 2, vec![me, u8::try_from(dice.throw(10)).unwrap()]);
        let value = (dice.throw(5) > 0).then(|| round.to_be_bytes().to_vec());
        match dice.throw(6) {
            0 => {
                let both = round.to_be_bytes();
                let pair = [(0, &b"left"[..]), (1, b"right")].map(|(table, bytes)| {
                    (
                        Key::new(Table(table), bytes),
                        Dirty::Put(Bytes::from([&[me], &both[..]].concat())),
                    )
                });
                let _ = cache.put_all(pair.into(), Deadline::NEVER);
            }
            1 => counted += u64::from(count(cache, db)),
            2 => {
                if let Ok(ticket) =
                    cache.put_through(vec![(owned(&key), dirty(value.as_ref()))], Deadline::NEVER)
                {
                    apply(&mut mine, key.clone(), value.clone());
                    if cache.settle(ticket, Deadline::NEVER).is_ok() {
                        assert_eq!(db.get(by_ref((key.0, &key.1))), value, "settled");
                    }
                }
            }
            _ => {
                if cache.put(owned(&key), dirty(value.as_ref()), Deadline::NEVER).is_ok() {
                    apply(&mut mine, key.clone(), value);
                }
            }
        }
        let seen = read(cache, db, by_ref((key.0, &key.1)));
        assert_eq!(seen.as_ref(), mine.get(&key), "read your own writes");
    }
    (mine, counted)
}

fn count(cache: &Cache<Why>, db: &Db) -> bool {
    let key = by_ref(COUNTER);
    loop {
        let old = read(cache, db, key);
        let number = old.as_ref().map_or(0, |old| u64::from_be_bytes(old[..].try_into().unwrap()));
        let new = Dirty::Put(Bytes::from((number + 1).to_be_bytes()));
        let base = || Ok::<_, ()>(db.get(key).map(|value| Bytes::from(value.as_slice())));
        let at = Key::new(Table(COUNTER.0), COUNTER.1);
        match cache
            .compare_and_swap(&at, old.as_deref(), &new, base, Way::Buffered, Deadline::NEVER)
            .unwrap()
        {
            Ok(Swap::Swapped(_)) => return true,
            Ok(Swap::Conflict(_) | Swap::Spooled) => (),
            Err(_) => return false,
        }
    }
}

/// Looks at everything in every way, and holds the cache now and then.
fn onlooker(cache: &Shared, db: &Db, mut dice: Dice, over: &AtomicBool) {
    let mut counter = 0;
    while !over.load(Ordering::SeqCst) {
        let hold = (dice.throw(8) == 0).then(|| Cache::hold(cache));
        let (left, right) = match dice.throw(3) {
            0 => {
                let keys = [by_ref((0, b"left")), by_ref((1, b"right"))];
                let (view, found) = cache.get_many(&keys, || Ok::<_, ()>(db.view())).unwrap();
                let seen = |at: usize, key: (u32, &[u8])| match &found[at] {
                    Some(found) => found.load().unwrap(),
                    None => view.get(&(key.0, key.1.to_vec())).cloned(),
                };
                (seen(0, (0, b"left")), seen(1, (1, b"right")))
            }
            1 => {
                let (view, overlay) = cache.snapshot(|| Ok::<_, ()>(db.view())).unwrap();
                let seen = lay_over(&overlay, &view);
                let get = |table, key: &[u8]| seen.get(&(table, key.to_vec())).cloned();
                (get(0, b"left"), get(1, b"right"))
            }
            _ => {
                let seen = read(cache, db, by_ref(COUNTER));
                let number =
                    seen.map_or(0, |seen| u64::from_be_bytes(seen[..].try_into().unwrap()));
                assert!(number >= counter, "counted backwards");
                counter = number;
                (None, None)
            }
        };
        assert_eq!(left, right, "half a batch");
        drop(hold);
    }
}

fn actor(cache: &Cache<Why>, db: &Db, mut dice: Dice, over: &AtomicBool) {
    while !over.load(Ordering::SeqCst) {
        let end = [End::Well, End::Well, End::Fails, End::FailsAfterwards]
            [usize::try_from(dice.throw(4)).unwrap()];
        let mut db = Db { end, ..db.clone() };
        if dice.throw(50) == 0 {
            // Written past the cache, while it is out of the way.
            let _ = cache.beside(&mut db, |_| Ok(()));
        } else if cache.wants_flush() || dice.throw(20) == 0 {
            let _ = cache.flush(&mut db);
            cache.free();
        }
        thread::yield_now();
    }
}

proptest! {
    #![proptest_config(super::cases(20))]

    #[test]
    fn threads_see_and_lose_nothing(seed: u64) {
        let cache: Shared = Arc::new(Cache::new(LIMITS, || ()));
        cache.turn_on();
        let db = Db::new();
        let over = AtomicBool::new(false);
        let total = AtomicU64::new(0);
        let mut expected = Map::new();
        thread::scope(|scope| {
            let dice = |lane: u64| Dice(seed ^ (lane << 56));
            let (cache, db, over, total) = (&cache, &db, &over, &total);
            scope.spawn(move || actor(cache, db, dice(90), over));
            scope.spawn(move || onlooker(cache, db, dice(91), over));
            let writers: Vec<_> = (0..WRITERS)
                .map(|me| scope.spawn(move || writer(cache, db, me, dice(u64::from(me)))))
                .collect();
            let ends: Vec<_> = writers.into_iter().map(thread::ScopedJoinHandle::join).collect();
            over.store(true, Ordering::SeqCst);
            for end in ends {
                let (mine, counted) = end.unwrap();
                expected.extend(mine);
                total.fetch_add(counted, Ordering::SeqCst);
            }
        });
        cache.close(&mut db.clone()).unwrap();
        let mut stored = db.view();
        let count = stored.remove(&(COUNTER.0, COUNTER.1.to_vec()));
        let count = count.map_or(0, |count| u64::from_be_bytes(count[..].try_into().unwrap()));
        prop_assert_eq!(count, total.into_inner(), "a count was lost");
        prop_assert_eq!(stored.remove(&(0, b"left".to_vec())), stored.remove(&(1, b"right".to_vec())));
        prop_assert_eq!(stored, expected);
    }
}
