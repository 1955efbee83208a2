//! What a connection is opened with.

use std::{path::Path, sync::Arc, time::Duration};

use crate::AutoVacuum;

/// The part of the options that SQLite is told about.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) path: Arc<Path>,
    pub(crate) read_only: bool,
    pub(crate) wal: bool,
    pub(crate) page_size: u32,
    pub(crate) mmap_size: u64,
    pub(crate) cache_kb: u32,
    pub(crate) reader_cache_kb: u32,
    pub(crate) busy_timeout: Duration,
    pub(crate) auto_vacuum: AutoVacuum,
    /// Not even when the last connection closes: somebody else does it.
    pub(crate) external_checkpoints: bool,
}
