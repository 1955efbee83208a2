use super::super::core::{Bell, Lease, Viewer};
use super::model;
use super::{
    A, B, Db, End, ROOMY, Rows, Shared, beside, dirty, of_dirty, owned, put, read, roomy, with,
};
use crate::sync::{Arc, Mutex};

/// A put is found by every get that begins after it, whatever is sealed, committed and retired
/// meanwhile.
pub(crate) fn what_was_put_is_found_ever_after() {
    model::check(|| {
        let (cache, db) = (roomy(), Db::new(&[]));
        assert!(put(&cache, A, 1));
        let actor = beside(&cache, &db, |cache, mut db| {
            cache.flush(&mut db).unwrap();
            cache.flush(&mut db).unwrap();
        });
        assert_eq!(read(&cache, &db, A), 1);
        assert!(put(&cache, A, 2));
        assert_eq!(read(&cache, &db, A), 2);
        actor.join().unwrap();
        assert_eq!(read(&cache, &db, A), 2);
    });
}

/// A deleted key stays away, although the store still has it for a while.
pub(crate) fn what_was_deleted_stays_away() {
    model::check(|| {
        let (cache, db) = (roomy(), Db::new(&[]));
        db.write(A, 1);
        assert!(put(&cache, A, 0));
        let actor = beside(&cache, &db, |cache, mut db| cache.flush(&mut db).unwrap());
        assert_eq!(read(&cache, &db, A), 0);
        actor.join().unwrap();
        assert_eq!((read(&cache, &db, A), db.number(A)), (0, 0));
    });
}

/// What the store refused is still there, and a newer value still hides an older one.
pub(crate) fn a_failed_commit_loses_nothing() {
    model::check(|| {
        let (cache, db) = (roomy(), Db::new(&[End::Fails, End::FailsAfterwards]));
        assert!(put(&cache, A, 1) && put(&cache, B, 1));
        let actor = beside(&cache, &db, |cache, mut db| {
            cache.flush(&mut db).unwrap_err();
            cache.flush(&mut db).unwrap_err();
            cache.flush(&mut db).unwrap();
        });
        assert_eq!(read(&cache, &db, B), 1);
        assert!(put(&cache, A, 2));
        assert_eq!(read(&cache, &db, A), 2);
        actor.join().unwrap();
        cache.flush(&mut db.clone()).unwrap();
        assert_eq!((db.number(A), db.number(B)), (2, 1));
    });
}

/// A put that meets a seal is in the generation before it or in the one after it.
pub(crate) fn a_put_that_meets_a_seal_is_not_lost() {
    model::check(|| {
        let (cache, mut db) = (roomy(), Db::new(&[]));
        assert!(put(&cache, A, 1));
        let sealer = beside(&cache, &db, |cache, mut db| {
            drop(cache.overlay());
            cache.flush(&mut db).unwrap()
        });
        assert!(put(&cache, B, 2));
        sealer.join().unwrap();
        cache.flush(&mut db).unwrap();
        assert_eq!((db.number(A), db.number(B)), (1, 2));
        assert_eq!((cache.stats().bytes, cache.stats().entries), (0, 0));
    });
}

/// A reader's connection over the store: its view stays until the token says that somebody
/// committed.
struct Connection {
    db: Db,
    view: Mutex<Option<Rows>>,
}

impl Viewer for Connection {
    type Token = usize;
    type Error = ();

    fn token(&self) -> Option<usize> {
        Some(self.db.view().commits.len())
    }

    fn begin(&self) -> Result<(), ()> {
        *self.view.lock() = Some(self.db.view());
        Ok(())
    }

    fn end(&self) {
        *self.view.lock() = None;
    }
}

fn read_kept(cache: &Shared, lease: &Lease<Connection>) -> u8 {
    let select = || {
        let number = |conn: &Connection| -> Result<u8, ()> {
            Ok(conn.view.lock().as_ref().unwrap().number(A))
        };
        lease.read(|| (), number).unwrap().unwrap()
    };
    cache.read(A, of_dirty, select)
}

/// A view of the store that is kept from one get to the next hides nothing that left the cache.
pub(crate) fn a_kept_view_does_not_hide_what_left_the_cache() {
    model::check_at(3, || {
        let (cache, db) = (with(ROOMY, &Arc::new(Bell::new())), Db::new(&[]));
        let lease = Lease::new(Connection { db: db.clone(), view: Mutex::new(None) });
        cache.put(owned(A), dirty(1), super::NEVER).unwrap();
        let actor = beside(&cache, &db, |cache, mut db| cache.flush(&mut db).unwrap());
        // Begins a view before the commit or after it.
        lease.read(|| (), |_| Ok::<_, ()>(())).unwrap().unwrap();
        assert_eq!(read_kept(&cache, &lease), 1);
        actor.join().unwrap();
        assert_eq!(read_kept(&cache, &lease), 1);
    });
}
