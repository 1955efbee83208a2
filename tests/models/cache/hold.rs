use super::super::core::{
    Bell,
    cache::{Cache, Limits, Refused},
};
use super::{
    A, B, Db, ONE, ROOMY, actor, beside, dirty, entry, model, owned, put, read, roomy, with,
};
use crate::sync::Arc;

/// What is put under a hold is committed after it.
pub(crate) fn nothing_put_under_a_hold_is_committed() {
    model::check(|| {
        let (cache, mut db) = (roomy(), Db::new(&[]));
        assert!(put(&cache, A, 1));
        let actor = beside(&cache, &db, |cache, mut db| {
            cache.flush(&mut db).unwrap();
            cache.flush(&mut db).unwrap();
        });
        let hold = Cache::hold(&cache);
        assert!(put(&cache, B, 1));
        // An iterator's.
        drop(cache.overlay());
        assert_eq!(db.number(B), 0, "committed under a hold");
        assert_eq!(read(&cache, &db, B), 1);
        assert!(cache.is_held());
        drop(hold);
        assert!(!cache.is_held());
        actor.join().unwrap();
        cache.flush(&mut db).unwrap();
        assert_eq!((db.number(A), db.number(B)), (1, 1));
    });
}

/// A put that waits for its commit gets it although somebody holds the cache meanwhile, and
/// perhaps waits for that put.
pub(crate) fn who_waits_for_a_commit_is_not_stopped_by_a_hold() {
    model::check(|| {
        let bell = Arc::new(Bell::new());
        let (cache, db) = (with(ROOMY, &bell), Db::new(&[]));
        let actor = actor(&cache, &db, &bell);
        let putter = beside(&cache, &db, |cache, db| {
            match cache.put_through(vec![entry(A, 1)], super::NEVER) {
                Ok(ticket) => {
                    cache.settle(ticket, super::NEVER).unwrap();
                    assert_eq!(db.number(A), 1);
                }
                Err(refused) => assert_eq!(refused, Refused::Held),
            }
        });
        let hold = Cache::hold(&cache);
        putter.join().unwrap();
        drop(hold);
        bell.stop();
        actor.join().unwrap();
    });
}

/// Merging does not join what may be committed now with what may not.
pub(crate) fn merging_does_not_cross_the_floor() {
    model::check(|| {
        let bell = Arc::new(Bell::new());
        let (cache, db) = (with(Limits { sealed: 4, ..ROOMY }, &bell), Db::new(&[]));
        let ticket = cache.put_through(vec![entry(A, 1)], super::NEVER).unwrap();
        let hold = Cache::hold(&cache);
        assert!(put(&cache, B, 1));
        drop(cache.overlay());
        let actor = actor(&cache, &db, &bell);
        cache.settle(ticket, super::NEVER).unwrap();
        assert_eq!(db.number(B), 0, "committed under a hold");
        bell.stop();
        actor.join().unwrap();
        drop(hold);
    });
}

/// All that was put under holds lands in one commit, however often it was sealed; a second hold
/// in the first changes nothing.
pub(crate) fn what_was_put_under_holds_lands_in_one_commit() {
    model::check(|| {
        let (cache, mut db) = (roomy(), Db::new(&[]));
        let (first, second) = (Cache::hold(&cache), Cache::hold(&cache));
        let actor = beside(&cache, &db, |cache, mut db| cache.flush(&mut db).unwrap());
        assert!(put(&cache, A, 1));
        drop(cache.overlay());
        drop(second);
        assert!(put(&cache, B, 1));
        drop(first);
        actor.join().unwrap();
        cache.flush(&mut db).unwrap();
        assert_eq!(db.view().commits, [2]);
    });
}

/// A flush that was wanted under a hold happens when the hold ends.
pub(crate) fn the_end_of_a_hold_brings_the_flush() {
    model::check(|| {
        let bell = Arc::new(Bell::new());
        let (cache, db) = (with(Limits { threshold: ONE, ..ROOMY }, &bell), Db::new(&[]));
        let actor = actor(&cache, &db, &bell);
        // May be flushed under the hold: that is not the flush that was wanted later.
        assert!(put(&cache, A, 1));
        let hold = Cache::hold(&cache);
        let ticket = cache.put(owned(B), dirty(1), super::NEVER).unwrap();
        drop(hold);
        cache.settle(ticket, super::NEVER).unwrap();
        bell.stop();
        actor.join().unwrap();
    });
}

/// Who ends everything commits what is held too, all of it at once, and a hold that is taken or
/// ends meanwhile changes nothing.
pub(crate) fn the_end_of_all_does_not_wait_for_a_hold() {
    model::check(|| {
        let (cache, mut db) = (roomy(), Db::new(&[]));
        let hold = Cache::hold(&cache);
        assert!(put(&cache, A, 1) && put(&cache, B, 2));
        let other = beside(&cache, &db, |cache, _| {
            drop(hold);
            Cache::hold(&cache)
        });
        cache.close_held(&mut db).unwrap();
        drop(other.join().unwrap());
        assert_eq!((db.number(A), db.number(B)), (1, 2));
        assert_eq!(db.view().commits, [2]);
    });
}
