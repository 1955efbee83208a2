use super::super::core::cache::Refused;
use super::{A, B, C, Db, End, beside, dirty, model, owned, put, read, roomy};

/// What is written to the store comes after all that was put before the cache was switched off.
pub(crate) fn switching_off_leaves_nothing_behind() {
    model::check(|| {
        let (cache, db) = (roomy(), Db::new(&[]));
        let actor = beside(&cache, &db, |cache, mut db| cache.turn_off(&mut db).unwrap().unwrap());
        put(&cache, A, 1);
        let second = cache.put(owned(A), dirty(2), super::NEVER);
        let _ = actor.join().unwrap();
        match second {
            Ok(_) => (),
            Err(refused) => {
                assert_eq!(refused, Refused::Off);
                // As the actor would, which takes this from its mailbox.
                db.write(A, 2);
            }
        }
        assert_eq!(read(&cache, &db, A), 2);
        assert_eq!(db.number(A), 2, "a put that nobody flushes");
    });
}

/// What cannot be an entry is done after what was put before, and is not undone by it.
pub(crate) fn what_runs_beside_the_cache_keeps_its_place() {
    model::check(|| {
        let (cache, mut db) = (roomy(), Db::new(&[]));
        assert!(put(&cache, A, 1));
        let actor = beside(&cache, &db, |cache, mut db| {
            let clear = |db: &mut Db| {
                db.0.lock().values.clear();
                Ok(())
            };
            cache.beside(&mut db, clear).unwrap().unwrap();
            assert_eq!(read(&cache, &db, A), 0, "cleared and acknowledged");
        });
        assert!(put(&cache, B, 1));
        actor.join().unwrap();
        cache.flush(&mut db).unwrap();
        assert_eq!(db.number(A), 0, "it came back");
    });
}

/// Who sees that something is still to be done beside the cache has put nothing after it.
pub(crate) fn what_is_put_beside_comes_after_it() {
    model::check(|| {
        let (cache, mut db) = (roomy(), Db::new(&[]));
        db.write(C, 1);
        let actor = beside(&cache, &db, |cache, mut db| {
            let clear = |db: &mut Db| {
                db.0.lock().values.clear();
                Ok(())
            };
            cache.beside(&mut db, clear).unwrap().unwrap();
        });
        assert!(put(&cache, A, 2));
        let cleared = read(&cache, &db, C) == 0;
        actor.join().unwrap();
        cache.flush(&mut db).unwrap();
        assert!(cleared || db.number(A) == 0, "not cleared, and put before");
    });
}

/// Where the flush fails nothing is done, and the cache goes on.
pub(crate) fn a_failed_flush_stops_what_runs_beside() {
    model::check(|| {
        let (cache, db) = (roomy(), Db::new(&[End::Fails]));
        assert!(put(&cache, A, 1));
        let actor = beside(&cache, &db, |cache, mut db| {
            let never = |_: &mut Db| panic!("what was put before is not in the store");
            assert_eq!(cache.beside::<_, ()>(&mut db, never).unwrap(), Err("no"));
        });
        assert_eq!(read(&cache, &db, A), 1);
        actor.join().unwrap();
        assert!(put(&cache, B, 2));
        cache.flush(&mut db.clone()).unwrap();
        assert_eq!((db.number(A), db.number(B)), (1, 2));
    });
}

/// A cache that cannot be switched off stays as it is.
pub(crate) fn a_failed_flush_leaves_the_cache_on() {
    model::check(|| {
        let (cache, mut db) = (roomy(), Db::new(&[End::Fails]));
        assert!(put(&cache, A, 1));
        let other = beside(&cache, &db, |cache, db| {
            // Refused while it is off; then it goes to the store, which has nothing else to do.
            put(&cache, B, 2) || read(&cache, &db, A) == 1
        });
        assert_eq!(cache.turn_off(&mut db).unwrap(), Err("no"));
        assert!(other.join().unwrap());
        assert!(put(&cache, B, 3), "it is off");
        cache.turn_off(&mut db).unwrap().unwrap();
        assert_eq!((db.number(A), db.number(B)), (1, 3));
    });
}
