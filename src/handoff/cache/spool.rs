//! Values that do not lie in memory.

use crate::sync::StdArc;

/// A value that somebody has written down elsewhere. It never changes, and can be read for as long
/// as anybody has it.
pub(crate) trait Spooled: Send + Sync {
    fn len(&self) -> u64;

    /// Fills all of `into` with what stands from `at` on.
    fn read(&self, at: u64, into: &mut [u8]) -> std::io::Result<()>;

    /// Asked after the last byte was read: whether it was all of one piece.
    fn verify(&self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Shared by the cache, the store and whoever reads it.
#[derive(Clone)]
pub(crate) struct Spool(StdArc<dyn Spooled>);

impl Spool {
    pub(crate) fn new(value: impl Spooled + 'static) -> Self {
        Self(StdArc::new(value))
    }

    pub(crate) fn len(&self) -> u64 {
        self.0.len()
    }

    pub(crate) fn read(&self, at: u64, into: &mut [u8]) -> std::io::Result<()> {
        self.0.read(at, into)
    }

    pub(crate) fn verify(&self) -> std::io::Result<()> {
        self.0.verify()
    }

    /// All of it, in memory.
    pub(crate) fn load(&self) -> std::io::Result<Vec<u8>> {
        // What a program cannot address it has not written down either.
        let mut bytes = vec![0; usize::try_from(self.0.len()).unwrap_or(usize::MAX)];
        self.0.read(0, &mut bytes)?;
        Ok(bytes)
    }
}

impl PartialEq for Spool {
    /// The very same: to compare what they hold would be to read it.
    fn eq(&self, other: &Self) -> bool {
        StdArc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Spool {}

impl std::fmt::Debug for Spool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Spool").field("len", &self.0.len()).finish_non_exhaustive()
    }
}
