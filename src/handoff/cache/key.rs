//! What an entry goes by, and what it holds.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

use super::spool::Spool;
use crate::sync::{Bytes, Equivalent};

/// A table of the file. Who gives out the numbers is not the cache's business.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Table(pub(crate) u32);

/// The key of an entry. In order of table, then of bytes: the order in which a store likes to be
/// written.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    table: Table,
    bytes: KeyBytes,
}

/// A get that has to follow a pointer to compare the key waits for memory once more, and that is
/// a quarter of what it costs. So a key of usual length lies in the map's node itself.
#[derive(Debug, Clone)]
enum KeyBytes {
    Short { len: u8, bytes: [u8; SHORT] },
    Long(Bytes),
}

const SHORT: usize = 22;

/// A key to look for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct KeyRef<'a> {
    pub(crate) table: Table,
    pub(crate) bytes: &'a [u8],
}

/// What the store does not have yet. The packed bytes are the caller's own: they are shared, from
/// the call to the store's statement, and never copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Dirty {
    Put(Bytes),
    /// Likewise, but not in memory.
    Spooled(Spool),
    Deleted,
}

/// What a spooled value counts, however long it is: an open file, of which there may not be many.
pub(crate) const SPOOL_COST: usize = 256 << 10;

/// What an entry takes beside its bytes: its place in a map that is half empty, its node, the head
/// of its value.
pub(crate) const ENTRY_COST: usize = 128;

impl Key {
    pub(crate) fn new(table: Table, bytes: &[u8]) -> Self {
        let mut short = [0; SHORT];
        let bytes = match (short.get_mut(..bytes.len()), u8::try_from(bytes.len())) {
            (Some(place), Ok(len)) => {
                place.copy_from_slice(bytes);
                KeyBytes::Short { len, bytes: short }
            }
            _ => KeyBytes::Long(bytes.into()),
        };
        Self { table, bytes }
    }

    pub(crate) fn table(&self) -> Table {
        self.table
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        match &self.bytes {
            KeyBytes::Short { len, bytes } => bytes.get(..usize::from(*len)).unwrap_or(bytes),
            KeyBytes::Long(bytes) => bytes,
        }
    }

    /// Of two keys with different ones the smaller key has the smaller one.
    pub(super) fn order(&self) -> u128 {
        let mut head = [0; 16];
        let (table, start) = head.split_at_mut(4);
        table.copy_from_slice(&self.table.0.to_be_bytes());
        for (place, byte) in start.iter_mut().zip(self.bytes()) {
            *place = *byte;
        }
        u128::from_be_bytes(head)
    }

    pub(crate) fn by_ref(&self) -> KeyRef<'_> {
        KeyRef { table: self.table, bytes: self.bytes() }
    }
}

impl Equivalent<Key> for KeyRef<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        *self == key.by_ref()
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.by_ref() == other.by_ref()
    }
}

impl Eq for Key {}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        self.by_ref().cmp(&other.by_ref())
    }
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.by_ref().hash(state);
    }
}

impl Dirty {
    pub(crate) fn is_there(&self) -> bool {
        !matches!(self, Self::Deleted)
    }

    /// A copy of the value; none if there is none. One that is spooled is read: not to be done
    /// under a lock.
    pub(crate) fn load(&self) -> std::io::Result<Option<Vec<u8>>> {
        match self {
            Self::Put(bytes) => Ok(Some(bytes.to_vec())),
            Self::Spooled(spool) => spool.load().map(Some),
            Self::Deleted => Ok(None),
        }
    }

    pub(crate) fn len(&self) -> u64 {
        match self {
            Self::Put(bytes) => bytes.len() as u64,
            Self::Spooled(spool) => spool.len(),
            Self::Deleted => 0,
        }
    }

    /// What the value counts in the budget.
    fn weight(&self) -> usize {
        match self {
            Self::Put(bytes) => bytes.len(),
            Self::Spooled(_) => SPOOL_COST,
            Self::Deleted => 0,
        }
    }
}

/// What an entry counts in the budget.
pub(super) fn cost(key_len: usize, value: &Dirty) -> usize {
    ENTRY_COST + key_len + value.weight()
}
