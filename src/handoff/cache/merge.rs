//! Keeping the list short: a get asks every generation that there is.

use super::{Cache, generation::Sealed, list::List, state::State};

/// A running flush, which seals once more, and the floor of a hold cut the list in three, and a part
/// of one generation cannot be merged with anything: places are left for such.
const SPARE: usize = 3;

impl<E: Clone> Cache<E> {
    /// Merges generations until there are few. Done by who made one too many: the actor may be
    /// busy with a commit for long.
    pub(super) fn merge(&self) {
        let mut merged = false;
        loop {
            let pair = {
                let state = self.state.lock();
                state.pair_to_merge(&self.list.load(), state.limits.sealed - SPARE)
            };
            let Some((newer, older)) = pair else {
                break;
            };
            merged = true;
            // Without the mutex: neither of the two changes any more.
            self.replace(&newer, &older, Sealed::merged(&newer, &older));
        }
        if merged {
            // No flush may come for long, and each of them takes memory that nobody counts.
            self.free();
        }
    }

    /// Puts the merged one in the place of the two, unless they were claimed or retired meanwhile.
    fn replace(&self, newer: &Sealed, older: &Sealed, merged: Sealed) {
        let mut state = self.state.lock();
        let mut list = self.copy_list(&state);
        let at = list.sealed.iter().position(|sealed| sealed.number == newer.number);
        let pair = at.and_then(|at| list.sealed.get(at..at + 2).map(|pair| (at, pair)));
        let Some((at, [first, second])) = pair else {
            return;
        };
        if !first.same_as(newer) || !second.same_as(older) || state.apart(newer, older) {
            return;
        }
        state.bytes = state.bytes + merged.size.bytes - newer.size.bytes - older.size.bytes;
        state.left.extend(list.sealed.splice(at..at + 2, [merged]));
        self.publish(&state, list);
        self.changed.notify_all();
    }
}

impl<E> State<E> {
    /// The two neighbours that are cheapest to merge, if there are too many.
    fn pair_to_merge(&self, list: &List, above: usize) -> Option<(Sealed, Sealed)> {
        if list.sealed.len() <= above {
            return None;
        }
        let neighbours = list.sealed.iter().zip(list.sealed.iter().skip(1));
        neighbours
            .filter(|(newer, older)| !self.apart(newer, older))
            .min_by_key(|(newer, older)| newer.size.entries + older.size.entries)
            .map(|(newer, older)| (newer.clone(), older.clone()))
    }

    /// Whether the two must not become one: a flush commits one of them just now, or may commit
    /// the older one although the cache is held.
    fn apart(&self, newer: &Sealed, older: &Sealed) -> bool {
        let claimed = self.claim.is_some_and(|claim| older.number <= claim.upto);
        let held = self.holds > 0 && older.number <= self.floor && newer.number > self.floor;
        claimed || held
    }
}
