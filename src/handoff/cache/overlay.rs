//! Complete generations as iterators, snapshots and flushes look at them.

use super::{
    generation::Sealed,
    key::{Dirty, Key, KeyRef, Table},
    list,
};
use crate::sync::Pinned;

/// What was dirty at one instant. Lies over a view of the store; holds no lock and keeps nobody
/// from flushing.
#[derive(Clone)]
pub(crate) struct Overlay {
    /// Newest first.
    pub(super) sealed: Vec<Sealed>,
}

impl Overlay {
    pub(crate) fn get(&self, key: KeyRef<'_>) -> Option<Dirty> {
        list::look(&self.sealed, key, Dirty::clone)
    }

    /// The newest value of each key of this table that `inside` wants, in order of keys.
    pub(crate) fn entries(
        &self,
        table: Table,
        inside: impl Fn(&[u8]) -> bool,
    ) -> Vec<(Key, Dirty)> {
        let pins: Vec<_> = self.sealed.iter().map(|sealed| sealed.generation.pin()).collect();
        let wanted = |key: &Key| key.table() == table && inside(key.bytes());
        let entries = newest_in_order(&pins, wanted);
        entries.into_iter().map(|entry| (entry.key.clone(), entry.value.clone())).collect()
    }
}

/// An entry of a generation.
pub(super) struct Entry<'a> {
    /// Decides nearly always, and is here: the keys lie all over the memory.
    order: u128,
    pub(super) key: &'a Key,
    pub(super) value: &'a Dirty,
}

/// The newest value of each key of generations that come newest first, in order.
pub(super) fn newest_in_order<'a>(
    newest_first: &'a [Pinned<'a, Key, Dirty>],
    wanted: impl Fn(&Key) -> bool,
) -> Vec<Entry<'a>> {
    let mut entries = Vec::new();
    for pin in newest_first {
        let found = pin.iter().filter(|(key, _)| wanted(key));
        entries.extend(found.map(|(key, value)| Entry { order: key.order(), key, value }));
    }
    // Stable: of equal keys the one of the newest generation stays first.
    entries.sort_by_key(|entry| (entry.order, entry.key));
    entries.dedup_by_key(|entry| (entry.order, entry.key));
    entries
}
