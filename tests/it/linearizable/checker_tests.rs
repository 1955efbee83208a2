//! Histories by hand, good ones and bad ones: what the checker must see.

use proptest::prelude::*;

use super::{
    checker::check,
    history::{Contents, KEYS, Key, NOTHING, Op, Seen, TABLES, Value},
};

const EMPTY: Contents = [NOTHING; TABLES * KEYS];

fn op(call: u64, end: u64) -> Op {
    let (sees, writes) = (Vec::new(), Vec::new());
    Op { name: "op", thread: 0, call, end, perhaps: false, sees, writes }
}

impl Op {
    fn put(mut self, key: Key, value: Value) -> Self {
        self.writes.push((key, value));
        self
    }

    fn got(mut self, key: Key, value: Value) -> Self {
        self.sees.push(Seen::Is(key, value));
        self
    }

    fn deleted(mut self, key: Key, was_there: bool) -> Self {
        self.sees.push(if was_there { Seen::There(key) } else { Seen::Is(key, NOTHING) });
        self.put(key, NOTHING)
    }

    fn failed(self) -> Self {
        Self { perhaps: true, ..self }
    }
}

#[track_caller]
fn good(history: &[Op]) {
    assert!(check(EMPTY, history).is_ok());
}

/// No order is possible, and it is this operation that shows it.
#[track_caller]
fn bad(history: &[Op], at: usize) {
    assert_eq!(check(EMPTY, history).map_err(|violation| violation.op), Err(at));
}

#[test]
fn one_after_the_other() {
    good(&[
        op(1, 2).put(0, 1),
        op(3, 4).got(0, 1),
        op(5, 6).put(0, 2).put(1, 3),
        op(7, 8).got(0, 2).got(1, 3),
        op(9, 10).deleted(0, true),
        op(11, 12).got(0, NOTHING),
        op(13, 14).deleted(0, false),
    ]);
}

#[test]
fn while_a_put_goes_on_both_may_be_seen_but_not_back_and_forth() {
    let put = || op(1, 10).put(0, 1);
    good(&[put(), op(2, 3).got(0, NOTHING), op(4, 5).got(0, 1), op(6, 7).got(0, 1)]);
    bad(&[put(), op(2, 3).got(0, 1), op(4, 5).got(0, NOTHING)], 2);
}

#[test]
fn a_stale_read() {
    bad(&[op(1, 2).put(0, 1), op(3, 4).put(0, 2), op(5, 6).got(0, 1)], 2);
    bad(&[op(1, 2).put(0, 1), op(3, 4).got(0, NOTHING)], 1);
}

#[test]
fn a_value_that_nobody_wrote_or_that_is_yet_to_be_written() {
    bad(&[op(1, 2).put(0, 1), op(3, 4).got(0, 7)], 1);
    bad(&[op(1, 2).got(0, 1), op(3, 4).put(0, 1)], 0);
}

#[test]
fn a_lost_write() {
    // Which of the two won is seen only later.
    let both = || [op(1, 4).put(0, 1), op(2, 3).put(0, 2)];
    let with = |rest: [Op; 2]| [&both()[..], &rest].concat();
    good(&with([op(5, 6).got(0, 1), op(7, 8).got(0, 1)]));
    good(&with([op(5, 6).got(0, 2), op(7, 8).got(0, 2)]));
    bad(&with([op(5, 6).got(0, 2), op(7, 8).got(0, 1)]), 3);
    bad(&with([op(5, 6).got(0, 1), op(7, 8).got(0, NOTHING)]), 3);
}

#[test]
fn a_torn_batch() {
    let batch = || op(2, 9).put(0, 1).put(1, 2);
    // In one read.
    good(&[batch(), op(3, 4).got(0, 1).got(1, 2)]);
    bad(&[batch(), op(3, 4).got(0, 1).got(1, NOTHING)], 1);
    // By one thread, key after key: in whichever order, newer is never followed by older.
    good(&[batch(), op(3, 4).got(0, NOTHING), op(5, 6).got(1, 2)]);
    bad(&[batch(), op(3, 4).got(0, 1), op(5, 6).got(1, NOTHING)], 2);
    bad(&[batch(), op(3, 4).got(1, 2), op(5, 6).got(0, NOTHING)], 2);
    // By two that overlap: whoever sees the older may have been first.
    good(&[batch(), op(3, 6).got(0, 1), op(4, 5).got(1, NOTHING)]);
    // A later write to one of the keys tears nothing, wherever it lies.
    let later = || op(10, 11).put(1, 3);
    good(&[batch(), later(), op(12, 13).got(0, 1).got(1, 3)]);
    bad(&[batch(), later(), op(12, 13).got(0, NOTHING).got(1, 3)], 2);
    // One that went on at the same time may come before or after it.
    let beside = || op(3, 8).put(1, 3);
    good(&[batch(), beside(), op(12, 13).got(0, 1).got(1, 3)]);
    good(&[batch(), beside(), op(12, 13).got(0, 1).got(1, 2)]);
    bad(&[batch(), beside(), op(4, 5).got(1, 3), op(12, 13).got(0, NOTHING).got(1, 2)], 3);
}

#[test]
fn a_read_of_several_keys_that_is_of_two_instants() {
    let puts = || [op(1, 2).put(0, 1), op(3, 4).put(1, 2), op(5, 6).put(0, 3)];
    let with = |read: Op| [&puts()[..], &[read]].concat();
    good(&with(Op { call: 0, ..op(0, 9).got(0, 1).got(1, NOTHING) }));
    good(&with(Op { call: 0, ..op(0, 9).got(0, 1).got(1, 2) }));
    bad(&with(Op { call: 0, ..op(0, 9).got(0, NOTHING).got(1, 2) }), 3);
    bad(&with(Op { call: 0, ..op(0, 9).got(0, 3).got(1, NOTHING) }), 3);
}

#[test]
fn what_was_deleted_comes_back() {
    let deleted = || [op(1, 2).put(0, 1), op(3, 4).deleted(0, true)];
    bad(&[&deleted()[..], &[op(5, 6).got(0, 1)]].concat(), 2);
    bad(&[&deleted()[..], &[op(5, 6).got(0, NOTHING), op(7, 8).got(0, 1)]].concat(), 3);
    // Without looking, and seen without a value.
    let there = Op { sees: vec![Seen::There(0)], ..op(5, 6) };
    bad(&[op(1, 2).put(0, 1), op(3, 4).put(0, NOTHING), there], 2);
}

#[test]
fn a_delete_that_does_not_tell_the_truth() {
    bad(&[op(1, 2).deleted(0, true)], 0);
    bad(&[op(1, 2).put(0, 1), op(3, 4).deleted(0, false)], 1);
    // Of two at once, one removed it.
    let two = |first, second| {
        [op(1, 2).put(0, 1), op(3, 6).deleted(0, first), op(4, 5).deleted(0, second)]
    };
    good(&two(true, false));
    good(&two(false, true));
    bad(&two(true, true), 1);
    bad(&two(false, false), 2);
}

#[test]
fn what_failed_and_left_it_open() {
    let maybe = || op(1, 6).put(0, 1).failed();
    good(&[maybe(), op(2, 3).got(0, NOTHING), op(4, 5).got(0, 1)]);
    good(&[maybe(), op(7, 8).got(0, NOTHING), op(9, 10).got(0, NOTHING)]);
    good(&[maybe(), op(7, 8).got(0, 1)]);
    // Whatever it is that others do.
    let then = op(2, 7).got(0, 1).put(1, 2).failed();
    good(&[maybe(), then, op(8, 9).got(1, 2)]);
    // If at all, it happens before its end, and once.
    bad(&[maybe(), op(7, 8).got(0, NOTHING), op(9, 10).got(0, 1)], 2);
    bad(&[maybe(), op(2, 3).got(0, 1), op(4, 5).put(0, 2), op(7, 8).got(0, 1)], 3);
}

#[test]
fn whole_tables() {
    let len = |call, len| Op { sees: vec![Seen::Len(0, len)], ..op(call, call + 1) };
    let some = |call| Op { sees: vec![Seen::NotEmpty(0)], ..op(call, call + 1) };
    let put = || op(1, 2).put(0, 1).put(1, 2).put(KEYS, 3);
    good(&[put(), len(3, 2), some(5)]);
    bad(&[put(), len(3, 3)], 1);
    // All of it goes at once.
    let clear = (0..KEYS).fold(op(3, 10), |op, key| op.put(key, NOTHING));
    good(&[put(), clear.clone(), len(4, 2), len(6, 0)]);
    bad(&[put(), clear.clone(), len(4, 1)], 2);
    bad(&[put(), clear, op(4, 5).got(0, NOTHING), some(6)], 3);
}

#[test]
fn many_at_once() {
    // Twelve puts to one key that all overlap, and reads after them that tell which was last.
    let mut history: Vec<Op> = (1..=12).map(|i| op(u64::from(i), 100).put(0, i)).collect();
    for (i, op) in history.iter_mut().enumerate() {
        op.end += i as u64;
    }
    history.push(op(200, 201).got(0, 5));
    good(&history);
    history.push(op(202, 203).got(0, 4));
    bad(&history, 13);
}

/// Whether any order of the operations makes sense, by trying them all.
fn has_an_order(rest: &[Op], contents: &Contents) -> bool {
    let Some(first_end) = rest.iter().map(|op| op.end).min() else { return true };
    (0..rest.len()).any(|next| {
        let op = &rest[next];
        let mut others = rest.to_vec();
        others.remove(next);
        if op.perhaps && has_an_order(&others, contents) {
            return true;
        }
        let mut after = *contents;
        op.apply(&mut after);
        op.call < first_end && op.fits(contents) && has_an_order(&others, &after)
    })
}

fn any_history() -> impl Strategy<Value = Vec<Op>> {
    let part = (0..3_usize, 0..5_u32, 0..6_u8).prop_map(|(key, value, kind)| match kind {
        0 => Seen::There(key),
        1 => Seen::Len(0, value as usize),
        2 => Seen::NotEmpty(0),
        _ => Seen::Is(key, value),
    });
    let sees = prop::collection::vec(part, 0..3);
    let writes = prop::collection::vec((0..3_usize, 0..5_u32), 0..3);
    let times = (0..60_u64, 1..25_u64, 0..10_u8);
    let op = (times, sees, writes).prop_map(|((call, long, fails), sees, writes)| {
        let op = Op { sees, writes, ..op(call, call + long) };
        if fails == 0 { op.failed() } else { op }
    });
    prop::collection::vec(op, 1..7).prop_map(|mut history| {
        // No two times are the same: even ones for calls, odd ones for ends.
        for (i, op) in history.iter_mut().enumerate() {
            op.call = op.call * 20 + i as u64 * 2;
            op.end = op.end * 20 + i as u64 * 2 + 1;
        }
        history
    })
}

fn cases() -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    let cases = asked.unwrap_or(5_000);
    ProptestConfig { cases, failure_persistence: None, ..Default::default() }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn it_agrees_with_trying_every_order(history in any_history()) {
        prop_assert_eq!(check(EMPTY, &history).is_ok(), has_an_order(&history, &EMPTY));
    }
}
