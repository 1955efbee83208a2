use crate::handoff as core;

/// What a model runs on: here, real threads and many repetitions.
pub(crate) mod model {
    pub(crate) use std::thread::{spawn, yield_now};

    pub(crate) fn check(model: impl Fn()) {
        for _ in 0..500 {
            model();
        }
    }
}

#[path = "../tests/models/mod.rs"]
mod models;

macro_rules! tests {
    ($($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                models::$name();
            }
        )*
    };
}

tests! {
    an_answer_reaches_its_waiter
    a_waiter_learns_why_its_answer_is_gone
    the_first_end_stays
    a_dying_actor_wakes_every_waiter
    room_reaches_whoever_waits
    room_for_two_lets_two_in
    a_large_message_is_not_overtaken
    who_gives_up_does_not_block_the_line
    closing_wakes_who_waits_for_room
    a_put_that_meets_a_close_is_stored_or_refused
    two_closes_both_end
    the_last_drop_ends_the_actor
    a_read_sees_what_was_acknowledged
    housekeeping_does_not_change_what_is_read
    an_idle_view_is_ended
    the_keeper_hears_of_every_view
    revoking_waits_for_the_read
    a_keeper_can_be_stopped
}
