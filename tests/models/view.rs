use super::{
    core::{Bell, Lease, Revoked, Viewer, Woken},
    model,
};
use crate::sync::{Arc, AtomicU64, Deadline, Ordering};

/// A store of one number that only grows, which is its own token.
#[derive(Default)]
struct Store {
    committed: AtomicU64,
    /// What writers were told is committed.
    acknowledged: AtomicU64,
}

impl Store {
    fn commit(&self, value: u64) {
        self.committed.store(value, Ordering::SeqCst);
        self.acknowledged.store(value, Ordering::SeqCst);
    }
}

struct Connection {
    store: Arc<Store>,
    /// What the view shows; none while it is `NO_VIEW`.
    view: AtomicU64,
}

const NO_VIEW: u64 = u64::MAX;

impl Connection {
    fn value(&self) -> u64 {
        match self.view.load(Ordering::SeqCst) {
            NO_VIEW => self.store.committed.load(Ordering::SeqCst),
            view => view,
        }
    }
}

impl Viewer for Connection {
    type Token = u64;
    type Error = ();

    fn token(&self) -> Option<u64> {
        Some(self.store.committed.load(Ordering::SeqCst))
    }

    fn begin(&self) -> Result<(), ()> {
        self.view.store(self.store.committed.load(Ordering::SeqCst), Ordering::SeqCst);
        Ok(())
    }

    fn end(&self) {
        self.view.store(NO_VIEW, Ordering::SeqCst);
    }
}

fn lease_on(store: &Arc<Store>) -> Arc<Lease<Connection>> {
    Arc::new(Lease::new(Connection { store: Arc::clone(store), view: AtomicU64::new(NO_VIEW) }))
}

/// Reads twice in one operation, as one that looks up several keys does.
fn read(lease: &Lease<Connection>, bell: &Bell) -> Result<u64, Revoked> {
    let both = |conn: &Connection| -> Result<_, ()> { Ok((conn.value(), conn.value())) };
    let (first, second) = lease.read(|| bell.ring_if_dozing(), both)?.unwrap();
    assert_eq!(first, second, "one operation, one view");
    Ok(first)
}

/// Several reads see one moment, which is not before they began.
pub(crate) fn what_is_entered_stays_as_it_is() {
    model::check(|| {
        let (store, bell) = (Arc::new(Store::default()), Bell::new());
        let lease = lease_on(&store);
        read(&lease, &bell).unwrap();
        let writer = {
            let store = Arc::clone(&store);
            model::spawn(move || store.commit(1))
        };
        let acknowledged = store.acknowledged.load(Ordering::SeqCst);
        let mut view = lease.enter(|| ()).unwrap().unwrap();
        let mut look = || view.read(|conn| Ok::<_, ()>(conn.value())).unwrap().unwrap();
        let (first, second) = (look(), look());
        assert!(first >= acknowledged && first == second);
        drop(view);
        writer.join().unwrap();
        assert_eq!(read(&lease, &bell), Ok(1));
    });
}

/// A read sees every commit that was acknowledged before it, although the view is kept.
pub(crate) fn a_read_sees_what_was_acknowledged() {
    model::check(|| {
        let store = Arc::new(Store::default());
        let lease = lease_on(&store);
        let writer = {
            let store = Arc::clone(&store);
            model::spawn(move || store.commit(1))
        };
        for _ in 0..2 {
            let acknowledged = store.acknowledged.load(Ordering::SeqCst);
            assert!(read(&lease, &Bell::new()).unwrap() >= acknowledged);
        }
        writer.join().unwrap();
        assert_eq!(read(&lease, &Bell::new()), Ok(1));
    });
}

/// Housekeeping may end a view at any time but in the middle of a read.
pub(crate) fn housekeeping_does_not_change_what_is_read() {
    model::check(|| {
        let store = Arc::new(Store::default());
        let lease = lease_on(&store);
        assert_eq!(read(&lease, &Bell::new()), Ok(0));
        let keeper = {
            let lease = Arc::clone(&lease);
            model::spawn(move || lease.recall())
        };
        let writer = {
            let store = Arc::clone(&store);
            model::spawn(move || store.commit(1))
        };
        let acknowledged = store.acknowledged.load(Ordering::SeqCst);
        assert!(read(&lease, &Bell::new()).unwrap() >= acknowledged);
        keeper.join().unwrap();
        writer.join().unwrap();
    });
}

/// A view that nobody uses is gone when housekeeping came by twice.
pub(crate) fn an_idle_view_is_ended() {
    model::check(|| {
        let store = Arc::new(Store::default());
        let lease = lease_on(&store);
        let reader = {
            let lease = Arc::clone(&lease);
            model::spawn(move || read(&lease, &Bell::new()).unwrap())
        };
        lease.tidy();
        reader.join().unwrap();
        lease.tidy();
        assert!(!lease.tidy());
    });
}

/// A keeper that found nothing to do is called when there is a view to look after.
pub(crate) fn the_keeper_hears_of_every_view() {
    model::check(|| {
        let (store, bell) = (Arc::new(Store::default()), Arc::new(Bell::new()));
        let lease = lease_on(&store);
        let reader = {
            let (lease, bell) = (Arc::clone(&lease), Arc::clone(&bell));
            model::spawn(move || read(&lease, &bell).unwrap())
        };
        bell.doze();
        if !lease.tidy() {
            assert_eq!(bell.wait(Deadline::NEVER), Woken::Rung);
        }
        reader.join().unwrap();
    });
}

/// A connection is taken away between reads and never in one.
pub(crate) fn revoking_waits_for_the_read() {
    model::check(|| {
        let store = Arc::new(Store::default());
        let lease = lease_on(&store);
        let reader = {
            let lease = Arc::clone(&lease);
            model::spawn(move || read(&lease, &Bell::new()))
        };
        let conn = lease.revoke().unwrap();
        assert_eq!(conn.view.load(Ordering::SeqCst), NO_VIEW, "a view is ended first");
        drop(conn);
        assert!(matches!(reader.join().unwrap(), Ok(0) | Err(Revoked)));
        assert_eq!(read(&lease, &Bell::new()), Err(Revoked));
    });
}

/// A keeper that is to stop does, whatever it was about to do.
pub(crate) fn a_keeper_can_be_stopped() {
    model::check(|| {
        let bell = Arc::new(Bell::new());
        let keeper = {
            let bell = Arc::clone(&bell);
            model::spawn(move || {
                bell.doze();
                while bell.wait(Deadline::NEVER) != Woken::Stopped {}
            })
        };
        bell.ring();
        bell.stop();
        keeper.join().unwrap();
    });
}
