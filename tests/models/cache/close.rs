use super::super::core::cache::{NotClosed, Refused, Unsettled};
use super::{A, B, Db, End, beside, dirty, entry, model, owned, put, read, roomy};

/// A put that meets a close is in the store or was refused.
pub(crate) fn a_put_that_meets_a_close_is_flushed_or_refused() {
    model::check(|| {
        let (cache, db) = (roomy(), Db::new(&[]));
        let closer = beside(&cache, &db, |cache, mut db| cache.close(&mut db).unwrap());
        let put = cache.put(owned(A), dirty(1), super::NEVER);
        closer.join().unwrap();
        assert_eq!(db.number(A), u8::from(put.is_ok()));
        assert_eq!(put.err(), (db.number(A) == 0).then_some(Refused::Closed));
    });
}

/// A close that could not flush leaves a cache that can be used, and closed later.
pub(crate) fn a_close_that_failed_leaves_the_cache_usable() {
    model::check(|| {
        let (cache, mut db) = (roomy(), Db::new(&[End::Fails]));
        assert!(put(&cache, A, 1));
        let closer = beside(&cache, &db, |cache, mut db| {
            assert_eq!(cache.close(&mut db), Err(NotClosed::Failed("no")));
        });
        assert_eq!(read(&cache, &db, A), 1);
        closer.join().unwrap();
        assert!(put(&cache, B, 2));
        cache.close(&mut db).unwrap();
        assert_eq!((db.number(A), db.number(B)), (1, 2));
        assert!(!put(&cache, A, 3));
    });
}

/// Two closes both succeed, and each only when everything is in the store.
pub(crate) fn two_closes_both_flush() {
    model::check(|| {
        let (cache, mut db) = (roomy(), Db::new(&[]));
        assert!(put(&cache, A, 1));
        let other = beside(&cache, &db, |cache, mut db| {
            cache.close(&mut db).unwrap();
            assert_eq!(db.number(A), 1);
        });
        cache.close(&mut db).unwrap();
        assert_eq!(db.number(A), 1);
        other.join().unwrap();
        assert_eq!(db.view().commits, [1]);
    });
}

/// After a panic of the actor in a flush nobody hangs, and a close flushes what was acknowledged.
pub(crate) fn a_close_after_a_panic_flushes() {
    model::check(|| {
        let (cache, mut db) = (roomy(), Db::new(&[]));
        let ticket = cache.put_through(vec![entry(A, 1)], super::NEVER).unwrap();
        let actor = beside(&cache, &db, |cache, _| {
            // The panic unwinds, and marks the end.
            drop(cache.begin_flush());
            cache.poison();
        });
        assert_eq!(cache.settle(ticket, super::NEVER), Err(Unsettled::Poisoned));
        assert_eq!(cache.put(owned(B), dirty(1), super::NEVER), Err(Refused::Poisoned));
        cache.close(&mut db).unwrap();
        assert_eq!(db.number(A), 1);
        actor.join().unwrap();
    });
}
