use super::Excuse;
use crate::store::Log;

const LIMIT: u64 = 100;

fn log(run: u32, pages: u32) -> Log {
    Log { pages, backlog: 0, bytes: u64::from(pages), run }
}

#[test]
fn what_a_long_value_left_does_not_count() {
    let mut excuse = Excuse::default();
    assert_eq!(excuse.count(&log(1, 40), false, LIMIT), (40, 40));
    assert_eq!(excuse.count(&log(1, 900), true, LIMIT), (0, 0));
    assert_eq!(excuse.count(&log(1, 910), false, LIMIT), (10, 10));
    // A log that was begun anew by the value itself.
    assert_eq!(excuse.count(&log(2, 500), true, LIMIT), (0, 0));
    assert_eq!(excuse.count(&log(3, 7), false, LIMIT), (7, 7));
}

#[test]
fn without_the_last_one_the_log_is_within_its_limit() {
    let mut excuse = Excuse::default();
    assert_eq!(excuse.count(&log(1, 60), true, LIMIT), (0, 0));
    assert_eq!(excuse.count(&log(1, 560), true, LIMIT), (0, 0));
    assert_eq!(excuse.count(&log(1, 600), false, LIMIT), (40, 40));
    // The small ones alone are within it, and the first long one and they are not.
    assert_eq!(excuse.count(&log(1, 601), false, LIMIT), (101, 41));
}

#[test]
fn one_that_begins_in_a_log_over_the_limit_counts() {
    let mut excuse = Excuse::default();
    assert_eq!(excuse.count(&log(1, 500), true, LIMIT), (0, 0));
    for pages in [1_000, 1_500, 2_000] {
        assert_eq!(excuse.count(&log(1, pages), true, LIMIT), (pages, pages));
    }
    assert_eq!(excuse.count(&log(2, 500), true, LIMIT), (0, 0));
}
