use super::{
    core::{End, Gone, Lifecycle, Limits, Mailbox, Next, Reply, Weigh, mailbox, reply},
    model,
};
use crate::sync::{Arc, AtomicU64, Deadline, Ordering};

enum Message {
    Put(Reply<()>),
    Close(Reply<()>),
}

impl Weigh for Message {
    fn bytes(&self) -> usize {
        1
    }
}

/// An actor as the writer is: it stores what it is sent until it is told to close.
fn actor(
    stored: &Arc<AtomicU64>,
) -> (Arc<Mailbox<Message>>, Arc<Lifecycle>, impl FnOnce() + use<>) {
    let (mailbox, inbox) = mailbox(Limits { ops: 4, bytes: 4 });
    let lifecycle = Arc::new(Lifecycle::new());
    let (stored, ending) = (Arc::clone(stored), Arc::clone(&lifecycle));
    let run = move || {
        while let Next::Message(message) = inbox.recv(Deadline::NEVER) {
            match message {
                Message::Put(reply) => {
                    stored.fetch_add(1, Ordering::SeqCst);
                    reply.send(());
                }
                Message::Close(reply) => {
                    reply.send(());
                    break;
                }
            }
        }
        ending.end_with(End::Closed, inbox);
    };
    (Arc::new(mailbox), lifecycle, run)
}

fn call(mailbox: &Mailbox<Message>, message: fn(Reply<()>) -> Message) -> Result<(), Gone> {
    let (owed, pending) = reply();
    mailbox.send(message(owed), Deadline::NEVER).map_err(|_| Gone)?;
    pending.wait(true)
}

/// A put that meets a close is stored or refused, and never both or neither.
pub(crate) fn a_put_that_meets_a_close_is_stored_or_refused() {
    model::check(|| {
        let stored = Arc::new(AtomicU64::new(0));
        let (mailbox, lifecycle, run) = actor(&stored);
        let writer = model::spawn(run);
        let putter = {
            let mailbox = Arc::clone(&mailbox);
            model::spawn(move || call(&mailbox, Message::Put))
        };
        assert_eq!(call(&mailbox, Message::Close), Ok(()));
        let put = putter.join().unwrap();
        writer.join().unwrap();
        assert_eq!(stored.load(Ordering::SeqCst), u64::from(put.is_ok()));
        assert_eq!(lifecycle.ended(), Some(End::Closed));
    });
}

/// Two closes both end, and neither waits for ever.
pub(crate) fn two_closes_both_end() {
    model::check(|| {
        let (mailbox, _, run) = actor(&Arc::new(AtomicU64::new(0)));
        let writer = model::spawn(run);
        let other = {
            let mailbox = Arc::clone(&mailbox);
            model::spawn(move || call(&mailbox, Message::Close))
        };
        let outcomes = [call(&mailbox, Message::Close), other.join().unwrap()];
        assert!(outcomes.contains(&Ok(())));
        writer.join().unwrap();
    });
}

/// An actor that nobody can reach any more ends by itself.
pub(crate) fn the_last_drop_ends_the_actor() {
    model::check(|| {
        let (mailbox, lifecycle, run) = actor(&Arc::new(AtomicU64::new(0)));
        let writer = model::spawn(run);
        let other = {
            let mailbox = Arc::clone(&mailbox);
            model::spawn(move || drop(mailbox))
        };
        drop(mailbox);
        other.join().unwrap();
        writer.join().unwrap();
        assert_eq!(lifecycle.ended(), Some(End::Closed));
    });
}
