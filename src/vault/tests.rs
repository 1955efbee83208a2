//! What becomes of a vault whose threads die. Only from within can they be made to.

use std::{
    thread,
    time::{Duration, Instant},
};

use rusqlite::Connection;
use tempfile::TempDir;

use super::KVault;
use crate::{
    CacheOptions, CheckpointMode, CheckpointPolicy, Durability, Error, Health, OptimizeOptions,
    Options, Reader, Result,
    handoff::Reply,
    store::{Class, Fault},
    sync::Deadline,
    writer::Command,
};

const MINUTE: Duration = Duration::from_mins(1);
const TEXT: &str = "the roof is on fire";

impl KVault {
    /// Has the writer panic when it comes to that, and does not wait for it.
    fn panic(&self) {
        let command = |reply: Reply<Result<()>>| {
            drop(reply);
            Command::Panic(TEXT)
        };
        let engine = self.handle.open.engine();
        engine.call("panic", Deadline::NEVER, command).unwrap_err();
    }
}

fn open(dir: &TempDir, change: impl FnOnce(Options) -> Options) -> KVault {
    change(KVault::options()).open(dir.path().join("vault.db")).unwrap()
}

pub(super) fn wait_until(what: &str, mut there: impl FnMut() -> bool) {
    let start = Instant::now();
    while !there() {
        assert!(start.elapsed() < MINUTE, "waited in vain until {what}");
        thread::yield_now();
    }
}

#[track_caller]
fn poisoned<T: std::fmt::Debug>(outcome: Result<T>) {
    match outcome {
        Err(Error::Poisoned { panic }) => assert_eq!(panic, TEXT),
        other => panic!("{other:?}"),
    }
}

/// Every change is refused, everything else is answered.
fn check_poisoned(vault: &KVault, reader: &Reader, keys: u64) {
    poisoned(vault.put_bytes("a", "2"));
    poisoned(vault.with_durability(Durability::Power).put_bytes("a", "2"));
    poisoned(vault.with_write_timeout(Duration::ZERO).put_bytes("a", "2"));
    poisoned(vault.put_many_bytes([("a", "2")]));
    poisoned(vault.delete("a"));
    poisoned(vault.discard("a"));
    poisoned(vault.clear());
    poisoned(vault.flush());
    poisoned(vault.table("new"));
    poisoned(vault.checkpoint(CheckpointMode::Passive));
    poisoned(vault.optimize(OptimizeOptions::default()));

    assert_eq!(vault.get_bytes("a").unwrap().unwrap(), b"1");
    assert_eq!((vault.len().unwrap(), reader.len().unwrap()), (keys, keys));
    assert_eq!(vault.table("kv").unwrap().reader().unwrap().len().unwrap(), keys);
    assert_eq!(vault.tables().unwrap(), ["kv"]);
    assert!(!vault.is_closed());
    assert!(vault.stats().commits > 0);
    let Health::Broken { cause, .. } = vault.health() else { panic!("{:?}", vault.health()) };
    poisoned::<()>(Err(cause));
}

fn panic_beside(queue_ops: usize, expected_waiting: usize) {
    const CALLERS: u8 = 8;
    let dir = tempfile::tempdir().unwrap();
    let change = |options: Options| options.queue_ops(queue_ops).busy_timeout(MINUTE);
    let vault = open(&dir, change);
    let other = open(&dir, change);
    vault.put_bytes("a", "1").unwrap();
    let reader = vault.reader().unwrap();
    assert_eq!(reader.len().unwrap(), 1);

    // The writer stands before somebody else's lock with the first put, the panic comes next,
    // and the callers stand behind it: in the queue, or where there is no room before it.
    let lock = Connection::open(vault.path()).unwrap();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    let put = |i: u8| {
        let vault = if i.is_multiple_of(2) { vault.clone() } else { other.clone() };
        thread::spawn(move || vault.put_bytes([i], "value"))
    };
    let queued = |ops| wait_until("it is queued", || vault.stats().queued_ops == ops);
    let first = put(0);
    queued(1);
    vault.panic();
    queued(2);
    let callers: Vec<_> = (1..=CALLERS).map(put).collect();
    queued(queue_ops.min(2 + usize::from(CALLERS)));
    wait_until("the others wait", || vault.stats().waiting_writers == expected_waiting);
    lock.execute_batch("COMMIT").unwrap();
    first.join().unwrap().unwrap();
    for caller in callers {
        poisoned(caller.join().unwrap());
    }
    check_poisoned(&vault, &reader, 2);
    check_poisoned(&other, &reader, 2);

    // It can be closed, by all who have it, and opened again.
    for _ in 0..2 {
        vault.close().unwrap();
        other.close().unwrap();
    }
    assert!(matches!(vault.health(), Health::Closed));
    assert!(matches!(vault.put_bytes("a", "2"), Err(Error::Closed)));
    drop(lock);
    let vault = open(&dir, |options| options);
    assert_eq!(vault.get_bytes("a").unwrap().unwrap(), b"1");
    assert_eq!(vault.get_bytes([0]).unwrap().unwrap(), b"value");
    assert_eq!(vault.len().unwrap(), 2);
    vault.put_bytes("b", "3").unwrap();
    assert!(vault.health().is_good());
    vault.close().unwrap();
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "the log is gone");
}

#[test]
fn a_panic_of_the_writer_wakes_everybody_in_the_queue() {
    panic_beside(100, 0);
}

#[test]
fn a_panic_of_the_writer_wakes_everybody_before_the_queue() {
    panic_beside(5, 5);
}

/// Found by the fault lab: the answer was dropped before the end was marked, and who waited was told
/// now and then that the vault had been closed.
#[test]
fn who_waits_for_what_panicked_hears_of_the_panic() {
    for _ in 0..100 {
        let dir = tempfile::tempdir().unwrap();
        let vault = open(&dir, |options| options);
        let engine = vault.handle.open.engine();
        let command = |reply: Reply<Result<()>>| Command::PanicInIt(TEXT, reply);
        poisoned(engine.call("panic", Deadline::NEVER, command));
    }
}

#[test]
fn a_panic_of_the_writer_loses_nothing_that_was_acknowledged() {
    for round in 0..10 {
        let dir = tempfile::tempdir().unwrap();
        let vault = open(&dir, |options| options);
        let acknowledged: u64 = thread::scope(|scope| {
            let writers: Vec<_> = (0..4_u8)
                .map(|thread| {
                    let vault = &vault;
                    scope.spawn(move || {
                        for i in 0_u32.. {
                            let key = [&[thread][..], &i.to_le_bytes()].concat();
                            let outcome = vault.put_bytes(key, "value");
                            if outcome.is_err() {
                                poisoned(outcome);
                                return u64::from(i);
                            }
                        }
                        unreachable!()
                    })
                })
                .collect();
            wait_until("puts are under way", || vault.stats().writes > 30 * round);
            vault.panic();
            writers.into_iter().map(|writer| writer.join().unwrap()).sum()
        });
        // Dropped, not closed.
        drop(vault);
        assert_eq!(open(&dir, |options| options).len().unwrap(), acknowledged);
    }
}

#[test]
fn a_keeper_that_died_is_replaced_by_the_writer() {
    let dir = tempfile::tempdir().unwrap();
    let auto = CheckpointPolicy::Auto { pages: 20, wal_limit: 1 << 30 };
    let vault = open(&dir, |options| options.page_size(4_096).checkpoint(auto));
    let engine = vault.handle.open.engine();
    engine.bell.stop();
    engine.monitor.keeper_died(TEXT);
    match vault.health() {
        Health::Degraded { cause, .. } => poisoned::<()>(Err(cause)),
        other => panic!("{other:?}"),
    }
    for i in 0..1_000_u32 {
        vault.put_bytes(i.to_le_bytes(), [7; 2_000]).unwrap();
    }
    assert!(vault.stats().file_bytes > 1_000_000, "the log is moved");
    assert!(vault.stats().wal_bytes < 2_000_000, "the log is begun anew");
    assert_eq!(vault.len().unwrap(), 1_000);
    vault.close().unwrap();
    assert_eq!(open(&dir, |options| options).len().unwrap(), 1_000);
}

/// What was put to the cache before a panic is read after it, and stored by the close or the drop.
#[test]
fn what_is_dirty_at_a_panic_is_stored_at_the_end() {
    for closes in [true, false] {
        let dir = tempfile::tempdir().unwrap();
        let vault = open(&dir, |options| options);
        let reader = vault.reader().unwrap();
        vault.enable_cache(CacheOptions::default()).unwrap();
        vault.put_bytes("a", "1").unwrap();
        vault.flush().unwrap();
        vault.put_bytes("a", "2").unwrap();
        vault.put_bytes("b", "1").unwrap();
        let lock = vault.lock_cache().unwrap();
        vault.put_bytes("c", "1").unwrap();
        vault.panic();
        wait_until("the cache knows", || vault.put_bytes("c", "1").is_err());
        poisoned(vault.put_bytes("d", "1"));
        poisoned(vault.delete("a"));
        poisoned(vault.flush());
        poisoned(vault.lock_cache().map(drop));
        poisoned(vault.with_durability(Durability::Process).put_bytes("d", "1"));
        assert_eq!(vault.get_bytes("a").unwrap().unwrap(), b"2");
        assert_eq!(reader.len().unwrap(), 3);
        if closes {
            assert!(matches!(vault.close(), Err(Error::CacheLocked)));
            drop(lock);
            vault.close().unwrap();
        } else {
            drop((vault, reader));
            drop(lock);
        }
        let vault = open(&dir, |options| options);
        assert_eq!(vault.len().unwrap(), 3);
        assert_eq!(vault.get_bytes("a").unwrap().unwrap(), b"2");
        vault.put_bytes("d", "1").unwrap();
    }
}

/// A writer that dies wakes who waits for room in its cache.
#[test]
fn a_panic_wakes_who_waits_for_room_in_the_cache() {
    let dir = tempfile::tempdir().unwrap();
    let vault = open(&dir, |options| options.busy_timeout(MINUTE).write_timeout(MINUTE));
    vault.enable_cache(CacheOptions::default().cap_bytes(400)).unwrap();
    let lock = Connection::open(vault.path()).unwrap();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    thread::scope(|scope| {
        let put = |i: u8| {
            let vault = &vault;
            scope.spawn(move || vault.put_bytes([i], [0; 100]))
        };
        let puts: Vec<_> = (0..6).map(put).collect();
        let panicker = scope.spawn(|| vault.panic());
        wait_until("the panic is queued", || vault.stats().queued_ops == 1);
        lock.execute_batch("ROLLBACK").unwrap();
        panicker.join().unwrap();
        let refused = puts.into_iter().map(|put| put.join().unwrap()).filter(Result::is_err);
        refused.for_each(poisoned);
    });
    let there = vault.len().unwrap();
    vault.close().unwrap();
    assert_eq!(open(&dir, |options| options).len().unwrap(), there);
}

/// A panic, and then a drop that meets somebody's lock: what was acknowledged is stored when the
/// lock is gone.
#[test]
fn what_is_dirty_at_a_panic_outlives_a_lock() {
    let dir = tempfile::tempdir().unwrap();
    let change = |options: Options| {
        let options = options.busy_timeout(Duration::ZERO).retries(1);
        options.close_timeout(Duration::from_millis(50))
    };
    let vault = open(&dir, change);
    vault.enable_cache(CacheOptions::default()).unwrap();
    vault.put_bytes("a", "1").unwrap();
    vault.panic();
    let lock = Connection::open(vault.path()).unwrap();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    let path = vault.path().to_owned();
    drop(vault);
    lock.execute_batch("ROLLBACK").unwrap();
    let count = || lock.query_row("SELECT COUNT(*) FROM kv", [], |row| row.get::<_, i64>(0));
    wait_until("it is stored", || count().unwrap() == 1);
    drop(lock);
    let log = path.with_file_name("vault.db-wal");
    wait_until("the engine has ended", || {
        !log.exists() || KVault::open(&path).is_ok_and(|vault| vault.put_bytes("b", "1").is_ok())
    });
}

/// Who asks for a checkpoint may not have known of it when it asked.
#[test]
fn no_checkpoint_is_made_after_damage() {
    let dir = tempfile::tempdir().unwrap();
    let vault = open(&dir, |options| options);
    vault.put_bytes("a", "1").unwrap();
    let engine = vault.handle.open.engine();
    let error = Error::Poisoned { panic: TEXT.to_owned() };
    engine.monitor.move_failed(&Fault { error, class: Class::Damage });
    let log = vault.stats().wal_bytes;
    assert!(log > 0);
    for mode in [CheckpointMode::Passive, CheckpointMode::Truncate] {
        poisoned(engine.checkpoint_by_writer(mode));
    }
    assert_eq!(vault.stats().wal_bytes, log);
    vault.close().unwrap();
    assert!(dir.path().join("vault.db-wal").metadata().unwrap().len() >= log);
    assert_eq!(open(&dir, |options| options).get_bytes("a").unwrap().unwrap(), b"1");
}
