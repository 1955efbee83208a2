//! Which generations there are. Readers take the whole list with one load.

use super::{
    generation::{Generation, Sealed},
    key::{Dirty, KeyRef},
};
use crate::sync::StdArc;

/// Never changed once it is published; a change is a new list in its place, made under the mutex.
#[derive(Clone)]
pub(super) struct List {
    pub(super) active: StdArc<Generation>,
    /// Newest first.
    pub(super) sealed: Vec<Sealed>,
    /// How often what the store has, but the cache has not, may have changed: at each retirement
    /// and at each end of direct writing. A part of the list, so that one load gives both.
    pub(super) retired: u64,
    /// How many entries the next generation may have, by what the last ones had.
    pub(super) guess: usize,
}

impl List {
    pub(super) fn new() -> Self {
        Self {
            active: StdArc::new(Generation::with_capacity(0)),
            sealed: Vec::new(),
            retired: 0,
            guess: 0,
        }
    }

    /// The newest value of a key that the store may not have yet, as `seen` sees it.
    pub(super) fn look<T>(&self, key: KeyRef<'_>, seen: impl Fn(&Dirty) -> T) -> Option<T> {
        self.active.get(key, &seen).or_else(|| look(&self.sealed, key, &seen))
    }

    pub(super) fn find(&self, key: KeyRef<'_>) -> Option<Dirty> {
        self.look(key, Dirty::clone)
    }
}

/// The newest value of a key in generations that come newest first.
pub(super) fn look<T>(sealed: &[Sealed], key: KeyRef<'_>, seen: impl Fn(&Dirty) -> T) -> Option<T> {
    sealed.iter().find_map(|sealed| sealed.generation.get(key, &seen))
}
