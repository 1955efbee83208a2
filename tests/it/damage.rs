//! Files that were cut short or scribbled over. There are no checksums in the format, so not every
//! damage can be found; but what is found is an error, and nothing ends in a panic.

use std::{
    fs::{self, OpenOptions},
    io::{Seek, SeekFrom, Write},
};

use kvault::{Error, Health, KVault};

use crate::{
    child::{self, Child},
    support::{Place, assert_err},
};

const PAGE: u32 = 4_096;
const ROWS: u32 = 500;

fn key(i: u32) -> [u8; 4] {
    i.to_be_bytes()
}

fn value(i: u32) -> Vec<u8> {
    key(i).repeat(75)
}

/// A closed vault of some forty pages.
fn filled() -> Place {
    let place = Place::new();
    let vault = place.open_with(|options| options.page_size(PAGE));
    vault.put_many_bytes((0..ROWS).map(|i| (key(i), value(i)))).unwrap();
    vault.close().unwrap();
    place
}

/// Reads everything. Returns how many keys were there and how many reads met the damage.
fn read(vault: &KVault) -> (u32, u32) {
    let (mut found, mut damaged) = (0, 0);
    let mut check = |outcome: Result<bool, Error>| match outcome {
        Ok(there) => found += u32::from(there),
        Err(error) => {
            assert!(error.is_corruption(), "{error:?}");
            assert!(error.to_string().contains("vault.db"), "{error}");
            damaged += 1;
        }
    };
    for i in 0..ROWS {
        check(vault.get_bytes(key(i)).map(|value| value.is_some()));
    }
    check(vault.len().map(|_| false));
    check(vault.get_many_stored((0..ROWS).map(key)).map(|_| false));
    check(vault.tables().map(|_| false));
    (found, damaged)
}

#[test]
fn a_truncated_file() {
    let whole = filled();
    let bytes = fs::read(whole.file()).unwrap();
    let page = PAGE as usize;
    let mut cuts = vec![2, 15, 16, 50, 99, 100, 101, 511, 512, 1_024, page - 1];
    cuts.extend((1..bytes.len() / page).flat_map(|n| [n * page, n * page + 1, n * page + 2_000]));
    cuts.push(bytes.len() - 1);
    for cut in cuts {
        for read_only in [true, false] {
            let place = Place::new();
            fs::write(place.file(), &bytes[..cut]).unwrap();
            match place.try_open(|options| options.read_only(read_only)) {
                Ok(vault) => {
                    read(&vault);
                    vault.close().unwrap();
                    // SQLite compares the number of pages with the length of the file: only in
                    // the last page can something be missing.
                    assert!(cut > bytes.len() - page, "{cut} of {} bytes", bytes.len());
                }
                Err(error) => {
                    assert!(error.is_corruption(), "cut at {cut}: {error:?}");
                    assert!(error.to_string().contains("vault.db"), "{error}");
                    assert!(fs::read(place.file()).unwrap() == bytes[..cut], "cut at {cut}");
                }
            }
        }
    }
    // Nothing at all is what a new file looks like.
    let place = Place::new();
    fs::write(place.file(), "").unwrap();
    assert!(place.open().is_empty().unwrap());
}

/// A child process: writes over all pages but the first. Not this process: to open the file here
/// would drop SQLite's locks.
pub(crate) fn scribble(args: &[String]) {
    let mut file = OpenOptions::new().write(true).open(&args[0]).unwrap();
    let len = file.metadata().unwrap().len();
    let start = u64::from(PAGE);
    file.seek(SeekFrom::Start(start)).unwrap();
    file.write_all(&vec![0xA5; usize::try_from(len - start).unwrap()]).unwrap();
    child::say("done");
}

fn scribble_over(place: &Place) {
    let mut child = Child::start("scribble", &[place.file()]);
    child.expect("done");
    child.finish();
}

#[test]
fn a_file_that_is_damaged_while_it_is_open() {
    for mmap_size in [0, 256 << 20] {
        let place = filled();
        let vault = place.open_with(|options| options.mmap_size(mmap_size));
        assert_eq!(read(&vault), (ROWS, 0));
        scribble_over(&place);
        // What is still in a page cache may be read, but nothing is made up.
        let (_, damaged) = read(&vault);
        if mmap_size > 0 {
            assert!(damaged > 0, "a memory map shows what is in the file");
        }
        let reader = vault.reader().unwrap();
        assert_err!(reader.get_bytes(key(17)), Error::Corrupt { path, .. } if path == place.file());
        assert_err!(reader.len(), Error::Corrupt { .. });
        assert_err!(reader.contains_key(key(17)), Error::Corrupt { .. });
        vault.close().unwrap();
    }
}

#[test]
fn writing_ends_where_damage_is_met() {
    let place = filled();
    scribble_over(&place);
    let vault = place.open();
    assert!(vault.health().is_good());
    let error = vault.put_bytes("key", "value").unwrap_err();
    assert!(matches!(error, Error::Corrupt { .. }), "{error:?}");
    let Health::Broken { cause, since } = vault.health() else {
        panic!("{:?}", vault.health());
    };
    assert!(cause.is_corruption() && since.is_some());
    let failures = vault.stats().failures;
    // A table that nothing is the matter with, but who knows.
    assert_err!(vault.table("new"), Error::Corrupt { .. });
    assert_err!(vault.flush(), Error::Corrupt { .. });
    assert_eq!(vault.stats().failures, failures, "it was not even tried");
    // Reads go on.
    assert_eq!(vault.tables().unwrap(), ["kv"]);
    assert_err!(vault.get_bytes(key(17)), Error::Corrupt { .. });
    vault.close().unwrap();
}

#[test]
fn a_log_that_was_cut_short_loses_its_end_and_nothing_else() {
    let place = Place::new();
    let vault = place.open_alone();
    for i in 0..20 {
        vault.put_bytes(key(i), value(i)).unwrap();
    }
    // Copied before close, while nobody writes: as after a power failure.
    let copy = Place::new();
    for (from, to) in [
        (place.file().to_owned(), copy.file().to_owned()),
        (place.beside("-wal"), copy.beside("-wal")),
    ] {
        let status = std::process::Command::new("cp").args([from, to]).status();
        assert!(status.unwrap().success());
    }
    let log = OpenOptions::new().write(true).open(copy.beside("-wal")).unwrap();
    log.set_len(log.metadata().unwrap().len() - 1).unwrap();
    drop(log);
    let vault = copy.open();
    let len = vault.len().unwrap();
    assert_eq!(len, 19, "the last commit was cut, the others were not");
    for i in 0..19 {
        assert_eq!(vault.get_bytes(key(i)).unwrap().unwrap(), value(i));
    }
    vault.put_bytes(key(19), value(19)).unwrap();
    assert_eq!(vault.len().unwrap(), 20);
}
