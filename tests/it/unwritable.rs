//! Folders and files that cannot be written. Root writes everywhere but on what is mounted
//! read-only, so the children here have mounts of their own, or another user.
#![allow(unsafe_code, reason = "to become another user")]

use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Command};

use kvault::{Error, KVault};

use crate::{
    child::{self, Child},
    support::{Place, assert_err},
};

/// A command that runs this binary where `dir` is an empty file system of `size`, which nobody
/// else sees. `None`, with a note, where mounting is not allowed; never on CI.
pub(crate) fn with_mount(dir: &Path, size: &str) -> Option<Command> {
    let script = |then: &str| {
        let dir = dir.to_str().unwrap();
        format!("mount -t tmpfs -o size={size} tmpfs '{dir}' && {then}")
    };
    // As root, or else as a user who is root in a world of his own.
    for how in ["-m", "-rm"] {
        let shell = |then| {
            let mut command = Command::new("unshare");
            command.args([how, "--", "sh", "-c", &script(then)]);
            command
        };
        let allowed = shell("true").output().is_ok_and(|output| output.status.success());
        if allowed {
            let mut command = shell("exec \"$0\" \"$@\"");
            command.arg(std::env::current_exe().unwrap());
            return Some(command);
        }
    }
    assert!(std::env::var_os("CI").is_none(), "CI has to be able to mount a tmpfs");
    // Past the harness, which shows nothing of a test that passes.
    let note = "note: cannot mount here, tests of unwritable and full disks are skipped\n";
    drop(std::io::Write::write_all(&mut std::io::stderr(), note.as_bytes()));
    None
}

fn remount(dir: &Path, how: &str) {
    let status = Command::new("mount").args(["-o", &format!("remount,{how}")]).arg(dir).status();
    assert!(status.unwrap().success());
}

/// A child process, in a file system of its own.
pub(crate) fn inside(args: &[String]) {
    let dir = Path::new(&args[0]);
    let (old, new) = (dir.join("old.db"), dir.join("new.db"));
    let vault = KVault::open(&old).unwrap();
    vault.put_bytes("key", "value").unwrap();
    vault.close().unwrap();
    let plain = dir.join("plain.db");
    let vault = KVault::options().enable_wal(false).open(&plain).unwrap();
    vault.put_bytes("key", "value").unwrap();
    vault.close().unwrap();
    remount(dir, "ro");

    for (path, what) in [(&old, "existing"), (&plain, "rollback journal")] {
        let error = KVault::open(path).unwrap_err();
        assert!(matches!(error, Error::ReadOnly { .. }), "{what}: {error:?}");
        assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
    }
    for path in [new, dir.join("folder/new.db")] {
        let error = KVault::open(&path).unwrap_err();
        assert!(matches!(error, Error::Io { .. }), "{error:?}");
        assert!(error.to_string().contains(dir.to_str().unwrap()), "{error}");
    }
    let read_only = KVault::options().read_only(true);
    let vault = read_only.clone().open(&plain).unwrap();
    assert_eq!(vault.get_bytes("key").unwrap().unwrap(), b"value");
    // Reading a file in WAL mode needs a place for the log's index: an error, and one that says
    // which file, but no wrong answer.
    let error = read_only.open(&old).unwrap_err();
    assert!(matches!(error, Error::Io { .. } | Error::ReadOnly { .. }), "{error:?}");
    assert!(error.to_string().contains(old.to_str().unwrap()), "{error}");
    child::say("refused");

    remount(dir, "rw");
    let vault = KVault::open(&old).unwrap();
    assert_eq!(vault.get_bytes("key").unwrap().unwrap(), b"value");
    child::say("writable again");
}

#[test]
fn a_folder_that_cannot_be_written() {
    let place = Place::new();
    let Some(command) = with_mount(place.dir(), "4m") else {
        return;
    };
    let mut child = Child::start_by(command, "unwritable places", &[place.dir()]);
    child.expect("refused");
    child.expect("writable again");
    child.finish();
    assert_eq!(fs::read_dir(place.dir()).unwrap().count(), 0, "a mount of its own");
}

/// A child process: somebody who owns nothing here.
pub(crate) fn as_nobody(args: &[String]) {
    // SAFETY: takes a number and touches no memory.
    let dropped = unsafe { libc::setuid(NOBODY) } == 0;
    let dir = Path::new(&args[0]);
    let mine = fs::write(dir.join("probe"), "").is_ok();
    assert!(!mine, "still allowed to write: {dropped}");

    let old = dir.join("vault.db");
    let error = KVault::open(&old).unwrap_err();
    assert!(matches!(error, Error::ReadOnly { .. }), "{error:?}");
    assert!(error.to_string().contains(old.to_str().unwrap()), "{error}");
    for path in ["new.db", "folder/new.db"] {
        assert_err!(KVault::open(dir.join(path)), Error::Io { .. });
    }
    // While somebody who may write has it open, it can be read.
    let vault = KVault::options().read_only(true).open(&old).unwrap();
    assert_eq!(vault.get_bytes("key").unwrap().unwrap(), b"value");
    assert_err!(vault.put_bytes("key", "other"), Error::ReadOnly { .. });
    child::say("refused");
}

const NOBODY: u32 = 65_534;

#[test]
fn a_file_that_may_only_be_read() {
    let place = Place::new();
    let vault = place.open();
    vault.put_bytes("key", "value").unwrap();
    let mode = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    for path in [place.file(), &place.beside("-wal"), &place.beside("-shm")] {
        mode(path, 0o444);
    }
    mode(place.dir(), 0o555);
    let mut child = Child::start("as nobody", &[place.dir()]);
    child.expect("refused");
    child.finish();
    mode(place.dir(), 0o755);
}
