//! Opening and closing at the same time.

use std::{
    sync::{
        Barrier,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use kvault::KVault;

use crate::support::{Place, ends};

#[test]
fn an_open_beside_a_close_gives_a_vault_that_works() {
    const THREADS: usize = 4;
    const ROUNDS: usize = 60;
    let place = Place::new();
    let file = place.file().to_owned();
    ends("opening and closing", move || {
        thread::scope(|scope| {
            for thread in 0..THREADS {
                let file = &file;
                scope.spawn(move || {
                    for round in 0..ROUNDS {
                        let vault = KVault::open(file).unwrap();
                        let key = format!("{thread}:{round}");
                        vault.put_bytes(&key, &key).unwrap();
                        assert_eq!(vault.get_bytes(&key).unwrap().unwrap(), key.as_bytes());
                        assert!(vault.health().is_good());
                        // Half of them say goodbye, the others just leave.
                        if round % 2 == 0 {
                            vault.close().unwrap();
                        }
                    }
                });
            }
        });
    });
    assert!(!place.beside("-wal").exists() && !place.beside("-shm").exists());
    assert_eq!(place.open().len().unwrap(), (THREADS * ROUNDS) as u64);
}

#[test]
fn sixteen_threads_open_a_new_file_at_once() {
    for round in 0..10 {
        let place = Place::new();
        // Also where the folders are still missing.
        let file = match round % 2 {
            0 => place.file().to_owned(),
            _ => place.dir().join("a/b/vault.db"),
        };
        let start = Barrier::new(16);
        let vaults: Vec<KVault> = thread::scope(|scope| {
            let (start, file) = (&start, &file);
            let open = move |i: u8| {
                start.wait();
                let vault = KVault::open(file).unwrap();
                vault.put_bytes([i], [i]).unwrap();
                vault
            };
            let threads: Vec<_> = (0..16).map(|i| scope.spawn(move || open(i))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        // One engine: each knows of the others' writes.
        for vault in &vaults {
            assert!(vault.stats().writes >= 16, "{:?}", vault.stats());
            assert_eq!(vault.len().unwrap(), 16);
        }
    }
}

/// Connections that are being made while the vault closes are not left behind: one that is closed
/// last, and may not write, would leave the log.
#[test]
fn readers_made_beside_a_close_leave_nothing() {
    for round in 0..40 {
        let place = Place::new();
        let vault = place.open_with(|options| options.reader_idle_limit(1));
        vault.put_bytes("key", "value").unwrap();
        let made = AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    while let Ok(reader) = vault.reader() {
                        drop(reader.get_bytes("key"));
                        made.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
            while made.load(Ordering::Relaxed) < 3 + round % 5 {
                thread::yield_now();
            }
            vault.close().unwrap();
            assert!(!place.beside("-wal").exists(), "round {round}");
        });
    }
}
