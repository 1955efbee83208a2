//! The queue in front of the actor: bounded in operations and bytes, and never a grave for
//! somebody who waits.

use super::line::{Line, Refused};
use crate::sync::{
    Arc, Deadline,
    channel::{self, Received, Receiver, Sender},
    spin,
};

/// How much a message weighs in the mailbox's budget.
pub(crate) trait Weigh {
    fn bytes(&self) -> usize;
}

/// What may be in flight: queued, or being worked on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) ops: usize,
    pub(crate) bytes: usize,
}

impl Limits {
    /// A message that is larger than the whole budget goes through alone.
    pub(super) fn admit(self, load: Load, bytes: usize) -> bool {
        load.ops < self.ops && (load.ops == 0 || load.bytes.saturating_add(bytes) <= self.bytes)
    }
}

/// What is in flight.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Load {
    pub(crate) ops: usize,
    pub(crate) bytes: usize,
}

/// Why a message did not get in. It was dropped, and with it the reply it owed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotSent {
    /// There was no room until the deadline.
    Full,
    /// Nobody takes messages any more.
    Closed,
}

/// The senders' side. Shared by reference or `Arc`.
pub(crate) struct Mailbox<M> {
    line: Arc<Line>,
    sender: Sender<M>,
}

/// The actor's side. Dropping it closes the mailbox and drops what is queued, and so answers
/// everybody who waits.
pub(crate) struct Inbox<M> {
    line: Arc<Line>,
    receiver: Receiver<M>,
}

pub(crate) fn mailbox<M: Weigh>(limits: Limits) -> (Mailbox<M>, Inbox<M>) {
    let line = Arc::new(Line::new(limits));
    let (sender, receiver) = channel::unbounded();
    (Mailbox { line: Arc::clone(&line), sender }, Inbox { line, receiver })
}

impl<M: Weigh> Mailbox<M> {
    /// Queues a message, waiting for room at most until `deadline`. Returns what is in flight
    /// with it.
    pub(crate) fn send(&self, message: M, deadline: Deadline) -> Result<Load, NotSent> {
        let bytes = message.bytes();
        let load = self.line.enter(bytes, deadline).map_err(|refused| match refused {
            Refused::Closed => NotSent::Closed,
            Refused::TimedOut => NotSent::Full,
        })?;
        self.sender.send(message).map_err(|_| NotSent::Closed)?;
        Ok(load)
    }

    /// How many senders wait for room.
    pub(crate) fn waiting(&self) -> usize {
        self.line.waiting()
    }

    pub(crate) fn load(&self) -> Load {
        self.line.load()
    }
}

impl<M: Weigh> Inbox<M> {
    /// Waits for a message. `None`: every sender is gone and nothing is left, or the deadline
    /// passed; [`channel::Received`] tells which.
    pub(crate) fn recv(&self, deadline: Deadline) -> Received<M> {
        let mut found = None;
        spin(|| {
            found = self.try_recv();
            found.is_some()
        });
        match found {
            Some(message) => Received::Message(message),
            None => channel::recv(&self.receiver, deadline),
        }
    }

    pub(crate) fn try_recv(&self) -> Option<M> {
        self.receiver.try_recv().ok()
    }

    /// Gives back the room of messages that were dealt with.
    pub(crate) fn done(&self, load: Load) {
        self.line.leave(load);
    }
}

impl<M> Drop for Inbox<M> {
    fn drop(&mut self) {
        // First nobody gets in any more, then the receiver goes and takes the queue with it: a
        // message sent in between comes back to its sender.
        self.line.close();
    }
}

impl<M> std::fmt::Debug for Mailbox<M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mailbox").field("load", &self.line.load()).finish_non_exhaustive()
    }
}
