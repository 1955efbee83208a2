//! A queue that is full: callers wait for room, in order, and not for ever.

use std::{
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use kvault::{Error, KVault, Options};

use crate::support::{FOREVER, Place, assert_err, ends, wait_until};

/// 16 threads, 50 puts each: all are stored, however narrow the queue is.
fn all_get_through(narrow: impl FnOnce(Options) -> Options) {
    let place = Place::new();
    let vault = place.open_with(narrow);
    let copy = vault.clone();
    ends("putting through a narrow queue", move || {
        thread::scope(|scope| {
            for thread in 0..16 {
                let vault = &copy;
                scope.spawn(move || {
                    for i in 0..50 {
                        vault.put_bytes(format!("{thread}:{i}"), [7; 100]).unwrap();
                    }
                });
            }
        });
    });
    assert_eq!(vault.len().unwrap(), 16 * 50);
    let stats = vault.stats();
    assert_eq!(
        (stats.queued_ops, stats.queued_bytes, stats.waiting_writers),
        (0, 0, 0)
    );
}

#[test]
fn room_for_one_operation() {
    all_get_through(|options| options.queue_ops(1));
}

#[test]
fn room_for_one_byte() {
    all_get_through(|options| options.queue_bytes(1));
}

#[test]
fn room_for_a_few() {
    all_get_through(|options| options.queue_ops(3).queue_bytes(250));
}

/// The writer is kept busy by somebody's lock, and one put is all that has room.
fn blocked(place: &Place) -> KVault {
    place.open_with(|options| options.busy_timeout(FOREVER).queue_ops(1))
}

#[test]
fn who_finds_no_room_in_time_is_told_so() {
    let place = Place::new();
    let vault = blocked(&place);
    let lock = place.raw_with_lock();
    thread::scope(|scope| {
        let first = scope.spawn(|| vault.put_bytes("first", "1"));
        wait_until("the queue is full", || vault.stats().queued_ops == 1);
        for timeout in [Duration::ZERO, Duration::from_millis(100)] {
            let start = Instant::now();
            let hasty = vault.with_write_timeout(timeout);
            assert_err!(
                hasty.put_bytes("second", "2"),
                Error::DatabaseBusy { attempts: 1 }
            );
            assert!(start.elapsed() >= timeout);
            assert!(start.elapsed() < FOREVER / 2, "{:?}", start.elapsed());
        }
        assert_eq!(vault.stats().waiting_writers, 0);
        let patient = scope.spawn(|| vault.put_bytes("third", "3"));
        wait_until("the third waits", || vault.stats().waiting_writers == 1);
        lock.execute_batch("COMMIT").unwrap();
        first.join().unwrap().unwrap();
        patient.join().unwrap().unwrap();
    });
    assert_eq!(vault.get_bytes("second").unwrap(), None);
    assert_eq!(vault.len().unwrap(), 2);
}

#[test]
fn a_put_larger_than_the_queue_goes_alone() {
    let place = Place::new();
    let vault = place.open_with(|options| options.queue_bytes(1_000).busy_timeout(FOREVER));
    let large = vec![1; 100_000];
    vault.put_bytes("large", &large).unwrap();
    let rows = (0..100).map(|i| (format!("{i}"), &large));
    assert_eq!(vault.put_many_bytes(rows).unwrap(), 100);

    let lock = place.raw_with_lock();
    thread::scope(|scope| {
        let small = scope.spawn(|| vault.put_bytes("small", "1"));
        wait_until("the small one is queued", || vault.stats().queued_ops == 1);
        let other = scope.spawn(|| vault.put_bytes("large", "2"));
        wait_until("another one has room", || vault.stats().queued_ops == 2);
        let alone = scope.spawn(|| vault.put_bytes("alone", &large));
        wait_until("the large one waits", || vault.stats().waiting_writers == 1);
        assert_eq!(vault.stats().queued_ops, 2);
        lock.execute_batch("COMMIT").unwrap();
        for put in [small, other, alone] {
            put.join().unwrap().unwrap();
        }
    });
    assert_eq!(vault.get_bytes("alone").unwrap().unwrap(), large);
}

#[test]
fn small_puts_do_not_starve_a_large_one() {
    let place = Place::new();
    let vault = place.open_with(|options| options.queue_bytes(200));
    let done = AtomicBool::new(false);
    let small = AtomicUsize::new(0);
    thread::scope(|scope| {
        for thread in 0..8_u8 {
            let (vault, done, small) = (&vault, &done, &small);
            scope.spawn(move || {
                while !done.load(Ordering::Relaxed) {
                    vault.put_bytes([thread], [0; 50]).unwrap();
                    small.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        wait_until("small ones are under way", || {
            small.load(Ordering::Relaxed) > 100
        });
        let large = vault.clone();
        let patient = large.with_write_timeout(FOREVER / 2);
        let outcome = (0..20).try_for_each(|i| patient.put_bytes([b'x', i], vec![1; 10_000]));
        done.store(true, Ordering::Relaxed);
        outcome.unwrap();
    });
    assert_eq!(vault.len().unwrap(), 8 + 20);
}

#[test]
fn who_waits_for_room_hears_of_the_close() {
    let place = Place::new();
    let vault = blocked(&place);
    let lock = place.raw_with_lock();
    let stored = thread::scope(|scope| {
        let vault = &vault;
        let writers: Vec<_> = (0..8_u8)
            .map(|i| scope.spawn(move || vault.put_bytes([i], "value")))
            .collect();
        wait_until("seven wait", || vault.stats().waiting_writers == 7);
        let closer = scope.spawn(|| vault.close());
        wait_until("the close waits too", || vault.stats().waiting_writers == 8);
        lock.execute_batch("COMMIT").unwrap();
        let outcomes = writers.into_iter().map(|writer| writer.join().unwrap());
        let stored = outcomes
            .filter(|outcome| match outcome {
                Ok(()) => true,
                Err(Error::Closed) => false,
                Err(other) => panic!("{other:?}"),
            })
            .count();
        closer.join().unwrap().unwrap();
        stored
    });
    assert!(stored > 0);
    assert_eq!(place.open().len().unwrap(), stored as u64);
}
