use super::{
    core::{End, Gone, Lifecycle, Reply, reply},
    model,
};
use crate::sync::Arc;

/// Who is left without an answer can say why.
pub(crate) fn a_waiter_learns_why_its_answer_is_gone() {
    model::check(|| {
        let lifecycle = Arc::new(Lifecycle::new());
        let (owed, pending): (Reply<u32>, _) = reply();
        let actor = {
            let lifecycle = Arc::clone(&lifecycle);
            model::spawn(move || lifecycle.end_with(End::Poisoned("why".into()), owed))
        };
        assert_eq!(pending.wait(false), Err(Gone));
        assert_eq!(lifecycle.ended(), Some(End::Poisoned("why".into())));
        actor.join().unwrap();
    });
}

/// A close after a panic does not hide the panic.
pub(crate) fn the_first_end_stays() {
    model::check(|| {
        let lifecycle = Arc::new(Lifecycle::new());
        lifecycle.end(End::Poisoned("why".into()));
        let closer = {
            let lifecycle = Arc::clone(&lifecycle);
            model::spawn(move || lifecycle.end(End::Closed))
        };
        assert_eq!(lifecycle.ended(), Some(End::Poisoned("why".into())));
        closer.join().unwrap();
        assert_eq!(lifecycle.ended(), Some(End::Poisoned("why".into())));
    });
}
