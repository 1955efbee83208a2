//! Where an iterator reads its pages.

use crate::{
    Result,
    readers::Connection,
    store::{Fault, ReadConn},
    sync::Arc,
    vault::Handle,
};

/// A table, and a way to read it that holds no connection from one read to the next.
pub(crate) struct Pages {
    pub(crate) handle: Arc<Handle>,
    source: Source,
}

enum Source {
    /// Whatever connection is idle.
    Shared,
    /// The one of a [`Reader`](crate::Reader), as long as that works.
    Own(Option<Arc<Connection>>),
}

impl Pages {
    pub(crate) fn shared(handle: &Arc<Handle>) -> Self {
        Self { handle: Arc::clone(handle), source: Source::Shared }
    }

    pub(crate) fn own(handle: &Arc<Handle>, conn: Option<Arc<Connection>>) -> Self {
        Self { handle: Arc::clone(handle), source: Source::Own(conn) }
    }

    /// Runs one read, again if it met a lock.
    pub(crate) fn read<T>(
        &mut self,
        operation: impl Fn(&ReadConn) -> Result<T, Fault>,
    ) -> Result<T> {
        match &mut self.source {
            Source::Shared => self.handle.read(operation),
            Source::Own(conn) => self.handle.read_on(conn, operation),
        }
    }
}
