//! Values that are read piece by piece.

use std::{
    io::{Read, Seek, SeekFrom},
    thread,
    time::Duration,
};

use kvault::{CheckpointMode, Error, KVault, OptimizeOptions};

use super::{LARGE, bytes, in_chunks, in_every_mode};
use crate::support::{Place, assert_err, invalid, wait_until};

#[test]
fn it_can_be_read_from_anywhere() {
    in_every_mode(|vault, _| {
        let value = bytes(LARGE);
        vault.put_reader("k", &value[..], in_chunks()).unwrap();
        vault.put("text", "a text").unwrap();
        let mut blob = vault.open_blob("k").unwrap();
        let end = i64::try_from(LARGE).unwrap();
        let mut from = 1;
        for _ in 0..300 {
            from = (from * 48_271) % (LARGE + 10);
            let at = from as u64;
            let want = (from * 7) % 40_000;
            let mut piece = vec![0; want];
            let expected = &value[from.min(LARGE)..(from + want).min(LARGE)];
            let read = blob.read_at(&mut piece, at).unwrap();
            assert!(piece[..read] == *expected, "{want} bytes at {at}");
            let to = match at % 3 {
                0 => SeekFrom::Start(at),
                1 => SeekFrom::End(at.cast_signed() - end),
                _ => SeekFrom::Current(
                    at.cast_signed() - blob.stream_position().unwrap().cast_signed(),
                ),
            };
            assert_eq!(blob.seek(to).unwrap(), at);
            let read = blob.read(&mut piece).unwrap();
            assert!(piece[..read] == *expected);
            assert_eq!(blob.stream_position().unwrap(), at + read as u64);
        }
        assert_eq!(blob.seek(SeekFrom::Start(u64::MAX)).unwrap(), u64::MAX);
        assert_eq!(blob.read(&mut [0; 9]).unwrap(), 0);
        assert_eq!(blob.read_at(&mut [0; 9], u64::MAX).unwrap(), 0);
        assert!(blob.seek(SeekFrom::End(-end - 1)).is_err());
        blob.seek(SeekFrom::Start(9)).unwrap();
        assert!(blob.seek(SeekFrom::Current(-10)).is_err());
        assert_eq!(blob.seek(SeekFrom::End(-1)).unwrap(), LARGE as u64 - 1);
        assert_eq!(blob.read(&mut [0; 9]).unwrap(), 1);
        assert_eq!(blob.read_at(&mut [], 0).unwrap(), 0);
        let mut text = vault.open_blob("text").unwrap();
        text.seek(SeekFrom::Start(2)).unwrap();
        let mut rest = String::new();
        text.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "text");
    });
}

#[test]
fn it_shows_one_version_to_the_end() {
    in_every_mode(|vault, _| {
        let value = bytes(LARGE);
        vault.put_reader("k", &value[..], in_chunks()).unwrap();
        let flushed = vault.open_blob("k").unwrap();
        vault.put_bytes("k", &value).unwrap();
        let mut blobs = vec![flushed, vault.open_blob("k").unwrap()];
        for round in 0..100_usize {
            if round % 10 == 0 {
                vault.put_reader("k", &vec![1; LARGE + round][..], in_chunks()).unwrap();
            } else {
                vault.put_bytes("k", round.to_le_bytes()).unwrap();
            }
            let at = round * 6_999;
            for blob in &mut blobs {
                let mut piece = [0; 50];
                blob.read_at(&mut piece, at as u64).unwrap();
                assert_eq!(piece, value[at..at + 50]);
            }
        }
        vault.delete("k").unwrap();
        vault.clear().unwrap();
        vault.flush().unwrap();
        for blob in &mut blobs {
            let mut copy = Vec::new();
            blob.read_to_end(&mut copy).unwrap();
            assert!(copy == value);
        }
        assert_err!(vault.open_blob("k"), Error::NotFound { .. });
    });
}

#[test]
fn it_is_listed_and_keeps_the_file_from_being_written_anew() {
    let place = Place::new();
    let vault = place.open();
    vault.put_reader("k", &bytes(LARGE)[..], in_chunks()).unwrap();
    let blob = vault.open_blob("k").unwrap();
    assert_eq!(vault.stats().snapshots.len(), 1);
    assert_eq!(invalid(vault.optimize(OptimizeOptions::default())).0, "snapshots");
    drop(blob);
    assert_eq!(vault.stats().snapshots, []);
    vault.optimize(OptimizeOptions::default()).unwrap();
    vault.checkpoint(CheckpointMode::Truncate).unwrap();
}

#[test]
fn it_ends_at_a_certain_age() {
    let place = Place::new();
    let limit = Duration::from_millis(300);
    let vault = place.open_with(|options| options.snapshot_max_age(limit));
    vault.put_reader("k", &bytes(LARGE)[..], in_chunks()).unwrap();
    let mut blob = vault.open_blob("k").unwrap();
    assert_eq!(blob.read(&mut [0; 10]).unwrap(), 10);
    // By the keeper, without anybody asking it.
    wait_until("it has ended", || vault.stats().snapshots.is_empty());
    assert_err!(blob.read_at(&mut [0; 10], 0), Error::SnapshotExpired { age } if age >= limit);
    let error = blob.read(&mut [0; 10]).unwrap_err();
    let error: &Error = error.get_ref().unwrap().downcast_ref().unwrap();
    assert!(matches!(error, Error::SnapshotExpired { .. }));
    assert_eq!(blob.len(), LARGE as u64);
    // A sink that is too slow.
    let slow = Slow;
    assert_err!(vault.get_to_writer("k", slow, in_chunks()), Error::SnapshotExpired { .. });
}

struct Slow;

impl std::io::Write for Slow {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        thread::sleep(Duration::from_millis(50));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn it_ends_with_its_vault() {
    in_every_mode(|vault, place| {
        vault.put_reader("k", &bytes(LARGE)[..], in_chunks()).unwrap();
        let other = place.open();
        let blob = other.open_blob("k").unwrap();
        other.close().unwrap();
        assert_err!(blob.read_at(&mut [0; 10], 0), Error::Closed);
    });
    let place = Place::new();
    let vault = place.open();
    vault.put_reader("k", &bytes(LARGE)[..], in_chunks()).unwrap();
    let blob = vault.open_blob("k").unwrap();
    vault.close().unwrap();
    assert!(!place.beside("-wal").exists());
    assert_err!(blob.read_at(&mut [0; 10], 0), Error::Closed);
    // And keeps it open as long as nobody closes it.
    let blob = { KVault::open(place.file()).unwrap().open_blob("k").unwrap() };
    assert_eq!(blob.read_at(&mut [0; 10], 0).unwrap(), 10);
}

#[test]
fn it_reads_a_file_without_a_log() {
    let place = Place::new();
    let vault = place.open_with(|options| options.enable_wal(false));
    let value = bytes(LARGE);
    vault.put_reader("k", &value[..], in_chunks()).unwrap();
    let mut copy = Vec::new();
    vault.open_blob("k").unwrap().read_to_end(&mut copy).unwrap();
    assert!(copy == value);
    vault.put_bytes("k", "new").unwrap();
}

#[test]
fn many_threads_read_one() {
    in_every_mode(|vault, _| {
        let value = bytes(LARGE);
        vault.put_reader("k", &value[..], in_chunks()).unwrap();
        thread::scope(|scope| {
            for n in 0..4_usize {
                let value = &value;
                scope.spawn(move || {
                    let blob = vault.open_blob("k").unwrap();
                    for at in (n * 1_000..LARGE - 100).step_by(9_973) {
                        let mut piece = [0; 100];
                        blob.read_at(&mut piece, at as u64).unwrap();
                        assert_eq!(piece, value[at..at + 100]);
                    }
                });
            }
        });
    });
}
