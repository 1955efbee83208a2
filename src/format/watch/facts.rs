//! What a value holds that a codec or the Python package cannot take.

use std::cell::Cell;

use crate::format::Encoding;

/// What went by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fact {
    /// Bytes, as serde knows them.
    Bytes = 1,
    /// A map key that is not text.
    Key = 2,
    /// An integer that 64 bits do not hold.
    BigInt = 4,
    /// A NaN or infinity.
    NonFinite = 8,
    /// A `MessagePack` extension, such as a tensor.
    Ext = 16,
}

/// Notes what went by. Shared by everything that watches one value.
#[derive(Debug)]
pub(crate) struct Facts {
    encoding: Encoding,
    seen: Cell<u8>,
}

impl Facts {
    /// Nothing went by yet; it will go into this encoding.
    pub(crate) const fn new(encoding: Encoding) -> Self {
        Self { encoding, seen: Cell::new(0) }
    }

    /// What it will go into.
    pub(super) const fn encoding(&self) -> Encoding {
        self.encoding
    }

    fn saw(&self, fact: Fact) -> bool {
        self.seen.get() & fact as u8 != 0
    }

    /// Whether anything went by that the Python package cannot read back from `MessagePack`, but
    /// can from a pickle.
    pub(crate) fn ask_for_pickle(&self) -> bool {
        self.seen.get() != 0 && !self.saw(Fact::Ext)
    }

    pub(super) fn note(&self, fact: Fact) {
        self.seen.set(self.seen.get() | fact as u8);
    }
}
