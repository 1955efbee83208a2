//! Many callers, one transaction: each hears what became of its own write.

use std::thread;

use kvault::{Durability, Error, KVault};
use rusqlite::Connection;

use crate::support::{FOREVER, Place, assert_err};

const CALLERS: usize = 32;

fn patient(place: &Place) -> KVault {
    place.open_with(|options| options.busy_timeout(FOREVER))
}

/// Every caller writes while `lock` keeps the writer from beginning, so that all but the first
/// few end up in one group. Then `lock` commits what it did.
fn together<T: Send>(
    vault: &KVault,
    lock: &Connection,
    write: impl Fn(usize) -> Result<T, Error> + Sync,
) -> Vec<Result<T, Error>> {
    let write = &write;
    thread::scope(|scope| {
        let callers: Vec<_> = (0..CALLERS)
            .map(|i| scope.spawn(move || write(i)))
            .collect();
        crate::support::wait_until("all are queued", || vault.stats().queued_ops == CALLERS);
        lock.execute_batch("COMMIT").unwrap();
        callers
            .into_iter()
            .map(|caller| caller.join().unwrap())
            .collect()
    })
}

/// Counts what is really inserted, however often it is tried.
const AUDIT: &str = "
    CREATE TABLE audit (key BLOB);
    CREATE TRIGGER audit AFTER INSERT ON kv BEGIN INSERT INTO audit VALUES (new.key); END;";

#[track_caller]
fn each_once(raw: &Connection, but: usize) {
    let audit: Vec<Vec<u8>> = raw
        .prepare("SELECT key FROM audit ORDER BY key")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let expected: Vec<Vec<u8>> = (0..CALLERS)
        .filter(|i| *i != but)
        .map(|i| vec![u8::try_from(i).unwrap()])
        .collect();
    assert_eq!(audit, expected);
}

#[test]
fn one_fails_and_the_others_commit_once() {
    let place = Place::new();
    let vault = patient(&place);
    let doomed = vault.table("doomed").unwrap();
    let lock = place.raw();
    lock.execute_batch(AUDIT).unwrap();
    lock.execute_batch("BEGIN IMMEDIATE; DROP TABLE doomed")
        .unwrap();
    let before = vault.stats();
    let answers = together(&vault, &lock, |i| match i {
        13 => doomed.put_bytes("key", "value"),
        _ => vault.put_bytes([u8::try_from(i).unwrap()], "value"),
    });
    for (i, answer) in answers.into_iter().enumerate() {
        match i {
            13 => assert_err!(answer, Error::Sqlite { action, .. } if action == "store a value"),
            _ => answer.unwrap(),
        }
    }
    each_once(&place.raw(), 13);
    assert_eq!(vault.len().unwrap(), 31);
    let after = vault.stats();
    // Those that came before the writer had begun, and all the others.
    assert!(after.commits - before.commits <= 2, "{after:?}");
    assert_eq!(after.failures, before.failures);
    assert_eq!(after.queued_ops, 0);
    assert!(vault.health().is_good());
}

/// What takes the whole transaction with it, of its own accord, takes nobody else's write.
#[test]
fn one_that_rolls_the_transaction_back_fails_alone() {
    let place = Place::new();
    let vault = patient(&place);
    let lock = place.raw();
    lock.execute_batch(AUDIT).unwrap();
    let trigger = "CREATE TRIGGER no BEFORE INSERT ON kv WHEN new.key = x'0d'
        BEGIN SELECT RAISE(ROLLBACK, 'all or nothing'); END";
    lock.execute_batch(trigger).unwrap();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    let answers = together(&vault, &lock, |i| match i % 2 {
        0 => vault.put_bytes([u8::try_from(i).unwrap()], "value"),
        _ => vault
            .put_many_bytes([([u8::try_from(i).unwrap()], "value")])
            .map(drop),
    });
    for (i, answer) in answers.into_iter().enumerate() {
        match i {
            13 => assert_err!(answer, Error::Sqlite { .. }),
            _ => answer.unwrap_or_else(|error| panic!("{i}: {error:?}")),
        }
    }
    each_once(&place.raw(), 13);
    assert!(vault.health().is_good());
}

/// What only the commit can find out.
#[test]
fn one_that_fails_at_the_commit_fails_alone() {
    let place = Place::new();
    let vault = patient(&place);
    let lock = place.raw();
    let keys: bool = lock
        .query_row("PRAGMA foreign_keys", [], |row| row.get(0))
        .unwrap();
    if !keys {
        // This library does not look at them unless told to.
        return;
    }
    lock.execute_batch(AUDIT).unwrap();
    lock.execute_batch(
        "CREATE TABLE parent (id INTEGER PRIMARY KEY);
         CREATE TABLE child (id REFERENCES parent DEFERRABLE INITIALLY DEFERRED);
         CREATE TRIGGER no AFTER INSERT ON kv WHEN new.key = x'0d'
         BEGIN INSERT INTO child VALUES (1); END;
         BEGIN IMMEDIATE",
    )
    .unwrap();
    let answers = together(&vault, &lock, |i| {
        vault.put_bytes([u8::try_from(i).unwrap()], "value")
    });
    for (i, answer) in answers.into_iter().enumerate() {
        assert_eq!(answer.is_err(), i == 13, "{i}: {answer:?}");
    }
    each_once(&place.raw(), 13);
}

#[test]
fn each_hears_of_its_own_write() {
    let place = Place::new();
    let vault = patient(&place);
    vault.put_bytes("key", "value").unwrap();
    let lock = place.raw_with_lock();
    let answers = together(&vault, &lock, |_| vault.delete("key"));
    let deleted = answers
        .into_iter()
        .filter(|answer| *answer.as_ref().unwrap())
        .count();
    assert_eq!(deleted, 1, "of all that delete a key one finds it there");

    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    let answers = together(&vault, &lock, |i| {
        vault.put_many_bytes((0..i).map(|j| (format!("{i}:{j}"), "value")))
    });
    for (i, answer) in answers.into_iter().enumerate() {
        assert_eq!(answer.unwrap(), i as u64);
    }
    assert_eq!(vault.len().unwrap(), (0..CALLERS as u64).sum::<u64>());
}

#[test]
fn one_that_asks_for_the_disk_makes_the_group_wait_for_it() {
    let place = Place::new();
    let vault = patient(&place);
    let power = vault.with_durability(Durability::Power);
    let lock = place.raw_with_lock();
    let before = vault.stats();
    let answers = together(&vault, &lock, |i| match i {
        13 => power.put_bytes([13], "value"),
        _ => vault.put_bytes([u8::try_from(i).unwrap()], "value"),
    });
    answers.into_iter().for_each(Result::unwrap);
    let after = vault.stats();
    assert_eq!(after.synced_commits - before.synced_commits, 1);
    assert!(after.commits - before.commits <= 2);
    assert_eq!(after.writes - before.writes, CALLERS as u64);

    // All of them: as many waits for the disk as transactions, not as callers.
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    let before = vault.stats();
    let answers = together(&vault, &lock, |i| {
        power.put_bytes([u8::try_from(i).unwrap()], "2")
    });
    answers.into_iter().for_each(Result::unwrap);
    let after = vault.stats();
    assert!((1..=2).contains(&(after.synced_commits - before.synced_commits)));
}
