//! Where an iterator reads its pages.

use std::cell::RefCell;

use crate::{
    Result,
    readers::Connection,
    sync::Arc,
    vault::{Handle, Reads},
};

/// A table, and a way to read it that holds no connection from one read to the next.
pub(crate) struct Pages {
    handle: Arc<Handle>,
    source: Source,
}

enum Source {
    /// Whatever connection is idle.
    Shared,
    /// The one of a [`Reader`](crate::Reader), as long as that works.
    Own(RefCell<Option<Arc<Connection>>>),
}

impl Pages {
    pub(crate) fn shared(handle: &Arc<Handle>) -> Self {
        Self { handle: Arc::clone(handle), source: Source::Shared }
    }

    pub(crate) fn own(handle: &Arc<Handle>, conn: Option<Arc<Connection>>) -> Self {
        Self { handle: Arc::clone(handle), source: Source::Own(RefCell::new(conn)) }
    }
}

impl Reads for Pages {
    fn handle(&self) -> &Handle {
        &self.handle
    }

    fn with<T>(&self, operation: impl Fn(&Connection) -> Result<T>) -> Result<T> {
        match &self.source {
            Source::Shared => self.handle.with(operation),
            Source::Own(conn) => self.handle.with_kept(&mut conn.borrow_mut(), operation),
        }
    }
}
