//! Paths that name no vault, and paths that do in spite of their looks.

use std::{fs, path::Path};

use kvault::{CheckpointPolicy, Error, KVault, is_open_vault_file};

use crate::{
    child::{self, Child},
    support::{Place, assert_err, ends, invalid},
};

#[test]
fn a_path_that_names_no_file() {
    let place = Place::new();
    assert_eq!(invalid(KVault::open("")), ("path".into(), String::new()));
    let folder = place.dir().display().to_string();
    assert_eq!(invalid(KVault::open(place.dir())), ("path".into(), folder));
    let (name, _) = invalid(KVault::open(place.dir().join("a\0b")));
    assert_eq!(name, "path");
    assert_eq!(fs::read_dir(place.dir()).unwrap().count(), 0);
}

#[cfg(unix)]
#[test]
fn a_path_to_something_that_is_not_a_regular_file() {
    let place = Place::new();
    let pipe = place.dir().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for path in [pipe, "/dev/null".into()] {
        for read_only in [true, false] {
            let path = path.clone();
            let open = move || KVault::options().read_only(read_only).open(path);
            let (name, _) = invalid(ends("opening", open));
            assert_eq!(name, "path");
        }
    }
    assert!(!Path::new("/dev/null-wal").exists());
}

#[test]
fn a_file_that_is_not_a_database_is_left_as_it_is() {
    let place = Place::new();
    let long = "not a database, and longer than a page\n".repeat(2_000);
    // A single byte is, to SQLite, as good as nothing: some systems cannot make an empty file.
    for content in ["no", "SQLite format 3", "SQLite format 3\0 and so on, but not", &long] {
        fs::write(place.file(), content).unwrap();
        for read_only in [false, true] {
            let error = place.try_open(|options| options.read_only(read_only)).unwrap_err();
            assert!(error.is_corruption(), "{error:?}");
            assert!(error.to_string().contains("vault.db"), "{error}");
        }
        assert_eq!(fs::read_to_string(place.file()).unwrap(), content);
        assert_eq!(fs::read_dir(place.dir()).unwrap().count(), 1);
    }
    assert_err!(place.try_open(|options| options), Error::NotADatabase { path } if path == place.file());
}

#[test]
fn a_file_in_the_way_of_a_folder() {
    let place = Place::new();
    fs::write(place.dir().join("file"), "").unwrap();
    let path = place.dir().join("file/vault.db");
    let error = KVault::open(&path).unwrap_err();
    assert!(matches!(error, Error::Io { .. }), "{error:?}");
    assert!(error.to_string().contains("file"), "{error}");
}

#[test]
fn folders_are_made() {
    let place = Place::new();
    let path = place.dir().join("a/b/c/vault.db");
    let vault = KVault::open(&path).unwrap();
    vault.put_bytes("key", "value").unwrap();
    assert_eq!(vault.path(), path);
    vault.close().unwrap();
    assert!(path.is_file());
}

#[test]
fn what_may_not_be_made_is_not_made() {
    let place = Place::new();
    let path = place.dir().join("a/vault.db");
    for options in [KVault::options().create(false), KVault::options().read_only(true)] {
        let error = options.clone().open(&path).unwrap_err();
        assert!(matches!(error, Error::Io { .. }), "{error:?}");
        assert!(error.to_string().contains("vault.db"), "{error}");
        assert_err!(options.open(place.file()), Error::Io { .. });
    }
    assert_eq!(fs::read_dir(place.dir()).unwrap().count(), 0);

    place.open().put_bytes("key", "value").unwrap();
    let vault = place.open_with(|options| options.create(false));
    vault.put_bytes("key", "other").unwrap();
}

/// A child process: opens by a relative path, and goes elsewhere.
pub(crate) fn change_the_folder(args: &[String]) {
    std::env::set_current_dir(&args[0]).unwrap();
    let vault = KVault::open("here/../here/vault.db").unwrap();
    std::env::set_current_dir("/").unwrap();
    assert!(vault.path().is_absolute());
    // Each on a connection that is opened only now.
    vault.put_bytes("key", "value").unwrap();
    assert_eq!(vault.get_bytes("key").unwrap().unwrap(), b"value");
    assert!(vault.reader().unwrap().contains_key("key").unwrap());
    assert!(vault.stats().file_bytes > 0);
    vault.close().unwrap();
    child::say("closed");
}

#[test]
fn a_relative_path_stays_what_it_was() {
    let place = Place::new();
    fs::create_dir(place.dir().join("here")).unwrap();
    let mut child = Child::start("change the folder", &[place.dir()]);
    child.expect("closed");
    child.finish();
    let vault = KVault::open(place.dir().join("here/vault.db")).unwrap();
    assert_eq!(vault.len().unwrap(), 1);
}

#[test]
fn names_that_other_programs_would_interpret() {
    let place = Place::new();
    for name in ["file:x?mode=memory", ":memory:", "a b%20c#d", "naïve ☃ 🦀", "-"] {
        let path = place.dir().join(name);
        KVault::open(&path).unwrap().put_bytes("key", "value").unwrap();
        assert!(path.is_file(), "{name}");
        assert_eq!(KVault::open(&path).unwrap().len().unwrap(), 1, "{name}");
    }
}

#[cfg(unix)]
#[test]
fn a_path_that_is_not_text() {
    use std::os::unix::ffi::OsStrExt;
    let place = Place::new();
    let path = place.dir().join(std::ffi::OsStr::from_bytes(b"caf\xe9.db"));
    KVault::open(&path).unwrap().put_bytes("key", "value").unwrap();
    assert!(path.is_file());
}

/// To open and close one of these by other means would drop SQLite's locks.
#[cfg(unix)]
#[test]
fn the_files_of_an_open_vault_are_known_under_every_name() {
    let place = Place::new();
    let folder = tempfile::tempdir().unwrap();
    let (soft, hard) = (folder.path().join("soft.db"), folder.path().join("hard.db"));
    place.open().close().unwrap();
    std::os::unix::fs::symlink(place.file(), &soft).unwrap();
    fs::hard_link(place.file(), &hard).unwrap();
    assert!(!is_open_vault_file(place.file()).unwrap());

    let vault = KVault::options().checkpoint(CheckpointPolicy::External).open(&soft).unwrap();
    vault.put_bytes("key", "value").unwrap();
    for path in [&soft, &hard, place.file(), &place.beside("-wal"), &place.beside("-shm")] {
        assert!(is_open_vault_file(path).unwrap(), "{}", path.display());
    }
    assert!(vault.stats().wal_bytes > 0);
    drop(vault);
    assert!(!is_open_vault_file(place.file()).unwrap());
    assert!(is_open_vault_file(place.dir().join("missing")).is_err());
}
