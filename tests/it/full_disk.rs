//! The disk is full, and then it is not.

use std::{
    fs,
    path::{Path, PathBuf},
    thread,
};

use kvault::{Durability, Error, Health, KVault};

use crate::{
    child::{self, Child},
    support::{FOREVER, Place, assert_err, connect, wait_until},
};

static VALUE: [u8; 20_000] = [7; 20_000];

/// Takes what is left of the file system, all but a few pages for the log's index.
pub(crate) fn fill(dir: &Path) -> PathBuf {
    let ballast = dir.join("ballast");
    let mut file = fs::File::create(&ballast).unwrap();
    while std::io::Write::write_all(&mut file, &[1; 4_096]).is_ok() {}
    ballast
}

fn put_until_full(vault: &KVault, from: u32) -> (u32, Error) {
    for i in from.. {
        if let Err(error) = vault.put_bytes(i.to_le_bytes(), VALUE) {
            return (i, error);
        }
    }
    unreachable!()
}

fn check(vault: &KVault, acknowledged: u32) {
    for i in 0..acknowledged {
        assert!(vault.get_bytes(i.to_le_bytes()).unwrap().unwrap() == VALUE, "key {i}");
    }
}

/// A child process, in a small file system of its own.
pub(crate) fn inside(args: &[String]) {
    let dir = Path::new(&args[0]);
    for (name, wal, durability) in [
        ("process", true, Durability::Process),
        ("power", true, Durability::Power),
        ("journal", false, Durability::Process),
    ] {
        recovers(dir, &dir.join(name), wal, durability);
        child::say(name);
    }
    small_ones_fit(dir);
    child::say("small ones fit");
}

fn recovers(dir: &Path, path: &Path, wal: bool, durability: Durability) {
    let open = || KVault::options().enable_wal(wal).durability(durability).open(path).unwrap();
    let vault = open();
    vault.put_bytes(0_u32.to_le_bytes(), VALUE).unwrap();
    let ballast = fill(dir);
    let (acknowledged, error) = put_until_full(&vault, 1);
    assert!(matches!(error, Error::Full { .. }), "{error:?}");
    assert!(error.is_retryable() && !error.is_closed());
    let Health::Degraded { cause, since: _ } = vault.health() else {
        panic!("{:?}", vault.health());
    };
    assert!(matches!(cause, Error::Full { .. }), "{cause:?}");
    // Still, and again: it does not get worse.
    assert_err!(vault.put_bytes("more", VALUE), Error::Full { .. });
    assert_err!(vault.put_many_bytes([("more", &VALUE)]), Error::Full { .. });
    assert!(matches!(vault.health(), Health::Degraded { .. }));
    check(&vault, acknowledged);
    assert_eq!(vault.len().unwrap(), u64::from(acknowledged));

    // Space is back: so is the vault, by itself.
    fs::remove_file(&ballast).unwrap();
    vault.put_bytes(acknowledged.to_le_bytes(), VALUE).unwrap();
    assert!(vault.health().is_good());
    check(&vault, acknowledged + 1);

    // Full once more, and closed like that.
    let ballast = fill(dir);
    let (acknowledged, _) = put_until_full(&vault, acknowledged + 1);
    vault.close().unwrap();
    fs::remove_file(&ballast).unwrap();
    let vault = open();
    check(&vault, acknowledged);
    assert_eq!(vault.len().unwrap(), u64::from(acknowledged));
    vault.put_bytes("after", VALUE).unwrap();
    vault.close().unwrap();
    fs::remove_file(path).unwrap();
}

/// A huge value that finds no room does not take the small ones beside it along.
fn small_ones_fit(dir: &Path) {
    let path = dir.join("group");
    let options = KVault::options().busy_timeout(FOREVER);
    let vault = options.open(&path).unwrap();
    let lock = connect(&path);
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    thread::scope(|scope| {
        let puts: Vec<_> = (0..8_u8)
            .map(|i| {
                let vault = &vault;
                let len = if i == 5 { 32 << 20 } else { 10 };
                scope.spawn(move || vault.put_bytes([i], vec![0; len]))
            })
            .collect();
        wait_until("all are queued", || vault.stats().queued_ops == 8);
        lock.execute_batch("COMMIT").unwrap();
        for (i, put) in puts.into_iter().enumerate() {
            match put.join().unwrap() {
                Ok(()) => assert_ne!(i, 5),
                Err(error) => assert!(i == 5 && matches!(error, Error::Full { .. }), "{error:?}"),
            }
        }
    });
    assert_eq!(vault.len().unwrap(), 7);
    vault.put_bytes("after", "all").unwrap();
    assert!(vault.health().is_good());
    vault.close().unwrap();
}

#[test]
fn a_full_disk_loses_nothing_and_passes() {
    let place = Place::new();
    let Some(command) = crate::unwritable::with_mount(place.dir(), "6m") else {
        return;
    };
    let mut child = Child::start_by(command, "full disk", &[place.dir()]);
    for step in ["process", "power", "journal", "small ones fit"] {
        child.expect(step);
    }
    child.finish();
}
