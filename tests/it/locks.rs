//! Another process holds a lock.

use std::{
    thread,
    time::{Duration, Instant},
};

use kvault::{CheckpointMode, Error};

use crate::{
    child::{self, Child},
    support::{Place, assert_err, connect, ends, wait_until},
};

/// A child process: takes the write lock, says so, keeps it as long as it is told, or until the
/// next line.
pub(crate) fn hold_the_write_lock(args: &[String]) {
    hold("BEGIN IMMEDIATE", args);
}

/// A child process: as above, but nobody can even read, where there is no log.
pub(crate) fn hold_the_file(args: &[String]) {
    hold("BEGIN EXCLUSIVE", args);
}

fn hold(begin: &str, args: &[String]) {
    let conn = connect(&args[0]);
    conn.execute_batch(begin).unwrap();
    child::say("locked");
    match args.get(1) {
        Some(millis) => thread::sleep(Duration::from_millis(millis.parse().unwrap())),
        None => drop(child::order()),
    }
    conn.execute_batch("COMMIT").unwrap();
}

fn locked(place: &Place) -> Child {
    let mut holder = Child::start("hold the write lock", &[place.file()]);
    holder.expect("locked");
    holder
}

#[test]
fn a_lock_of_300_ms_is_waited_for() {
    let place = Place::new();
    let vault = place.open();
    let mut holder = Child::start("hold the write lock", &[place.file().to_str().unwrap(), "300"]);
    holder.expect("locked");
    vault.put_bytes("key", "value").unwrap();
    assert_eq!(vault.get_bytes("key").unwrap().unwrap(), b"value");
    holder.finish();
}

#[test]
fn a_write_that_met_the_lock_is_tried_again() {
    let place = Place::new();
    // SQLite itself does not wait at all: only a second try can succeed.
    let vault = place.open_with(|options| {
        let options = options.busy_timeout(Duration::ZERO).retries(1_000);
        options.backoff_base(Duration::from_millis(1))
    });
    let mut holder = locked(&place);
    let writes = ["put", "put_many", "delete", "clear", "table"].map(|write| {
        let vault = vault.clone();
        thread::spawn(move || match write {
            "put" => vault.put_bytes("put", "1"),
            "put_many" => vault.put_many_bytes([("many", "1")]).map(drop),
            "delete" => vault.delete("nothing").map(drop),
            "clear" => vault.table("kv").and_then(|other| other.discard("nothing")),
            _ => vault.table("another").map(drop),
        })
    });
    wait_until("several tries failed", || vault.stats().failures >= 10);
    holder.tell("enough");
    holder.finish();
    for write in writes {
        write.join().unwrap().unwrap();
    }
    assert_eq!(vault.len().unwrap(), 2);
    assert_eq!(vault.tables().unwrap(), ["another", "kv"]);
    assert!(vault.health().is_good(), "somebody else's lock is no trouble of ours");
}

#[test]
fn a_lock_for_ever_is_an_error_with_the_attempts_in_the_promised_time() {
    let place = Place::new();
    let vault = place.open_with(|options| options.busy_timeout(Duration::from_millis(100)));
    let holder = locked(&place);

    let start = Instant::now();
    assert_err!(vault.put_bytes("key", "value"), Error::DatabaseBusy { attempts: 4 });
    // Four waits of 100 ms and pauses of 20, 40 and 80 ms, each up to half as long again.
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());

    vault.close().unwrap();
    let twice = place.open_with(|options| options.busy_timeout(Duration::ZERO).retries(2));
    assert_err!(twice.delete("key"), Error::DatabaseBusy { attempts: 2 });
    assert_err!(twice.clear(), Error::DatabaseBusy { attempts: 2 });
    assert_err!(twice.table("new"), Error::DatabaseBusy { attempts: 2 });
    assert_err!(twice.put_many_bytes([("key", "value")]), Error::DatabaseBusy { attempts: 2 });

    // It held for nothing: the vault is as before.
    drop(holder);
    assert_eq!(twice.tables().unwrap(), ["kv"]);
    assert!(twice.is_empty().unwrap());
    twice.put_bytes("key", "value").unwrap();
}

#[test]
fn without_a_write_timeout_it_is_tried_once() {
    let place = Place::new();
    let vault = place.open_with(|options| options.busy_timeout(Duration::ZERO));
    let _holder = locked(&place);
    let once = vault.with_write_timeout(Duration::ZERO);
    let failures = || vault.stats().failures;
    let before = failures();
    assert_err!(once.put_bytes("key", "value"), Error::DatabaseBusy { attempts: 1 });
    assert_eq!(failures() - before, 1);
    // The handle that it came from is as patient as before.
    assert_err!(vault.put_bytes("key", "value"), Error::DatabaseBusy { attempts: 4 });
    assert_eq!(failures() - before, 5);
}

#[test]
fn nothing_but_writing_waits_for_a_writer() {
    let place = Place::new();
    let open = || place.open_with(|options| options.busy_timeout(Duration::ZERO).retries(1));
    let before = open();
    before.put_bytes("key", "value").unwrap();
    let _holder = locked(&place);
    let during = open();
    for vault in [&before, &during] {
        assert_eq!(vault.get_bytes("key").unwrap().unwrap(), b"value");
        assert_eq!(vault.len().unwrap(), 1);
        assert_eq!(vault.tables().unwrap(), ["kv"]);
        assert!(vault.reader().unwrap().contains_key("key").unwrap());
        vault.flush().unwrap();
    }
    during.checkpoint(CheckpointMode::Passive).unwrap();
    let truncate = during.checkpoint(CheckpointMode::Truncate);
    assert_err!(truncate, Error::DatabaseBusy { attempts: 1 });
    ends("close beside a lock", move || {
        before.close().unwrap();
        during.close().unwrap();
    });
}

#[test]
fn the_lock_of_a_process_that_dies_goes_with_it() {
    let place = Place::new();
    let vault = place.open();
    let mut holder = locked(&place);
    let put = {
        let vault = vault.clone();
        thread::spawn(move || vault.put_bytes("key", "value"))
    };
    wait_until("the put is on its way", || vault.stats().queued_ops == 1);
    holder.kill();
    put.join().unwrap().unwrap();
    assert_eq!(vault.get_bytes("key").unwrap().unwrap(), b"value");
}

#[test]
fn opening_meets_a_lock() {
    let place = Place::new();
    // A file of somebody's that is no vault yet: opening has to write.
    place.raw().execute_batch("CREATE TABLE other (x)").unwrap();
    let mut holder = Child::start("hold the file", &[place.file()]);
    holder.expect("locked");
    let impatient = place.try_open(|options| options.busy_timeout(Duration::ZERO).retries(3));
    assert_err!(impatient, Error::DatabaseBusy { attempts: 3 });
    let open = {
        let file = place.file().to_owned();
        let options = kvault::KVault::options().busy_timeout(Duration::ZERO).retries(1_000);
        thread::spawn(move || options.backoff_base(Duration::from_millis(1)).open(file))
    };
    holder.tell("enough");
    holder.finish();
    let vault = open.join().unwrap().unwrap();
    assert_eq!(vault.tables().unwrap(), ["kv"]);
}
