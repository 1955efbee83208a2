//! Which encodings a handle may choose among.

/// How a handle packs and unpacks values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PackSettings {
    /// Off: only bytes are accepted, and stored bytes are returned untouched.
    pub(crate) auto_pack: bool,
    /// Whether a pickle may be written where no other encoding serves the Python package.
    pub(crate) use_pickle: bool,
    /// Off: only bytes and text are accepted, and bytes that begin like a header are refused.
    pub(crate) headers: bool,
}

impl Default for PackSettings {
    fn default() -> Self {
        Self { auto_pack: true, use_pickle: true, headers: true }
    }
}

impl PackSettings {
    pub(crate) const fn may_pickle(self) -> bool {
        self.use_pickle && cfg!(feature = "pickle")
    }
}
