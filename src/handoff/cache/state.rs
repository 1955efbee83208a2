//! What is decided under the mutex.

use super::{
    Limits, Refused, Ticket,
    generation::{Generation, Sealed, Size},
    list::List,
};
use crate::sync::StdArc;

/// Everything that puts, seals and flushes agree on. Whoever changes what a waiter waits for
/// notifies all of them.
pub(super) struct State<E> {
    pub(super) limits: Limits,
    pub(super) mode: Mode,
    pub(super) door: Door,
    pub(super) poisoned: bool,
    /// How much is in the active generation.
    pub(super) active: Size,
    /// What all generations together count in the budget.
    pub(super) bytes: usize,
    /// The number that the active generation will have.
    pub(super) next: u64,
    /// The generations that a running flush commits.
    pub(super) claim: Option<Claim>,
    /// Everything up to this number is in the store.
    pub(super) flushed: u64,
    /// Whether somebody wants a flush. The actor looks here on every turn.
    pub(super) wanted: bool,
    /// How many hold the cache back from being flushed, and the newest generation that the first
    /// of them found.
    pub(super) holds: usize,
    pub(super) floor: u64,
    /// How many flushes failed, and why the last one did, unless one succeeded since.
    pub(super) failures: u64,
    pub(super) failure: Option<E>,
    /// Left the list, but somebody may still look at them.
    pub(super) left: Vec<Sealed>,
}

/// Whether puts go to the cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    On,
    /// They wait: something is written beside the cache.
    Aside,
    /// They go to the store.
    Off,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Door {
    Open,
    /// The last flush goes on. If it fails, the door opens again.
    Closing,
    Closed,
}

/// What a running flush commits. Nobody merges it meanwhile: what is retired must be exactly what
/// was committed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Claim {
    pub(super) upto: u64,
    pub(super) bytes: usize,
}

impl<E: Clone> State<E> {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            mode: Mode::Off,
            door: Door::Open,
            poisoned: false,
            active: Size::default(),
            bytes: 0,
            next: 1,
            claim: None,
            flushed: 0,
            wanted: false,
            holds: 0,
            floor: 0,
            failures: 0,
            failure: None,
            left: Vec::new(),
        }
    }

    /// Whether anything may be put at all. Asked under the mutex: what was put before a close, a
    /// panic or a change of mode is known to who comes after it.
    pub(super) fn takes_puts(&self) -> Result<(), Refused<E>> {
        if self.poisoned {
            return Err(Refused::Poisoned);
        }
        if self.door != Door::Open {
            return Err(Refused::Closed);
        }
        if self.mode == Mode::Off {
            return Err(Refused::Off);
        }
        Ok(())
    }

    /// Whether what was put since the first hold has to stay. The last flush of all does not ask:
    /// nobody could put anything to it any more, and it commits all of it in one piece.
    pub(super) fn is_held(&self) -> bool {
        self.holds > 0 && self.door == Door::Open
    }

    /// Puts the active generation to the sealed ones, an empty one in its place. One that is empty
    /// itself stays.
    pub(super) fn seal(&mut self, list: &mut List, empty: Generation) {
        if self.active.entries == 0 {
            return;
        }
        let generation = std::mem::replace(&mut list.active, StdArc::new(empty));
        let size = std::mem::take(&mut self.active);
        // An iterator may have sealed a few: that does not make the next one small.
        list.guess = size.entries.max(list.guess / 2);
        self.add(list, size, generation);
    }

    /// Puts a generation on top of the sealed ones.
    pub(super) fn add(&mut self, list: &mut List, size: Size, generation: StdArc<Generation>) {
        list.sealed.insert(0, Sealed { number: self.next, size, generation });
        self.next += 1;
    }

    /// The newest generation that may be committed now.
    pub(super) fn committable(&self) -> u64 {
        if self.is_held() { self.floor } else { u64::MAX }
    }

    /// Whether a flush could commit anything.
    pub(super) fn has_work(&self, list: &List) -> bool {
        let sealed = list.sealed.last().is_some_and(|oldest| oldest.number <= self.committable());
        sealed || (!self.is_held() && self.active.entries > 0)
    }

    /// For what was just put into the active generation. After an empty batch that may be empty
    /// too, and will never be sealed: then all that is older is waited for.
    pub(super) fn ticket(&self) -> Ticket {
        let number = if self.active.entries > 0 { self.next } else { self.next - 1 };
        Ticket { number, failures: self.failures, apart: false }
    }
}
