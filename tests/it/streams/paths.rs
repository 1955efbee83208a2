//! Files as values.

use std::{
    fs::{self, File},
    io::Write,
    thread,
};

use kvault::{Durability, Error};

use super::{LARGE, bytes, in_every_mode};
use crate::support::{Place, assert_err, invalid};

#[test]
fn a_file_of_a_vault_is_refused() {
    let (place, other) = (Place::new(), Place::new());
    let (vault, elsewhere) = (place.open(), other.open());
    vault.put_bytes("old", "old").unwrap();
    elsewhere.put_bytes("k", "v").unwrap();
    let link = place.dir().join("link");
    std::os::unix::fs::symlink(other.file(), &link).unwrap();
    let files = [
        place.file().into(),
        place.beside("-wal"),
        place.beside("-shm"),
        other.beside("-wal"),
        link,
    ];
    for file in files {
        assert_eq!(invalid(vault.put_path("old", &file)).0, "path");
    }
    // Its locks are still there.
    vault.put_bytes("old", "new").unwrap();
    elsewhere.close().unwrap();
    assert!(vault.put_path("copy", other.file()).unwrap() > 0);
}

#[test]
fn what_is_no_file_is_refused_or_read() {
    in_every_mode(|vault, place| {
        assert_err!(vault.put_path("k", place.dir()), Error::Io { .. });
        assert_err!(vault.put_path("k", place.dir().join("none")), Error::Io { .. });
        assert_eq!(vault.put_path("null", "/dev/null").unwrap(), 0);
        assert_eq!(vault.get_bytes("null").unwrap().unwrap(), b"");
        // It says that it is empty.
        #[cfg(target_os = "linux")]
        assert!(vault.put_path("proc", "/proc/self/status").unwrap() > 100);
    });
}

#[cfg(target_os = "linux")]
#[test]
fn a_pipe_is_read_to_its_end() {
    in_every_mode(|vault, place| {
        let pipe = place.dir().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
        assert!(made.success());
        let value = bytes(LARGE);
        thread::scope(|scope| {
            scope.spawn(|| File::options().write(true).open(&pipe).unwrap().write_all(&value));
            assert_eq!(vault.put_path("k", &pipe).unwrap(), LARGE as u64);
        });
        assert!(vault.get_bytes("k").unwrap().unwrap() == value);
        fs::remove_file(pipe).unwrap();
    });
}

/// It is written to all the time: whatever comes of it, it is a version or an error.
#[test]
fn a_file_that_grows_is_an_error_or_a_whole() {
    in_every_mode(|vault, place| {
        let path = place.dir().join("growing");
        fs::write(&path, vec![1; LARGE]).unwrap();
        vault.put_bytes("old", "old").unwrap();
        let done = std::sync::atomic::AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                let mut file = File::options().append(true).open(&path).unwrap();
                while !done.load(std::sync::atomic::Ordering::Relaxed) {
                    file.write_all(&[1; 100]).unwrap();
                    if file.metadata().unwrap().len() > 8 * LARGE as u64 {
                        file.set_len(LARGE as u64 / 2).unwrap();
                    }
                }
            });
            for _ in 0..30 {
                match vault.put_path("old", &path) {
                    Ok(len) => assert_eq!(vault.open_blob("old").unwrap().len(), len),
                    Err(Error::Io { .. }) => {}
                    Err(error) => panic!("{error:?}"),
                }
                assert!(vault.health().is_good());
            }
            done.store(true, std::sync::atomic::Ordering::Relaxed);
        });
        let found = vault.get_bytes("old").unwrap().unwrap();
        assert!(found == b"old" || found.iter().all(|byte| *byte == 1));
        vault.put_bytes("old", "old").unwrap();
        fs::remove_file(path).unwrap();
    });
}

#[test]
fn each_is_as_durable_as_its_handle() {
    let place = Place::new();
    let vault = place.open_with(|options| options.chunk_size(16 << 10));
    let path = place.dir().join("value");
    fs::write(&path, bytes(LARGE)).unwrap();
    let synced = || vault.stats().synced_commits;
    let before = synced();
    vault.put_path("k", &path).unwrap();
    assert_eq!(synced(), before);
    vault.with_durability(Durability::Power).put_path("k", &path).unwrap();
    assert_eq!(synced(), before + 1);
}
