//! Without a write-ahead log: readers and the writer wait for each other.

use std::{thread, time::Duration};

use kvault::{CheckpointMode, Error};

use crate::{
    child::Child,
    support::{Place, assert_err},
};

#[test]
fn it_works() {
    let place = Place::new();
    let vault = place.open_with(|options| options.enable_wal(false));
    assert_eq!(vault.stats().journal_mode, "delete");
    vault.put_bytes("a", "1").unwrap();
    vault.table("photos").unwrap().put_bytes("cat", "jpeg").unwrap();
    assert_eq!(vault.get_bytes("a").unwrap().unwrap(), b"1");
    assert!(!place.beside("-wal").exists());
    let report = vault.checkpoint(CheckpointMode::Truncate).unwrap();
    assert_eq!((report.wal_pages, report.is_complete()), (0, true));
    vault.close().unwrap();
    assert!(!place.beside("-journal").exists());
}

#[test]
fn threads_read_and_write_at_once() {
    let place = Place::new();
    let vault = place.open_with(|options| options.enable_wal(false));
    thread::scope(|scope| {
        for thread in 0..4_u8 {
            let vault = &vault;
            scope.spawn(move || {
                let reader = vault.reader().unwrap();
                for i in 0..20_u8 {
                    vault.put_bytes([thread, i], [i]).unwrap();
                    assert_eq!(reader.get_bytes([thread, i]).unwrap().unwrap(), [i]);
                    assert_eq!(vault.get_bytes([thread, i]).unwrap().unwrap(), [i]);
                }
            });
        }
    });
    assert_eq!(vault.len().unwrap(), 80);
}

#[test]
fn reads_that_meet_a_lock_are_tried_as_often_as_asked() {
    let place = Place::new();
    let vault = place.open_with(|options| {
        let options = options.enable_wal(false).busy_timeout(Duration::ZERO);
        options.retries(3).backoff_base(Duration::from_millis(1))
    });
    vault.put_bytes("a", "1").unwrap();
    let reader = vault.reader().unwrap();
    // Both know the table by now.
    assert!(vault.contains_key("a").unwrap() && reader.contains_key("a").unwrap());
    let mut holder = Child::start("hold the file", &[place.file()]);
    holder.expect("locked");
    let refusals = [
        vault.get_bytes("a").map(drop),
        vault.get_many_stored(["a"]).map(drop),
        vault.contains_key("a").map(drop),
        vault.len().map(drop),
        vault.is_empty().map(drop),
        vault.tables().map(drop),
        vault.table("kv").map(drop),
        vault.reader().map(drop),
        reader.get_bytes("a").map(drop),
        reader.len().map(drop),
        vault.put_bytes("a", "2"),
    ];
    for refusal in refusals {
        assert_err!(refusal, Error::DatabaseBusy { attempts: 3 });
    }
    holder.tell("enough");
    holder.finish();
    assert_eq!(vault.get_bytes("a").unwrap().unwrap(), b"1");
    assert_eq!(reader.get_bytes("a").unwrap().unwrap(), b"1");
}

#[test]
fn a_file_goes_from_one_mode_to_the_other_and_back() {
    let place = Place::new();
    for (i, wal) in [true, false, true, false].into_iter().enumerate() {
        let vault = place.open_with(|options| options.enable_wal(wal));
        assert_eq!(vault.stats().journal_mode, if wal { "wal" } else { "delete" });
        vault.put_bytes(i.to_le_bytes(), "value").unwrap();
        assert_eq!(vault.len().unwrap(), i as u64 + 1);
        vault.close().unwrap();
    }
}

#[test]
fn a_mode_cannot_be_changed_under_somebody_else() {
    let place = Place::new();
    place.open().put_bytes("a", "1").unwrap();
    let raw = place.raw();
    raw.query_row("SELECT COUNT(*) FROM kv", [], |_| Ok(())).unwrap();
    let other = place.try_open(|options| {
        let options = options.enable_wal(false).busy_timeout(Duration::ZERO);
        options.backoff_base(Duration::from_millis(1))
    });
    assert_err!(other, Error::DatabaseBusy { attempts: 4 });
    drop(raw);
    let vault = place.open_with(|options| options.enable_wal(false));
    assert_eq!(vault.len().unwrap(), 1);
}

/// A page that meets a lock is tried again, and the iteration goes on from its cursor if that was
/// in vain.
#[test]
fn pages_are_tried_again() {
    let place = Place::new();
    let vault = place.open_with(|options| {
        let options = options.enable_wal(false).retries(2).busy_timeout(Duration::ZERO);
        options.backoff_base(Duration::from_millis(1))
    });
    vault.put_many_bytes((0..1_000_u32).map(|n| (n.to_be_bytes(), "value"))).unwrap();
    let mut iter = vault.iter();
    iter.next().unwrap().unwrap();
    let raw = place.raw();
    raw.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let read: Vec<_> = iter.by_ref().collect();
    assert_err!(read.last().unwrap(), Error::DatabaseBusy { attempts: 2 });
    assert_err!(vault.first(), Error::DatabaseBusy { attempts: 2 });
    assert_err!(vault.count_range(.."a"), Error::DatabaseBusy { attempts: 2 });
    raw.execute_batch("COMMIT").unwrap();
    assert!(iter.next().is_none() && iter.next_back().is_none());
    assert_eq!(vault.resume(&iter.cursor()).count() + read.len(), 1_000);
}
