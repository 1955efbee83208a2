//! Large values in pieces. What takes long is ignored: `cargo test --test it -- --ignored streams`.

mod cache;
mod cancel;
mod heavy;
mod http;
mod killed;
mod log;
mod others;
mod paths;
mod reader;
mod sinks;
mod sizes;
mod sources;
mod writer;

use std::io::Read;

use kvault::{CacheOptions, KVault, StreamOptions};

use crate::support::Place;

pub(crate) use killed::stream_until_killed;

/// Smaller than what lies in memory with the chunks below, and larger.
const SMALL: usize = 1_000;
const LARGE: usize = 700_000;

fn options() -> StreamOptions {
    StreamOptions::default()
}

/// With chunks so small that `LARGE` goes through a file.
fn in_chunks() -> StreamOptions {
    options().chunk_size(16 << 10)
}

/// Bytes that are different everywhere.
fn bytes(len: usize) -> Vec<u8> {
    let mut all = vec![0; len];
    pattern(0).read_exact(&mut all).unwrap();
    all
}

/// The same without an end, from a position.
fn pattern(from: u64) -> Pattern {
    Pattern { at: from }
}

struct Pattern {
    at: u64,
}

fn byte_at(at: u64) -> u8 {
    // The high bits of a product go through all of them without a short period.
    (at.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8
}

impl Read for Pattern {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        for byte in &mut *into {
            *byte = byte_at(self.at);
            self.at += 1;
        }
        Ok(into.len())
    }
}

/// With the cache off, with the handle writing to it, and with another one that does. Chunks are so
/// small that the writer copies `LARGE` from its file.
fn in_every_mode(test: impl Fn(&KVault, &Place)) {
    for mode in 0..3 {
        let place = Place::new();
        let vault = place.open_with(|options| options.chunk_size(16 << 10));
        let other = place.open();
        let cached = match mode {
            0 => None,
            1 => Some(&vault),
            _ => Some(&other),
        };
        if let Some(cached) = cached {
            cached.enable_cache(CacheOptions::default()).unwrap();
        }
        test(&vault, &place);
        vault.close().unwrap();
        other.close().unwrap();
        left_nothing_behind(&place);
        assert!(place.open().get_bytes("old").unwrap().is_none_or(|old| old == b"old"));
    }
}

/// The database and no other file.
#[track_caller]
fn left_nothing_behind(place: &Place) {
    let left: Vec<_> = std::fs::read_dir(place.dir()).unwrap().map(|e| e.unwrap().path()).collect();
    assert_eq!(left, [place.file()]);
}
