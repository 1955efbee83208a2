//! The file is moved away, replaced or deleted while it is open. SQLite goes on with the file that
//! it has, and with a log that still has the old name.

use std::{
    fs,
    path::PathBuf,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use kvault::{Error, KVault, Reader};

use crate::{
    child::Child,
    lifecycle::{check_file, descriptors, entries},
    support::{Place, assert_err, wait_until},
};

/// Ways to open what is at the place now: by its name, and by names that lead to it.
const WAYS: [fn(&Place) -> PathBuf; 4] = [
    |place| place.file().to_owned(),
    |place| place.dir().join("..").join(place.dir().file_name().unwrap()).join("vault.db"),
    |place| place.dir().join("folder/vault.db"),
    |place| place.dir().join("soft.db"),
];

/// A place with links to its folder and its file, and an open vault with 100 keys.
fn open_vault(through: fn(&Place) -> PathBuf) -> (Place, KVault, Reader) {
    let place = Place::new();
    std::os::unix::fs::symlink(place.dir(), place.dir().join("folder")).unwrap();
    std::os::unix::fs::symlink("vault.db", place.dir().join("soft.db")).unwrap();
    place.open().close().unwrap();
    let vault = KVault::open(through(&place)).unwrap();
    for i in 0..100_u8 {
        vault.put_bytes([i], [i; 1_000]).unwrap();
    }
    let reader = vault.reader().unwrap();
    assert_eq!(reader.len().unwrap(), 100);
    (place, vault, reader)
}

fn ended(vault: &KVault, reader: &Reader) {
    crate::api::all_refused(vault, reader, |error| matches!(error, Error::Closed));
    assert!(vault.is_closed());
    vault.close().unwrap();
}

#[test]
fn a_file_that_was_moved_away_keeps_what_it_was_given() {
    for (i, first) in WAYS.into_iter().enumerate() {
        for (j, then) in WAYS.into_iter().enumerate() {
            eprintln!("opened by way {i}, then by way {j}");
            let (place, old, reader) = open_vault(first);
            let moved = place.dir().join("moved.db");
            fs::rename(place.file(), &moved).unwrap();
            // Nobody has said that it is over.
            old.put_bytes("after", "the move").unwrap();
            assert_eq!(reader.get_bytes("after").unwrap().unwrap(), b"the move");

            // Somebody makes a new one. A link to what is not there leads nowhere.
            let new = KVault::open(then(&place));
            let new = if j == 3 { new.or_else(|_| KVault::open(place.file())) } else { new };
            let new = new.unwrap();
            assert!(new.is_empty().unwrap());
            new.put_bytes("new", "value").unwrap();
            ended(&old, &reader);
            new.put_bytes("newer", "value").unwrap();
            drop((old, reader));
            check_file(&moved, 101);
            assert_eq!(new.len().unwrap(), 2);
            new.close().unwrap();
            check_file(place.file(), 2);
            assert_eq!(entries(place.dir()), ["folder", "moved.db", "soft.db", "vault.db"]);
            assert_eq!(descriptors(place.dir()), 0);
        }
    }
}

#[test]
fn a_file_that_was_moved_away_can_just_be_closed() {
    for closed in [true, false] {
        let (place, vault, reader) = open_vault(WAYS[0]);
        let moved = place.dir().join("moved.db");
        fs::rename(place.file(), &moved).unwrap();
        vault.put_bytes("after", "the move").unwrap();
        if closed {
            vault.close().unwrap();
        }
        drop((vault, reader));
        // Whatever comes to stand there next must not take up the old log.
        let log = place.beside("-wal").metadata().map_or(0, |log| log.len());
        assert_eq!(log, 0);
        check_file(&moved, 101);
    }
}

#[test]
fn a_file_that_was_replaced_is_another_file() {
    for (first, then) in [(0, 0), (0, 1), (0, 2), (0, 3), (2, 0), (3, 3)] {
        let (place, old, reader) = open_vault(WAYS[first]);
        let (kept, other) = (place.dir().join("kept.db"), place.dir().join("other.db"));
        fs::hard_link(place.file(), &kept).unwrap();
        let vault = KVault::open(&other).unwrap();
        vault.put_many_bytes((200..=255_u8).map(|i| ([i], [i; 5_000]))).unwrap();
        vault.close().unwrap();
        fs::rename(&other, place.file()).unwrap();
        old.put_bytes("after", "the move").unwrap();

        let new = KVault::open(WAYS[then](&place)).unwrap();
        assert_eq!(new.len().unwrap(), 56, "opened by way {first}, then by way {then}");
        new.put_bytes("new", "value").unwrap();
        ended(&old, &reader);
        drop((old, reader, new));
        check_file(&kept, 101);
        check_file(place.file(), 57);
        assert_eq!(entries(place.dir()), ["folder", "kept.db", "soft.db", "vault.db"]);
    }
}

/// Under its other name it is still the file that is open, and nobody else's log is beside it.
#[test]
fn a_file_that_was_replaced_is_found_under_its_other_name() {
    for read_only in [false, true] {
        let (place, old, reader) = open_vault(WAYS[0]);
        let (kept, other) = (place.dir().join("kept.db"), place.dir().join("other.db"));
        fs::hard_link(place.file(), &kept).unwrap();
        drop((old, reader));
        let old = place.open_with(|options| options.read_only(read_only));
        let reader = old.reader().unwrap();
        assert_eq!(reader.len().unwrap(), 100);
        KVault::open(&other).unwrap().put_bytes("other", "value").unwrap();
        fs::rename(&other, place.file()).unwrap();

        let new = KVault::open(&kept).unwrap();
        assert_eq!(new.len().unwrap(), 100);
        new.put_bytes("new", "value").unwrap();
        assert_eq!(new.get_bytes("new").unwrap().unwrap(), b"value");
        drop((old, reader, new));
        check_file(&kept, 101);
        check_file(place.file(), 1);
    }
}

#[test]
fn a_file_that_was_deleted_is_made_anew() {
    for all in [false, true] {
        let (place, old, reader) = open_vault(WAYS[0]);
        for ending in ["", "-wal", "-shm"] {
            if all || ending.is_empty() {
                fs::remove_file(place.beside(ending)).unwrap();
            }
        }
        // It has no name, and is there all the same.
        assert_eq!(old.get_bytes([7]).unwrap().unwrap(), [7; 1_000]);
        drop(old.put_bytes("after", "the end"));
        let new = place.open();
        assert!(new.is_empty().unwrap());
        new.put_bytes("new", "value").unwrap();
        ended(&old, &reader);
        drop((old, reader));
        assert_eq!(new.len().unwrap(), 1);
        new.close().unwrap();
        check_file(place.file(), 1);
        assert_eq!(entries(place.dir()), ["folder", "soft.db", "vault.db"]);
        assert_eq!(descriptors(place.dir()), 0);
    }
}

#[test]
fn puts_beside_a_move_are_in_the_moved_file_or_were_refused() {
    for _ in 0..5 {
        let (place, old, reader) = open_vault(WAYS[0]);
        let moved = place.dir().join("moved.db");
        let done = AtomicUsize::new(0);
        let write = |thread: usize| {
            for i in 0.. {
                match old.put_bytes(format!("{thread}:{i}"), [0; 100]) {
                    Ok(()) => drop(done.fetch_add(1, Ordering::Relaxed)),
                    Err(Error::Closed) => return i,
                    Err(other) => panic!("{other:?}"),
                }
            }
            unreachable!()
        };
        let acknowledged: u64 = thread::scope(|scope| {
            let write = &write;
            let writers: Vec<_> = (0..8).map(|i| scope.spawn(move || write(i))).collect();
            wait_until("puts are under way", || done.load(Ordering::Relaxed) > 100);
            fs::rename(place.file(), &moved).unwrap();
            // From several threads: one of them ends the old one.
            let opens: Vec<_> = (0..3).map(|_| scope.spawn(|| place.open())).collect();
            for open in opens {
                assert!(open.join().unwrap().is_empty().unwrap());
            }
            writers.into_iter().map(|writer| writer.join().unwrap()).sum()
        });
        drop((old, reader));
        check_file(&moved, 100 + acknowledged);
        check_file(place.file(), 0);
    }
}

/// Another process reads from the log at that moment: the moved file cannot be parted from it, and
/// nothing is ended.
#[test]
fn a_moved_file_that_cannot_be_closed_goes_on() {
    let place = Place::new();
    let vault =
        place.open_with(|options| options.busy_timeout(std::time::Duration::from_millis(50)));
    vault.put_bytes("a", "1").unwrap();
    let mut holder = Child::start("hold a view", &[place.file()]);
    holder.expect("1");
    vault.put_bytes("b", "2").unwrap();
    let reader = vault.reader().unwrap();
    assert_eq!(reader.len().unwrap(), 2);
    let moved = place.dir().join("moved.db");
    fs::rename(place.file(), &moved).unwrap();
    assert_err!(place.try_open(|options| options), Error::DatabaseBusy { .. });

    assert!(!vault.is_closed() && vault.health().is_good());
    vault.put_bytes("c", "3").unwrap();
    assert_eq!(vault.get_bytes("c").unwrap().unwrap(), b"3");
    assert_eq!(reader.len().unwrap(), 3);
    holder.tell("enough");
    holder.finish();
    let new = place.open();
    assert!(new.is_empty().unwrap());
    assert!(vault.is_closed());
    drop((vault, reader, new));
    check_file(&moved, 3);
}
