//! Which options make sense.

use std::{fmt, time::Duration};

use super::{CheckpointPolicy, Durability, EngineOptions, HandleOptions, Options};
use crate::{Error, Result};

/// SQLite takes its busy timeout as a C int of milliseconds.
const LONGEST_BUSY_TIMEOUT: Duration = Duration::from_millis(i32::MAX as u64);
const LARGEST_CHUNK: usize = 1 << 30;
const MOST_RETRIES: u32 = 1_000;
/// Connections cost descriptors: a process has a thousand of them by default.
const MOST_READERS: usize = 10_000;
const LONGEST_BACKOFF: Duration = Duration::from_mins(1);

impl Options {
    /// Refuses what cannot be meant, by name and value.
    pub(crate) fn validate(&self) -> Result<()> {
        self.handle.validate()?;
        self.engine.validate()
    }
}

impl HandleOptions {
    fn validate(&self) -> Result<()> {
        within("chunk_size", self.chunk_size, 1, LARGEST_CHUNK)?;
        within("retries", self.retries, 1, MOST_RETRIES)?;
        if self.backoff_base.is_zero() || self.backoff_base > LONGEST_BACKOFF {
            return invalid(
                "backoff_base",
                self.backoff_base,
                "must be above zero and at most a minute",
            );
        }
        buffered_needs_a_cache("durability", self.durability)
    }
}

/// There is nothing to buffer in unless a cache was enabled.
fn buffered_needs_a_cache(name: &str, durability: Durability) -> Result<()> {
    if durability == Durability::Buffered {
        return invalid(name, durability, "needs a write cache, and this vault has none");
    }
    Ok(())
}

impl EngineOptions {
    fn validate(&self) -> Result<()> {
        if !(512..=65_536).contains(&self.page_size) || !self.page_size.is_power_of_two() {
            return invalid(
                "page_size",
                self.page_size,
                "must be a power of two from 512 to 65536",
            );
        }
        within("mmap_size", self.mmap_size, 0, i64::MAX.unsigned_abs())?;
        within("cache_kb", self.cache_kb, 1, i32::MAX.unsigned_abs())?;
        within("reader_cache_kb", self.reader_cache_kb, 1, i32::MAX.unsigned_abs())?;
        within("reader_idle_limit", self.reader_idle_limit, 1, MOST_READERS)?;
        if self.busy_timeout > LONGEST_BUSY_TIMEOUT {
            return invalid("busy_timeout", self.busy_timeout, "must be at most 24 days");
        }
        within("queue_ops", self.queue_ops, 1, usize::MAX)?;
        within("queue_bytes", self.queue_bytes, 1, usize::MAX)?;
        if self.snapshot_max_age.is_zero() {
            return invalid("snapshot_max_age", self.snapshot_max_age, "must be above zero");
        }
        within("max_value_bytes", self.max_value_bytes, 1, u64::MAX)?;
        self.validate_checkpoint()
    }

    fn validate_checkpoint(&self) -> Result<()> {
        match self.checkpoint {
            CheckpointPolicy::Auto { pages, wal_limit } => {
                within("checkpoint.pages", pages, 1, i32::MAX.unsigned_abs())?;
                within("checkpoint.wal_limit", wal_limit, u64::from(self.page_size), u64::MAX)
            }
            CheckpointPolicy::External if !self.enable_wal => {
                invalid("checkpoint", self.checkpoint, "there is no log without enable_wal")
            }
            CheckpointPolicy::External => Ok(()),
        }
    }
}

fn within<T: PartialOrd + fmt::Display + Copy>(
    name: &str,
    value: T,
    least: T,
    most: T,
) -> Result<()> {
    if value < least || value > most {
        return Err(Error::invalid(name, value, format!("must be from {least} to {most}")));
    }
    Ok(())
}

fn invalid(name: &str, value: impl fmt::Debug, why: &str) -> Result<()> {
    Err(Error::invalid(name, format!("{value:?}"), why))
}
