//! One transaction for many callers.

use super::{
    Monitor,
    batch::{Batch, What},
    command::{Answer, LongRow, Op, Write},
};
use crate::{
    Error, Result,
    failpoint::broken,
    handoff::cache::Spool,
    store::{Class, Fault, Long, Rows, Table, WriteConn},
    sync::Arc,
};

/// What became of a group: an answer for each write, in order, and what failed for all of them.
pub(super) struct Outcome {
    pub(super) answers: Vec<Result<Answer>>,
    pub(super) fault: Option<Fault>,
}

/// Commits `writes` in one transaction, `synced` to the disk if asked.
///
/// A write that fails alone fails for its caller only. Where the shared transaction fails because
/// something ran out, or one write took the transaction with it, each gets a transaction of its
/// own: a small one must not fail because a huge one was beside it.
pub(super) fn commit(
    conn: &mut WriteConn,
    writes: &[Write],
    synced: bool,
    monitor: &Monitor,
) -> Outcome {
    match try_commit(conn, writes, synced, monitor) {
        Ok(answers) => Outcome { answers, fault: None },
        Err(fault)
            if matches!(fault.class, Class::Resource | Class::Operation) && writes.len() > 1 =>
        {
            one_by_one(conn, writes, synced, monitor)
        }
        Err(fault) => {
            let answers = writes.iter().map(|_| Err(fault.error.clone())).collect();
            Outcome { answers, fault: Some(fault) }
        }
    }
}

fn one_by_one(conn: &mut WriteConn, writes: &[Write], synced: bool, monitor: &Monitor) -> Outcome {
    let mut outcome = Outcome { answers: Vec::with_capacity(writes.len()), fault: None };
    for write in writes {
        let answer = match &outcome.fault {
            // Not to be written to any more: the rest fails like the one that found out.
            Some(fault) if fault.class == Class::Damage => Err(fault.error.clone()),
            _ => match try_commit(conn, std::slice::from_ref(write), synced, monitor) {
                Ok(mut answers) => answers.pop().unwrap_or(Ok(Answer::Changed(0))),
                Err(fault) => {
                    let error = fault.error.clone();
                    outcome.fault = Some(fault);
                    Err(error)
                }
            },
        };
        outcome.answers.push(answer);
    }
    outcome
}

/// Nothing is committed if this fails.
fn try_commit(
    conn: &mut WriteConn,
    writes: &[Write],
    synced: bool,
    monitor: &Monitor,
) -> Result<Vec<Result<Answer>>, Fault> {
    let pages = conn.pages_written()?;
    conn.begin(synced && !broken!("skip a sync"))?;
    // Not before: to wait for another program's lock may take long. A long value comes alone.
    let long = matches!(writes, [write] if write.op.is_long());
    let _copying = long.then(|| monitor.copy_begins());
    let committed = (|| {
        let mut answers = Vec::with_capacity(writes.len());
        for write in writes {
            if broken!("split a batch") {
                commit_a_half(conn, write, synced)?;
            }
            let before = conn.total_changes();
            answers.push(match apply(conn, write) {
                Ok(answer) => Ok(answer),
                // The other writes are untouched by this one, and it left nothing behind.
                Err(fault)
                    if fault.class == Class::Operation
                        && conn.in_transaction()
                        && conn.total_changes() == before =>
                {
                    Err(fault.error)
                }
                Err(fault) => return Err(fault),
            });
        }
        conn.commit()?;
        Ok(answers)
    })();
    if committed.is_err() {
        conn.rollback()?;
    }
    let answers = committed?;
    if synced && conn.pages_written()? == pages {
        // A commit that writes nothing syncs nothing, but its answers may rest on commits before
        // it that were not synced.
        conn.sync()?;
    }
    Ok(answers)
}

/// How not to do it.
fn commit_a_half(conn: &mut WriteConn, write: &Write, synced: bool) -> Result<(), Fault> {
    let Op::PutMany(rows) = &write.op else { return Ok(()) };
    for row in rows.iter().take(rows.len() / 2) {
        conn.put(&write.table, &row.key, &row.value)?;
    }
    conn.commit()?;
    conn.begin(synced)
}

fn apply(conn: &WriteConn, write: &Write) -> Result<Answer, Fault> {
    let table = &*write.table;
    let changed = match &write.op {
        Op::Batch(batch) => return apply_batch(conn, batch),
        Op::Put(row) => put(conn, table, &row.key, &row.value).map(|()| 1),
        // A file that cannot be read, or that changed meanwhile, is its caller's trouble.
        Op::PutLong(LongRow { key, value }) => {
            put_long(conn, table, key, value, Class::Operation).map(|()| 1)
        }
        Op::Delete(_) if broken!("drop a tombstone") => Ok(1),
        Op::Delete(key) => conn.delete(table, key).map(u64::from),
        Op::PutMany(rows) => conn.atomically(|conn| {
            let mut place = Rows::new(conn, Arc::clone(&write.table));
            for row in rows.iter() {
                let stored = place.put(&row.key, &row.value);
                stored.map_err(|fault| with_length(fault, conn, &row.key, &row.value))?;
            }
            Ok(rows.len() as u64)
        }),
        Op::Clear => conn.atomically(|conn| conn.clear(table)),
        Op::Register(feature) => {
            conn.atomically(|conn| conn.register(feature.name())).map(u64::from)
        }
        Op::CreateTable => conn.atomically(|conn| conn.create(table)).map(u64::from),
    };
    changed.map(Answer::Changed)
}

fn apply_batch(conn: &WriteConn, batch: &Batch) -> Result<Answer, Fault> {
    for check in &batch.checks {
        let Some(table) = batch.tables.get(check.table) else { continue };
        let other = |found: Option<&[u8]>| {
            let same = found == check.value.as_deref();
            (!same).then(|| Answer::Conflict(found.map(<[u8]>::to_vec)))
        };
        if let Some(conflict) = conn.look(table, &check.key, other)? {
            return Ok(conflict);
        }
    }
    let change_all = |conn: &WriteConn| {
        let mut count = 0;
        for change in batch.order.iter().filter_map(|at| batch.changes.get(*at)) {
            let Some(table) = batch.tables.get(change.table) else { continue };
            count += match &change.what {
                What::Put { key, value } => put(conn, table, key, value).map(|()| 1)?,
                What::Delete { key } => conn.delete(table, key).map(u64::from)?,
                What::DeleteSame { key, value } => {
                    conn.delete_same(table, key, value).map(u64::from)?
                }
                What::DeleteSpan(span) => conn.delete_span(table, span)?,
            };
        }
        Ok(count)
    };
    // A statement on its own is all or nothing already.
    let alone =
        batch.order.len() <= 1 && batch.changes.iter().all(|change| change.what.key().is_some());
    let count = if alone { change_all(conn) } else { conn.atomically(change_all) }?;
    Ok(Answer::Changed(count))
}

/// Copies a value that does not lie in memory. `class` is what a failure to read it is.
pub(super) fn put_long(
    conn: &WriteConn,
    table: &Table,
    key: &[u8],
    value: &Spool,
    class: Class,
) -> Result<(), Fault> {
    let read = |at, into: &mut [u8]| value.read(at, into);
    let long = Long { len: value.len(), read: &read, verify: &|| value.verify(), class };
    conn.put_long(table, key, &long)
}

fn put(conn: &WriteConn, table: &Table, key: &[u8], value: &[u8]) -> Result<(), Fault> {
    conn.put(table, key, value).map_err(|fault| with_length(fault, conn, key, value))
}

fn with_length(fault: Fault, conn: &WriteConn, key: &[u8], value: &[u8]) -> Fault {
    match fault.error {
        // The limit is on the row: the key counts too.
        Error::Sqlite { code, .. } if code == crate::store::TOO_BIG => {
            let len = (key.len() + value.len()) as u64;
            Fault { error: Error::ValueTooLarge { len, max: conn.max_row() }, ..fault }
        }
        _ => fault,
    }
}
