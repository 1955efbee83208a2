use super::super::core::{
    Bell,
    cache::{Cache, KeyRef, Limits, Refused, Table},
};
use super::{A, B, C, Db, End, ONE, ROOMY, Shared, actor, beside, dirty, model, owned, put, with};
use crate::sync::{Arc, Deadline, StdArc};

const D: KeyRef<'static> = KeyRef { table: Table(1), bytes: b"d" };

/// A cache that is full with two entries, and its actor's bell.
fn full() -> (Shared, Arc<Bell>) {
    let bell = Arc::new(Bell::new());
    let cache = with(Limits { cap: 2 * ONE, ..ROOMY }, &bell);
    assert!(put(&cache, A, 1) && put(&cache, B, 1));
    (cache, bell)
}

/// Nobody waits for room while there is some.
pub(crate) fn room_in_the_cache_reaches_whoever_waits() {
    model::check(|| {
        let ((cache, bell), db) = (full(), Db::new(&[]));
        let actor = actor(&cache, &db, &bell);
        let other = beside(&cache, &db, |cache, _| put(&cache, C, 2));
        assert!(put(&cache, D, 2));
        assert!(other.join().unwrap());
        bell.stop();
        actor.join().unwrap();
        assert!(cache.stats().bytes <= 2 * ONE, "above the cap");
    });
}

/// A put that only replaces what it put before needs no room.
pub(crate) fn a_replaced_value_makes_room_for_its_successor() {
    model::check(|| {
        let ((cache, _), db) = (full(), Db::new(&[]));
        let other =
            beside(&cache, &db, |cache, _| cache.put(owned(A), dirty(2), Deadline::NOW).is_ok());
        assert!(cache.put(owned(B), dirty(0), Deadline::NOW).is_ok());
        assert!(other.join().unwrap());
        assert_eq!(cache.stats().bytes, 2 * ONE - 1);
        cache.flush(&mut db.clone()).unwrap();
        assert_eq!(cache.stats().bytes, 0);
    });
}

/// A put that waits while a flush fails hears why, and the flush stays wanted.
pub(crate) fn a_failed_flush_ends_the_wait_for_room() {
    model::check(|| {
        let ((cache, bell), db) = (full(), Db::new(&[End::Fails; 5]));
        let actor = actor(&cache, &db, &bell);
        let refused = cache.put(owned(C), dirty(2), super::NEVER).unwrap_err();
        assert_eq!(refused, Refused::Full(Some("no")));
        bell.stop();
        actor.join().unwrap();
        assert!(cache.wants_flush(), "nobody tries again");
    });
}

/// What is larger than the cache is put one at a time: else a store that is full for long would
/// have callers fill the memory.
pub(crate) fn what_is_apart_comes_one_at_a_time() {
    model::check(|| {
        let bell = Arc::new(Bell::new());
        let cache = with(Limits { cap: ONE - 1, ..ROOMY }, &bell);
        let other = beside(&cache, &Db::new(&[]), |cache, _| {
            cache.put(owned(A), dirty(1), Deadline::NOW).is_ok()
        });
        let through = vec![(owned(B), dirty(1))];
        let both = [cache.put_through(through, Deadline::NOW).is_ok(), other.join().unwrap()];
        assert_ne!(both[0], both[1], "none, or both at once");
        assert_eq!(cache.stats().bytes, ONE);
        cache.flush(&mut Db::new(&[])).unwrap();
        assert!(cache.put(owned(C), dirty(1), Deadline::NOW).is_ok());
    });
}

/// Somebody waits for room and is refused, whatever happens to them or before them.
fn waits<T>(event: impl Fn(&Shared) -> T + Send + Sync + 'static) {
    model::check(move || {
        let ((cache, _), db) = (full(), Db::new(&[]));
        let waiter = beside(&cache, &db, |cache, _| {
            cache.put(owned(C), dirty(2), super::NEVER).unwrap_err()
        });
        let outcome = event(&cache);
        let _ = waiter.join().unwrap();
        drop(outcome);
    });
}

/// A hold ends every wait for room: its holder may be who they wait for.
pub(crate) fn who_waits_for_room_hears_of_a_hold() {
    waits(Cache::hold);
}

/// Nobody makes room after a panic of the actor.
pub(crate) fn who_waits_for_room_hears_of_a_panic() {
    waits(|cache| cache.poison());
}

/// A close ends every wait for room, with room or without.
pub(crate) fn who_waits_for_room_hears_of_a_close() {
    waits(|cache| cache.close(&mut Db::new(&[])).unwrap());
}

/// Who waits for room in a cache that is switched off goes to the store.
pub(crate) fn who_waits_for_room_hears_of_the_mode() {
    waits(|cache| cache.turn_off(&mut Db::new(&[])).unwrap());
}

/// A flush is wanted when the threshold is crossed, and only the first to cross it says so.
pub(crate) fn crossing_the_threshold_wakes_the_actor() {
    model::check(|| {
        let bell = Arc::new(Bell::new());
        let cache = with(Limits { threshold: 2 * ONE, ..ROOMY }, &bell);
        let db = Db::new(&[]);
        let actor = actor(&cache, &db, &bell);
        assert!(put(&cache, A, 1));
        let ticket = cache.put(owned(B), dirty(1), super::NEVER).unwrap();
        cache.settle(ticket, super::NEVER).unwrap();
        bell.stop();
        actor.join().unwrap();
        assert_eq!(StdArc::strong_count(&cache), 1);
    });
}
