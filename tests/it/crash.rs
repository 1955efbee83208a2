//! The process dies. What it had acknowledged is there, and nothing is in the way.

use kvault::{Durability, KVault};

use crate::{
    child::{self, Child},
    support::{Place, connect},
};

/// A child process: puts from several threads, and says of each put that it was acknowledged.
pub(crate) fn put_until_killed(args: &[String]) {
    let vault = KVault::options().table(&args[1]).open(&args[0]).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let vault = match thread % 2 {
                0 => vault.clone(),
                _ => vault.with_durability(Durability::Power),
            };
            scope.spawn(move || {
                for i in 0.. {
                    let key = format!("{thread}:{i}");
                    vault.put_bytes(&key, &key).unwrap();
                    child::say(&key);
                }
            });
        }
    });
}

/// A child process: has written and not committed.
pub(crate) fn leave_a_transaction(args: &[String]) {
    let conn = connect(&args[0]);
    conn.execute_batch("BEGIN IMMEDIATE; INSERT INTO kv VALUES (x'78', x'78')").unwrap();
    // On the disk, as far as that goes without a commit.
    conn.cache_flush().unwrap();
    child::say("written");
    child::order();
}

#[test]
fn acknowledged_puts_survive_sigkill() {
    let place = Place::new();
    let file = place.file().to_str().unwrap();
    for round in ["first", "second", "third"] {
        let mut child = Child::start("put until killed", &[file, round]);
        let mut acknowledged: Vec<String> = (0..200).map(|_| child.hear().unwrap()).collect();
        child.kill();
        // Said before it died, and not heard yet.
        acknowledged.extend(std::iter::from_fn(|| child.hear()));
        // A line may have been cut short, and then it is another key.
        acknowledged.pop();

        let vault = place.open_with(|options| options.table(round));
        // It takes writes at once.
        vault.put_bytes("after", "the crash").unwrap();
        for key in &acknowledged {
            let value = vault.get_bytes(key).unwrap();
            assert_eq!(value.as_deref(), Some(key.as_bytes()), "{key} of the {round} round");
        }
        // At most the puts that were under way were stored without having been acknowledged, and
        // the one that was cut.
        let len = vault.len().unwrap();
        assert!(len <= acknowledged.len() as u64 + 1 + 4 + 1, "{len} keys");
        vault.close().unwrap();
        assert!(!place.beside("-wal").exists());
    }
}

#[test]
fn a_vault_left_by_a_crash_can_be_opened_for_reading() {
    let place = Place::new();
    let mut child = Child::start("put until killed", &[place.file().to_str().unwrap(), "kv"]);
    let key = child.hear().unwrap();
    child.kill();
    assert!(place.beside("-wal").exists());
    let vault = place.open_with(|options| options.read_only(true));
    assert_eq!(vault.get_bytes(&key).unwrap().unwrap(), key.as_bytes());
}

#[test]
fn what_another_process_had_not_committed_is_gone() {
    let place = Place::new();
    for wal in [true, false] {
        let vault = place.open_with(|options| options.enable_wal(wal));
        vault.put_bytes("key", "value").unwrap();
        let mut child = Child::start("leave a transaction", &[place.file()]);
        child.expect("written");
        child.kill();
        // Without a log it is the writer that takes back what was half done.
        vault.put_bytes("after", "the crash").unwrap();
        assert_eq!(vault.get_bytes("x").unwrap(), None);
        assert_eq!(vault.len().unwrap(), 2);
        vault.close().unwrap();
    }
}
