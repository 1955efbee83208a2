//! A process with readers and writers is killed, again and again, on one file.

use std::{collections::BTreeSet, thread, time::Duration};

use kvault::{Durability, KVault};

use crate::{
    child::{self, Child},
    support::{Place, connect},
};

/// A child process: writes in several ways, says what was acknowledged, and reads all the time.
pub(crate) fn work_until_killed(args: &[String]) {
    let vault = KVault::options().page_size(4_096).open(&args[0]).unwrap();
    let round = &args[1];
    thread::scope(|scope| {
        for writer in ["put", "power", "batch"] {
            let vault = match writer {
                "power" => vault.with_durability(Durability::Power),
                _ => vault.clone(),
            };
            scope.spawn(move || {
                for i in 0.. {
                    let key = format!("{round}:{writer}:{i}");
                    if writer == "batch" {
                        let rows = (0..20).map(|j| (format!("{key}:{j}"), [7; 3_000]));
                        vault.put_many_bytes(rows).unwrap();
                    } else {
                        vault.put_bytes(&key, &key).unwrap();
                    }
                    child::say(&key);
                }
            });
        }
        for own in [true, false] {
            let vault = vault.clone();
            scope.spawn(move || {
                let reader = vault.reader().unwrap();
                loop {
                    let read = if own { reader.len() } else { vault.len() };
                    assert!(read.unwrap() < 10_000_000);
                }
            });
        }
    });
}

#[test]
fn a_killed_process_leaves_a_file_that_works() {
    let place = Place::new();
    let mut acknowledged = BTreeSet::new();
    for round in 0..20_usize {
        let args = [place.file().to_str().unwrap().to_owned(), round.to_string()];
        let mut process = Child::start("work until killed", &args);
        // Every other time somebody else has the file open too, and lives.
        let survivor = (round % 2 == 1).then(|| {
            let vault = place.open_with(|options| options.page_size(4_096));
            assert!(vault.len().is_ok());
            vault
        });
        let heard = (0..=(round * 37 % 150)).map(|_| process.hear().unwrap());
        let mut new: Vec<String> = heard.collect();
        process.kill();
        new.extend(std::iter::from_fn(|| process.hear()));
        // It may have been cut short.
        new.pop();
        acknowledged.extend(new);

        // At once: nothing of the dead is waited for.
        let vault = survivor.unwrap_or_else(|| {
            let options = KVault::options().page_size(4_096).busy_timeout(Duration::ZERO);
            options.retries(1).open(place.file()).unwrap()
        });
        vault.put_bytes(format!("after {round}"), "value").unwrap();
        assert_eq!(vault.get_bytes(format!("after {round}")).unwrap().unwrap(), b"value");
        for key in &acknowledged {
            if key.contains("batch") {
                let keys = (0..20).map(|j| format!("{key}:{j}"));
                let found = vault.get_many_stored(keys).unwrap();
                assert!(found.iter().all(Option::is_some), "{key} in round {round}");
            } else {
                let value = vault.get_bytes(key).unwrap();
                assert_eq!(value.as_deref(), Some(key.as_bytes()), "in round {round}");
            }
        }
        vault.close().unwrap();
        assert!(!place.beside("-wal").exists());
        let sound: String = connect(place.file())
            .query_row("PRAGMA integrity_check", [], |row| row.get(0))
            .unwrap();
        assert_eq!(sound, "ok", "in round {round}");
    }
}
