//! Latencies counted in buckets of under one percent width, so that recording one costs a few
//! nanoseconds and no allocation.

use std::time::Duration;

/// Buckets per power of two.
const STEPS: u64 = 128;
/// Enough buckets for every `u64`: shifts 0 to 56, and the last shift needs two times `STEPS`.
const BUCKETS: usize = 58 * 128;

/// How often each latency was seen.
pub(crate) struct Histogram {
    buckets: Vec<u64>,
    count: u64,
    max: u64,
}

impl Histogram {
    /// An empty one, with all memory it will ever need.
    pub(crate) fn new() -> Self {
        Self { buckets: vec![0; BUCKETS], count: 0, max: 0 }
    }

    /// Counts one latency.
    pub(crate) fn record(&mut self, latency: Duration) {
        let nanos = u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX);
        if let Some(bucket) = self.buckets.get_mut(index(nanos)) {
            *bucket += 1;
        }
        self.count += 1;
        self.max = self.max.max(nanos);
    }

    /// Adds what another thread recorded.
    pub(crate) fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.buckets.iter_mut().zip(&other.buckets) {
            *mine += theirs;
        }
        self.count += other.count;
        self.max = self.max.max(other.max);
    }

    /// The latency that `part` of `whole` operations did not exceed: (999, 1000) is p99.9.
    pub(crate) fn quantile(&self, part: u64, whole: u64) -> Duration {
        let rank = (self.count * part).div_ceil(whole).max(1);
        let mut seen = 0;
        for (index, &bucket) in self.buckets.iter().enumerate() {
            seen += bucket;
            if seen >= rank {
                return Duration::from_nanos(upper_edge(index).min(self.max));
            }
        }
        self.max()
    }

    /// How many were counted.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// The slowest operation, exactly.
    pub(crate) fn max(&self) -> Duration {
        Duration::from_nanos(self.max)
    }
}

/// The bucket of a latency: exact below 256 ns, above that its eight leading bits.
fn index(nanos: u64) -> usize {
    let shift = u64::from(nanos.max(STEPS).ilog2() - STEPS.ilog2());
    usize::try_from(shift * STEPS + (nanos >> shift)).unwrap_or(usize::MAX)
}

/// The largest latency that falls into a bucket.
fn upper_edge(index: usize) -> u64 {
    let index = u64::try_from(index).unwrap_or(u64::MAX);
    let shift = (index / STEPS).saturating_sub(1);
    let leading = index - shift * STEPS;
    ((leading + 1) << shift) - 1
}
