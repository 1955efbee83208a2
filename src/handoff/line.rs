//! Who may put something into the mailbox next: first come, first served.
//!
//! Without an order a large message would wait for ever behind small ones that always find room.

use std::collections::VecDeque;

use super::mailbox::{Limits, Load};
use crate::sync::{Condvar, Deadline, Mutex, wait_until};

/// Counts what is in flight, and makes senders wait while it is too much.
pub(super) struct Line {
    limits: Limits,
    state: Mutex<State>,
    moved: Condvar,
}

struct State {
    load: Load,
    waiting: VecDeque<u64>,
    next_ticket: u64,
    closed: bool,
}

/// Why there was no admission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    Closed,
    TimedOut,
}

impl Line {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            state: Mutex::new(State {
                load: Load::default(),
                waiting: VecDeque::new(),
                next_ticket: 0,
                closed: false,
            }),
            moved: Condvar::new(),
        }
    }

    /// Waits for its turn and for room, at most until `deadline`; returns what is in flight now.
    pub(super) fn enter(&self, bytes: usize, deadline: Deadline) -> Result<Load, Refused> {
        let mut state = self.state.lock();
        if state.closed {
            return Err(Refused::Closed);
        }
        if state.waiting.is_empty() && self.limits.admit(state.load, bytes) {
            return Ok(state.add(bytes));
        }
        let ticket = state.next_ticket;
        state.next_ticket += 1;
        state.waiting.push_back(ticket);
        loop {
            let in_time = wait_until(&self.moved, &mut state, deadline);
            let first = state.waiting.front() == Some(&ticket);
            let refused = if state.closed {
                Refused::Closed
            } else if first && self.limits.admit(state.load, bytes) {
                state.waiting.pop_front();
                // The next in line may find room too.
                self.moved.notify_all();
                return Ok(state.add(bytes));
            } else if in_time {
                continue;
            } else {
                Refused::TimedOut
            };
            state.waiting.retain(|waiter| *waiter != ticket);
            self.moved.notify_all();
            return Err(refused);
        }
    }

    /// Takes off what was dealt with.
    pub(super) fn leave(&self, done: Load) {
        let mut state = self.state.lock();
        state.load.ops -= done.ops;
        state.load.bytes -= done.bytes;
        if !state.waiting.is_empty() {
            // All of them: the first in line is the one that may go, and it may be any thread.
            self.moved.notify_all();
        }
    }

    pub(super) fn close(&self) {
        self.state.lock().closed = true;
        self.moved.notify_all();
    }

    /// How many wait for room.
    pub(super) fn waiting(&self) -> usize {
        self.state.lock().waiting.len()
    }

    pub(super) fn load(&self) -> Load {
        self.state.lock().load
    }
}

impl State {
    fn add(&mut self, bytes: usize) -> Load {
        self.load.ops += 1;
        self.load.bytes += bytes;
        self.load
    }
}
