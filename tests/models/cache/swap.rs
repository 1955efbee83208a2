use super::super::core::{
    Bell,
    cache::{KeyRef, Limits, Refused, Swap, Way},
};
use super::{
    A, B, Db, ONE, ROOMY, Shared, beside, dirty, model, number, owned, put, read, roomy, value,
    with,
};
use crate::sync::{Arc, Deadline};

/// Puts `new` if the value is `old`; true if it was.
fn swap(
    cache: &Shared,
    db: &Db,
    key: KeyRef<'_>,
    old: u8,
    new: u8,
) -> Result<bool, Refused<super::Why>> {
    let old = (old > 0).then_some([old]);
    let old = old.as_ref().map(|old| &old[..]);
    let base = || Ok::<_, ()>(value(db.number(key)));
    let outcome =
        cache.compare_and_swap(&owned(key), old, &dirty(new), base, Way::Buffered, super::NEVER);
    Ok(match outcome.unwrap()? {
        Swap::Swapped(_) => true,
        Swap::Conflict(found) => {
            assert_ne!(
                number(found.clone()),
                old.map_or(0, |old| old[0]),
                "a conflict with itself"
            );
            false
        }
        Swap::Spooled => unreachable!("nothing is spooled here"),
    })
}

fn increment(cache: &Shared, db: &Db) {
    loop {
        let old = read(cache, db, A);
        if swap(cache, db, A, old, old + 1).unwrap() {
            return;
        }
    }
}

/// Of two increments that race both count, wherever the value is meanwhile.
pub(crate) fn two_racing_increments_both_count() {
    model::check(|| {
        let (cache, mut db) = (roomy(), Db::new(&[]));
        let other = beside(&cache, &db, |cache, mut db| {
            increment(&cache, &db);
            cache.flush(&mut db).unwrap();
        });
        increment(&cache, &db);
        other.join().unwrap();
        assert_eq!(read(&cache, &db, A), 2);
        cache.flush(&mut db).unwrap();
        assert_eq!(db.number(A), 2);
    });
}

/// A value that came, was flushed and left the cache again is noticed by who asked the store
/// before.
pub(crate) fn a_swap_notices_what_passed_through_the_cache() {
    model::check_at(3, || {
        let (cache, db) = (roomy(), Db::new(&[]));
        let writer = beside(&cache, &db, |cache, mut db| {
            assert!(put(&cache, A, 5));
            cache.flush(&mut db).unwrap();
        });
        let _ = swap(&cache, &db, A, 0, 1).unwrap();
        writer.join().unwrap();
        assert_eq!(read(&cache, &db, A), 5, "a swap over a value that was not compared");
    });
}

/// Of two who remove a key one hears that it was there, wherever it is meanwhile.
pub(crate) fn a_key_is_removed_once() {
    model::check(|| {
        let (cache, mut db) = (roomy(), Db::new(&[]));
        assert!(put(&cache, A, 1));
        let other = beside(&cache, &db, |cache, mut db| {
            cache.flush(&mut db).unwrap();
            remove(&cache, &db)
        });
        let removed = [remove(&cache, &db), other.join().unwrap()];
        assert_ne!(removed[0], removed[1], "by both or by none");
        cache.flush(&mut db).unwrap();
        assert_eq!(db.number(A), 0);
    });
}

fn remove(cache: &Shared, db: &Db) -> bool {
    let stored = || Ok::<_, ()>(db.number(A) > 0);
    cache.remove(&owned(A), stored, Way::Buffered, super::NEVER).unwrap().unwrap().is_some()
}

/// While a swap waits for room the value may change.
pub(crate) fn a_swap_that_waited_compares_again() {
    model::check(|| {
        let limits = Limits { cap: ONE, ..ROOMY };
        let (cache, db) = (with(limits, &Arc::new(Bell::new())), Db::new(&[]));
        assert!(put(&cache, B, 1));
        let actor = beside(&cache, &db, |cache, mut db| {
            cache.flush(&mut db).unwrap();
            let put = cache.put(owned(A), dirty(5), Deadline::NOW).is_ok();
            cache.flush(&mut db).unwrap();
            put
        });
        let swapped = swap(&cache, &db, A, 0, 1).unwrap();
        let put = actor.join().unwrap();
        let expected = if put { 5 } else { 1 };
        assert!(put || swapped);
        assert_eq!(read(&cache, &db, A), expected, "a swap over a value that was not compared");
    });
}

/// What is written to the store while the cache is off is noticed by who asked the store before.
pub(crate) fn a_swap_notices_what_was_written_beside_the_cache() {
    model::check_at(3, || {
        let (cache, db) = (roomy(), Db::new(&[]));
        let actor = beside(&cache, &db, |cache, mut db| {
            let write = |db: &mut Db| {
                db.write(A, 5);
                Ok(())
            };
            cache.beside(&mut db, write).unwrap().unwrap();
        });
        match swap(&cache, &db, A, 0, 1) {
            Ok(_) => (),
            Err(refused) => assert_eq!(refused, Refused::Off),
        }
        actor.join().unwrap();
        assert_eq!(read(&cache, &db, A), 5, "a swap over a value that was not compared");
    });
}
