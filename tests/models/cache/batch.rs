use super::super::core::{
    Bell,
    cache::{Limits, Refused},
};
use super::{A, B, Db, ONE, ROOMY, beside, entry, model, put, read, roomy, with};
use crate::sync::{Arc, Deadline};

/// Who sees one key of a batch sees the other.
pub(crate) fn a_batch_is_seen_all_or_nothing() {
    model::check(|| {
        let (cache, db) = (roomy(), Db::new(&[]));
        let writer = beside(&cache, &db, |cache, _| {
            cache.put_all(vec![entry(A, 1), entry(B, 1)], super::NEVER).unwrap();
        });
        let first = read(&cache, &db, A);
        let second = read(&cache, &db, B);
        assert!(second >= first, "a part of a batch");
        writer.join().unwrap();
    });
}

/// The same of a batch that is larger than the cache; and it hides what was put before.
pub(crate) fn a_batch_apart_is_seen_all_or_nothing() {
    model::check(|| {
        let limits = Limits { cap: ONE, ..ROOMY };
        let (cache, mut db) = (with(limits, &Arc::new(Bell::new())), Db::new(&[]));
        assert!(put(&cache, A, 1));
        let writer = beside(&cache, &db, |cache, _| {
            let batch = vec![entry(A, 2), entry(B, 2)];
            assert!(cache.put_all(batch, Deadline::NOW).unwrap().apart);
        });
        let seen = [B, A, B].map(|key| read(&cache, &db, key) == 2);
        assert!(seen.is_sorted(), "a part of a batch");
        writer.join().unwrap();
        cache.flush(&mut db).unwrap();
        assert_eq!((db.number(A), db.number(B)), (2, 2));
    });
}

/// Of a batch that is refused nothing is ever visible.
pub(crate) fn a_batch_that_does_not_fit_leaves_nothing() {
    model::check(|| {
        let limits = Limits { cap: 2 * ONE, ..ROOMY };
        let (cache, db) = (with(limits, &Arc::new(Bell::new())), Db::new(&[]));
        assert!(put(&cache, A, 1));
        let writer = beside(&cache, &db, |cache, _| {
            cache.put_all(vec![entry(A, 2), entry(B, 2)], Deadline::NOW)
        });
        assert_eq!(read(&cache, &db, B), 0);
        assert_eq!(writer.join().unwrap().unwrap_err(), Refused::Full(None));
        assert_eq!((read(&cache, &db, A), read(&cache, &db, B)), (1, 0));
    });
}
