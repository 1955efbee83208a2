//! The disk refuses a sync: what was written may be lost although nobody said so, and a second
//! sync may claim that all is well. So nothing more is written until the file is opened anew.

use std::time::Duration;

use kvault::{CheckpointMode, CheckpointPolicy, Durability, Error, Health, OptimizeOptions};

use crate::{
    keeper::beside_writes,
    support::{Place, assert_err, wait_until},
    syncs::{break_next, set_broken},
};

/// Long enough for who looks after the log to come by. There is no event to wait for where nobody
/// does anything.
const SOON: Duration = Duration::from_millis(1_200);

#[test]
fn a_failed_commit_ends_writing_and_not_reading() {
    let place = Place::new();
    let vault = place.open_with(|options| options.durability(Durability::Power));
    vault.put_bytes("before", "1").unwrap();
    set_broken(&place.beside("-wal"), true);
    let error = vault.put_bytes("during", "2").unwrap_err();
    assert!(matches!(error, Error::Io { .. }), "{error:?}");
    assert!(!error.is_retryable());
    let text = error.to_string();
    assert!(text.contains("commit") && text.contains("vault.db"), "{text}");
    set_broken(&place.beside("-wal"), false);

    let Health::Broken { cause, since } = vault.health() else {
        panic!("{:?}", vault.health());
    };
    assert_eq!(cause.to_string(), text);
    assert!(since.is_some());
    // Although the disk works again; whether or not they ask for it.
    let process = vault.with_durability(Durability::Process);
    let refusals = [
        vault.put_bytes("after", "3"),
        process.put_bytes("after", "3"),
        process.put_many_bytes([("after", "3")]).map(drop),
        process.delete("before").map(drop),
        process.clear(),
        process.table("new").map(drop),
        vault.flush().map(drop),
    ];
    for refusal in refusals {
        assert_err!(refusal, Error::Io { action, .. } if text.ends_with(&action));
    }
    assert_eq!(vault.get_bytes("before").unwrap().unwrap(), b"1");
    assert_eq!(vault.get_bytes("during").unwrap(), None);
    assert_eq!(vault.reader().unwrap().len().unwrap(), 1);

    vault.close().unwrap();
    let vault = place.open();
    assert!(vault.health().is_good());
    vault.put_bytes("after", "3").unwrap();
    assert_eq!(vault.get_bytes("before").unwrap().unwrap(), b"1");
    assert_eq!(vault.len().unwrap(), 2);
}

#[test]
fn a_failed_flush_is_as_bad() {
    let place = Place::new();
    let vault = place.open();
    vault.put_bytes("before", "1").unwrap();
    set_broken(&place.beside("-wal"), true);
    let error = vault.with_durability(Durability::Power).flush().unwrap_err();
    assert!(matches!(error, Error::Io { .. }), "{error:?}");
    assert!(matches!(vault.health(), Health::Broken { .. }));
    assert_err!(vault.put_bytes("after", "2"), Error::Io { .. });
    assert_err!(vault.flush(), Error::Io { .. });

    // It closes while the disk is still broken, and what was acknowledged stays in the log.
    vault.close().unwrap();
    assert!(place.beside("-wal").exists());
    set_broken(&place.beside("-wal"), false);
    let vault = place.open();
    assert_eq!(vault.get_bytes("before").unwrap().unwrap(), b"1");
    vault.put_bytes("after", "2").unwrap();
}

/// The sync of a checkpoint is one too. Found by reading for the fault lab.
#[test]
fn a_failed_checkpoint_is_as_bad() {
    let place = Place::new();
    let vault = place.open();
    vault.put_bytes("before", "1").unwrap();
    break_next(&place.beside("-wal"));
    assert_err!(vault.checkpoint(CheckpointMode::Truncate), Error::Io { .. });
    assert!(matches!(vault.health(), Health::Broken { .. }), "{:?}", vault.health());
    assert_err!(vault.put_bytes("after", "2"), Error::Io { .. });
    vault.close().unwrap();
    assert_eq!(place.open().get_bytes("before").unwrap().unwrap(), b"1");
}

/// Also where the keeper makes it by itself.
#[test]
fn a_failed_sync_in_the_background_is_as_bad() {
    let place = Place::new();
    let auto = CheckpointPolicy::Auto { pages: 1_000_000, wal_limit: 1 << 30 };
    let vault = place.open_with(|options| options.checkpoint(auto));
    if !beside_writes(&vault) {
        return;
    }
    break_next(place.file());
    vault.put_bytes("long", vec![7; 70 << 20]).unwrap();
    // What comes after it cannot be moved as long as it lives.
    let snapshot = vault.snapshot().unwrap();
    // Where this takes long, all of it was moved before, and that sync has failed already.
    let acknowledged = vault.put_bytes("key", "value").is_ok();
    wait_until("it is told", || matches!(vault.health(), Health::Broken { .. }));
    assert_err!(vault.put_bytes("after", "2"), Error::Io { .. });
    assert_eq!(snapshot.len().unwrap(), 1);
    drop(snapshot);

    // The log may be all that the disk has of it. Nobody cuts it, although syncs work again.
    let log = vault.stats().wal_bytes;
    assert!(log > 70 << 20);
    for mode in [CheckpointMode::Passive, CheckpointMode::Truncate] {
        assert_err!(vault.checkpoint(mode), Error::Io { .. });
    }
    assert_err!(vault.optimize(OptimizeOptions::default()), Error::Io { .. });
    std::thread::sleep(SOON);
    assert_eq!(vault.stats().wal_bytes, log);
    vault.close().unwrap();
    assert!(place.beside("-wal").metadata().unwrap().len() >= log);
    let vault = place.open();
    assert_eq!(vault.contains_key("key").unwrap(), acknowledged);
    vault.checkpoint(CheckpointMode::Truncate).unwrap();
    assert_eq!(vault.get_bytes("long").unwrap().unwrap(), vec![7; 70 << 20]);
}

/// SQLite answers that there is a log now before it has committed that. Found by the fault lab.
#[test]
fn a_log_that_could_not_be_begun_is_not_believed_in() {
    let place = Place::new();
    std::fs::write(place.file(), "").unwrap();
    break_next(place.file());
    let error = place.try_open(|options| options).unwrap_err();
    assert!(matches!(error, Error::Io { .. }), "{error:?}");

    let vault = place.open();
    vault.put_bytes("key", "value").unwrap();
    assert!(place.beside("-wal").exists());
    vault.close().unwrap();
}
