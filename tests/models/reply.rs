use super::{core::reply, model};

/// Whatever the two sides do first, the answer arrives.
pub(crate) fn an_answer_reaches_its_waiter() {
    model::check(|| {
        let (owed, pending) = reply();
        let actor = model::spawn(move || owed.send(7));
        assert_eq!(pending.wait(true), Ok(7));
        actor.join().unwrap();
    });
}
