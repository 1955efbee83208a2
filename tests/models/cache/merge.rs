use super::super::core::{Bell, cache::Limits};
use super::{A, B, C, Db, End, ROOMY, beside, model, put, read, with};
use crate::sync::Arc;

/// Merging while others put, read and flush changes nothing that they see.
pub(crate) fn merging_changes_nothing_but_the_number() {
    model::check(|| {
        let limits = Limits { sealed: 4, ..ROOMY };
        let (cache, mut db) = (with(limits, &Arc::new(Bell::new())), Db::new(&[]));
        assert!(put(&cache, A, 1) && put(&cache, B, 1));
        drop(cache.overlay());
        let actor = beside(&cache, &db, |cache, mut db| cache.flush(&mut db).unwrap());
        assert!(put(&cache, A, 2));
        drop(cache.overlay());
        assert_eq!((read(&cache, &db, A), read(&cache, &db, B)), (2, 1));
        assert!(put(&cache, A, 3));
        drop(cache.overlay());
        assert!(cache.stats().sealed <= 4);
        assert_eq!((read(&cache, &db, A), read(&cache, &db, B)), (3, 1));
        actor.join().unwrap();
        assert_eq!((read(&cache, &db, A), read(&cache, &db, B)), (3, 1));
        cache.flush(&mut db).unwrap();
        assert_eq!((db.number(A), db.number(B)), (3, 1));
        assert_eq!(cache.stats().bytes, 0);
    });
}

/// Two that merge at once do not get in each other's way, nor in the way of a seal.
pub(crate) fn two_merges_at_once_lose_nothing() {
    model::check_at(3, || {
        let limits = Limits { sealed: 4, ..ROOMY };
        let (cache, mut db) = (with(limits, &Arc::new(Bell::new())), Db::new(&[]));
        assert!(put(&cache, A, 1) && put(&cache, C, 1));
        drop(cache.overlay());
        let other = beside(&cache, &db, |cache, _| {
            assert!(put(&cache, A, 2));
            drop(cache.overlay());
        });
        assert!(put(&cache, B, 1));
        drop(cache.overlay());
        other.join().unwrap();
        assert_eq!((read(&cache, &db, A), read(&cache, &db, B)), (2, 1));
        assert_eq!(cache.stats().sealed, 1);
        cache.flush(&mut db).unwrap();
        assert_eq!((db.number(A), db.number(B), db.number(C)), (2, 1, 1));
        assert_eq!(cache.stats().bytes, 0);
    });
}

/// Every try to flush seals, also into a store that is full for long.
pub(crate) fn failed_flushes_do_not_pile_up() {
    model::check(|| {
        let limits = Limits { sealed: 4, ..ROOMY };
        let (cache, db) = (with(limits, &Arc::new(Bell::new())), Db::new(&[End::Fails; 6]));
        let actor = beside(&cache, &db, |cache, mut db| {
            for number in 1..=6 {
                assert!(put(&cache, A, number));
                cache.flush(&mut db).unwrap_err();
            }
        });
        let first = read(&cache, &db, A);
        assert!(read(&cache, &db, A) >= first);
        actor.join().unwrap();
        assert!(cache.stats().sealed <= 4);
        cache.flush(&mut db.clone()).unwrap();
        assert_eq!((db.number(A), db.view().commits), (6, vec![1]));
    });
}
