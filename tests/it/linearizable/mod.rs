//! Whether all threads can agree on what happened.
//!
//! Threads do whatever the vault offers, on few keys so that they meet, while others flush and get
//! in the way. Each notes when it called and when it got its answer, and what that was. Then
//! [`checker`] looks for an order in which all of it makes sense.
//!
//! A failure prints its seed. `KVAULT_LIN_SEED=<seed>` throws the same dice again; the threads meet
//! as chance has it, so it may take more than one try. `KVAULT_LIN_OPS=<count>` sets how much each
//! of these tests does. A million each takes about a quarter of an hour:
//!
//! ```text
//! KVAULT_LIN_OPS=1000000 cargo test --release --test it linearizable -- --nocapture
//! ```

mod checker;
mod checker_tests;
mod client;
mod dice;
mod disturb;
mod history;
mod report;
mod run;
mod work;

use std::time::Duration;

use kvault::{CacheOptions, Durability, Error, KVault};

use self::{
    client::Tables,
    disturb::{Disturbance, Disturber, OTHER},
    run::{Setup, run},
};

const FLUSH: Disturbance = Disturber::flush_and_look;
const CHECKPOINT: Disturbance = Disturber::checkpoint;
const COUNT: Disturbance = Disturber::count;
const LOCK: Disturbance = Disturber::lock;
const SWITCH: Disturbance = Disturber::switch;
const SCOPE: Disturbance = Disturber::scope;
const BLOCK: Disturbance = Disturber::block;
const CLOSE: Disturbance = Disturber::close;

/// Handles on both tables that have nothing to do with each other's settings.
fn tables(vault: &KVault) -> Tables {
    [vault.table(vault.table_name()).unwrap(), vault.table(OTHER).unwrap()]
}

fn without([vault, other]: &[KVault; 2]) -> Vec<(usize, Tables)> {
    // Waiting for the disk takes long.
    vec![
        (20, tables(vault)),
        (10, tables(other)),
        (1, tables(&vault.with_durability(Durability::Power))),
    ]
}

/// First those that have switched the cache on.
fn with([vault, other]: &[KVault; 2], options: &CacheOptions) -> Vec<(usize, Tables)> {
    let buffered = [tables(vault), tables(other)];
    for vault in buffered.iter().flatten() {
        vault.enable_cache(options.clone()).unwrap();
    }
    let [one, two] = buffered;
    let strict = tables(&vault.with_durability(Durability::Buffered));
    let power = tables(&vault.with_durability(Durability::Power));
    vec![(14, one), (6, two), (4, strict), (3, tables(vault)), (3, tables(other)), (1, power)]
}

/// No cache, nothing in the way, and nothing fails.
const PLAIN: Setup = Setup {
    name: "",
    options: |options| options,
    handles: without,
    disturb: &[],
    refused: |_| false,
    ballast: 0,
};

fn full_or_locked(error: &Error) -> bool {
    matches!(error, Error::CacheFull { .. } | Error::CacheLocked)
}

/// Where the cache is off at times, a handle that insists on it is refused.
fn off(error: &Error) -> bool {
    matches!(error, Error::InvalidArgument { .. })
}

#[test]
fn without_a_cache() {
    run(&Setup { name: "without a cache", disturb: &[FLUSH, CHECKPOINT], ..PLAIN });
}

#[test]
fn with_a_cache() {
    run(&Setup {
        name: "with a cache",
        handles: |opens| with(opens, &CacheOptions::default()),
        disturb: &[FLUSH, COUNT, CHECKPOINT],
        ..PLAIN
    });
}

/// It takes a while to put one: there is time to see half of it.
#[test]
fn with_a_cache_and_large_batches() {
    run(&Setup {
        name: "large batches",
        handles: |opens| with(opens, &CacheOptions::default()),
        disturb: &[FLUSH],
        ballast: 400,
        ..PLAIN
    });
}

#[test]
fn with_a_cache_that_nothing_fits_into() {
    run(&Setup {
        name: "nothing fits",
        handles: |opens| with(opens, &CacheOptions::default().cap_bytes(1)),
        disturb: &[FLUSH],
        ..PLAIN
    });
}

#[test]
fn with_a_cache_that_little_fits_into() {
    run(&Setup {
        name: "little fits",
        handles: |opens| with(opens, &CacheOptions::default().cap_bytes(500)),
        disturb: &[FLUSH],
        ..PLAIN
    });
}

#[test]
fn with_a_cache_that_is_always_full() {
    run(&Setup {
        name: "always full",
        handles: |opens| with(opens, &CacheOptions::default().cap_bytes(10 << 10)),
        disturb: &[CHECKPOINT],
        ..PLAIN
    });
}

#[test]
fn with_a_cache_that_is_flushed_every_millisecond() {
    run(&Setup {
        name: "every millisecond",
        handles: |opens| {
            let interval = Some(Duration::from_millis(1));
            with(opens, &CacheOptions::default().flush_interval(interval))
        },
        ..PLAIN
    });
}

#[test]
fn with_a_cache_that_is_locked_at_times() {
    run(&Setup {
        name: "locked at times",
        handles: |opens| with(opens, &CacheOptions::default().cap_bytes(10 << 10)),
        disturb: &[LOCK, LOCK, COUNT, FLUSH],
        refused: full_or_locked,
        ..PLAIN
    });
}

#[test]
fn with_a_cache_that_is_switched_on_and_off() {
    run(&Setup {
        name: "on and off",
        handles: |opens| with(opens, &CacheOptions::default()),
        disturb: &[SWITCH, SCOPE, FLUSH],
        refused: off,
        ..PLAIN
    });
}

#[test]
fn with_a_cache_while_another_program_locks_the_file() {
    run(&Setup {
        name: "another program",
        handles: |opens| with(opens, &CacheOptions::default().cap_bytes(100 << 10)),
        disturb: &[BLOCK, FLUSH],
        refused: full_or_locked,
        ..PLAIN
    });
}

#[test]
fn with_a_cache_that_is_closed_in_the_middle() {
    run(&Setup {
        name: "closed in the middle",
        handles: |opens| {
            let mut handles = with(opens, &CacheOptions::default().cap_bytes(100 << 10));
            // What such a handle put may be in the file, and not known to be on the disk.
            handles.pop();
            handles
        },
        disturb: &[CLOSE, FLUSH],
        refused: |error| matches!(error, Error::Closed),
        ..PLAIN
    });
}

#[test]
fn with_a_cache_and_no_log() {
    run(&Setup {
        name: "no log",
        options: |options| options.enable_wal(false).busy_timeout(Duration::from_secs(5)),
        handles: |opens| with(opens, &CacheOptions::default().cap_bytes(10 << 10)),
        disturb: &[FLUSH, FLUSH],
        ..PLAIN
    });
}

#[test]
fn without_a_cache_while_another_program_locks_the_file() {
    run(&Setup {
        name: "no cache, another program",
        disturb: &[BLOCK, FLUSH],
        // Nothing else writes what it was given, and it says so.
        refused: |error| matches!(error, Error::DatabaseBusy { .. }),
        ..PLAIN
    });
}

#[test]
fn with_a_cache_and_no_patience() {
    run(&Setup {
        name: "impatient",
        options: |options| {
            options.write_timeout(Duration::from_micros(200)).queue_ops(2).reader_idle_limit(1)
        },
        handles: |opens| with(opens, &CacheOptions::default().cap_bytes(10 << 10)),
        disturb: &[BLOCK, LOCK],
        refused: full_or_locked,
        ..PLAIN
    });
}
