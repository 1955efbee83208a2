//! Connections for reading, kept between operations.

use crossbeam_queue::ArrayQueue;

use crate::{
    Result,
    store::{Fault, ReadConn, Settings, open_reader},
    sync::{AtomicBool, AtomicUsize, Ordering},
};

/// Readers never wait for each other: who finds no idle connection opens one.
pub(crate) struct Readers {
    settings: Settings,
    idle: ArrayQueue<ReadConn>,
    open: AtomicUsize,
    closed: AtomicBool,
}

impl Readers {
    pub(crate) fn new(settings: Settings, idle_limit: usize) -> Self {
        Self {
            settings,
            idle: ArrayQueue::new(idle_limit),
            open: AtomicUsize::new(0),
            closed: AtomicBool::new(false),
        }
    }

    /// Runs one operation on a connection. If it fails the connection is not used again: nobody
    /// knows what state it is in.
    pub(crate) fn with<T>(
        &self,
        operation: impl FnOnce(&ReadConn) -> Result<T, Fault>,
    ) -> Result<T> {
        let conn = match self.idle.pop() {
            Some(conn) => conn,
            None => self.connect()?,
        };
        self.open.fetch_add(1, Ordering::Relaxed);
        let outcome = operation(&conn);
        self.open.fetch_sub(1, Ordering::Relaxed);
        if outcome.is_ok() {
            // Over the limit it is closed, here and now.
            drop(self.idle.push(conn));
            // The pool may have closed between the two.
            if self.closed.load(Ordering::SeqCst) {
                self.drain();
            }
        }
        Ok(outcome?)
    }

    /// A connection for somebody to keep.
    pub(crate) fn connect(&self) -> Result<ReadConn> {
        Ok(open_reader(&self.settings)?.0)
    }

    /// Closes what is idle, and what comes back from now on.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        self.drain();
    }

    /// Connections that are idle, and those at work.
    pub(crate) fn count(&self) -> (usize, usize) {
        (self.idle.len(), self.open.load(Ordering::Relaxed))
    }

    fn drain(&self) {
        while let Some(conn) = self.idle.pop() {
            drop(conn);
        }
    }
}

impl std::fmt::Debug for Readers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Readers")
            .field("count", &self.count())
            .finish_non_exhaustive()
    }
}
