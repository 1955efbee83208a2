//! `optimize`: a shorter file with the same content.

use std::{
    fs,
    path::Path,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
};

use kvault::{Durability, Error, KVault, OptimizeOptions};

use crate::{
    child::{self, Child},
    lifecycle::check_file,
    support::{Place, assert_err, connect, wait_until},
};

static VALUE: [u8; 20_000] = [7; 20_000];

fn fill(vault: &KVault, keys: u32) {
    vault.put_many_bytes((0..keys).map(|i| (i.to_le_bytes(), VALUE))).unwrap();
}

fn check(vault: &KVault, keys: std::ops::Range<u32>) {
    assert_eq!(vault.len().unwrap(), keys.len() as u64);
    for i in keys {
        assert!(vault.get_bytes(i.to_le_bytes()).unwrap().unwrap() == VALUE, "key {i}");
    }
}

#[test]
fn the_report_says_what_became_of_the_file() {
    let place = Place::new();
    let vault = place.open();
    let photos = vault.table("photos").unwrap();
    fill(&vault, 300);
    fill(&photos, 200);
    connect(place.file()).execute_batch("CREATE TABLE other AS SELECT 'x' AS y").unwrap();
    for i in 0..250_u32 {
        vault.delete(i.to_le_bytes()).unwrap();
    }
    let reader = photos.reader().unwrap();
    assert_eq!(reader.len().unwrap(), 200);

    let kept = vault.optimize(OptimizeOptions::default().vacuum(false)).unwrap();
    assert_eq!(kept.bytes_after, kept.bytes_before);
    assert!(kept.free_before > 250 * 20_000, "{kept:?}");
    // SQLite may have put its statistics into a free page.
    assert!(kept.free_before - kept.free_after < 10 * 32_768, "{kept:?}");
    let report = photos.optimize(OptimizeOptions::default()).unwrap();
    assert_eq!(report.bytes_before, kept.bytes_after);
    assert_eq!(report.free_after, 0);
    assert!(report.bytes_after <= report.bytes_before - report.free_before, "{report:?}");
    assert!(!report.elapsed.is_zero());

    for i in 250..300_u32 {
        assert!(vault.get_bytes(i.to_le_bytes()).unwrap().unwrap() == VALUE);
    }
    assert_eq!(vault.len().unwrap(), 50);
    check(&photos, 0..200);
    photos.clear().unwrap();
    let last = vault.optimize(OptimizeOptions::default()).unwrap();
    assert!(last.bytes_after < report.bytes_after / 2);
    vault.close().unwrap();
    assert_eq!(place.file().metadata().unwrap().len(), last.bytes_after);
    let other: String =
        connect(place.file()).query_row("SELECT y FROM other", [], |row| row.get(0)).unwrap();
    assert_eq!(other, "x");
    check_file(place.file(), 50);
}

#[test]
fn reads_go_on_meanwhile_and_writes_wait() {
    let place = Place::new();
    let vault = place.open();
    fill(&vault, 3_000);
    let (running, reads) = (AtomicBool::new(true), AtomicU64::new(0));
    thread::scope(|scope| {
        let (vault, running, reads) = (&vault, &running, &reads);
        for own in [true, false] {
            scope.spawn(move || {
                let reader = vault.reader().unwrap();
                for i in (0..3_000_u32).cycle() {
                    let key = i.to_le_bytes();
                    let value = if own { reader.get_bytes(key) } else { vault.get_bytes(key) };
                    assert!(value.unwrap().unwrap() == VALUE);
                    reads.fetch_add(1, Ordering::Relaxed);
                    if !running.load(Ordering::Relaxed) {
                        return;
                    }
                }
            });
        }
        let writer = scope.spawn(move || {
            for i in 3_000_u32.. {
                vault.put_bytes(i.to_le_bytes(), VALUE).unwrap();
                if !running.load(Ordering::Relaxed) {
                    return i + 1;
                }
            }
            unreachable!()
        });
        wait_until("they read", || reads.load(Ordering::Relaxed) > 100);
        for _ in 0..2 {
            let before = reads.load(Ordering::Relaxed);
            let report = vault.optimize(OptimizeOptions::default()).unwrap();
            let meanwhile = reads.load(Ordering::Relaxed) - before;
            println!("{meanwhile} reads in {:?}", report.elapsed);
            assert!(meanwhile > 20, "{meanwhile} reads in {:?}", report.elapsed);
        }
        running.store(false, Ordering::Relaxed);
        let keys = writer.join().unwrap();
        check(vault, 0..keys);
    });
}

#[test]
fn it_waits_for_a_lock_as_any_write_does() {
    let place = Place::new();
    let vault =
        place.open_with(|options| options.busy_timeout(std::time::Duration::from_millis(20)));
    fill(&vault, 20);
    let mut holder = Child::start("hold the write lock", &[place.file()]);
    holder.expect("locked");
    let optimize = |vault: &KVault| vault.optimize(OptimizeOptions::default());
    assert_err!(optimize(&vault), Error::DatabaseBusy { attempts: 4 });
    check(&vault, 0..20);
    holder.tell("enough");
    holder.finish();
    optimize(&vault).unwrap();
    let reading = place.open_with(|options| {
        options.busy_timeout(std::time::Duration::from_millis(20)).read_only(true)
    });
    assert_err!(optimize(&reading), Error::ReadOnly { action } if action == "optimize");
    check(&reading, 0..20);
}

/// Bytes that are left in a folder's file system.
fn free_bytes(dir: &Path) -> u64 {
    let mut df = std::process::Command::new("df");
    let said = df.args(["-B1", "--output=avail"]).arg(dir).output().unwrap().stdout;
    let said = String::from_utf8(said).unwrap();
    said.lines().nth(1).unwrap().trim().parse().unwrap()
}

/// A child process, in a small file system of its own.
pub(crate) fn without_room(args: &[String]) {
    let dir = Path::new(&args[0]);
    for wal in [true, false] {
        let path = dir.join(if wal { "log.db" } else { "journal.db" });
        let vault = KVault::options().enable_wal(wal).open(&path).unwrap();
        fill(&vault, 300);
        for i in 0..50_u32 {
            vault.delete(i.to_le_bytes()).unwrap();
        }
        vault.with_durability(Durability::Power).flush().unwrap();
        if wal {
            vault.checkpoint(kvault::CheckpointMode::Truncate).unwrap();
        }
        let ballast = dir.join("ballast");
        let mut file = fs::File::create(&ballast).unwrap();
        // Room for less than what is to be copied.
        let room = 5 << 20;
        while free_bytes(dir) > room {
            std::io::Write::write_all(&mut file, &vec![1; 256 << 10]).unwrap();
        }
        drop(file);

        let before = vault.stats().file_bytes;
        match vault.optimize(OptimizeOptions::default()) {
            Err(error @ Error::Full { .. }) => {
                let text = error.to_string();
                assert!(text.contains(dir.to_str().unwrap()), "{text}");
                assert!(std::error::Error::source(&error).unwrap().to_string().contains("free"));
            }
            other => panic!("{other:?}"),
        }
        // Nothing was tried, so nothing is wrong.
        assert!(vault.health().is_good(), "{:?}", vault.health());
        assert_eq!(vault.stats().file_bytes, before);
        check(&vault, 50..300);
        vault.put_bytes(49_u32.to_le_bytes(), VALUE).unwrap();
        // The cheap part needs no room.
        vault.optimize(OptimizeOptions::default().vacuum(false)).unwrap();

        fs::remove_file(&ballast).unwrap();
        let report = vault.optimize(OptimizeOptions::default()).unwrap();
        assert!(report.bytes_after < before);
        check(&vault, 49..300);
        vault.close().unwrap();
        assert_eq!(path.metadata().unwrap().len(), report.bytes_after);
        fs::remove_file(&path).unwrap();
        child::say(if wal { "log" } else { "journal" });
    }
}

#[test]
fn without_room_nothing_is_done() {
    let place = Place::new();
    let Some(mut command) = crate::unwritable::with_mount(place.dir(), "64m") else {
        return;
    };
    // SQLite's temporary files are elsewhere.
    command.env("SQLITE_TMPDIR", std::env::temp_dir());
    let mut process = Child::start_by(command, "optimize without room", &[place.dir()]);
    process.expect("log");
    process.expect("journal");
    process.finish();
}
