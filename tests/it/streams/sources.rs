//! Sources of every kind.

use std::{
    io::{self, Cursor, ErrorKind, Read, Seek, SeekFrom},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::mpsc,
    thread,
};

use kvault::{Durability, Error, KVault};

use super::{LARGE, SMALL, bytes, in_chunks, in_every_mode, left_nothing_behind, options, pattern};
use crate::support::{Place, assert_err, ends};

/// Does something else after so many bytes.
struct Until<F> {
    left: usize,
    then: F,
}

impl<F: FnMut(&mut [u8]) -> io::Result<usize>> Read for Until<F> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return (self.then)(into);
        }
        let most = self.left.min(into.len());
        into[..most].fill(7);
        self.left -= most;
        Ok(most)
    }
}

fn until<F: FnMut(&mut [u8]) -> io::Result<usize>>(left: usize, then: F) -> Until<F> {
    Until { left, then }
}

#[track_caller]
fn is_untouched(vault: &KVault) {
    assert_eq!(vault.get_bytes("old").unwrap().unwrap(), b"old");
}

#[test]
fn one_that_fails_changes_nothing() {
    in_every_mode(|vault, _| {
        vault.put_bytes("old", "old").unwrap();
        for left in [0, 1, SMALL, 100_000, LARGE] {
            for size in [None, Some(2 * LARGE as u64)] {
                let fails = until(left, |_| Err(io::Error::other("broken pipe")));
                let options = size.map_or_else(in_chunks, |size| in_chunks().size(size));
                let error = vault.put_reader("old", fails, options).unwrap_err();
                let why = std::error::Error::source(&error).unwrap().to_string();
                assert!(matches!(error, Error::Io { .. }) && why == "broken pipe", "{error:?}");
                is_untouched(vault);
            }
        }
    });
}

#[test]
fn one_that_ends_early_changes_nothing() {
    in_every_mode(|vault, _| {
        vault.put_bytes("old", "old").unwrap();
        for (has, size) in [(0, 1), (SMALL, SMALL + 1), (LARGE, LARGE + 1), (LARGE, 900_000_000)] {
            let source = pattern(0).take(has as u64);
            let error = vault.put_reader("old", source, in_chunks().size(size as u64)).unwrap_err();
            let why = std::error::Error::source(&error).unwrap().to_string();
            assert!(why.contains(&format!("{has} of {size} bytes")), "{why}");
            is_untouched(vault);
        }
    });
}

#[test]
fn what_is_behind_the_size_stays_in_the_source() {
    in_every_mode(|vault, _| {
        let all = bytes(2 * LARGE);
        let mut source = Cursor::new(&all);
        for (key, len) in [("a", SMALL), ("b", LARGE), ("c", 0), ("d", 1)] {
            let from = usize::try_from(source.position()).unwrap();
            vault.put_reader(key, &mut source, in_chunks().size(len as u64)).unwrap();
            assert!(vault.get_bytes(key).unwrap().unwrap() == all[from..from + len]);
        }
        assert_eq!(source.position(), (SMALL + LARGE + 1) as u64);
        // So one that never ends can be read from.
        vault.put_reader("e", io::repeat(1), in_chunks().size(LARGE as u64)).unwrap();
    });
}

/// Says that it has another length than it has.
struct Liar {
    inner: Cursor<Vec<u8>>,
    says: u64,
}

impl Read for Liar {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.inner.read(into)
    }
}

impl Seek for Liar {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match to {
            SeekFrom::End(0) => {
                self.inner.set_position(self.says);
                Ok(self.says)
            }
            to => self.inner.seek(to),
        }
    }
}

#[test]
fn one_that_can_seek_is_read_from_where_it_stands() {
    in_every_mode(|vault, _| {
        vault.put_bytes("old", "old").unwrap();
        let all = bytes(LARGE);
        let mut source = Cursor::new(&all);
        source.set_position(100);
        assert_eq!(vault.put_seekable("k", &mut source, in_chunks()).unwrap(), LARGE as u64 - 100);
        assert!(vault.get_bytes("k").unwrap().unwrap() == all[100..]);
        assert_eq!(vault.put_seekable("k", &mut source, in_chunks()).unwrap(), 0);
        source.set_position(10);
        assert_eq!(vault.put_seekable("k", &mut source, in_chunks().size(5)).unwrap(), 5);
        assert_eq!(
            (source.position(), vault.get_bytes("k").unwrap().unwrap()),
            (15, all[10..15].to_vec())
        );
        // One that changed since it said how much it has.
        for says in [0, 1, SMALL as u64, LARGE as u64 - 1, LARGE as u64 + 1] {
            let liar = Liar { inner: Cursor::new(all.clone()), says };
            assert_err!(vault.put_seekable("old", liar, in_chunks()), Error::Io { .. });
            is_untouched(vault);
        }
        let stuck = Stuck;
        assert_err!(vault.put_seekable("old", stuck, in_chunks()), Error::Io { .. });
    });
}

/// Cannot seek, although its type can.
struct Stuck;

impl Read for Stuck {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        panic!("it is not read")
    }
}

impl Seek for Stuck {
    fn seek(&mut self, _: SeekFrom) -> io::Result<u64> {
        Err(ErrorKind::NotSeekable.into())
    }
}

#[test]
fn one_that_gives_little_is_read_to_its_end() {
    struct Dribble(Cursor<Vec<u8>>, u32);
    impl Read for Dribble {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            self.1 += 1;
            if self.1.is_multiple_of(3) {
                return Err(ErrorKind::Interrupted.into());
            }
            let most = into.len().min(1);
            self.0.read(&mut into[..most])
        }
    }
    in_every_mode(|vault, _| {
        let value = bytes(150_000);
        for size in [None, Some(150_000)] {
            let options = size.map_or_else(in_chunks, |size| in_chunks().size(size));
            let source = Dribble(Cursor::new(value.clone()), 0);
            assert_eq!(vault.put_reader("k", source, options).unwrap(), 150_000);
            assert!(vault.get_bytes("k").unwrap().unwrap() == value);
        }
    });
}

#[test]
fn one_that_would_block_or_lies_is_an_error() {
    in_every_mode(|vault, _| {
        vault.put_bytes("old", "old").unwrap();
        let blocks = until(SMALL, |_| Err(ErrorKind::WouldBlock.into()));
        assert_err!(vault.put_reader("old", blocks, in_chunks()), Error::Io { .. });
        let lies = until(SMALL, |into: &mut [u8]| Ok(into.len() + 1));
        assert_err!(vault.put_reader("old", lies, in_chunks()), Error::Io { .. });
        is_untouched(vault);
    });
}

#[test]
fn one_that_panics_takes_nobody_along() {
    in_every_mode(|vault, _| {
        vault.put_bytes("old", "old").unwrap();
        for left in [0, SMALL, LARGE] {
            let panics = until(left, |_| panic!("at the disco"));
            let call = || vault.put_reader("old", panics, in_chunks());
            assert!(catch_unwind(AssertUnwindSafe(call)).is_err());
            is_untouched(vault);
            vault.put_bytes("next", "1").unwrap();
            assert!(vault.health().is_good());
        }
    });
}

#[test]
fn one_that_blocks_holds_nobody_up() {
    in_every_mode(|vault, place| {
        vault.put_bytes("old", "old").unwrap();
        let (go_on, wait) = mpsc::channel::<()>();
        let (blocked, when) = mpsc::channel();
        thread::scope(|scope| {
            let stream = scope.spawn(move || {
                let blocks = until(LARGE, |_| {
                    blocked.send(()).unwrap();
                    wait.recv().unwrap();
                    Ok(0)
                });
                vault.put_reader("old", blocks, in_chunks())
            });
            when.recv().unwrap();
            is_untouched(vault);
            let other = vault.clone();
            let power = vault.with_durability(Durability::Power);
            ends("a write beside a stream that waits", move || {
                other.put_bytes("next", "1").unwrap();
                power.put_bytes("next", "2").unwrap();
                other.flush().unwrap();
            });
            // Another program is not kept out either.
            place.raw().execute("INSERT INTO kv VALUES (x'FF', x'00')", []).unwrap();
            go_on.send(()).unwrap();
            assert_eq!(stream.join().unwrap().unwrap(), LARGE as u64);
        });
        assert_eq!(vault.get_bytes("old").unwrap().unwrap(), vec![7; LARGE]);
        vault.delete("old").unwrap();
    });
}

#[test]
fn sources_and_callbacks_may_use_the_vault() {
    in_every_mode(|vault, _| {
        let inner = vault.clone();
        let source = until(LARGE, move |_| {
            inner.put_bytes("from the source", "1").unwrap();
            inner.put_reader("nested", pattern(0).take(LARGE as u64), in_chunks()).unwrap();
            Ok(0)
        });
        let inner = vault.clone();
        let options = in_chunks().progress(move |done, _| {
            inner.put_bytes("progress", done.to_le_bytes()).unwrap();
        });
        vault.put_reader("k", source, options).unwrap();
        assert_eq!(vault.get_bytes("progress").unwrap().unwrap(), (LARGE as u64).to_le_bytes());
        assert_eq!(vault.get_bytes("nested").unwrap().unwrap(), bytes(LARGE));
    });
}

#[test]
fn a_vault_can_be_a_source() {
    in_every_mode(|vault, _| {
        let value = bytes(LARGE);
        vault.put_reader("a", &value[..], in_chunks()).unwrap();
        let a = vault.open_blob("a").unwrap();
        assert_eq!(vault.put_seekable("a", a, in_chunks()).unwrap(), LARGE as u64);
        vault.put_reader("b", vault.open_blob("a").unwrap(), in_chunks()).unwrap();
        assert!(vault.get_bytes("b").unwrap().unwrap() == value);
    });
}

#[test]
fn too_large_is_said_at_once() {
    let place = Place::new();
    let max = 300_000_u64;
    let vault = place.open_with(|options| options.max_value_bytes(max));
    vault.put_bytes("old", "old").unwrap();
    // Where it is known, before anything is read.
    let unread = until(0, |_| panic!("it is read"));
    assert_err!(
        vault.put_reader("old", unread, in_chunks().size(max + 1)),
        Error::ValueTooLarge { len, max: 300_000 } if len == max + 1
    );
    let source = Cursor::new(bytes(300_001));
    assert_err!(vault.put_seekable("old", source, in_chunks()), Error::ValueTooLarge { .. });
    assert_err!(vault.create_blob("old", in_chunks().size(max + 1)), Error::ValueTooLarge { .. });
    let file = place.dir().join("value");
    std::fs::write(&file, bytes(300_001)).unwrap();
    assert_err!(vault.put_path("old", &file), Error::ValueTooLarge { len: 300_001, .. });
    // Else as soon as it is passed.
    let mut endless = pattern(0);
    assert_err!(vault.put_reader("old", &mut endless, in_chunks()), Error::ValueTooLarge { .. });
    assert_eq!(endless.at, max + 1);
    is_untouched(&vault);
    std::fs::write(&file, bytes(300_000)).unwrap();
    assert_eq!(vault.put_path("k", &file).unwrap(), max);
    assert_eq!(vault.put_reader("k", pattern(0).take(max), in_chunks()).unwrap(), max);
    std::fs::remove_file(&file).unwrap();
    vault.close().unwrap();
    left_nothing_behind(&place);
}

#[test]
fn a_read_only_vault_reads_no_source() {
    let place = Place::new();
    place.open().put_bytes("k", "v").unwrap();
    let vault = place.open_with(|options| options.read_only(true));
    let unread = || until(0, |_| panic!("it is read"));
    assert_err!(vault.put_reader("k", unread(), options()), Error::ReadOnly { .. });
    assert_err!(vault.create_blob("k", options()), Error::ReadOnly { .. });
    assert_err!(vault.put_path("k", place.dir().join("none")), Error::ReadOnly { .. });
    assert_eq!(vault.open_blob("k").unwrap().len(), 1);
    let buffered = place.open().with_durability(Durability::Buffered);
    assert_err!(buffered.put_reader("k", unread(), options()), Error::InvalidArgument { .. });
}

#[test]
fn one_without_an_end_stops_with_its_vault() {
    let place = Place::new();
    let vault = place.open();
    let (started, seen) = std::sync::mpsc::channel();
    thread::scope(|scope| {
        let stored = scope.spawn(|| {
            let progress = in_chunks().progress(move |_, _| {
                let _ = started.send(());
            });
            vault.put_reader("k", std::io::repeat(1), progress)
        });
        seen.recv().unwrap();
        vault.close().unwrap();
        assert_err!(stored.join().unwrap(), Error::Closed);
    });
    left_nothing_behind(&place);
}
