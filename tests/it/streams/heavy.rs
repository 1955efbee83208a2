//! Values of a size that takes seconds.

use std::{
    io::{Read, Seek, SeekFrom},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use kvault::{CacheOptions, Error, StreamOptions};

use super::{byte_at, pattern};
use crate::support::{Place, assert_err};

const HUGE: u64 = 900 << 20;

/// A few places of it, and how long it is.
fn check(mut blob: impl Read + Seek) {
    for at in [0, 1, 32_767, HUGE / 3, HUGE / 2, HUGE - 10] {
        let mut piece = [0; 10];
        blob.seek(SeekFrom::Start(at)).unwrap();
        blob.read_exact(&mut piece).unwrap();
        let expected: Vec<u8> = (at..at + 10).map(byte_at).collect();
        assert_eq!(piece[..], expected[..]);
    }
    assert_eq!(blob.read(&mut [0]).unwrap(), 0);
}

#[test]
#[ignore = "900 MiB, in every way: half a minute"]
fn nine_hundred_mebibytes_come_back() {
    for cached in [false, true] {
        let place = Place::new();
        let vault = place.open();
        if cached {
            vault.enable_cache(CacheOptions::default()).unwrap();
        }
        let options = StreamOptions::default;
        assert_eq!(vault.put_reader("k", pattern(0).take(HUGE), options()).unwrap(), HUGE);
        check(vault.open_blob("k").unwrap());
        let path = place.dir().join("copy");
        let file = std::fs::File::create(&path).unwrap();
        assert_eq!(vault.get_to_writer("k", file, options()).unwrap(), HUGE);
        check(std::fs::File::open(&path).unwrap());
        assert_eq!(vault.put_path("k", &path).unwrap(), HUGE);
        check(vault.open_blob("k").unwrap());
    }
}

#[test]
#[ignore = "a gigabyte"]
fn one_byte_over_the_default_limit_is_too_much() {
    let vault = Place::new();
    let vault = vault.open();
    let source = pattern(0).take(999_000_001);
    assert_err!(
        vault.put_reader("k", source, StreamOptions::default()),
        Error::ValueTooLarge { len: 999_000_001, max: 999_000_000 }
    );
    let source = pattern(0).take(999_000_000);
    assert_eq!(vault.put_reader("k", source, StreamOptions::default()).unwrap(), 999_000_000);
}

/// Puts to the cache do not wait for the copy.
#[test]
#[ignore = "900 MiB, and times"]
fn puts_to_the_cache_go_on_while_it_is_copied() {
    let place = Place::new();
    let vault = place.open();
    vault.enable_cache(CacheOptions::default()).unwrap();
    let done = AtomicBool::new(false);
    let mut waits = thread::scope(|scope| {
        let puts = scope.spawn(|| {
            let mut waits = Vec::new();
            while !done.load(Ordering::Relaxed) {
                let start = Instant::now();
                vault.put_bytes(start.elapsed().as_nanos().to_le_bytes(), [1; 100]).unwrap();
                waits.push(start.elapsed());
                thread::sleep(Duration::from_micros(200));
            }
            waits
        });
        vault.put_reader("k", pattern(0).take(HUGE), StreamOptions::default()).unwrap();
        done.store(true, Ordering::Relaxed);
        puts.join().unwrap()
    });
    waits.sort();
    let slowest = waits[waits.len() - waits.len() / 1_000 - 1];
    assert!(slowest < Duration::from_millis(5), "{slowest:?} of {} puts", waits.len());
}
