use std::{cell::Cell, time::Instant};

use super::{Crowded, LONGEST, LongTurn, PATIENCE};
use crate::Error;

const STUCK: Crowded = Crowded { at: (1, 0), keeper: true, moving: false };

#[test]
fn it_is_waited_for_as_long_as_something_is_moved() {
    let (turn, asked) = (LongTurn::default(), Cell::new(0));
    let start = Instant::now();
    let ask = || {
        asked.set(asked.get() + 1);
        let busy = Crowded { moving: true, ..STUCK };
        Ok((start.elapsed() < 2 * PATIENCE).then_some(busy))
    };
    drop(turn.wait(ask).unwrap());
    assert!(start.elapsed() >= 2 * PATIENCE);
    assert!(asked.get() > 2);
}

#[test]
fn who_reads_for_ever_is_waited_for_once() {
    let turn = LongTurn::default();
    let start = Instant::now();
    drop(turn.wait(|| Ok(Some(STUCK))).unwrap());
    let first = start.elapsed();
    assert!(first >= PATIENCE && first < LONGEST, "{first:?}");
    let asked = Cell::new(0);
    let ask = || {
        asked.set(asked.get() + 1);
        Ok(Some(STUCK))
    };
    drop(turn.wait(ask).unwrap());
    assert_eq!(asked.get(), 1);
    // Something was moved since: it is worth waiting again.
    asked.set(0);
    let ask = || {
        asked.set(asked.get() + 1);
        Ok((asked.get() < 3).then_some(Crowded { at: (1, 5), ..STUCK }))
    };
    drop(turn.wait(ask).unwrap());
    assert_eq!(asked.get(), 3);
}

#[test]
fn an_end_of_the_writer_ends_the_wait() {
    let turn = LongTurn::default();
    assert!(matches!(turn.wait(|| Err(Error::Closed)), Err(Error::Closed)));
    assert!(turn.wait(|| Ok(None)).is_ok(), "the turn was given back");
}
