use crate::handoff as core;

/// What a model runs on: here, real threads and many repetitions.
pub(crate) mod model {
    pub(crate) use std::thread::{JoinHandle, spawn, yield_now};

    pub(crate) fn check(model: impl Fn()) {
        check_at(0, model);
    }

    pub(crate) fn check_at(_: usize, model: impl Fn()) {
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
    a_nudge_is_heard
    a_nudge_among_messages_is_heard
    a_put_that_meets_a_close_is_stored_or_refused
    two_closes_both_end
    the_last_drop_ends_the_actor
    a_read_sees_what_was_acknowledged
    what_is_entered_stays_as_it_is
    what_is_put_beside_comes_after_it
    a_failed_flush_leaves_the_cache_on
    what_is_apart_comes_one_at_a_time
    a_key_is_removed_once
    nobody_waits_for_a_long_commit
    what_is_spooled_takes_little_room
    what_is_spooled_is_there
    the_end_of_all_does_not_wait_for_a_hold
    housekeeping_does_not_change_what_is_read
    an_idle_view_is_ended
    the_keeper_hears_of_every_view
    revoking_waits_for_the_read
    a_keeper_can_be_stopped
    a_batch_is_seen_all_or_nothing
    a_batch_apart_is_seen_all_or_nothing
    a_batch_that_does_not_fit_leaves_nothing
    room_in_the_cache_reaches_whoever_waits
    a_replaced_value_makes_room_for_its_successor
    a_failed_flush_ends_the_wait_for_room
    who_waits_for_room_hears_of_a_hold
    who_waits_for_room_hears_of_a_panic
    who_waits_for_room_hears_of_a_close
    who_waits_for_room_hears_of_the_mode
    crossing_the_threshold_wakes_the_actor
    a_put_that_meets_a_close_is_flushed_or_refused
    a_close_that_failed_leaves_the_cache_usable
    two_closes_both_flush
    a_close_after_a_panic_flushes
    what_was_put_is_found_ever_after
    what_was_deleted_stays_away
    a_failed_commit_loses_nothing
    a_put_that_meets_a_seal_is_not_lost
    a_kept_view_does_not_hide_what_left_the_cache
    nothing_put_under_a_hold_is_committed
    who_waits_for_a_commit_is_not_stopped_by_a_hold
    merging_does_not_cross_the_floor
    what_was_put_under_holds_lands_in_one_commit
    the_end_of_a_hold_brings_the_flush
    a_snapshot_is_of_one_instant
    many_keys_are_of_one_instant
    a_scan_misses_nothing
    what_is_looked_at_is_freed_later
    nothing_is_not_sealed
    failed_flushes_do_not_pile_up
    merging_changes_nothing_but_the_number
    two_merges_at_once_lose_nothing
    switching_off_leaves_nothing_behind
    what_runs_beside_the_cache_keeps_its_place
    a_failed_flush_stops_what_runs_beside
    what_is_settled_is_in_the_store
    a_failed_flush_leaves_what_was_accepted_pending
    two_racing_increments_both_count
    a_swap_notices_what_passed_through_the_cache
    a_swap_that_waited_compares_again
    a_swap_notices_what_was_written_beside_the_cache
}
