//! An embedded, dict-like key-value engine over one SQLite file.
//!
//! A writer thread owns the connection that writes and commits what many threads send it in one
//! transaction; readers have connections of their own and never wait for it; a blocking handle
//! makes both feel like a map. The file is the one that the Python package `kohakuvault` reads
//! and writes.
//!
//! ```
//! use kvault::{Durability, KVault, Tensor};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Debug, PartialEq, Serialize, Deserialize)]
//! struct Config {
//!     timeout: u32,
//!     retries: u8,
//! }
//!
//! # let dir = tempfile::tempdir()?;
//! # let path = dir.path().join("app.db");
//! let vault = KVault::open(&path)?;
//!
//! // The type decides how a value is stored; bytes stay bytes.
//! vault.put("config", &Config { timeout: 30, retries: 3 })?;
//! vault.put("embedding", &Tensor::new(&[768], &[0.5_f32; 768])?)?;
//! vault.put_bytes("image.png", b"\x89PNG")?;
//! assert_eq!(vault.get("config")?, Some(Config { timeout: 30, retries: 3 }));
//! assert_eq!(vault.get_bytes("nothing")?, None);
//!
//! // All or nothing.
//! vault.put_many([("user:1", "ada"), ("user:2", "grace")])?;
//!
//! // A handle is cheap to clone and goes to any thread.
//! let other = vault.clone();
//! std::thread::spawn(move || other.put("job:1", "done")).join().unwrap()?;
//! assert_eq!(vault.len()?, 6);
//!
//! // Several tables share a file; a handle says what its writes survive.
//! let ledger = vault.table("ledger")?.with_durability(Durability::Power);
//! ledger.put("balance", &100)?;
//!
//! vault.close()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Features: `bundled` (default) compiles SQLite in, `pickle` (default) reads and writes Python's
//! pickles as data, `ndarray` converts tensors to and from that crate's arrays, `tracing` emits
//! events for what happens in the background.
//!
//! What survives what is said by [`Durability`]; how to open a file by [`Options`]; what can go
//! wrong by [`Error`].

mod batch;
mod buffer;
mod checkpoint;
mod engine;
mod entry;
mod error;
mod failpoint;
mod files;
mod fork;
mod format;
mod handoff;
mod iter;
mod keeper;
mod log;
mod optimize;
mod options;
mod place;
mod range;
mod reader;
mod readers;
mod registry;
mod retry;
mod snapshot;
mod snapshots;
mod stats;
mod store;
mod stream;
mod sync;
mod transact;
mod vault;
mod writer;

/// The cache's core against a map.
#[cfg(test)]
mod cache_properties;
/// The models that loom checks, on ordinary threads: what they say of the twins in `loom-tests`
/// must hold for the real primitives too.
#[cfg(test)]
mod models_on_threads;

pub use batch::WriteBatch;
pub use checkpoint::{CheckpointMode, CheckpointReport};
pub use entry::{Entry, Modify};
pub use error::{Cause, Error, Result};
pub use files::is_open_vault_file;
pub use format::{
    BigInt, Cbor, DType, Element, Encoding, Json, MsgPack, Pickle, Stored, Tensor, TensorView,
    Value,
};
pub use iter::{Cursor, Direction, Items, Iter, Keys, Values};
pub use optimize::{OptimizeOptions, OptimizeReport};
pub use options::{AutoVacuum, CacheOptions, CheckpointPolicy, Durability, Options};
pub use range::KeyRange;
pub use reader::Reader;
pub use snapshot::Snapshot;
pub use stats::{Health, SnapshotStats, Stats};
pub use stream::{BlobReader, BlobWriter, StreamOptions};
pub use transact::Tx;
pub use vault::{CacheLock, CacheScope, Cas, KVault};

/// Compiles and runs the snippets of README.md and of the guide with the other doctests.
#[cfg(doctest)]
mod prose {
    #[doc = include_str!("../README.md")]
    struct Readme;
    #[doc = include_str!("../docs/guide.md")]
    struct Guide;
}
