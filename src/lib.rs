//! An embedded, dict-like key-value engine over one SQLite file.
//!
//! A writer thread owns the connection that writes and commits what many threads send it in one
//! transaction; readers have connections of their own and never wait for it; a blocking handle
//! makes both feel like a map. The file is the one that the Python package `kohakuvault` reads
//! and writes.
//!
//! ```
//! use kvault::{Durability, KVault};
//!
//! # let dir = tempfile::tempdir()?;
//! # let path = dir.path().join("app.db");
//! let vault = KVault::open(&path)?;
//!
//! // Any bytes are a key, any bytes are a value.
//! vault.put_bytes("user:1", "ada")?;
//! assert_eq!(vault.get_bytes("user:1")?.as_deref(), Some(&b"ada"[..]));
//! assert_eq!(vault.get_bytes("user:2")?, None);
//!
//! // All or nothing.
//! vault.put_many_bytes([("user:2", "grace"), ("user:3", "edsger")])?;
//!
//! // A handle is cheap to clone and goes to any thread.
//! let threads: Vec<_> = (0..4)
//!     .map(|i| {
//!         let vault = vault.clone();
//!         std::thread::spawn(move || vault.put_bytes(format!("job:{i}"), "done"))
//!     })
//!     .collect();
//! for thread in threads {
//!     thread.join().unwrap()?;
//! }
//! assert_eq!(vault.len()?, 7);
//!
//! // Several tables share a file; a handle says what its writes survive.
//! let ledger = vault.table("ledger")?.with_durability(Durability::Power);
//! ledger.put_bytes("balance", "100")?;
//!
//! vault.close()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What survives what is said by [`Durability`]; how to open a file by [`Options`]; what can go
//! wrong by [`Error`].

mod checkpoint;
mod engine;
mod error;
mod files;
mod fork;
mod format;
mod handoff;
mod keeper;
mod log;
mod optimize;
mod options;
mod place;
mod reader;
mod readers;
mod registry;
mod retry;
mod stats;
mod store;
mod sync;
mod vault;
mod writer;

/// The cache's core against a map.
#[cfg(test)]
mod cache_properties;
/// The models that loom checks, on ordinary threads: what they say of the twins in `loom-tests`
/// must hold for the real primitives too.
#[cfg(test)]
mod models_on_threads;

pub use checkpoint::{CheckpointMode, CheckpointReport};
pub use error::{Cause, Error, Result};
pub use files::is_open_vault_file;
pub use format::{Encoding, Stored};
pub use optimize::{OptimizeOptions, OptimizeReport};
pub use options::{AutoVacuum, CheckpointPolicy, Durability, Options};
pub use reader::Reader;
pub use stats::{Health, Stats};
pub use vault::KVault;
