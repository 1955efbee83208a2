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
        entries.into_iter().map(|(key, value)| (key.clone(), value.clone())).collect()
    }
}

/// The newest value of each key of generations that come newest first, in order.
pub(super) fn newest_in_order<'a>(
    newest_first: &'a [Pinned<'a, Key, Dirty>],
    wanted: impl Fn(&Key) -> bool,
) -> Vec<(&'a Key, &'a Dirty)> {
    let mut entries: Vec<_> =
        newest_first.iter().flat_map(|pin| pin.iter()).filter(|(key, _)| wanted(key)).collect();
    // Stable: of equal keys the one of the newest generation stays first.
    entries.sort_by_key(|(key, _)| *key);
    entries.dedup_by_key(|(key, _)| *key);
    entries
}
