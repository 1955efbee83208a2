//! Connections for reading, kept between operations.

use std::sync::Weak;

use crossbeam_queue::ArrayQueue;

use crate::{
    Error, Result,
    files::FileId,
    handoff::{self, Bell, Lease, Revoked, Viewer},
    store::{Fault, ReadConn, Settings, WalToken, open_reader},
    sync::{Arc, AtomicBool, AtomicUsize, Condvar, Mutex, Ordering},
};

/// A connection that is used by one thread at a time, and looked after by the keeper.
pub(crate) type Connection = Lease<ReadConn>;

/// A connection that sees one moment of the file.
pub(crate) type Reading<'a> = handoff::Reading<'a, ReadConn>;

/// Readers never wait for each other: who finds no idle connection opens one.
pub(crate) struct Readers {
    settings: Settings,
    /// The file that the path led to when the engine started.
    file: FileId,
    idle: ArrayQueue<Arc<Connection>>,
    /// All that are open: idle, at work, and those that somebody keeps.
    all: Mutex<Vec<Weak<Connection>>>,
    /// Connections that are being made just now, and not in `all` yet.
    making: Mutex<usize>,
    made: Condvar,
    busy: AtomicUsize,
    closed: AtomicBool,
    bell: Arc<Bell>,
    open: Arc<Open>,
}

/// How many connections are open, those that are being closed included: they are in no list any more.
#[derive(Default)]
struct Open {
    count: Mutex<usize>,
    changed: Condvar,
}

/// As long as this is there, so is a connection.
struct Counted(Arc<Open>);

impl Counted {
    fn new(open: &Arc<Open>) -> Self {
        *open.count.lock() += 1;
        Self(Arc::clone(open))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        *self.0.count.lock() -= 1;
        self.0.changed.notify_all();
    }
}

impl Readers {
    pub(crate) fn new(
        settings: Settings,
        file: FileId,
        idle_limit: usize,
        bell: Arc<Bell>,
    ) -> Self {
        Self {
            settings,
            file,
            idle: ArrayQueue::new(idle_limit),
            all: Mutex::new(Vec::new()),
            making: Mutex::new(0),
            made: Condvar::new(),
            busy: AtomicUsize::new(0),
            closed: AtomicBool::new(false),
            bell,
            open: Arc::default(),
        }
    }

    /// Lends a connection for one operation. If it fails the connection is not used again: nobody
    /// knows what state it is in.
    pub(crate) fn lend<T>(&self, operation: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        let conn = match self.idle.pop() {
            Some(conn) => conn,
            None => self.connect()?,
        };
        self.busy.fetch_add(1, Ordering::Relaxed);
        let outcome = operation(&conn);
        self.busy.fetch_sub(1, Ordering::Relaxed);
        if outcome.is_ok() {
            // Over the limit it is closed, here and now.
            drop(self.idle.push(conn));
        }
        outcome
    }

    /// Runs one operation on a connection that the caller keeps.
    pub(crate) fn read<T>(
        &self,
        conn: &Connection,
        operation: impl FnOnce(&ReadConn) -> Result<T>,
    ) -> Result<T> {
        conn.read(|| self.bell.ring_if_dozing(), operation)
            .unwrap_or_else(|Revoked| Err(Error::Closed))
    }

    /// Fixes what a connection sees, until the reading that is returned ends.
    pub(crate) fn enter<'a>(&self, conn: &'a Connection) -> Result<Reading<'a>> {
        match conn.enter(|| self.bell.ring_if_dozing()) {
            Ok(reading) => Ok(reading?),
            Err(Revoked) => Err(Error::Closed),
        }
    }

    /// A new connection, for the pool or for somebody to keep.
    pub(crate) fn connect(&self) -> Result<Arc<Connection>> {
        self.while_open(|| {
            let conn = self.open()?;
            conn.drop_with_it(Counted::new(&self.open));
            let conn = Arc::new(Lease::new(conn));
            let mut all = self.all.lock();
            all.retain(|known| known.strong_count() > 0);
            all.push(Arc::downgrade(&conn));
            Ok(conn)
        })
    }

    /// Runs something that makes a connection and says where it is found: [`close`](Self::close)
    /// waits for that, or this one sees it.
    pub(crate) fn while_open<T>(&self, make: impl FnOnce() -> Result<T>) -> Result<T> {
        {
            // Under the lock, so that it is one or the other.
            let mut making = self.making.lock();
            if self.closed.load(Ordering::Relaxed) {
                return Err(Error::Closed);
            }
            *making += 1;
        }
        let outcome = make();
        *self.making.lock() -= 1;
        self.made.notify_all();
        outcome
    }

    /// A connection that is none of the pool's.
    pub(crate) fn open(&self) -> Result<ReadConn> {
        // Also before: another file would come with the same log and index, and closing those
        // again would take away the locks that our connections have on them.
        self.check_place()?;
        let (conn, _) = open_reader(&self.settings)?;
        self.check_place()?;
        Ok(conn)
    }

    /// Whether the file is not at its path any more.
    pub(crate) fn is_moved(&self) -> bool {
        FileId::of(&self.settings.path).ok() != Some(self.file)
    }

    fn check_place(&self) -> Result<()> {
        if self.is_moved() {
            // What is there is another file, or nothing.
            let gone = std::io::Error::other("the file was moved away or replaced");
            return Err(Error::io(format!("read {}", self.settings.path.display()), gone));
        }
        Ok(())
    }

    /// Ends views that nobody used for a while; whether there are others.
    pub(crate) fn tidy(&self) -> bool {
        // Every one of them, also after one that has a view.
        self.each().into_iter().fold(false, |views, conn| conn.tidy() | views)
    }

    /// Ends all views in which no read goes on just now.
    pub(crate) fn recall(&self) {
        self.each().iter().for_each(|conn| conn.recall());
    }

    /// Closes every connection, those that somebody keeps too, after the reads that go on.
    pub(crate) fn close(&self) {
        {
            let mut making = self.making.lock();
            self.closed.store(true, Ordering::Relaxed);
            while *making > 0 {
                self.made.wait(&mut making);
            }
        }
        let all = std::mem::take(&mut *self.all.lock());
        all.iter().filter_map(Weak::upgrade).for_each(|conn| drop(conn.revoke()));
        while self.idle.pop().is_some() {}
        // Whoever gave one up may still be at closing it: after the writer's it would leave the log.
        let mut open = self.open.count.lock();
        while *open > 0 {
            self.open.changed.wait(&mut open);
        }
    }

    /// Takes reads again after a `close` that came to nothing.
    pub(crate) fn reopen(&self) {
        let _with_connect = self.making.lock();
        self.closed.store(false, Ordering::Relaxed);
    }

    /// Connections that are open, and those of the pool that are at work.
    pub(crate) fn count(&self) -> (usize, usize) {
        (self.each().len(), self.busy.load(Ordering::Relaxed))
    }

    fn each(&self) -> Vec<Arc<Connection>> {
        self.all.lock().iter().filter_map(Weak::upgrade).collect()
    }
}

impl Viewer for ReadConn {
    type Token = WalToken;
    type Error = Fault;

    fn token(&self) -> Option<WalToken> {
        self.token()
    }

    fn begin(&self) -> Result<(), Fault> {
        self.begin()
    }

    fn end(&self) {
        self.end();
    }
}

impl std::fmt::Debug for Readers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Readers").field("path", &self.settings.path).finish_non_exhaustive()
    }
}
