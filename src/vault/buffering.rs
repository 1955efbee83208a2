//! Whether a handle and its clones write to the cache, and its share in keeping the cache on.

use super::Open;
use crate::sync::{Arc, AtomicBool, Mutex, Ordering};

/// A handle that is derived from one that buffers does so too, and each of them keeps the cache
/// on.
#[derive(Debug, Default)]
pub(crate) struct Buffering {
    on: AtomicBool,
    group: Mutex<Group>,
}

/// What those share that were derived from each other since the cache was switched on.
pub(super) type Group = Arc<Mutex<Option<CacheUse>>>;

impl Buffering {
    pub(crate) fn is_on(&self) -> bool {
        self.on.load(Ordering::Acquire)
    }

    /// For a handle whose share in the cache is somebody else's.
    pub(super) fn lent() -> Self {
        Self { on: AtomicBool::new(true), group: Mutex::default() }
    }

    pub(super) fn group(&self) -> Group {
        Arc::clone(&self.group.lock())
    }

    /// Keeps the cache on, for this handle and those that are derived from it later. Who was derived
    /// from it before is not concerned.
    pub(super) fn begin(&self, cache_use: CacheUse) {
        let group = Arc::new(Mutex::new(Some(cache_use)));
        let before = std::mem::replace(&mut *self.group.lock(), group);
        self.set(true);
        // Without the lock: it may be the last of a group.
        drop(before);
    }

    pub(super) fn set(&self, on: bool) {
        self.on.store(on, Ordering::Release);
    }
}

impl Clone for Buffering {
    fn clone(&self) -> Self {
        Self { on: AtomicBool::new(self.is_on()), group: Mutex::new(self.group()) }
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
