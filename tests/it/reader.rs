//! Reading handles: from many threads, at one instant.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use kvault::{CheckpointMode, Stored};

use crate::{
    child::{self, Child},
    support::{Place, connect, wait_until},
};

#[test]
fn a_reader_reads_like_the_vault() {
    let place = Place::new();
    let vault = place.open();
    let reader = vault.reader().unwrap();
    assert!(reader.is_empty().unwrap());
    vault.put_many_bytes([("a", "1"), ("b", "2")]).unwrap();
    // It is not stuck at the moment it was made.
    assert_eq!(reader.len().unwrap(), 2);
    assert!(!reader.is_empty().unwrap());
    assert!(reader.contains_key("a").unwrap() && !reader.contains_key("c").unwrap());
    assert_eq!(reader.get_bytes("a").unwrap().unwrap(), b"1");
    assert_eq!(reader.get_bytes("c").unwrap(), None);
    assert_eq!(reader.get_stored("b").unwrap().unwrap(), Stored::raw("2"));
    let found = reader.get_many_stored(["b", "c", "b", "a"]).unwrap();
    let two = Some(Stored::raw("2"));
    assert_eq!(found, [two.clone(), None, two, Some(Stored::raw("1"))]);
    vault.delete("a").unwrap();
    assert_eq!(reader.get_bytes("a").unwrap(), None);
}

#[test]
fn a_read_sees_every_write_that_returned_before_it() {
    let place = Place::new();
    let vault = place.open();
    thread::scope(|scope| {
        for thread in 0..4_u8 {
            let vault = &vault;
            scope.spawn(move || {
                let reader = vault.reader().unwrap();
                for i in 0..200_u8 {
                    vault.put_bytes([thread], [i]).unwrap();
                    assert_eq!(vault.get_bytes([thread]).unwrap().unwrap(), [i]);
                    assert_eq!(reader.get_bytes([thread]).unwrap().unwrap(), [i]);
                }
            });
        }
    });
}

#[test]
fn many_keys_are_read_at_one_instant_and_written_at_one() {
    let place = Place::new();
    let vault = place.open();
    let keys: Vec<[u8; 1]> = (0..50).map(|i| [i]).collect();
    let put = |value: u32| {
        let rows = keys.iter().map(|key| (key, value.to_le_bytes()));
        assert_eq!(vault.put_many_bytes(rows).unwrap(), 50);
    };
    put(0);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for own in [true, false] {
            let (vault, done, keys) = (&vault, &done, &keys);
            scope.spawn(move || {
                let reader = vault.reader().unwrap();
                let mut last = 0;
                while !done.load(Ordering::Relaxed) {
                    let values = if own {
                        reader.get_many_stored(keys).unwrap()
                    } else {
                        vault.get_many_stored(keys).unwrap()
                    };
                    let numbers: Vec<u32> = values
                        .iter()
                        .map(|value| value.as_ref().unwrap().as_bytes().try_into().unwrap())
                        .map(u32::from_le_bytes)
                        .collect();
                    assert!(numbers.iter().all(|n| *n == numbers[0]), "torn: {numbers:?}");
                    assert!(numbers[0] >= last, "back in time");
                    last = numbers[0];
                }
            });
        }
        (1..=300).for_each(put);
        done.store(true, Ordering::Relaxed);
    });
}

#[test]
fn connections_are_kept_up_to_the_limit() {
    let place = Place::new();
    let vault = place.open_with(|options| options.reader_idle_limit(2));
    vault.put_bytes("a", "1").unwrap();
    let start = std::sync::Barrier::new(8);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                start.wait();
                for _ in 0..50 {
                    assert!(vault.contains_key("a").unwrap());
                }
            });
        }
    });
    wait_until("all are back", || vault.stats().busy_readers == 0);
    assert!((1..=2).contains(&vault.stats().open_readers), "{:?}", vault.stats());
    vault.close().unwrap();
    assert_eq!(vault.stats().open_readers, 0);
}

/// Connections keep what they see from one read to the next; a commit of anybody ends that.
#[test]
fn a_read_sees_what_another_program_committed_before_it() {
    let place = Place::new();
    let vault = place.open();
    let table = vault.table("photos").unwrap();
    let reader = vault.reader().unwrap();
    let raw = place.raw();
    let mut put = raw
        .prepare("INSERT INTO kv VALUES (x'6b', ?1) ON CONFLICT DO UPDATE SET value = ?1")
        .unwrap();
    for i in 0..500_u32 {
        let value = i.to_le_bytes();
        put.execute([&value[..]]).unwrap();
        assert_eq!(vault.get_bytes("k").unwrap().unwrap(), value, "{i}");
        assert_eq!(reader.get_bytes("k").unwrap().unwrap(), value, "{i}");
        let many = reader.get_many_stored(["k", "k"]).unwrap();
        assert!(many.into_iter().flatten().all(|stored| stored.as_bytes() == value), "{i}");
        assert_eq!(vault.len().unwrap(), 1);
        match i % 50 {
            7 => raw.execute_batch("DELETE FROM kv").unwrap(),
            // The log begins anew, as far as views let it.
            11 => drop(vault.checkpoint(CheckpointMode::Truncate).unwrap()),
            13 => raw.execute_batch("PRAGMA wal_checkpoint(PASSIVE)").unwrap(),
            // What others read must not end the view that these keep.
            17 => assert!(table.is_empty().unwrap()),
            // A change that is not one of rows.
            19 => raw.execute_batch("DROP TABLE photos").unwrap(),
            23 => drop(vault.table("photos").unwrap()),
            _ => {}
        }
        if i % 50 == 7 {
            assert!(vault.is_empty().unwrap() && reader.is_empty().unwrap());
            assert!(!reader.contains_key("k").unwrap());
        }
    }
}

/// A child process: writes what it is told, and says when it is committed.
pub(crate) fn write_on_demand(args: &[String]) {
    let conn = connect(&args[0]);
    let put = "INSERT INTO kv VALUES (x'6b', ?1) ON CONFLICT DO UPDATE SET value = ?1";
    while let Some(order) = child::order() {
        conn.execute(put, [order.as_bytes()]).unwrap();
        child::say(&order);
    }
}

#[test]
fn a_read_sees_what_another_process_committed_before_it() {
    let place = Place::new();
    let vault = place.open();
    let reader = vault.reader().unwrap();
    let mut writer = Child::start("write on demand", &[place.file()]);
    for i in 0..200 {
        let order = i.to_string();
        writer.tell(&order);
        writer.expect(&order);
        assert_eq!(vault.get_bytes("k").unwrap().unwrap(), order.as_bytes());
        assert_eq!(reader.get_bytes("k").unwrap().unwrap(), order.as_bytes());
    }
    writer.finish();
}
