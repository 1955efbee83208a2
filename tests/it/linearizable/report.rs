//! Saying what is wrong with a history, in as few lines as will do.

use std::fmt::Write;

use super::{
    checker::{UNSEEN, Violation, check},
    history::{Contents, KEYS, Op, TABLES},
};

/// As many operations are shown.
const LINES: usize = 40;

/// Panics if there is no order. Returns the largest number of worlds that the checker had.
#[track_caller]
pub(super) fn assert_linearizable(start: Contents, history: &[Op]) -> usize {
    match check(start, history) {
        Ok(worlds) => worlds,
        Err(violation) => panic!("{}", explain(start, history, &violation)),
    }
}

fn explain(start: Contents, history: &[Op], violation: &Violation) -> String {
    let op = &history[violation.op];
    let (start, mut history, violation) =
        reduced(start, history).unwrap_or_else(|| (start, history.to_vec(), violation.clone()));
    let culprit = &history[violation.op];
    let mut text = format!("no order makes sense of this, first noticed at\n  {op}\n");
    let _ = writeln!(text, "With the fewest keys, it is noticed at\n  {culprit}\nafter");
    let shown_at = culprit.end;
    history.retain(|op| op.call < shown_at);
    history.sort_by_key(|op| op.end);
    let skipped = history.len().saturating_sub(LINES);
    if skipped == 0 {
        let _ = writeln!(text, "  at the start: {start:?}");
    } else {
        let _ = writeln!(text, "  … {skipped} before");
    }
    for op in &history[skipped..] {
        let _ = writeln!(text, "  {op}");
    }
    let _ = writeln!(text, "when there may have been (a ? is a value that nobody sees later)");
    for contents in violation.before.iter().take(4) {
        let values = contents.iter().map(|value| match *value {
            UNSEEN => "?".to_owned(),
            value => value.to_string(),
        });
        let _ = writeln!(text, "  k0…: {}", values.collect::<Vec<_>>().join(" "));
    }
    text
}

/// The same with one key only, or two, if that is enough to see it; and without the reads that
/// have no part in it.
fn reduced(start: Contents, history: &[Op]) -> Option<(Contents, Vec<Op>, Violation)> {
    let all = TABLES * KEYS;
    let single = (0..all).map(|key| 1 << key);
    let pairs = (0..all).flat_map(|one| (0..one).map(move |two| 1_u32 << one | 1 << two));
    let (mut cut, mut violation) = single.chain(pairs).find_map(|keys| {
        let cut: Vec<Op> = history.iter().filter_map(|op| op.only(keys)).collect();
        check(start, &cut).err().map(|violation| (cut, violation))
    })?;
    for at in (0..cut.len()).rev() {
        if cut[at].only_reads() && at != violation.op {
            let mut without = cut.clone();
            without.remove(at);
            if let Err(still) = check(start, &without) {
                (cut, violation) = (without, still);
            }
        }
    }
    Some((start, cut, violation))
}
