use super::{A, B, Db, beside, entry, model, of_dirty, put, roomy, through};

/// A snapshot is what was there at one moment: never a part of a batch, and nothing is missing
/// that went from the cache to the store.
pub(crate) fn a_snapshot_is_of_one_instant() {
    model::check(|| {
        let (cache, db) = (roomy(), Db::new(&[]));
        assert!(put(&cache, A, 1));
        let writer = beside(&cache, &db, |cache, mut db| {
            cache.put_all(vec![entry(A, 2), entry(B, 2)], super::NEVER).unwrap();
            cache.flush(&mut db).unwrap();
        });
        let (view, overlay) = cache.snapshot(|| Ok::<_, ()>(db.view())).unwrap();
        let seen = (through(&overlay, &view, A), through(&overlay, &view, B));
        assert!([(1, 0), (2, 2)].contains(&seen), "{seen:?} at no moment");
        writer.join().unwrap();
    });
}

/// So are many keys that are got at once.
pub(crate) fn many_keys_are_of_one_instant() {
    model::check(|| {
        let (cache, db) = (roomy(), Db::new(&[]));
        assert!(put(&cache, A, 1));
        let writer = beside(&cache, &db, |cache, mut db| {
            cache.put_all(vec![entry(A, 2), entry(B, 2)], super::NEVER).unwrap();
            cache.flush(&mut db).unwrap();
        });
        let (view, found) = cache.get_many(&[A, B], || Ok::<_, ()>(db.view())).unwrap();
        let seen: Vec<u8> = [A, B]
            .into_iter()
            .zip(found)
            .map(|(key, found)| found.map_or_else(|| view.number(key), |found| of_dirty(&found)))
            .collect();
        assert!([[1, 0], [2, 2]].contains(&[seen[0], seen[1]]), "{seen:?} at no moment");
        writer.join().unwrap();
    });
}

/// An iterator finds every key that was there throughout, although it moves from the cache to the
/// store meanwhile.
pub(crate) fn a_scan_misses_nothing() {
    model::check(|| {
        let (cache, db) = (roomy(), Db::new(&[]));
        assert!(put(&cache, A, 1));
        let actor = beside(&cache, &db, |cache, mut db| cache.flush(&mut db).unwrap());
        let (overlay, page) = cache.scan(|| Ok::<_, ()>(db.view())).unwrap();
        assert_eq!(through(&overlay, &page, A), 1);
        assert_eq!(overlay.entries(A.table, |_| true).len(), usize::from(overlay.get(A).is_some()));
        actor.join().unwrap();
    });
}

/// A snapshot neither loses what it looks at nor keeps it in the cache, and who lets go of it
/// last does not pay for it.
pub(crate) fn what_is_looked_at_is_freed_later() {
    model::check(|| {
        let (cache, db) = (roomy(), Db::new(&[]));
        assert!(put(&cache, A, 1));
        let overlay = cache.overlay();
        let actor = beside(&cache, &db, |cache, mut db| {
            cache.flush(&mut db).unwrap();
            assert!(cache.stats().pinned > 0, "nobody is there to free it");
            cache.free();
        });
        assert_eq!(overlay.get(A).as_ref().map(of_dirty), Some(1));
        actor.join().unwrap();
        assert!(cache.stats().pinned > 0, "it is being looked at");
        assert_eq!(overlay.get(A).as_ref().map(of_dirty), Some(1));
        drop(overlay);
        cache.free();
        assert_eq!(cache.stats().pinned, 0);
    });
}

/// Sealing without anything to seal makes nothing that a get would have to ask.
pub(crate) fn nothing_is_not_sealed() {
    model::check(|| {
        let (cache, db) = (roomy(), Db::new(&[]));
        assert!(put(&cache, A, 1));
        let other = beside(&cache, &db, |cache, _| drop(cache.overlay()));
        drop(cache.overlay());
        other.join().unwrap();
        assert_eq!(cache.stats().sealed, 1);
    });
}
