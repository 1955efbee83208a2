//! Compare and swap, the one primitive under everything that reads, changes and writes.

use super::{
    Cache, Refused, Ticket,
    generation::Generation,
    key::{Dirty, Key, cost},
};
use crate::sync::{Bytes, Deadline};

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Swap {
    Swapped(Ticket),
    /// The value was another one: this.
    Conflict(Option<Bytes>),
}

/// What the store had when nothing of the key was dirty.
struct Base {
    value: Option<Bytes>,
    /// [`List::retired`](super::list::List) from before the store was asked.
    retired: u64,
}

impl<E: Clone> Cache<E> {
    /// Puts `new` if the value is `old`. `store` reads the key from the store; it is asked without
    /// the mutex, and perhaps several times.
    pub(crate) fn compare_and_swap<X>(
        &self,
        key: &Key,
        old: Option<&[u8]>,
        new: &Dirty,
        mut store: impl FnMut() -> Result<Option<Bytes>, X>,
        deadline: Deadline,
    ) -> Result<Result<Swap, Refused<E>>, X> {
        loop {
            // Both from one list, before the store is asked: what left the cache since then may
            // be newer than the answer.
            let (retired, dirty) = {
                let list = self.list.load();
                (list.retired, list.find(key.by_ref()))
            };
            let base = match dirty {
                Some(_) => None,
                None => Some(Base { value: store()?, retired }),
            };
            if let Some(outcome) = self.swap_over(key, old, new, base.as_ref(), deadline) {
                return Ok(outcome);
            }
        }
    }

    /// `None`: what the store said does not count any more.
    fn swap_over(
        &self,
        key: &Key,
        old: Option<&[u8]>,
        new: &Dirty,
        base: Option<&Base>,
        deadline: Deadline,
    ) -> Option<Result<Swap, Refused<E>>> {
        let most = cost(key.bytes().len(), new);
        let empty = self.empty();
        let mut state = self.state.lock();
        let patience = state.patience(deadline);
        loop {
            if let Err(refused) = state.takes_puts() {
                return Some(Err(refused));
            }
            let list = self.list.load();
            let current = match (list.find(key.by_ref()), base) {
                (Some(Dirty::Put(bytes)), _) => Some(bytes),
                (Some(Dirty::Deleted), _) => None,
                (None, Some(base)) if base.retired == list.retired => base.value.clone(),
                (None, _) => return None,
            };
            if current.as_deref() != old {
                return Some(Ok(Swap::Conflict(current)));
            }
            if most > self.limits.cap {
                let made = Generation::of(vec![(key.clone(), new.clone())]);
                return Some(self.insert_apart(state, made, empty).map(Swap::Swapped));
            }
            if self.fits_in_place(&state, key.by_ref(), most) {
                return Some(Ok(Swap::Swapped(self.insert(state, key.clone(), new.clone()))));
            }
            drop(list);
            // Others put while this one waits: all is compared again.
            if let Err(refused) = self.wait_for_room(&mut state, &patience) {
                return Some(Err(refused));
            }
        }
    }
}
