//! How long the log becomes by long values.

use std::{
    fs,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
};

use kvault::{CacheOptions, CheckpointPolicy, KVault};

use super::{LARGE, bytes, options};
use crate::support::{Place, ends};

const PAGE: u32 = 4_096;
/// Less than one of the values.
const LIMIT: u64 = 256 << 10;
/// What is written with them: other pages, and what the log says about each.
const SLACK: u64 = 100 << 10;

fn open(place: &Place) -> KVault {
    let auto = CheckpointPolicy::Auto { pages: 10, wal_limit: LIMIT };
    place.open_with(|options| options.page_size(PAGE).chunk_size(16 << 10).checkpoint(auto))
}

/// The longest that the log's file is while something is done.
fn longest(place: &Place, work: impl FnOnce()) -> u64 {
    let (log, done, longest) = (place.beside("-wal"), AtomicBool::new(false), AtomicU64::new(0));
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                let len = log.metadata().map_or(0, |meta| meta.len());
                longest.fetch_max(len, Ordering::Relaxed);
                thread::yield_now();
            }
        });
        work();
        done.store(true, Ordering::Relaxed);
    });
    longest.into_inner()
}

fn one_after_the_other(cached: bool) {
    let place = Place::new();
    let vault = open(&place);
    if cached {
        vault.enable_cache(CacheOptions::default()).unwrap();
    }
    let (value, path) = (bytes(LARGE), place.dir().join("value"));
    fs::write(&path, &value).unwrap();
    let longest = longest(&place, || {
        thread::scope(|scope| {
            for thread in 0..3 {
                let (vault, value, path) = (&vault, &value, &path);
                scope.spawn(move || {
                    for i in 0..5 {
                        let key = format!("{thread}:{i}");
                        if i % 2 == 0 {
                            vault.put_path(&key, path).unwrap();
                        } else {
                            vault.put_reader(&key, &value[..], options()).unwrap();
                        }
                        vault.put_bytes(format!("small:{key}"), "value").unwrap();
                    }
                });
            }
        });
    });
    assert!(longest <= LIMIT + LARGE as u64 + SLACK, "the log had {longest} bytes");
    assert!(vault.health().is_good(), "{:?}", vault.health());
    assert_eq!(vault.len().unwrap(), 30);
    assert!(vault.get_bytes("2:3").unwrap().unwrap() == value);
}

#[test]
fn many_in_a_row_do_not_make_it_longer_than_one() {
    one_after_the_other(false);
}

#[test]
fn many_in_a_row_do_not_make_it_longer_than_one_through_a_cache() {
    one_after_the_other(true);
}

/// Who never stops reading keeps the log, and long values go on.
#[cfg(target_os = "linux")]
#[test]
fn a_reader_elsewhere_does_not_stop_them() {
    use kvault::Health;

    use crate::{child::Child, support::wait_until};

    let place = Place::new();
    let vault = open(&place);
    let mut holder = Child::start("hold a view", &[place.file()]);
    holder.expect("0");
    let value = bytes(LARGE);
    let put = |n: u8| vault.put_reader([n], &value[..], options()).unwrap();
    put(0);
    let degraded = || matches!(vault.health(), Health::Degraded { .. });
    put(1);
    // The answer comes first.
    wait_until("it is noticed", degraded);
    for n in 2..6 {
        put(n);
        assert!(degraded(), "after {n}: {:?}", vault.health());
    }
    // No long value makes it forgotten.
    vault.put_bytes("small", "value").unwrap();
    assert!(degraded(), "{:?}", vault.health());
    assert!(format!("{:?}", vault.health()).contains("somebody reads"));
    assert!(vault.stats().wal_bytes > 5 * LARGE as u64, "is the view still in the way?");
    holder.tell("enough");
    holder.finish();
    wait_until("the log is short again", || {
        put(6);
        vault.stats().wal_bytes <= LIMIT + LARGE as u64 + SLACK && vault.health().is_good()
    });
    assert_eq!(vault.len().unwrap(), 8);
}

/// A snapshot of ours keeps the log, and the vault is closed while they wait for it.
#[test]
fn a_close_ends_the_wait() {
    let place = Place::new();
    let vault = open(&place);
    vault.put_bytes("key", "value").unwrap();
    let snapshot = vault.snapshot().unwrap();
    let stored = ends("storing long values beside a close", move || {
        let value = bytes(LARGE);
        thread::scope(|scope| {
            let puts: Vec<_> = (0..4_u8)
                .map(|n| {
                    let (vault, value) = (&vault, &value);
                    scope.spawn(move || vault.put_reader([n], &value[..], options()).is_ok())
                })
                .collect();
            vault.close().unwrap();
            puts.into_iter().map(|put| put.join().unwrap()).filter(|ok| *ok).count()
        })
    });
    drop(snapshot);
    assert_eq!(place.open().len().unwrap(), 1 + stored as u64);
}
