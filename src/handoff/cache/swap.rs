//! Putting a value that depends on the one that is there: the one primitive under everything that
//! reads, changes and writes.

use super::{
    Cache, Refused, Ticket,
    generation::Generation,
    key::{Dirty, Key, cost},
    state::State,
};
use crate::sync::{Bytes, Deadline, MutexGuard};

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Swap<B> {
    Swapped(Ticket),
    /// What is there is not what was asked for, but this.
    Conflict(B),
    /// What is there does not lie in memory: it is to be flushed first.
    Spooled,
}

/// What there is of a key, for who compares bytes.
#[derive(Clone)]
enum Value {
    Bytes(Option<Bytes>),
    Spooled,
}

/// How long whoever puts something waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// For room in the cache.
    Buffered,
    /// For the commit too: it may be larger than the cap.
    Through,
}

/// What the store had when nothing of the key was dirty.
struct Base<B> {
    value: B,
    /// [`List::retired`](super::list::List) from before the store was asked.
    retired: u64,
}

/// A swap that is tried until what the store said counts.
struct Attempt<'a, B> {
    key: &'a Key,
    new: &'a Dirty,
    /// What an entry says of the key.
    seen: &'a dyn Fn(&Dirty) -> B,
    wanted: &'a dyn Fn(&B) -> bool,
    way: Way,
    deadline: Deadline,
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
        way: Way,
        deadline: Deadline,
    ) -> Result<Result<Swap<Option<Bytes>>, Refused<E>>, X> {
        let seen = |dirty: &Dirty| match dirty {
            Dirty::Put(bytes) => Value::Bytes(Some(Bytes::clone(bytes))),
            // To compare it would be to read it under the mutex.
            Dirty::Spooled(_) => Value::Spooled,
            Dirty::Deleted => Value::Bytes(None),
        };
        let wanted = |value: &Value| match value {
            Value::Bytes(bytes) => bytes.as_deref() == old,
            Value::Spooled => false,
        };
        let attempt = Attempt { key, new, seen: &seen, wanted: &wanted, way, deadline };
        let swapped = self.swap(&attempt, || store().map(Value::Bytes))?;
        Ok(swapped.map(|swap| match swap {
            Swap::Swapped(ticket) => Swap::Swapped(ticket),
            Swap::Conflict(Value::Bytes(found)) => Swap::Conflict(found),
            Swap::Conflict(Value::Spooled) | Swap::Spooled => Swap::Spooled,
        }))
    }

    /// Deletes a key that is there. `store` says whether it has the key.
    pub(crate) fn remove<X>(
        &self,
        key: &Key,
        store: impl FnMut() -> Result<bool, X>,
        way: Way,
        deadline: Deadline,
    ) -> Result<Result<Option<Ticket>, Refused<E>>, X> {
        let seen = Dirty::is_there;
        let wanted = |there: &bool| *there;
        let new = &Dirty::Deleted;
        let attempt = Attempt { key, new, seen: &seen, wanted: &wanted, way, deadline };
        let removed = |swap| match swap {
            Swap::Swapped(ticket) => Some(ticket),
            Swap::Conflict(_) | Swap::Spooled => None,
        };
        Ok(self.swap(&attempt, store)?.map(removed))
    }

    fn swap<B: Clone, X>(
        &self,
        attempt: &Attempt<'_, B>,
        mut store: impl FnMut() -> Result<B, X>,
    ) -> Result<Result<Swap<B>, Refused<E>>, X> {
        loop {
            // Both from one list, before the store is asked: what left the cache since then may
            // be newer than the answer.
            let (retired, dirty) = {
                let list = self.list.load();
                (list.retired, list.look(attempt.key.by_ref(), |_| ()))
            };
            let base = match dirty {
                Some(()) => None,
                None => Some(Base { value: store()?, retired }),
            };
            if let Some(outcome) = self.swap_over(attempt, base.as_ref()) {
                return Ok(outcome);
            }
        }
    }

    /// `None`: what the store said does not count any more.
    fn swap_over<B: Clone>(
        &self,
        attempt: &Attempt<'_, B>,
        base: Option<&Base<B>>,
    ) -> Option<Result<Swap<B>, Refused<E>>> {
        let Attempt { key, new, deadline, .. } = *attempt;
        let mut state = self.state.lock();
        let patience = state.patience(deadline);
        loop {
            if let Err(refused) = self.admit(&mut state, deadline) {
                return Some(Err(refused));
            }
            let list = self.list.load();
            let current = match (list.look(key.by_ref(), attempt.seen), base) {
                (Some(current), _) => current,
                (None, Some(base)) if base.retired == list.retired => base.value.clone(),
                (None, _) => return None,
            };
            drop(list);
            if !(attempt.wanted)(&current) {
                return Some(Ok(Swap::Conflict(current)));
            }
            match self.room_for(&state, attempt) {
                Room::Within => {
                    let through = attempt.way == Way::Through;
                    state.wanted |= through;
                    let ticket = self.insert(state, key.clone(), new.clone());
                    if through {
                        (self.wake)();
                    }
                    return Some(Ok(Swap::Swapped(ticket)));
                }
                Room::Apart => {
                    let made = Generation::of(vec![(key.clone(), new.clone())]);
                    // Rare, and so made here: nearly every swap is of something small.
                    let empty = Generation::with_capacity(0);
                    return Some(Ok(Swap::Swapped(self.insert_apart(state, made, empty))));
                }
                Room::Held => return Some(Err(Refused::Held)),
                Room::None => {}
            }
            // Others put while this one waits: all is compared again.
            if let Err(refused) = self.wait_for_room(&mut state, &patience) {
                return Some(Err(refused));
            }
        }
    }

    fn room_for<B>(&self, state: &MutexGuard<'_, State<E>>, attempt: &Attempt<'_, B>) -> Room {
        let most = cost(attempt.key.bytes().len(), attempt.new);
        let large = most > state.limits.cap;
        if !large && attempt.way == Way::Buffered {
            let fits = self.fits_in_place(state, attempt.key.by_ref(), most);
            return if fits { Room::Within } else { Room::None };
        }
        if state.holds > 0 {
            Room::Held
        } else if !state.fits_apart() {
            Room::None
        } else if large {
            Room::Apart
        } else {
            Room::Within
        }
    }
}

/// Where there is room for a swap.
enum Room {
    Within,
    /// As a generation of its own.
    Apart,
    /// Its commit would wait for the end of a hold.
    Held,
    None,
}
