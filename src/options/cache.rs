//! How a write cache works.

use std::time::Duration;

use crate::{Error, Result};

const DEFAULT_CAP: usize = 64 << 20;

/// How a write cache works: chained setters, for [`KVault::enable_cache`](crate::KVault::enable_cache)
/// and its kin.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use kvault::CacheOptions;
///
/// let options = CacheOptions::default()
///     .cap_bytes(256 << 20)
///     .flush_interval(Some(Duration::from_secs(5)));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "options do nothing until a cache is enabled with them"]
pub struct CacheOptions {
    pub(crate) cap_bytes: usize,
    pub(crate) flush_threshold: Option<usize>,
    pub(crate) flush_interval: Option<Duration>,
    pub(crate) flush_on_exit: bool,
}

impl Default for CacheOptions {
    fn default() -> Self {
        Self {
            cap_bytes: DEFAULT_CAP,
            flush_threshold: None,
            flush_interval: None,
            flush_on_exit: true,
        }
    }
}

impl CacheOptions {
    /// How many bytes may wait to be flushed: keys, values, and 128 bytes for each entry. At the
    /// cap puts wait for a flush to make room. A value or batch that is larger is flushed before
    /// its put returns. Default: 64 MiB.
    pub fn cap_bytes(mut self, cap_bytes: usize) -> Self {
        self.cap_bytes = cap_bytes;
        self
    }

    /// At how many bytes a flush begins in the background. Default: a quarter of the cap.
    pub fn flush_threshold(mut self, flush_threshold: usize) -> Self {
        self.flush_threshold = Some(flush_threshold);
        self
    }

    /// How old the oldest entry may become before a flush begins. Default: none; then what is
    /// below the threshold waits until something else flushes it.
    pub fn flush_interval(mut self, flush_interval: Option<Duration>) -> Self {
        self.flush_interval = flush_interval;
        self
    }

    /// Whether the end of the cache, and closing the vault, waits for a last flush. Without it the
    /// end of a scope leaves the flush to the background, and what is not flushed when the vault
    /// is closed is gone. Default: true.
    pub fn flush_on_exit(mut self, flush_on_exit: bool) -> Self {
        self.flush_on_exit = flush_on_exit;
        self
    }

    pub(crate) fn threshold(&self) -> usize {
        self.flush_threshold.unwrap_or(self.cap_bytes / 4).max(1)
    }

    pub(crate) fn validate(&self) -> Result<()> {
        if self.cap_bytes == 0 {
            return Err(Error::invalid("cap_bytes", 0, "must be above zero"));
        }
        if let Some(threshold) = self.flush_threshold
            && !(1..=self.cap_bytes).contains(&threshold)
        {
            let why = format!("must be from 1 to cap_bytes, {}", self.cap_bytes);
            return Err(Error::invalid("flush_threshold", threshold, why));
        }
        if self.flush_interval.is_some_and(|interval| interval.is_zero()) {
            return Err(Error::invalid("flush_interval", "0ns", "must be above zero"));
        }
        Ok(())
    }

    /// The first option in which `asked` differs: its name, what is asked for, and what is.
    pub(crate) fn difference(&self, asked: &Self) -> Option<(&'static str, String, String)> {
        let differs = |name, asked: String, is: String| (asked != is).then_some((name, asked, is));
        differs("cap_bytes", asked.cap_bytes.to_string(), self.cap_bytes.to_string())
            .or_else(|| {
                let (asked, is) = (asked.threshold(), self.threshold());
                differs("flush_threshold", asked.to_string(), is.to_string())
            })
            .or_else(|| {
                let (asked, is) = (asked.flush_interval, self.flush_interval);
                differs("flush_interval", format!("{asked:?}"), format!("{is:?}"))
            })
            .or_else(|| {
                let (asked, is) = (asked.flush_on_exit, self.flush_on_exit);
                differs("flush_on_exit", asked.to_string(), is.to_string())
            })
    }
}
