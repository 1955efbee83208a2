//! What else goes on while a long value is copied. Only from within can it be halted half way.

use std::{
    io,
    sync::{Mutex, mpsc},
    time::Instant,
};

use super::super::{KVault, tests::wait_until};
use crate::{
    CacheOptions, CheckpointPolicy, Error, Result,
    engine::Engine,
    handoff::{
        Woken,
        cache::{Spool, Spooled},
    },
    keeper::may_checkpoint_beside_writes,
    store::library_version,
    stream::Value,
    sync::{Arc, Deadline},
};

const LEN: u64 = 100_000;

/// A value that asks somebody whenever it is read.
struct Watched<F>(Mutex<F>);

impl<F: FnMut() -> io::Result<()> + Send> Spooled for Watched<F> {
    fn len(&self) -> u64 {
        LEN
    }

    fn read(&self, _: u64, into: &mut [u8]) -> io::Result<()> {
        into.fill(7);
        (self.0.lock().unwrap())()
    }
}

fn open(dir: &tempfile::TempDir) -> KVault {
    let checkpoint = CheckpointPolicy::Auto { pages: 10, wal_limit: 1 << 30 };
    let options = KVault::options().page_size(4_096).checkpoint(checkpoint);
    options.open(dir.path().join("vault.db")).unwrap()
}

/// Stores a value, and does something whenever it is read for that.
fn put(vault: &KVault, watch: impl FnMut() -> io::Result<()> + Send + 'static) -> Result<()> {
    let value = Value::Spool(Spool::new(Watched(Mutex::new(watch))));
    vault.handle.put_value(b"long", &value)?;
    vault.flush().map(drop)
}

/// Returns when the keeper has looked at everything once more.
fn have_the_keeper_look(engine: &Engine) {
    let is_heard = || {
        engine.bell.ring();
        std::thread::yield_now();
        // Who hears it first has it.
        engine.bell.wait(Deadline::at(Instant::now())) == Woken::TimedOut
    };
    // It may have been called before it looked at the log. It hears the second call after that.
    wait_until("the keeper hears", is_heard);
    wait_until("the keeper hears once more", is_heard);
}

#[test]
fn the_keeper_waits_for_the_end_of_a_copy() {
    if !may_checkpoint_beside_writes(library_version()) {
        // The writer makes the checkpoints, and copies.
        return;
    }
    for cached in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let vault = open(&dir);
        let engine = vault.handle.open.engine();
        // As many as call the keeper, and it must not have begun with them before the copy begins.
        let alone = engine.checkpointing.lock();
        for i in 0..20_u8 {
            vault.put_bytes([i], [7; 4_000]).unwrap();
        }
        if cached {
            vault.enable_cache(CacheOptions::default()).unwrap();
        }
        std::thread::scope(|scope| {
            // In here: the copy ends with a test that fails.
            let (begins, begun) = mpsc::channel();
            let (end, ends) = mpsc::channel::<()>();
            let storing = scope.spawn(|| {
                put(&vault, move || {
                    begins.send(()).unwrap();
                    ends.recv().map_err(|_| io::Error::other("nobody ends it"))
                })
            });
            begun.recv().unwrap();
            drop(alone);
            // One that was on its way when the copy began is not called back.
            have_the_keeper_look(engine);
            let before = engine.monitor.counted().checkpoints;
            have_the_keeper_look(engine);
            assert_eq!(engine.monitor.counted().checkpoints, before);
            assert!(engine.monitor.is_copying());
            end.send(()).unwrap();
            storing.join().unwrap().unwrap();
            assert!(!engine.monitor.is_copying());
            wait_until("the log is moved", || engine.monitor.counted().checkpoints > before);
        });
        vault.close().unwrap();
    }
}

/// Or the log would never be moved again.
#[test]
fn a_copy_that_fails_is_over() {
    for cached in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let vault = open(&dir);
        let monitor = Arc::clone(&vault.handle.open.engine().monitor);
        if cached {
            vault.enable_cache(CacheOptions::default()).unwrap();
        }
        let watched = Arc::clone(&monitor);
        let outcome = put(&vault, move || {
            assert!(watched.is_copying());
            Err(io::Error::other("it is gone"))
        });
        assert!(matches!(outcome, Err(Error::Io { .. })), "{outcome:?}");
        // The flush is tried again by itself, and fails again.
        wait_until("it is over", || !monitor.is_copying());
        vault.delete("long").unwrap();
        vault.flush().unwrap();
        vault.close().unwrap();
    }
}
