//! What a vault promises, tried from the outside: through its public interface, with plain
//! SQLite beside it on the same file, and with other processes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::large_stack_arrays,
    reason = "a test that cannot go on should stop right there"
)]

mod cache;
mod cache_switching;
mod child;
mod streams;
mod support;

mod atomic;
mod backpressure;
mod batch;
mod bulk;
mod closing;
mod content;
mod crash;
mod damage;
mod data_files;
mod errors;
mod foreign_rows;
mod group;
mod headers;
mod iteration;
mod locks;
mod model;
mod nonsense;
mod paths;
mod processes;
mod read_only;
mod reader;
mod rollback_journal;
mod snapshots;
mod table_names;
mod table_shapes;
mod tables;
mod tidy;
mod transactions;
mod types;
mod values;

// These need a way to mount, or to see which file a descriptor belongs to.
#[cfg(target_os = "linux")]
mod durability;
#[cfg(target_os = "linux")]
mod full_disk;
#[cfg(target_os = "linux")]
mod sync_failure;
#[cfg(target_os = "linux")]
mod syncs;
#[cfg(target_os = "linux")]
mod unwritable;

// The life of an engine: these look at /proc, fork, or mount.
#[cfg(target_os = "linux")]
mod api;
#[cfg(target_os = "linux")]
mod endless;
#[cfg(target_os = "linux")]
mod foreign_changes;
#[cfg(target_os = "linux")]
mod forks;
#[cfg(target_os = "linux")]
mod freshness;
#[cfg(target_os = "linux")]
mod keeper;
#[cfg(target_os = "linux")]
mod killed;
#[cfg(target_os = "linux")]
mod killed_cache;
#[cfg(target_os = "linux")]
mod kinds;
#[cfg(target_os = "linux")]
mod leftovers;
#[cfg(target_os = "linux")]
mod lifecycle;
#[cfg(target_os = "linux")]
mod linearizable;
#[cfg(target_os = "linux")]
mod moved;
#[cfg(target_os = "linux")]
mod one_engine;
#[cfg(target_os = "linux")]
mod open_races;
#[cfg(target_os = "linux")]
mod optimizing;
mod overload;
#[cfg(target_os = "linux")]
mod views;
