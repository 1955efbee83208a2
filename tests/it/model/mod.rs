//! A vault against maps that do the same: whatever one does in whatever order.
//!
//! `KVAULT_MODEL_CASES` says how many sequences are tried for each way to open it, if it is not to
//! be the usual number. What was found is a plain test where it belongs, such as
//! `cache::sharing::every_durable_verb_that_finds_nothing_makes_that_lasting`.

mod pair;
mod reads;
mod steps;
mod writes;

use std::{cell::RefCell, collections::BTreeMap};

use kvault::{CacheOptions, Stored};
use proptest::prelude::*;

use pair::{Cached, Pair};
use steps::{Key, steps};

type Model = BTreeMap<Key, Stored>;

fn try_sequences(cached: Cached) {
    let cases = std::env::var("KVAULT_MODEL_CASES").map_or(1_000, |cases| cases.parse().unwrap());
    let pair = RefCell::new(Pair::new(cached));
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(steps in steps())| pair.borrow_mut().run_all(&steps));
}

fn cap(bytes: usize) -> CacheOptions {
    CacheOptions::default().cap_bytes(bytes)
}

#[test]
fn a_vault_is_a_map() {
    try_sequences(Cached::No);
}

/// Nothing is flushed that nobody asks for: what is dirty lies in layers, which are merged.
#[test]
fn a_vault_with_a_cache_is_a_map() {
    try_sequences(Cached::Buffered(CacheOptions::default()));
}

/// It is flushed again and again, behind whatever goes on, and is too small for some.
#[test]
fn a_vault_with_a_busy_cache_is_a_map() {
    try_sequences(Cached::Buffered(cap(64 << 10).flush_threshold(16 << 10)));
}

/// Most of what is put waits for room, and what is put together is too much.
#[test]
fn a_vault_with_a_small_cache_is_a_map() {
    try_sequences(Cached::Buffered(cap(2 << 10)));
}

/// Everything is too large for it.
#[test]
fn a_vault_with_a_cache_of_one_byte_is_a_map() {
    try_sequences(Cached::Buffered(cap(1)));
}

#[test]
fn a_vault_that_writes_through_a_cache_is_a_map() {
    try_sequences(Cached::Through(CacheOptions::default()));
}
