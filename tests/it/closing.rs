//! Closing, and what is left afterwards.

use std::{
    collections::BTreeSet,
    sync::{
        Barrier,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use kvault::{CheckpointMode, CheckpointPolicy, Durability, Error, Health};

use crate::support::{Place, assert_err, ends, wait_until};

#[test]
fn everything_is_refused_after_close() {
    let place = Place::new();
    let vault = place.open();
    let reader = vault.reader().unwrap();
    vault.put_bytes("a", "1").unwrap();
    vault.close().unwrap();

    let none: [&str; 0] = [];
    let no_rows: [(&str, &str); 0] = [];
    let vault = &vault;
    let refusals = [
        ("put_bytes", vault.put_bytes("a", "2")),
        ("get_bytes", vault.get_bytes("a").map(drop)),
        ("get_stored", vault.get_stored("a").map(drop)),
        ("put_many_bytes", vault.put_many_bytes([("a", "2")]).map(drop)),
        ("put_many_bytes of nothing", vault.put_many_bytes(no_rows).map(drop)),
        ("get_many_stored", vault.get_many_stored(["a"]).map(drop)),
        ("get_many_stored of nothing", vault.get_many_stored(none).map(drop)),
        ("contains_key", vault.contains_key("a").map(drop)),
        ("len", vault.len().map(drop)),
        ("is_empty", vault.is_empty().map(drop)),
        ("delete", vault.delete("a").map(drop)),
        ("discard", vault.discard("a")),
        ("clear", vault.clear()),
        ("table", vault.table("kv").map(drop)),
        ("a new table", vault.table("new").map(drop)),
        ("tables", vault.tables().map(drop)),
        ("reader", vault.reader().map(drop)),
        ("flush", vault.flush().map(drop)),
        ("checkpoint", vault.checkpoint(CheckpointMode::Passive).map(drop)),
        ("Reader::get_bytes", reader.get_bytes("a").map(drop)),
        ("Reader::get_stored", reader.get_stored("a").map(drop)),
        ("Reader::get_many_stored", reader.get_many_stored(["a"]).map(drop)),
        ("Reader::contains_key", reader.contains_key("a").map(drop)),
        ("Reader::len", reader.len().map(drop)),
        ("Reader::is_empty", reader.is_empty().map(drop)),
    ];
    for (what, outcome) in refusals {
        let error = outcome.err().unwrap_or_else(|| panic!("{what} succeeded"));
        assert!(matches!(error, Error::Closed), "{what}: {error:?}");
        assert!(error.is_closed());
    }

    // What speaks of the vault still does.
    assert!(vault.is_closed());
    assert!(matches!(vault.health(), Health::Closed));
    assert!(vault.stats().commits > 0);
    assert_eq!(vault.path(), place.file());
    assert_eq!(vault.table_name(), "kv");
    vault.close().unwrap();
    assert_eq!(place.open().get_bytes("a").unwrap().unwrap(), b"1");
}

#[test]
fn whatever_came_from_a_vault_closes_with_it() {
    let place = Place::new();
    let vault = place.open();
    let handles = || {
        [
            vault.clone(),
            vault.table("photos").unwrap(),
            vault.with_durability(Durability::Power),
            vault.with_write_timeout(Duration::ZERO),
        ]
    };
    let (all, closer) = (handles(), handles());
    // Another open of the same file is another matter.
    let other = place.open();
    closer[1].close().unwrap();
    for handle in all.iter().chain(&closer).chain([&vault]) {
        assert!(handle.is_closed());
        assert_err!(handle.put_bytes("a", "1"), Error::Closed);
        assert_err!(handle.len(), Error::Closed);
    }
    other.put_bytes("a", "1").unwrap();
    assert!(!other.is_closed());
}

#[test]
fn close_from_two_threads() {
    for _ in 0..20 {
        let place = Place::new();
        let vault = place.open();
        vault.put_bytes("a", "1").unwrap();
        let start = Barrier::new(2);
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    start.wait();
                    vault.close().unwrap();
                    // Whichever came second has not returned before it was true.
                    assert!(vault.is_closed());
                    assert!(!place.beside("-wal").exists());
                });
            }
        });
    }
}

#[test]
fn the_last_handle_closes() {
    let place = Place::new();
    let vault = place.open();
    let (clone, table) = (vault.clone(), vault.table("photos").unwrap());
    let reader = table.reader().unwrap();
    vault.put_bytes("a", "1").unwrap();
    assert!(place.beside("-wal").exists() && place.beside("-shm").exists());
    drop((vault, clone));
    assert_eq!(reader.len().unwrap(), 0);
    drop(reader);
    table.put_bytes("b", "2").unwrap();
    assert!(place.beside("-wal").exists());
    drop(table);
    assert!(!place.beside("-wal").exists() && !place.beside("-shm").exists());
}

/// After `close` the file alone is the vault, and may be copied, whoever still holds a reader.
#[test]
fn the_file_holds_everything_after_close() {
    let place = Place::new();
    let vault = place.open();
    let reader = vault.reader().unwrap();
    vault.put_bytes("a", "1").unwrap();
    assert!(reader.contains_key("a").unwrap());
    vault.close().unwrap();
    let copy = Place::new();
    // By another process, as it must be while the reader's connection is open.
    let copied = std::process::Command::new("cp").args([place.file(), copy.file()]).status();
    assert!(copied.unwrap().success());
    assert_eq!(copy.open().get_bytes("a").unwrap().unwrap(), b"1");
    drop(reader);
}

#[test]
fn a_log_that_is_left_to_others_stays() {
    let place = Place::new();
    let external = |options: kvault::Options| options.checkpoint(CheckpointPolicy::External);
    let vault = place.open_with(external);
    let found = crate::support::invalid(vault.checkpoint(CheckpointMode::Full));
    assert_eq!(found, ("checkpoint".into(), "External".into()));
    vault.put_many_bytes((0..2_000).map(|i| (format!("{i}"), vec![0; 40_000]))).unwrap();
    let log = vault.stats().wal_bytes;
    vault.close().unwrap();
    assert!(log > 2_000 * 40_000);
    assert_eq!(place.beside("-wal").metadata().unwrap().len(), log);
    let vault = place.open_with(external);
    assert_eq!(vault.len().unwrap(), 2_000);
    vault.close().unwrap();
    assert!(place.beside("-wal").exists());
}

#[test]
fn a_put_beside_a_close_is_in_the_file_or_was_refused() {
    for round in 0..10 {
        let place = Place::new();
        let vault = place.open();
        let done = AtomicUsize::new(0);
        let write = |thread: usize| {
            let mut keys = Vec::new();
            for i in 0.. {
                let key = format!("{thread}:{i}");
                match vault.put_bytes(&key, [0; 100]) {
                    Ok(()) => keys.push(key),
                    Err(Error::Closed) => return keys,
                    Err(other) => panic!("{other:?}"),
                }
                done.fetch_add(1, Ordering::Relaxed);
            }
            unreachable!()
        };
        let acknowledged: BTreeSet<String> = thread::scope(|scope| {
            let write = &write;
            let writers: Vec<_> = (0..8).map(|thread| scope.spawn(move || write(thread))).collect();
            wait_until("puts are under way", || done.load(Ordering::Relaxed) > 50 * round);
            vault.close().unwrap();
            writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect()
        });
        let vault = place.open();
        assert_eq!(vault.len().unwrap(), acknowledged.len() as u64);
        for value in vault.get_many_stored(&acknowledged).unwrap() {
            assert_eq!(value.unwrap().as_bytes().len(), 100);
        }
    }
}

#[test]
fn close_beside_reads() {
    let place = Place::new();
    let vault = place.open();
    vault.put_bytes("a", "1").unwrap();
    let readers: Vec<_> = (0..4)
        .map(|_| {
            let vault = vault.clone();
            thread::spawn(move || {
                loop {
                    match vault.get_bytes("a") {
                        Ok(value) => assert_eq!(value.unwrap(), b"1"),
                        Err(Error::Closed) => return,
                        Err(other) => panic!("{other:?}"),
                    }
                }
            })
        })
        .collect();
    wait_until("reads are under way", || vault.stats().busy_readers > 0);
    ends("close beside reads", move || vault.close().unwrap());
    for reader in readers {
        reader.join().unwrap();
    }
}

/// A child process, so that its threads are all of one test: opens and closes, and looks for
/// what is left.
#[cfg(target_os = "linux")]
pub(crate) fn leave_no_thread(args: &[String]) {
    let ours = || {
        let tasks = std::fs::read_dir("/proc/self/task").unwrap();
        let names = tasks.map(|task| std::fs::read_to_string(task.unwrap().path().join("comm")));
        // One that ends while we look has no name any more.
        names.flatten().filter(|name| name.starts_with("kvault-")).count()
    };
    for round in 0..50 {
        let vault = kvault::KVault::open(&args[0]).unwrap();
        // A thread takes its name when it first runs.
        vault.put_bytes("key", "value").unwrap();
        assert!(ours() > 0, "is the thread called something else?");
        if round % 2 == 0 {
            vault.close().unwrap();
        } else {
            drop(vault);
        }
    }
    // One that was joined may still be seen for a moment.
    wait_until("all are gone", || ours() == 0);
    crate::child::say("alone");
}

#[cfg(target_os = "linux")]
#[test]
fn no_thread_outlives_its_vault() {
    let place = Place::new();
    let mut child = crate::child::Child::start("leave no thread", &[place.file()]);
    child.expect("alone");
    child.finish();
}
