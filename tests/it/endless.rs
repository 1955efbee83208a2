//! A vault in the middle of a write that never ends, in a process of its own, and what that
//! process may do meanwhile without losing SQLite's locks.

use std::{
    fs,
    path::{Path, PathBuf},
    thread,
};

use kvault::{Error, KVault, is_open_vault_file};
use rusqlite::Connection;

use crate::{
    child::{self, Child},
    forks::{fork, refused},
    lifecycle::check_file,
    support::{Place, connect, wait_until},
};

/// A child process: is told to begin its write, and then what to do beside it. It is to be killed.
pub(crate) fn write_for_ever(args: &[String]) {
    let path = Path::new(&args[0]);
    let vault = KVault::options().enable_wal(args[1] == "log").open(path).unwrap();
    connect(path)
        .execute_batch(
            "CREATE VIEW all_numbers AS
             WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n) SELECT i FROM n;
             CREATE TRIGGER no_end AFTER INSERT ON kv WHEN new.key = CAST('for ever' AS BLOB)
             BEGIN SELECT count(*) FROM all_numbers; END",
        )
        .unwrap();
    vault.put_bytes("before", "value").unwrap();
    let reader = vault.reader().unwrap();
    assert_eq!(reader.len().unwrap(), 1);
    child::say("ready");
    while let Some(order) = child::order() {
        match &*order {
            "begin" => {
                let vault = vault.clone();
                thread::spawn(move || vault.put_bytes("for ever", "value"));
            }
            "fork" => fork(|| refused(&vault, &reader)),
            "walk" => walk(path.parent().unwrap()),
            "read" => assert!(vault.contains_key("before").unwrap()),
            "make a reader" => match vault.reader() {
                Err(Error::Io { .. }) => {}
                other => panic!("{other:?}"),
            },
            other => panic!("{other}?"),
        }
        child::say(&order);
    }
}

/// As a program that takes in a tree: reads every file that is not to be left alone.
fn walk(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let path: PathBuf = entry.unwrap().path();
        if path.is_dir() {
            walk(&path);
        } else if is_open_vault_file(&path).unwrap() {
            let name = path.file_name().unwrap().to_str().unwrap();
            child::say(&format!("{name} is left alone"));
        } else {
            assert_eq!(fs::read(&path).unwrap(), b"a file like any other");
        }
    }
}

/// The process, and a third one's view of the lock that it holds.
struct Endless {
    place: Place,
    process: Child,
    third: Connection,
}

impl Endless {
    fn begin(journal: &str) -> Self {
        let place = Place::new();
        let args = [place.file().to_str().unwrap(), journal];
        let mut process = Child::start("write for ever", &args);
        process.expect("ready");
        let third = connect(place.file());
        third.pragma_update(None, "busy_timeout", 0).unwrap();
        process.tell("begin");
        process.expect("begin");
        let this = Self { place, process, third };
        wait_until("it is in its transaction", || this.is_locked());
        this
    }

    fn is_locked(&self) -> bool {
        let locked = self.third.execute_batch("BEGIN IMMEDIATE").is_err();
        if !locked {
            // Not a commit: one that fails would leave the lock with who only looked for it.
            self.third.execute_batch("ROLLBACK").unwrap();
        }
        locked
    }

    #[track_caller]
    fn still_locked(&mut self, order: &str) {
        self.process.tell(order);
        self.process.expect(order);
        assert!(self.is_locked(), "{order}, and the lock was gone");
    }

    fn end(mut self) -> Place {
        self.process.kill();
        drop(self.third);
        self.place
    }
}

#[test]
fn forked_children_leave_the_locks_alone() {
    for journal in ["log", "journal"] {
        let mut endless = Endless::begin(journal);
        for _ in 0..10 {
            endless.still_locked("fork");
        }
        check_file(endless.end().file(), 1);
    }
}

#[test]
fn walking_a_tree_that_holds_the_vault_leaves_the_locks_alone() {
    for (journal, companions) in [("log", &["-wal", "-shm"][..]), ("journal", &["-journal"])] {
        let mut endless = Endless::begin(journal);
        let dir = endless.place.dir().to_owned();
        let links = dir.join("links");
        fs::create_dir(&links).unwrap();
        fs::write(dir.join("other"), "a file like any other").unwrap();
        fs::hard_link(dir.join("other"), links.join("other")).unwrap();
        let mut expected = Vec::new();
        for ending in [""].iter().chain(companions) {
            let file = endless.place.beside(ending);
            wait_until("the file is there", || file.exists());
            fs::hard_link(&file, links.join(format!("hard{ending}"))).unwrap();
            std::os::unix::fs::symlink(&file, links.join(format!("soft{ending}"))).unwrap();
            let names = ["vault.db", "hard", "soft"];
            expected.extend(names.map(|name| format!("{name}{ending} is left alone")));
        }
        endless.process.tell("walk");
        let mut heard: Vec<String> =
            expected.iter().map(|_| endless.process.hear().unwrap()).collect();
        endless.process.expect("walk");
        heard.sort();
        expected.sort();
        assert_eq!(heard, expected);
        endless.still_locked("read");
        check_file(endless.end().file(), 1);
    }
}

/// To open what is at the path now, if only to see that it is another file, would take away the
/// locks on the index of the log, which has the same name.
#[test]
fn finding_another_file_in_its_place_leaves_the_locks_alone() {
    let mut endless = Endless::begin("log");
    let file = endless.place.file().to_owned();
    let (kept, other) = (file.with_file_name("kept.db"), file.with_file_name("other.db"));
    fs::hard_link(&file, kept).unwrap();
    let vault = KVault::open(&other).unwrap();
    vault.put_bytes("other", "value").unwrap();
    vault.close().unwrap();
    fs::rename(&other, &file).unwrap();
    for _ in 0..5 {
        endless.still_locked("make a reader");
        endless.still_locked("read");
    }
}
