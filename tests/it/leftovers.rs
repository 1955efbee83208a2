//! What is left of a vault that has ended: its file, and nothing else.

use std::{thread, time::Duration};

use kvault::{CheckpointPolicy, Error, KVault};

use crate::{
    child::{self, Child},
    lifecycle::{check_file, descriptors, entries, threads},
    support::{Place, assert_err, ends, wait_until},
};

/// A child process: opens and closes 200 times, in every way.
pub(crate) fn open_and_close_often(args: &[String]) {
    let dir = std::path::Path::new(&args[0]);
    let nothing_left = |what: &str| {
        wait_until(&format!("no thread is left after {what}"), || threads().is_empty());
        assert_eq!(descriptors(dir), 0, "descriptors after {what}");
        let names = entries(dir);
        let companion = names.iter().any(|name| name.contains(".db-"));
        assert!(!companion, "{names:?} after {what}");
    };
    for round in 0..200 {
        let name = format!("{}.db", round % 20);
        let options = KVault::options().enable_wal(round % 7 > 0);
        let vault = options.clone().open(dir.join(name)).unwrap();
        vault.put_bytes("key", "value").unwrap();
        assert!(vault.contains_key("key").unwrap());
        let (clone, table) = (vault.clone(), vault.table("photos").unwrap());
        let reader = table.reader().unwrap();
        assert!(!reader.contains_key("key").unwrap());
        let second = options.open(vault.path()).unwrap();
        match round % 4 {
            0 => {
                drop((vault, clone, table, reader));
                second.close().unwrap();
                nothing_left("close");
            }
            1 => {
                // Connections of the pool and of a reader are alive.
                second.close().unwrap();
                vault.close().unwrap();
                nothing_left("close beside live handles");
                assert_err!(reader.len(), Error::Closed);
            }
            2 => {
                drop((second, vault, clone, table, reader));
                nothing_left("drop");
            }
            _ => {
                drop((second, vault, clone, reader));
                table.close().unwrap();
                nothing_left("close by a table's handle");
            }
        }
    }
    // Who never got a vault has nothing either.
    let folder = dir.join("folder.db");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(dir.join("text.db"), "no database ".repeat(1_000)).unwrap();
    for _ in 0..20 {
        KVault::open(&folder).unwrap_err();
        KVault::open(dir.join("text.db")).unwrap_err();
        KVault::options().table("sqlite_x").open(dir.join("0.db")).unwrap_err();
        // The last one that was opened without a log: who only reads cannot remove one.
        KVault::options().read_only(true).table("no").open(dir.join("16.db")).unwrap_err();
        nothing_left("an open that failed");
    }
    child::say("nothing left");
}

#[test]
fn two_hundred_opens_leave_nothing() {
    let place = Place::new();
    let mut process = Child::start("open and close often", &[place.dir()]);
    process.expect("nothing left");
    process.finish();
}

/// A child process: writes and reads, and returns from `main` in the middle of that.
pub(crate) fn return_from_main(args: &[String]) {
    let vault = KVault::open(&args[0]).unwrap();
    for thread in 0..4 {
        let vault = vault.clone();
        thread::spawn(move || {
            let reader = vault.reader().unwrap();
            for i in 0.. {
                let key = format!("{thread}:{i}");
                vault.put_bytes(&key, &key).unwrap();
                child::say(&key);
                assert!(reader.contains_key(&key).unwrap());
            }
        });
    }
    if args[1] == "forgotten" {
        std::mem::forget(vault);
    }
    assert_eq!(child::order().unwrap(), "return");
}

#[test]
fn a_program_that_returns_with_an_open_vault_ends() {
    for handle in ["forgotten", "dropped"] {
        let place = Place::new();
        let args = [place.file().to_str().unwrap().to_owned(), handle.to_owned()];
        let mut process = Child::start("return from main", &args);
        let mut acknowledged: Vec<String> = (0..200).map(|_| process.hear().unwrap()).collect();
        process.tell("return");
        let rest = ends("a program whose main returned", move || {
            let rest: Vec<String> = std::iter::from_fn(|| process.hear()).collect();
            process.finish();
            rest
        });
        acknowledged.extend(rest);
        // It may have been cut short.
        acknowledged.pop();
        let vault = place.open();
        for key in &acknowledged {
            assert_eq!(vault.get_bytes(key).unwrap().unwrap(), key.as_bytes());
        }
        let keys = vault.len().unwrap();
        drop(vault);
        check_file(place.file(), keys);
    }
}

#[test]
fn dropping_a_handle_does_not_wait_for_another_thread() {
    let place = Place::new();
    let vault = place.open();
    let mut holder = Child::start("hold the write lock", &[place.file()]);
    holder.expect("locked");
    let put = {
        let vault = vault.clone();
        thread::spawn(move || vault.put_bytes("key", "value"))
    };
    wait_until("the put is on its way", || vault.stats().queued_ops == 1);
    let reader = vault.reader().unwrap();
    ends("dropping", move || drop((vault, reader)));
    assert!(!put.is_finished());
    holder.tell("enough");
    holder.finish();
    // The put's own handle was the last one.
    put.join().unwrap().unwrap();
    assert!(!place.beside("-wal").exists());
    check_file(place.file(), 1);
}

#[test]
fn a_drop_that_may_not_wait_closes_all_the_same() {
    let place = Place::new();
    let impatient = |options: kvault::Options| options.close_timeout(Duration::ZERO);
    for round in 0..20_u8 {
        let vault = place.open_with(impatient);
        vault.put_bytes([round], [0; 100_000]).unwrap();
        drop(vault);
        if round % 3 == 0 {
            wait_until("it is closed", || !place.beside("-wal").exists());
        }
        // Or at once.
        let vault = place.open_with(impatient);
        assert_eq!(vault.len().unwrap(), u64::from(round) + 1);
        vault.put_bytes([round], [1; 10]).unwrap();
        vault.close().unwrap();
        assert_err!(vault.len(), Error::Closed);
    }
    check_file(place.file(), 20);
}

#[test]
fn a_drop_returns_in_time() {
    let place = Place::new();
    let auto = CheckpointPolicy::Auto { pages: 1_000_000, wal_limit: 1 << 40 };
    let options =
        |options: kvault::Options| options.checkpoint(auto).close_timeout(Duration::from_millis(1));
    let vault = place.open_with(options);
    vault.put_many_bytes((0..50_u8).map(|i| ([i], vec![i; 2 << 20]))).unwrap();
    drop(vault);
    // A hundred megabytes do not move in that time; but they do move.
    assert!(place.beside("-wal").exists());
    wait_until("it is closed", || !place.beside("-wal").exists());
    check_file(place.file(), 50);
}

#[test]
fn a_drop_beside_a_foreign_lock_loses_nothing() {
    let place = Place::new();
    let vault = place.open_with(|options| options.close_timeout(Duration::from_millis(200)));
    vault.put_bytes("key", "value").unwrap();
    let mut holder = Child::start("hold the write lock", &[place.file()]);
    holder.expect("locked");
    ends("dropping beside a lock", move || drop(vault));
    holder.tell("enough");
    holder.finish();
    check_file(place.file(), 1);
    assert_eq!(entries(place.dir()), ["vault.db"]);
}
