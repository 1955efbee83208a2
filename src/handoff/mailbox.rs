//! The queue in front of the actor: bounded in operations and bytes, and never a grave for
//! somebody who waits.

use super::line::{Line, Refused};
use crate::sync::{
    Arc, AtomicBool, Deadline, Ordering,
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

/// What a receive that waits came back with.
#[derive(Debug)]
pub(crate) enum Next<M> {
    Message(M),
    /// There is something to look after that came by another way.
    Nudge,
    TimedOut,
    /// Every sender is gone, and nothing is left.
    Disconnected,
}

/// The senders' side. Shared by reference or `Arc`.
pub(crate) struct Mailbox<M> {
    line: Arc<Line>,
    /// Nothing in it is a nudge.
    sender: Sender<Option<M>>,
    /// Whether a nudge is on its way: one is enough.
    nudged: Arc<AtomicBool>,
}

/// The actor's side. Dropping it closes the mailbox and drops what is queued, and so answers
/// everybody who waits.
pub(crate) struct Inbox<M> {
    line: Arc<Line>,
    receiver: Receiver<Option<M>>,
    nudged: Arc<AtomicBool>,
}

pub(crate) fn mailbox<M: Weigh>(limits: Limits) -> (Mailbox<M>, Inbox<M>) {
    let line = Arc::new(Line::new(limits));
    let (sender, receiver) = channel::unbounded();
    let nudged = Arc::new(AtomicBool::new(false));
    let inbox = Inbox { line: Arc::clone(&line), receiver, nudged: Arc::clone(&nudged) };
    (Mailbox { line, sender, nudged }, inbox)
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
        self.sender.send(Some(message)).map_err(|_| NotSent::Closed)?;
        Ok(load)
    }

    /// Has the actor look around, after what is queued already. Takes no room and waits for none.
    pub(crate) fn nudge(&self) {
        if !self.nudged.swap(true, Ordering::SeqCst) {
            // Nobody is there any more: then nobody is missed.
            drop(self.sender.send(None));
        }
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
    /// Waits for a message or a nudge.
    pub(crate) fn recv(&self, deadline: Deadline) -> Next<M> {
        let mut found = None;
        spin(|| {
            found = self.receiver.try_recv().ok();
            found.is_some()
        });
        let received = match found {
            Some(message) => Received::Message(message),
            None => channel::recv(&self.receiver, deadline),
        };
        match received {
            Received::Message(Some(message)) => Next::Message(message),
            Received::Message(None) => {
                self.heard();
                Next::Nudge
            }
            Received::TimedOut => Next::TimedOut,
            Received::Disconnected => Next::Disconnected,
        }
    }

    /// A message that is queued already. A nudge on the way to it is taken with it: the caller
    /// looks around afterwards.
    pub(crate) fn try_recv(&self) -> Option<M> {
        loop {
            let Some(message) = self.receiver.try_recv().ok()? else {
                self.heard();
                continue;
            };
            return Some(message);
        }
    }

    /// Before anybody looks around: who nudges after this may have come too late to be found.
    fn heard(&self) {
        self.nudged.store(false, Ordering::SeqCst);
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
