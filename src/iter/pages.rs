//! Where an iterator reads its pages.

use super::layer::Layer;
use crate::{
    Result,
    readers::Connection,
    snapshots::View,
    store::{Fault, ReadConn},
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
    Own(Option<Arc<Connection>>),
    /// A view that stays as it is, and is kept.
    View(Arc<View>),
}

impl Pages {
    pub(crate) fn shared(handle: &Arc<Handle>) -> Self {
        Self { handle: Arc::clone(handle), source: Source::Shared }
    }

    pub(crate) fn own(handle: &Arc<Handle>, conn: Option<Arc<Connection>>) -> Self {
        Self { handle: Arc::clone(handle), source: Source::Own(conn) }
    }

    pub(crate) fn of_view(handle: &Arc<Handle>, view: &Arc<View>) -> Self {
        Self { handle: Arc::clone(handle), source: Source::View(Arc::clone(view)) }
    }

    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Runs one read, of the file alone, and again if it met a lock.
    pub(crate) fn read<T>(
        &mut self,
        read: impl Fn(&Handle, &ReadConn) -> Result<T, Fault>,
    ) -> Result<T> {
        let handle = &self.handle;
        let readers = &handle.open.engine().readers;
        match &mut self.source {
            Source::Shared => handle.read(|conn| read(handle, conn)),
            Source::Own(conn) => {
                handle.with_kept(conn, |conn| readers.read(conn, |conn| Ok(read(handle, conn)?)))
            }
            Source::View(view) => {
                handle.open.check()?;
                view.look(|_, conn| read(handle, conn))
            }
        }
    }

    /// What is dirty. To be asked before the first read.
    pub(crate) fn layer(&self) -> Result<Layer> {
        let overlay = match &self.source {
            Source::View(view) => {
                self.handle.open.check()?;
                view.overlay()
            }
            // Also the answer of a vault that is closed to who asks for nothing.
            Source::Shared | Source::Own(_) => {
                self.handle.dirty_cache()?.map(|cache| cache.overlay())
            }
        };
        Ok(overlay.map(|overlay| Layer::new(overlay, self.handle.number)).unwrap_or_default())
    }
}
