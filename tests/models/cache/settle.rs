use super::super::core::{
    Bell,
    cache::{Limits, Unsettled},
};
use super::{A, B, Db, End, ONE, ROOMY, actor, entry, model, put, read, with};
use crate::sync::Arc;

/// What was put through the cache is in the store when its caller hears of it, on top of what was
/// put before.
pub(crate) fn what_is_settled_is_in_the_store() {
    model::check(|| {
        let bell = Arc::new(Bell::new());
        let (cache, db) = (with(ROOMY, &bell), Db::new(&[]));
        let actor = actor(&cache, &db, &bell);
        assert!(put(&cache, A, 1) && put(&cache, B, 1));
        let ticket = cache.put_through(vec![entry(A, 2)], super::NEVER).unwrap();
        cache.settle(ticket, super::NEVER).unwrap();
        assert_eq!((db.number(A), db.number(B)), (2, 1));
        bell.stop();
        actor.join().unwrap();
    });
}

/// What was too large for the cache is accepted, although its flush failed; it stays readable and
/// arrives later.
pub(crate) fn a_failed_flush_leaves_what_was_accepted_pending() {
    model::check(|| {
        let bell = Arc::new(Bell::new());
        let (cache, mut db) = (with(Limits { cap: ONE, ..ROOMY }, &bell), Db::new(&[End::Fails]));
        let actor = actor(&cache, &db, &bell);
        let ticket = cache.put_all(vec![entry(A, 1), entry(B, 1)], super::NEVER).unwrap();
        assert_eq!(cache.settle(ticket, super::NEVER), Err(Unsettled::Failed(Some("no"))));
        assert_eq!((read(&cache, &db, A), read(&cache, &db, B)), (1, 1));
        bell.stop();
        actor.join().unwrap();
        cache.flush(&mut db).unwrap();
        assert_eq!(cache.settle(ticket, super::NEVER), Ok(()));
        assert_eq!((db.number(A), db.number(B)), (1, 1));
    });
}
