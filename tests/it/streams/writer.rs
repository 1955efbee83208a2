//! Values that are written piece by piece.

use std::io::Write;

use kvault::{CacheOptions, Durability, Error, StreamOptions};

use super::{LARGE, bytes, in_chunks, in_every_mode, left_nothing_behind, options};
use crate::support::{Place, assert_err, invalid};

#[test]
fn one_that_is_dropped_changes_nothing() {
    in_every_mode(|vault, _| {
        vault.put_bytes("old", "old").unwrap();
        for len in [0, 1, LARGE] {
            let mut blob = vault.create_blob("old", in_chunks()).unwrap();
            blob.write_all(&bytes(len)).unwrap();
            blob.flush().unwrap();
            assert_eq!(vault.get_bytes("old").unwrap().unwrap(), b"old");
            drop(blob);
            assert_eq!(vault.get_bytes("old").unwrap().unwrap(), b"old");
        }
    });
}

#[test]
fn every_piece_arrives_in_its_place() {
    in_every_mode(|vault, _| {
        let value = bytes(LARGE);
        let mut blob = vault.create_blob("k", in_chunks()).unwrap();
        let (mut rest, mut len) = (&value[..], 1);
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(len.min(rest.len()));
            blob.write_all(piece).unwrap();
            (rest, len) = (after, len * 3 % 70_001);
        }
        assert_eq!(blob.finish().unwrap(), LARGE as u64);
        assert!(vault.get_bytes("k").unwrap().unwrap() == value);
    });
}

#[test]
fn several_at_once_do_not_meet() {
    in_every_mode(|vault, _| {
        let mut blobs: Vec<_> =
            (0..8).map(|_| vault.create_blob("k", in_chunks()).unwrap()).collect();
        for round in 0..20 {
            for (n, blob) in (0..).zip(&mut blobs) {
                blob.write_all(&vec![n; 10_000 + round]).unwrap();
            }
        }
        for (n, blob) in (0_u8..).zip(blobs) {
            assert_eq!(blob.finish().unwrap(), 20 * 10_000 + 190);
            assert_eq!(vault.get_bytes("k").unwrap().unwrap(), vec![n; 20 * 10_000 + 190]);
        }
    });
}

#[test]
fn the_size_must_be_right() {
    in_every_mode(|vault, _| {
        vault.put_bytes("old", "old").unwrap();
        for size in [1, LARGE] {
            let create = || vault.create_blob("old", in_chunks().size(size as u64)).unwrap();
            let mut short = create();
            short.write_all(&bytes(size - 1)).unwrap();
            assert_err!(short.finish(), Error::Io { .. });
            let mut long = create();
            long.write_all(&bytes(size)).unwrap();
            let error = long.write_all(b"x").unwrap_err();
            assert!(matches!(inner(&error), Error::InvalidArgument { .. }));
            // What failed stays failed.
            assert_eq!(invalid(long.finish()).0, "size");
            assert_eq!(vault.get_bytes("old").unwrap().unwrap(), b"old");
            let mut right = create();
            right.write_all(&bytes(size)).unwrap();
            right.finish().unwrap();
            vault.put_bytes("old", "old").unwrap();
        }
    });
}

fn inner(error: &std::io::Error) -> &Error {
    error.get_ref().unwrap().downcast_ref().unwrap()
}

#[test]
fn one_that_grows_too_large_stores_nothing() {
    let place = Place::new();
    let vault = place.open_with(|options| options.max_value_bytes(300_000));
    vault.put_bytes("old", "old").unwrap();
    let mut blob = vault.create_blob("old", in_chunks()).unwrap();
    blob.write_all(&bytes(300_000)).unwrap();
    let error = blob.write(b"x").unwrap_err();
    assert!(matches!(inner(&error), Error::ValueTooLarge { len: 300_001, max: 300_000 }));
    assert_err!(blob.finish(), Error::ValueTooLarge { .. });
    assert_eq!(vault.get_bytes("old").unwrap().unwrap(), b"old");
    assert_eq!(invalid(vault.create_blob("k", options().chunk_size(0))).0, "chunk_size");
    vault.close().unwrap();
    left_nothing_behind(&place);
}

#[test]
fn one_of_a_closed_vault_is_refused() {
    let place = Place::new();
    let vault = place.open();
    let (mut first, second) =
        (vault.create_blob("a", options()).unwrap(), vault.create_blob("b", options()).unwrap());
    vault.close().unwrap();
    assert!(matches!(inner(&first.write(b"x").unwrap_err()), Error::Closed));
    assert_err!(first.finish(), Error::Closed);
    assert_err!(second.finish(), Error::Closed);
    left_nothing_behind(&place);
}

#[test]
fn one_keeps_its_vault_open() {
    let place = Place::new();
    let mut blob = place.open().create_blob("k", StreamOptions::default()).unwrap();
    blob.write_all(b"value").unwrap();
    blob.finish().unwrap();
    assert_eq!(place.open().get_bytes("k").unwrap().unwrap(), b"value");
}

#[test]
fn what_could_not_be_stored_can_be_tried_again() {
    for len in [10, LARGE] {
        let place = Place::new();
        let vault = place.open();
        vault.enable_cache(CacheOptions::default()).unwrap();
        vault.put_bytes("k", "old").unwrap();
        let lock = vault.lock_cache().unwrap();
        let power = vault.with_durability(Durability::Power);
        let mut blob = power.create_blob("k", in_chunks()).unwrap();
        blob.write_all(&bytes(len)).unwrap();
        assert_err!(blob.try_finish(), Error::CacheLocked);
        assert_eq!(blob.written(), len as u64);
        // It is complete as it is.
        assert_eq!(invalid(Err::<(), _>(inner(&blob.write(b"x").unwrap_err()).clone())).0, "blob");
        assert_eq!(vault.get_bytes("k").unwrap().unwrap(), b"old");
        lock.unlock().unwrap();
        assert_eq!(blob.try_finish().unwrap(), len as u64);
        assert_eq!(vault.get_bytes("k").unwrap().unwrap(), bytes(len));
        assert_eq!(invalid(blob.try_finish()).0, "blob");
        assert_eq!(vault.get_bytes("k").unwrap().unwrap(), bytes(len));
    }
}

#[test]
fn it_fails_as_the_first_write_did() {
    let place = Place::new();
    let vault = place.open_with(|options| options.max_value_bytes(10));
    let mut blob = vault.create_blob("k", options()).unwrap();
    blob.write_all(&[0; 11]).unwrap_err();
    vault.close().unwrap();
    assert!(matches!(inner(&blob.write(b"x").unwrap_err()), Error::ValueTooLarge { .. }));
    assert_err!(blob.finish(), Error::ValueTooLarge { .. });
}
