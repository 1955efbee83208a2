//! Progress, and ending a stream in the middle.

use std::{
    io::{Read, Write},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use kvault::{Error, StreamOptions};

use super::{LARGE, in_chunks, in_every_mode, pattern};
use crate::support::assert_err;

type Seen = Arc<Mutex<Vec<(u64, Option<u64>)>>>;

/// Notes the progress, and cancels at some point.
fn watched(from: u64) -> (StreamOptions, Seen) {
    let (stop, seen) = (Arc::new(AtomicBool::new(false)), Seen::default());
    let (flag, note) = (Arc::clone(&stop), Arc::clone(&seen));
    let options = in_chunks().cancel(stop).progress(move |done, total| {
        note.lock().unwrap().push((done, total));
        flag.store(done >= from, Ordering::Relaxed);
    });
    (options, seen)
}

#[test]
fn progress_is_told_piece_by_piece() {
    in_every_mode(|vault, _| {
        let all = LARGE as u64;
        for size in [None, Some(all)] {
            let (mut options, seen) = watched(u64::MAX);
            if let Some(size) = size {
                options = options.size(size);
            }
            vault.put_reader("k", pattern(0).take(all), options).unwrap();
            let seen = seen.lock().unwrap();
            assert!(seen.len() > 40 && seen.is_sorted(), "{seen:?}");
            assert_eq!(*seen.last().unwrap(), (all, size));
        }
        let (options, seen) = watched(u64::MAX);
        vault.get_to_writer("k", std::io::sink(), options).unwrap();
        let seen = seen.lock().unwrap();
        assert!(seen.len() > 40 && seen.is_sorted());
        assert_eq!(*seen.last().unwrap(), (all, Some(all)));
    });
}

#[test]
fn what_is_cancelled_changes_nothing() {
    in_every_mode(|vault, _| {
        vault.put_bytes("old", "old").unwrap();
        for from in [1, 50_000, 300_000] {
            let (options, seen) = watched(from);
            // An endless one: nothing else would end it.
            assert_err!(vault.put_reader("old", pattern(0), options), Error::Cancelled { .. });
            assert!(seen.lock().unwrap().last().unwrap().0 < from + 70_000);
            let (options, _) = watched(from);
            let mut blob = vault.create_blob("old", options).unwrap();
            let error = std::io::copy(&mut pattern(0), &mut blob).unwrap_err();
            let error = error.get_ref().unwrap().downcast_ref::<Error>().unwrap();
            assert!(matches!(error, Error::Cancelled { .. }));
            assert_err!(blob.finish(), Error::Cancelled { .. });
        }
        let stop = Arc::new(AtomicBool::new(true));
        let mut blob = vault.create_blob("old", in_chunks().cancel(Arc::clone(&stop))).unwrap();
        assert!(blob.write(b"x").is_err());
        assert_eq!(vault.get_bytes("old").unwrap().unwrap(), b"old");
        let mut sink = Vec::new();
        let outcome = vault.get_to_writer("old", &mut sink, in_chunks().cancel(stop));
        assert_err!(outcome, Error::Cancelled { .. });
        assert_eq!(sink, b"");
    });
}
