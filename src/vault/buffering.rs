//! Whether a handle and its clones write to the cache, and their share in keeping the cache on.

use super::Open;
use crate::sync::{Arc, ArcSwap, AtomicBool, Mutex, Ordering};

/// A handle that is derived from one that buffers does so too, and each of them keeps the cache
/// on.
#[derive(Default)]
pub(crate) struct Buffering(ArcSwap<Group>);

/// What those share that were derived from each other since the cache was switched on. When one
/// of them ends it, all of them write to the file again, as durable as they say.
#[derive(Debug, Default)]
pub(super) struct Group {
    on: AtomicBool,
    uses: Mutex<Option<CacheUse>>,
}

impl Buffering {
    pub(crate) fn is_on(&self) -> bool {
        self.0.load().on.load(Ordering::Acquire)
    }

    pub(super) fn group(&self) -> Arc<Group> {
        self.0.load_full()
    }

    /// Keeps the cache on, for this handle and those that are derived from it later. Who was derived
    /// from it before is not concerned.
    pub(super) fn begin(&self, cache_use: CacheUse) {
        let group = Group { on: AtomicBool::new(true), uses: Mutex::new(Some(cache_use)) };
        self.0.store(Arc::new(group));
    }
}

impl Group {
    pub(super) fn take(&self) -> Option<CacheUse> {
        self.uses.lock().take()
    }

    pub(super) fn give_back(&self, cache_use: Option<CacheUse>) {
        *self.uses.lock() = cache_use;
    }

    pub(super) fn end(&self) {
        self.on.store(false, Ordering::Release);
    }
}

impl Clone for Buffering {
    fn clone(&self) -> Self {
        Self(ArcSwap::new(self.group()))
    }
}

impl std::fmt::Debug for Buffering {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Buffering").field(&self.is_on()).finish()
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
