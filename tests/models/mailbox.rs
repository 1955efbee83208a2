use super::{
    core::{Gone, Inbox, Limits, Load, Mailbox, Next, NotSent, Reply, Weigh, mailbox, reply},
    model,
};
use crate::sync::{Arc, AtomicU64, Deadline, Ordering};

struct Message {
    bytes: usize,
    _reply: Option<Reply<()>>,
}

impl Weigh for Message {
    fn bytes(&self) -> usize {
        self.bytes
    }
}

fn of(bytes: usize) -> Message {
    Message { bytes, _reply: None }
}

const ONE: Load = Load { ops: 1, bytes: 1 };

fn send_one(mailbox: &Arc<Mailbox<Message>>) -> impl FnOnce() -> bool + use<> {
    let mailbox = Arc::clone(mailbox);
    move || mailbox.send(of(1), Deadline::NEVER).is_ok()
}

/// An actor that takes one message and dies, with others queued or on their way: everybody who
/// sent hears something.
pub(crate) fn a_dying_actor_wakes_every_waiter() {
    model::check(|| {
        let (mailbox, inbox) = mailbox(Limits { ops: 4, bytes: 4 });
        let mailbox = Arc::new(mailbox);
        let callers: Vec<_> = (0..2)
            .map(|_| {
                let mailbox = Arc::clone(&mailbox);
                model::spawn(move || {
                    let (owed, pending) = reply();
                    let message = Message { bytes: 1, _reply: Some(owed) };
                    match mailbox.send(message, Deadline::NEVER) {
                        Ok(_) => assert_eq!(pending.wait(true), Err(Gone)),
                        Err(refused) => assert_eq!(refused, NotSent::Closed),
                    }
                })
            })
            .collect();
        drop(inbox.try_recv());
        drop(inbox);
        for caller in callers {
            caller.join().unwrap();
        }
    });
}

/// Nobody sleeps while there is room.
pub(crate) fn room_reaches_whoever_waits() {
    model::check(|| {
        let (mailbox, inbox) = mailbox(Limits { ops: 1, bytes: 9 });
        let mailbox = Arc::new(mailbox);
        let senders = [(); 2].map(|()| model::spawn(send_one(&mailbox)));
        for _ in 0..2 {
            assert!(matches!(inbox.recv(Deadline::NEVER), Next::Message(_)));
            inbox.done(ONE);
        }
        for sender in senders {
            assert!(sender.join().unwrap());
        }
        assert_eq!(mailbox.load(), Load::default());
    });
}

/// Room that comes for two at once is used by two.
pub(crate) fn room_for_two_lets_two_in() {
    model::check(|| {
        let (mailbox, inbox) = mailbox(Limits { ops: 2, bytes: 9 });
        let mailbox = Arc::new(mailbox);
        let full = [(); 2].map(|()| send_one(&mailbox)());
        assert_eq!(full, [true; 2]);
        let senders = [(); 2].map(|()| model::spawn(send_one(&mailbox)));
        inbox.done(Load { ops: 2, bytes: 2 });
        for sender in senders {
            assert!(sender.join().unwrap());
        }
    });
}

/// A message that needs much room is not passed for ever by those that need little.
pub(crate) fn a_large_message_is_not_overtaken() {
    model::check(|| {
        let (mailbox, inbox) = mailbox(Limits { ops: 9, bytes: 4 });
        let mailbox = Arc::new(mailbox);
        assert!(send_one(&mailbox)());
        let large = {
            let mailbox = Arc::clone(&mailbox);
            model::spawn(move || mailbox.send(of(4), Deadline::NEVER).is_ok())
        };
        while mailbox.waiting() == 0 {
            model::yield_now();
        }
        // There would be room for it.
        assert_eq!(mailbox.send(of(1), Deadline::NOW), Err(NotSent::Full));
        inbox.done(ONE);
        assert!(large.join().unwrap());
    });
}

/// Who gives up waiting is not waited for.
pub(crate) fn who_gives_up_does_not_block_the_line() {
    model::check(|| {
        let (mailbox, inbox) = mailbox(Limits { ops: 1, bytes: 9 });
        let mailbox = Arc::new(mailbox);
        assert!(send_one(&mailbox)());
        assert_eq!(mailbox.send(of(1), Deadline::NOW), Err(NotSent::Full));
        let patient = model::spawn(send_one(&mailbox));
        inbox.done(ONE);
        assert!(patient.join().unwrap());
    });
}

/// The end of the actor ends every wait for room, also one that begins later.
pub(crate) fn closing_wakes_who_waits_for_room() {
    model::check(|| {
        let (mailbox, inbox) = mailbox(Limits { ops: 1, bytes: 9 });
        let mailbox = Arc::new(mailbox);
        assert!(send_one(&mailbox)());
        let waiting = model::spawn(send_one(&mailbox));
        drop(inbox);
        assert!(!waiting.join().unwrap());
        assert_eq!(mailbox.send(of(1), Deadline::NEVER), Err(NotSent::Closed));
    });
}

/// What is nudged for is found, whoever else nudges meanwhile, and although the queue takes nothing.
pub(crate) fn a_nudge_is_heard() {
    nudged(|_| ());
}

/// One that is met while the queue is drained counts as well.
pub(crate) fn a_nudge_among_messages_is_heard() {
    nudged(|inbox| assert!(inbox.try_recv().is_none()));
}

fn nudged(begin: fn(&Inbox<Message>)) {
    model::check(move || {
        let (mailbox, inbox) = mailbox(Limits { ops: 0, bytes: 0 });
        let (mailbox, work) = (Arc::new(mailbox), Arc::new(AtomicU64::new(0)));
        let others = [(); 2].map(|()| {
            let (mailbox, work) = (Arc::clone(&mailbox), Arc::clone(&work));
            model::spawn(move || {
                work.fetch_add(1, Ordering::SeqCst);
                mailbox.nudge();
            })
        });
        begin(&inbox);
        // Looked for without being called, then only when called.
        while work.load(Ordering::SeqCst) < 2 {
            assert!(matches!(inbox.recv(Deadline::NEVER), Next::Nudge));
        }
        for other in others {
            other.join().unwrap();
        }
    });
}
