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

/// A part of the keys of a table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Part<'a> {
    pub(crate) table: Table,
    pub(crate) start: &'a [u8],
    /// The first key that is not in it any more.
    pub(crate) end: Option<&'a [u8]>,
}

/// From which end to take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Front,
    Back,
}

impl Overlay {
    /// The newest values of keys of a part, one by one from an end of it, until one is enough.
    /// Whether that was so.
    pub(crate) fn take(
        &self,
        part: Part<'_>,
        from: Side,
        mut enough: impl FnMut(&Key, &Dirty) -> bool,
    ) -> (Vec<(Key, Dirty)>, bool) {
        let mut rest: Vec<&[Key]> = self.sealed.iter().map(|one| part.of(one.order())).collect();
        let mut taken = Vec::new();
        loop {
            let next = match from {
                Side::Front => rest.iter().filter_map(|keys| keys.first()).min(),
                Side::Back => rest.iter().filter_map(|keys| keys.last()).max(),
            };
            let Some(key) = next else { return (taken, false) };
            for keys in &mut rest {
                *keys = match (from, *keys) {
                    (Side::Front, [first, behind @ ..]) if first == key => behind,
                    (Side::Back, [before @ .., last]) if last == key => before,
                    (_, keys) => keys,
                };
            }
            if let Some(value) = self.get(key.by_ref()) {
                let last = enough(key, &value);
                taken.push((key.clone(), value));
                if last {
                    return (taken, true);
                }
            }
        }
    }
}

impl Part<'_> {
    fn of<'k>(&self, keys: &'k [Key]) -> &'k [Key] {
        let before = |bytes| {
            let edge = KeyRef { table: self.table, bytes };
            keys.partition_point(|key| key.by_ref() < edge)
        };
        let start = before(self.start);
        let end = match self.end {
            Some(end) => before(end),
            None => keys.partition_point(|key| key.table() <= self.table),
        };
        keys.get(start..end).unwrap_or(&[])
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
