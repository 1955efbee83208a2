//! Far more callers than there is room for: the memory is bounded, and everybody gets an answer.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use kvault::{CacheOptions, CheckpointMode, Durability, Error, KVault};

use crate::support::{FOREVER, Place, ends};

const CALLERS: usize = 200;
const QUEUE: usize = 64 << 10;
const CAP: usize = 64 << 10;
const PATIENCE: Duration = Duration::from_millis(500);

/// Everybody puts all the time, while the file is locked, and then while it is not.
fn overload(vault: &KVault, place: &Place) {
    let (stored, refused) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let lock = place.raw_with_lock();
    thread::scope(|scope| {
        for caller in 0..CALLERS {
            let vault = match caller % 4 {
                0 => vault.with_durability(Durability::Process),
                1 => vault.with_durability(Durability::Power),
                _ => vault.clone(),
            };
            let (stored, refused) = (&stored, &refused);
            scope.spawn(move || {
                for i in 0..5_u8 {
                    let start = Instant::now();
                    let outcome = vault.put_bytes(format!("{caller}:{i}"), vec![i; 2_000]);
                    assert!(start.elapsed() < FOREVER, "no answer for {:?}", start.elapsed());
                    match outcome {
                        Ok(()) => stored.fetch_add(1, Ordering::Relaxed),
                        Err(Error::DatabaseBusy { .. } | Error::CacheFull { .. }) => {
                            refused.fetch_add(1, Ordering::Relaxed)
                        }
                        Err(other) => panic!("{other:?}"),
                    };
                    let stats = vault.stats();
                    assert!(stats.queued_bytes <= QUEUE, "{} are queued", stats.queued_bytes);
                    // One that is larger than what is left may be on its way through the cache.
                    assert!(stats.dirty_bytes <= CAP + 4_000, "{} are dirty", stats.dirty_bytes);
                }
            });
        }
        thread::sleep(PATIENCE * 2);
        lock.execute_batch("COMMIT").unwrap();
    });
    let (stored, refused) = (stored.into_inner(), refused.into_inner());
    assert_eq!(stored + refused, CALLERS * 5);
    assert!(stored > 0 && refused > 0, "{stored} stored, {refused} refused");
    vault.flush().unwrap();
    assert!(vault.len().unwrap() >= stored as u64, "what was acknowledged is not all there");
    assert!(vault.health().is_good());
}

fn crowded(place: &Place) -> KVault {
    place.open_with(|options| {
        let options = options.queue_ops(16).queue_bytes(QUEUE).busy_timeout(PATIENCE / 4);
        options.retries(2).write_timeout(PATIENCE)
    })
}

#[test]
fn two_hundred_callers_at_a_full_queue() {
    ends("putting through a full queue", || {
        let place = Place::new();
        overload(&crowded(&place), &place);
    });
}

#[test]
fn two_hundred_callers_at_a_full_cache() {
    ends("putting to a full cache", || {
        let place = Place::new();
        let vault = crowded(&place);
        vault.enable_cache(CacheOptions::default().cap_bytes(CAP)).unwrap();
        overload(&vault, &place);
    });
}

/// Scans between puts seal the cache again and again, and nothing can be flushed.
#[test]
fn many_scans_under_a_lock_leave_few_generations() {
    let place = Place::new();
    let vault = place.open();
    vault.enable_cache(CacheOptions::default()).unwrap();
    let lock = vault.lock_cache().unwrap();
    let scans: u32 = if std::env::var_os("KVAULT_LONG").is_some() { 10_000 } else { 1_000 };
    for i in 0..scans {
        vault.put_bytes(i.to_be_bytes(), "value").unwrap();
        assert!(vault.prefix(&i.to_be_bytes()[..3]).take(3).all(|row| row.is_ok()));
        let stats = vault.stats();
        // Those that are sealed, and the one that takes puts.
        assert!(stats.dirty_generations <= 9, "{} generations", stats.dirty_generations);
    }
    assert_eq!(vault.len().unwrap(), u64::from(scans));
    lock.unlock().unwrap();
    assert_eq!(vault.flush().unwrap(), u64::from(scans));
    vault.checkpoint(CheckpointMode::Passive).unwrap();
}
