//! A set of entries that goes to the store in one piece.

use super::key::{Dirty, Key, KeyRef, cost};
use crate::sync::{Map, OnceLock, Pinned, StdArc};

/// Filled while it is the active one, then never changed again.
pub(super) struct Generation {
    entries: Map<Key, Dirty>,
    /// All keys in order, from when somebody first asks for them: it is complete then.
    order: OnceLock<Vec<Key>>,
}

/// How much is in a generation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) entries: usize,
    pub(crate) bytes: usize,
}

/// A generation that is complete.
#[derive(Clone)]
pub(super) struct Sealed {
    /// Grows from one to the next: a larger number is newer.
    pub(super) number: u64,
    pub(super) size: Size,
    pub(super) generation: StdArc<Generation>,
}

impl Generation {
    /// An empty one with room for so many entries: what grows while it is filled makes the puts
    /// wait that meet it.
    pub(super) fn with_capacity(entries: usize) -> Self {
        Self { entries: Map::with_capacity(entries), order: OnceLock::new() }
    }

    /// One that is complete at once; of several values of a key the last one counts.
    pub(super) fn of(batch: Vec<(Key, Dirty)>) -> (Self, Size) {
        let generation = Self::with_capacity(batch.len());
        let mut size = Size::default();
        for (key, value) in batch {
            generation.insert(&mut size, key, value);
        }
        (generation, size)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(super) fn get<T>(&self, key: KeyRef<'_>, seen: impl FnOnce(&Dirty) -> T) -> Option<T> {
        self.entries.get(&key, seen)
    }

    /// Puts an entry in and adds the difference to `size`.
    pub(super) fn insert(&self, size: &mut Size, key: Key, value: Dirty) {
        let key_len = key.bytes().len();
        let added = cost(key_len, &value);
        let replaced = self.entries.insert(key, value, |old| cost(key_len, old));
        size.entries += usize::from(replaced.is_none());
        size.bytes = size.bytes + added - replaced.unwrap_or(0);
    }

    /// What a put of this key would replace, in bytes of the budget.
    pub(super) fn cost_of(&self, key: KeyRef<'_>) -> usize {
        self.get(key, |old| cost(key.bytes.len(), old)).unwrap_or(0)
    }

    /// Keeps the entries from being freed while they are looked at one by one.
    pub(super) fn pin(&self) -> Pinned<'_, Key, Dirty> {
        self.entries.pin()
    }
}

impl Sealed {
    /// Whether anybody but the owner of this one looks at the generation.
    pub(super) fn is_used(&self) -> bool {
        StdArc::strong_count(&self.generation) > 1
    }

    pub(super) fn same_as(&self, other: &Self) -> bool {
        StdArc::ptr_eq(&self.generation, &other.generation)
    }

    /// All keys in order. Sorting them is for the first who asks: then a walk along a few of many
    /// costs no look at all of them.
    pub(super) fn order(&self) -> &[Key] {
        let Generation { entries, order } = &*self.generation;
        if order.get().is_none() {
            let pin = entries.pin();
            let mut keys: Vec<Key> = pin.iter().map(|(key, _)| key.clone()).collect();
            keys.sort_unstable();
            // Another one may have been faster, with the very same.
            drop(order.set(keys));
        }
        order.get().map_or(&[], Vec::as_slice)
    }

    /// The two in one, under the number of the newer one.
    pub(super) fn merged(newer: &Self, older: &Self) -> Self {
        let most = newer.size.entries + older.size.entries;
        let generation = Generation::with_capacity(most);
        let mut size = Size::default();
        for input in [older, newer] {
            for (key, value) in &input.generation.pin() {
                generation.insert(&mut size, key.clone(), value.clone());
            }
        }
        Self { number: newer.number, size, generation: StdArc::new(generation) }
    }
}
