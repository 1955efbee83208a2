//! Values that do not lie in memory.

use super::super::core::{
    Bell,
    cache::{Change, Dirty, KeyRef, Limits, SPOOL_COST, Spool, Spooled, Store, Swap, Way},
};
use super::{A, C, Db, NEVER, ONE, ROOMY, Shared, Why, beside, model, owned, put, read, with};
use crate::sync::{Arc, Deadline};

/// A number that somebody has written down elsewhere.
struct Written(u8);

impl Spooled for Written {
    fn len(&self) -> u64 {
        10 * SPOOL_COST as u64
    }

    fn read(&self, _: u64, into: &mut [u8]) -> std::io::Result<()> {
        into.fill(self.0);
        Ok(())
    }
}

fn cap(cap: usize) -> Shared {
    with(Limits { cap, ..ROOMY }, &Arc::new(Bell::new()))
}

fn put_spooled(cache: &Shared, key: KeyRef<'_>, number: u8) {
    let value = Dirty::Spooled(Spool::new(Written(number)));
    cache.put_apart(vec![(owned(key), value)], NEVER).unwrap();
}

/// A store that takes so long that it has to be told to come to an end.
struct Slow {
    db: Db,
    end: Arc<Bell>,
}

impl Store for Slow {
    type Error = Why;

    fn commit(&mut self, changes: &mut dyn Iterator<Item = Change<'_>>) -> Result<(), Why> {
        self.end.wait(NEVER);
        self.db.commit(changes)
    }
}

/// However long it takes to copy a value, puts and gets of it and of others go on.
pub(crate) fn nobody_waits_for_a_long_commit() {
    model::check(|| {
        let limits = Limits { cap: 2 * SPOOL_COST, ..ROOMY };
        let (cache, mut db, end) =
            (with(limits, &Arc::new(Bell::new())), Db::new(&[]), Arc::new(Bell::new()));
        assert!(put(&cache, A, 1));
        put_spooled(&cache, A, 2);
        let mut slow = Slow { db: db.clone(), end: Arc::clone(&end) };
        let actor = beside(&cache, &db, move |cache, _| cache.flush(&mut slow).unwrap());
        assert_eq!(read(&cache, &db, A), 2);
        assert!(put(&cache, C, 3));
        assert_eq!(read(&cache, &db, C), 3);
        end.ring();
        actor.join().unwrap();
        cache.flush(&mut db).unwrap();
        assert_eq!([A, C].map(|key| db.number(key)), [2, 3]);
    });
}

/// Its bytes are no memory of the cache's; the file that has them counts a little.
pub(crate) fn what_is_spooled_takes_little_room() {
    model::check(|| {
        let (cache, db) = (cap(SPOOL_COST + 2 * ONE), Db::new(&[]));
        put_spooled(&cache, A, 1);
        let other = beside(&cache, &db, |cache, mut db| cache.flush(&mut db).unwrap());
        assert!(cache.put(owned(C), super::dirty(1), Deadline::NOW).is_ok(), "no room");
        other.join().unwrap();
        assert_eq!([A, C].map(|key| read(&cache, &db, key)), [1, 1]);
    });
}

/// Who compares it is told to flush it first, and not that nothing is there; who removes it hears
/// that it was there.
pub(crate) fn what_is_spooled_is_there() {
    model::check(|| {
        let (cache, db) = (cap(2 * SPOOL_COST), Db::new(&[]));
        put_spooled(&cache, A, 1);
        let other = beside(&cache, &db, |cache, mut db| cache.flush(&mut db).unwrap());
        let stored = || Ok::<_, ()>(super::value(db.number(A)));
        let (key, new) = (owned(A), super::dirty(2));
        let swapped = cache.compare_and_swap(&key, None, &new, stored, Way::Buffered, NEVER);
        assert!(matches!(swapped, Ok(Ok(Swap::Spooled | Swap::Conflict(Some(_))))), "it is there");
        let stored = || Ok::<_, ()>(db.number(A) > 0);
        let removed = cache.remove(&key, stored, Way::Buffered, NEVER).unwrap().unwrap();
        assert!(removed.is_some(), "it was there");
        other.join().unwrap();
        assert_eq!(read(&cache, &db, A), 0);
    });
}
