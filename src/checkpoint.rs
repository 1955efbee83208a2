//! What a checkpoint is asked to do, and what it did.

/// How far a checkpoint goes. Each one does what the one before it does, and more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CheckpointMode {
    /// Copies what it can without waiting for anybody.
    Passive,
    /// Waits until the whole log can be copied.
    Full,
    /// Waits until nobody reads from the log, so that the next write begins it anew.
    Restart,
    /// Cuts the log's file to nothing.
    Truncate,
}

/// What a checkpoint did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct CheckpointReport {
    /// Pages that the log held.
    pub wal_pages: u64,
    /// Pages of them that are in the database now.
    pub checkpointed_pages: u64,
}

impl CheckpointReport {
    /// Whether everything that the log held is in the database.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.wal_pages == self.checkpointed_pages
    }
}
