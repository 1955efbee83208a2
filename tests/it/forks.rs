//! Forks while a vault is open: the child is refused and leaves no trace, the parent goes on.
#![allow(unsafe_code, reason = "there is no safe way to fork")]

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
};

use kvault::{Error, Health, KVault, Reader, is_open_vault_file};

use crate::{
    api::all_refused,
    child::{self, Child},
    lifecycle::check_file,
    support::{FOREVER, Place, assert_err},
};

/// Runs `work` in a forked child, and waits for its good end.
#[track_caller]
pub(crate) fn fork(work: impl FnOnce()) {
    // SAFETY: what the child calls is `work`, and then it ends. That it may call so much beside
    // other threads is what is tried here.
    let pid = unsafe { libc::fork() };
    assert!(pid >= 0, "{}", std::io::Error::last_os_error());
    if pid == 0 {
        let seconds = u32::try_from(FOREVER.as_secs()).unwrap();
        // SAFETY: takes a number. A child that hangs is ended by the signal.
        unsafe { libc::alarm(seconds) };
        let end = catch_unwind(AssertUnwindSafe(work));
        // SAFETY: never returns, and runs nothing of the parent's that is for its own end.
        unsafe { libc::_exit(i32::from(end.is_err())) };
    }
    let mut status = 0;
    loop {
        // SAFETY: the pointer lives through the call.
        if unsafe { libc::waitpid(pid, &raw mut status, 0) } == pid {
            break;
        }
    }
    assert_eq!(status, 0, "how the forked child ended");
}

/// What a forked child finds.
pub(crate) fn refused(vault: &KVault, reader: &Reader) {
    all_refused(vault, reader, |error| matches!(error, Error::Forked));
    for _ in 0..2 {
        assert_err!(vault.close(), Error::Forked);
    }
    assert!(!vault.is_closed());
    assert!(matches!(vault.health(), Health::Broken { cause: Error::Forked, .. }));
    assert_eq!(vault.stats().commits, 0);
    assert_eq!(vault.table_name(), "kv");
    assert!(vault.path().is_absolute());
    assert!(format!("{vault:?} {reader:?}").len() > 10);
}

/// A child process: forks 50 times.
pub(crate) fn fork_often(args: &[String]) {
    for path in [&args[0], ":memory:"] {
        let mut vault = Some(KVault::open(path).unwrap());
        let mut reader = Some(vault.as_ref().unwrap().reader().unwrap());
        for round in 0..25_u8 {
            let open = vault.clone().unwrap();
            open.put_bytes([round], [round]).unwrap();
            // In some rounds views are held.
            if round % 3 > 0 {
                assert_eq!(open.get_bytes([round]).unwrap().unwrap(), [round]);
                assert_eq!(reader.as_ref().unwrap().len().unwrap(), u64::from(round) + 1);
            }
            drop(open);
            fork(|| {
                refused(vault.as_ref().unwrap(), reader.as_ref().unwrap());
                // The last handles there: the parent still has its own.
                drop((reader.take(), vault.take()));
            });
            let (vault, reader) = (vault.as_ref().unwrap(), reader.as_ref().unwrap());
            assert_eq!(reader.get_bytes([round]).unwrap().unwrap(), [round]);
            assert_eq!(vault.reader().unwrap().len().unwrap(), u64::from(round) + 1);
            assert!(vault.health().is_good());
        }
        vault.unwrap().close().unwrap();
    }
    child::say("closed");
}

#[test]
fn a_forked_child_is_refused_and_its_parent_goes_on() {
    let place = Place::new();
    let mut process = Child::start("fork often", &[place.file()]);
    process.expect("closed");
    process.finish();
    assert!(!place.beside("-wal").exists() && !place.beside("-shm").exists());
    check_file(place.file(), 25);
}

/// A child process: forks while other threads are in the middle of everything.
pub(crate) fn fork_in_a_crowd(args: &[String]) {
    let vault = KVault::open(&args[0]).unwrap();
    let reader = vault.reader().unwrap();
    let (done, puts) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        let (vault, done, puts) = (&vault, &done, &puts);
        for thread in 0..4_u8 {
            scope.spawn(move || {
                let reader = vault.reader().unwrap();
                for i in 0_u32.. {
                    let key = [&[thread], &i.to_le_bytes()[..]].concat();
                    vault.put_bytes(&key, &key).unwrap();
                    assert_eq!(vault.get_bytes(&key).unwrap().unwrap(), key);
                    assert_eq!(reader.get_bytes(&key).unwrap().unwrap(), key);
                    puts.fetch_add(1, Ordering::Relaxed);
                    if done.load(Ordering::Relaxed) {
                        return;
                    }
                }
            });
        }
        for _ in 0..50 {
            fork(|| refused(vault, &reader));
        }
        done.store(true, Ordering::Relaxed);
    });
    vault.close().unwrap();
    child::say(&puts.load(Ordering::Relaxed).to_string());
}

#[test]
fn a_fork_in_the_middle_of_everything() {
    let place = Place::new();
    let mut process = Child::start("fork in a crowd", &[place.file()]);
    let puts = process.hear().unwrap().parse().unwrap();
    process.finish();
    assert!(!place.beside("-wal").exists());
    check_file(place.file(), puts);
}

/// A child process: its forked children open files themselves.
pub(crate) fn open_in_forked_children(args: &[String]) {
    let dir = Path::new(&args[0]);
    let [open, closed, new] = ["vault.db", "closed.db", "new.db"].map(|name| dir.join(name));
    let vault = KVault::open(&open).unwrap();
    vault.put_bytes("key", "value").unwrap();
    let before = KVault::open(&closed).unwrap();
    before.put_bytes("key", "value").unwrap();
    before.close().unwrap();
    let other_name = dir.join("hard.db");
    std::fs::hard_link(&open, &other_name).unwrap();

    let work_with = |path: &Path, expected: u64| {
        let vault = KVault::open(path).unwrap();
        vault.put_bytes(expected.to_le_bytes(), "value").unwrap();
        let reader = vault.reader().unwrap();
        assert_eq!(reader.len().unwrap(), expected + 1);
        assert_eq!(vault.len().unwrap(), expected + 1);
        assert!(is_open_vault_file(path).unwrap());
        // And who is forked off from there has no part in it either.
        fork(|| {
            refused(&vault, &reader);
            assert_err!(KVault::open(path), Error::Forked);
        });
        vault.close().unwrap();
    };
    fork(|| {
        // SQLite in the child believes that it has the locks which its parent has, and waits for
        // mutexes that the parent's threads had: it is not to be used at all.
        for path in [&open, &other_name, &closed, &new] {
            assert_err!(KVault::open(path), Error::Forked);
            assert_err!(KVault::open(path), Error::Forked);
        }
        fork(|| drop(KVault::open(&closed).unwrap_err()));
    });
    // Nothing of it came to the parent's ears, or in its way.
    vault.put_bytes("another key", "value").unwrap();
    work_with(&closed, 1);
    vault.close().unwrap();
    // With nothing open a child is a process like any other.
    fork(|| {
        work_with(&open, 2);
        work_with(&new, 0);
        fork(|| work_with(&closed, 2));
    });
    work_with(&new, 1);
    child::say("done");
}

#[test]
fn a_forked_child_opens_files_only_if_its_parent_had_none() {
    let place = Place::new();
    let mut process = Child::start("open in forked children", &[place.dir()]);
    process.expect("done");
    process.finish();
    check_file(place.file(), 3);
    check_file(&place.dir().join("closed.db"), 3);
    check_file(&place.dir().join("new.db"), 2);
}
