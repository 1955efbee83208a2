//! Seeing the cache and the store at one instant.

use super::{
    Cache,
    key::{Dirty, KeyRef},
    overlay::Overlay,
    state::State,
};
use crate::sync::MutexGuard;

/// How often a view is begun in the hope that nothing leaves the cache meanwhile.
const ATTEMPTS: usize = 3;

impl<E: Clone> Cache<E> {
    /// The cache and a view of the store as they were together at one moment. `begin` begins the
    /// view, and must have read in it: a view that only might begin is none.
    ///
    /// Two views are never held at once.
    pub(crate) fn snapshot<V, X>(
        &self,
        mut begin: impl FnMut() -> Result<V, X>,
    ) -> Result<(V, Overlay), X> {
        let empty = self.empty();
        let (view, mut state) = self.at_one_instant(&mut begin)?;
        self.seal(&mut state, empty);
        let overlay = Overlay { sealed: self.list.load().sealed.clone() };
        drop(state);
        self.merge();
        Ok((view, overlay))
    }

    /// What is dirty of these keys, and a view of the store for the others, at one instant.
    pub(crate) fn get_many<V, X>(
        &self,
        keys: &[KeyRef<'_>],
        begin: impl FnMut() -> Result<V, X>,
    ) -> Result<(V, Vec<Option<Dirty>>), X> {
        let (view, state) = self.at_one_instant(begin)?;
        let list = self.list.load();
        let dirty = keys.iter().map(|key| list.find(*key)).collect();
        drop(state);
        Ok((view, dirty))
    }

    /// What is dirty now, and then what `pages` begins to read: each key it finds is what a get
    /// could have returned since. The other way round a value could move to the store behind
    /// the first page and be in neither.
    pub(crate) fn scan<P, X>(
        &self,
        pages: impl FnOnce() -> Result<P, X>,
    ) -> Result<(Overlay, P), X> {
        let overlay = self.overlay();
        let pages = pages()?;
        Ok((overlay, pages))
    }

    /// Seals what is dirty now.
    pub(crate) fn overlay(&self) -> Overlay {
        let empty = self.empty();
        let mut state = self.state.lock();
        self.seal(&mut state, empty);
        let overlay = Overlay { sealed: self.list.load().sealed.clone() };
        drop(state);
        self.merge();
        overlay
    }

    /// Begins a view and takes the mutex, in a moment when nothing left the cache since the view
    /// was begun: what was dirty then and is not now would be in neither.
    fn at_one_instant<V, X>(
        &self,
        mut begin: impl FnMut() -> Result<V, X>,
    ) -> Result<(V, MutexGuard<'_, State<E>>), X> {
        for _ in 0..ATTEMPTS {
            let before = self.list.load().retired;
            let view = begin()?;
            let state = self.state.lock();
            if self.list.load().retired == before {
                return Ok((view, state));
            }
        }
        // With the mutex: nothing can leave now. Not at once, for a store whose views wait for each
        // other: everybody would wait with them.
        let state = self.state.lock();
        Ok((begin()?, state))
    }
}
