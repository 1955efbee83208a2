//! Whether a handle and its clones write to the cache, and its share in keeping the cache on.

use super::Open;
use crate::sync::{Arc, AtomicBool, Mutex, Ordering};

/// A handle that is derived from another one buffers as that does, and each of them keeps the
/// cache on that one of them switched on.
#[derive(Debug, Default)]
pub(crate) struct Buffering {
    on: AtomicBool,
    pub(super) uses: Arc<Mutex<Option<CacheUse>>>,
}

impl Buffering {
    pub(crate) fn is_on(&self) -> bool {
        self.on.load(Ordering::Acquire)
    }

    /// For a handle whose share in the cache is somebody else's.
    pub(super) fn lent() -> Self {
        Self { on: AtomicBool::new(true), uses: Arc::default() }
    }

    pub(super) fn set(&self, on: bool) {
        self.on.store(on, Ordering::Release);
    }
}

impl Clone for Buffering {
    fn clone(&self) -> Self {
        Self { on: AtomicBool::new(self.is_on()), uses: Arc::clone(&self.uses) }
    }
}

/// Keeps the cache on. After the last one the writer flushes it and switches it off.
#[derive(Debug)]
pub(super) struct CacheUse(Arc<Open>);

impl CacheUse {
    /// For a use that the writer has counted.
    pub(super) fn counted(open: &Arc<Open>) -> Self {
        open.add_cache_use();
        Self(Arc::clone(open))
    }
}

impl Drop for CacheUse {
    fn drop(&mut self) {
        if !self.0.is_forked() {
            self.0.end_cache_use();
        }
    }
}
