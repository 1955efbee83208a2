//! Sinks of every kind.

use std::io::{self, ErrorKind, Write};

use kvault::Error;

use super::{LARGE, bytes, in_chunks, in_every_mode};
use crate::support::assert_err;

/// What a sink does with each piece.
struct Sink<F>(F);

impl<F: FnMut(&[u8]) -> io::Result<usize>> Write for Sink<F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (self.0)(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        (self.0)(b"").map(drop)
    }
}

#[test]
fn all_of_it_goes_into_whatever_takes_it() {
    in_every_mode(|vault, _| {
        let value = bytes(LARGE);
        vault.put_reader("k", &value[..], in_chunks()).unwrap();
        let (mut copy, mut calls) = (Vec::new(), 0);
        let dribble = Sink(|bytes: &[u8]| {
            calls += 1;
            if calls % 3 == 0 && !bytes.is_empty() {
                return Err(ErrorKind::Interrupted.into());
            }
            copy.extend_from_slice(&bytes[..bytes.len().min(100)]);
            Ok(bytes.len().min(100))
        });
        vault.get_to_writer("k", dribble, in_chunks()).unwrap();
        assert!(copy == value);
    });
}

#[test]
fn one_that_fails_says_why() {
    in_every_mode(|vault, _| {
        vault.put_reader("k", &bytes(LARGE)[..], in_chunks()).unwrap();
        for most in [0, 1, 100_000] {
            let mut taken = 0;
            let fails = Sink(|bytes: &[u8]| {
                if taken >= most {
                    return Err(io::Error::other("no room"));
                }
                taken += bytes.len();
                Ok(bytes.len())
            });
            let error = vault.get_to_writer("k", fails, in_chunks()).unwrap_err();
            let why = std::error::Error::source(&error).unwrap().to_string();
            assert!(matches!(error, Error::Io { .. }) && why == "no room");
        }
        let full = Sink(|_: &[u8]| Ok(0));
        assert_err!(vault.get_to_writer("k", full, in_chunks()), Error::Io { .. });
        // What only the flush finds out.
        let late =
            Sink(
                |bytes: &[u8]| {
                    if bytes.is_empty() { Err(io::Error::other("late")) } else { Ok(bytes.len()) }
                },
            );
        assert_err!(vault.get_to_writer("k", late, in_chunks()), Error::Io { .. });
        assert_eq!(vault.stats().snapshots, []);
    });
}

#[test]
fn one_may_use_the_vault() {
    in_every_mode(|vault, _| {
        let value = bytes(LARGE);
        vault.put_reader("k", &value[..], in_chunks()).unwrap();
        let mut copy = Vec::new();
        let sink = Sink(|bytes: &[u8]| {
            vault.put_bytes("k", "changed").unwrap();
            assert!(vault.get_bytes("k").unwrap().unwrap() == b"changed");
            copy.extend_from_slice(bytes);
            Ok(bytes.len())
        });
        vault.get_to_writer("k", sink, in_chunks()).unwrap();
        assert!(copy == value);
    });
}
