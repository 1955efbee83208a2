//! What an entry goes by, and what it holds.

use crate::sync::{Bytes, Equivalent};

/// A table of the file. Who gives out the numbers is not the cache's business.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Table(pub(crate) u32);

/// The key of an entry. In order of table, then of bytes: the order in which a store likes to be
/// written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key {
    table: Table,
    bytes: Bytes,
}

/// A key to look for. Made of the same fields in the same order as [`Key`]: both hash alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct KeyRef<'a> {
    pub(crate) table: Table,
    pub(crate) bytes: &'a [u8],
}

/// What the store does not have yet. The packed bytes are the caller's own: they are shared, from
/// the call to the store's statement, and never copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Dirty {
    Put(Bytes),
    Deleted,
}

/// What an entry takes beside its bytes: its place in a map that is half empty, its node, the
/// heads of its two allocations.
pub(crate) const ENTRY_COST: usize = 128;

impl Key {
    pub(crate) fn new(table: Table, bytes: impl Into<Bytes>) -> Self {
        Self { table, bytes: bytes.into() }
    }

    pub(crate) fn table(&self) -> Table {
        self.table
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn by_ref(&self) -> KeyRef<'_> {
        KeyRef { table: self.table, bytes: &self.bytes }
    }
}

impl Equivalent<Key> for KeyRef<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        self.table == key.table && *self.bytes == *key.bytes
    }
}

impl Dirty {
    pub(crate) fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Put(bytes) => Some(bytes),
            Self::Deleted => None,
        }
    }
}

/// What an entry counts in the budget.
pub(super) fn cost(key_len: usize, value: &Dirty) -> usize {
    ENTRY_COST + key_len + value.bytes().map_or(0, <[u8]>::len)
}
