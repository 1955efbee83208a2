//! Many processes, one file.

use kvault::KVault;

use crate::{
    child::{self, Child},
    support::Place,
};

const PROCESSES: usize = 16;
const PUTS: usize = 25;

/// A child process: opens when it is told, writes, reads back.
pub(crate) fn open_and_write(args: &[String]) {
    child::say("ready");
    child::order().unwrap();
    let vault = KVault::open(&args[0]).unwrap();
    for i in 0..PUTS {
        let key = format!("{}:{i}", args[1]);
        vault.put_bytes(&key, &key).unwrap();
        assert_eq!(vault.get_bytes(&key).unwrap().unwrap(), key.as_bytes());
    }
    vault.table(&format!("table {}", args[1])).unwrap();
    child::say("written");
    child::order();
    vault.close().unwrap();
}

#[test]
fn sixteen_processes_open_a_new_file_at_once() {
    let place = Place::new();
    let file = place.file().to_str().unwrap();
    let start = |i: usize| Child::start("open and write", &[file, &i.to_string()]);
    let mut children: Vec<Child> = (0..PROCESSES).map(start).collect();
    for child in &mut children {
        child.expect("ready");
    }
    for child in &mut children {
        child.tell("go");
    }
    for child in &mut children {
        child.expect("written");
    }

    // Everybody is still there, and so are we.
    let vault = place.open();
    assert_eq!(vault.len().unwrap(), (PROCESSES * PUTS) as u64);
    assert_eq!(vault.tables().unwrap().len(), 1 + PROCESSES);
    children.into_iter().for_each(Child::finish);
    for i in 0..PROCESSES {
        for j in 0..PUTS {
            let key = format!("{i}:{j}");
            assert_eq!(vault.get_bytes(&key).unwrap().unwrap(), key.as_bytes());
        }
    }
    vault.close().unwrap();
    assert!(!place.beside("-wal").exists(), "the last one out cleans up");
    let answer: String = place
        .raw()
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(answer, "ok");
}
