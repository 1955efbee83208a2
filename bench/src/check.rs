//! Proof that a store holds what it acknowledged.

use std::ops::Range;

use crate::error::Result;
use crate::row::Row;
use crate::system::{Session, Store};

/// How many values are read back after a run, spread evenly over all rows.
const SAMPLE: u64 = 10_000;

/// Checks a store that was filled with the rows `0..count`.
pub(crate) fn check_first(store: &dyn Store, count: u64) -> Result<()> {
    check(store, std::slice::from_ref(&(0..count)))
}

/// Counts the rows and reads a sample of them back; `numbers` names every row that must be there.
pub(crate) fn check(store: &dyn Store, numbers: &[Range<u64>]) -> Result<()> {
    let expected: u64 = numbers.iter().map(|range| range.end - range.start).sum();
    let found = store.len()?;
    if found != expected {
        return Err(format!("{found} rows where {expected} were acknowledged").into());
    }
    let step = usize::try_from(expected / SAMPLE)?.max(1);
    let mut session = store.session()?;
    for number in numbers.iter().cloned().flatten().step_by(step) {
        read(session.as_mut(), &Row::at(number))?;
    }
    Ok(())
}

/// Reads one row and compares its value.
pub(crate) fn read(session: &mut dyn Session, row: &Row) -> Result<()> {
    let mut same = false;
    let found = session.get(&row.key, &mut |value| same = value == row.value)?;
    if !found {
        return Err(format!("key {:02x?} is missing", row.key).into());
    }
    if !same {
        return Err(format!("key {:02x?} has another value", row.key).into());
    }
    Ok(())
}
