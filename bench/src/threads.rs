//! Runs the same kind of work on several threads at once and times every single operation.

use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use crate::error::Result;
use crate::histogram::Histogram;
use crate::median::float;

/// What one thread does over and over.
pub(crate) trait Work: Send {
    /// Gets the next operation ready; not part of its latency.
    fn prepare(&mut self);
    /// The operation whose latency counts.
    fn perform(&mut self) -> Result<()>;
}

/// When a thread stops: whichever comes first.
#[derive(Clone, Copy)]
pub(crate) struct Limit {
    /// Time from the start.
    pub(crate) time: Option<Duration>,
    /// Operations of all threads together.
    pub(crate) operations: Option<u64>,
}

/// What came of one run.
pub(crate) struct Run {
    /// Operations that each thread finished.
    pub(crate) per_thread: Vec<u64>,
    /// From the first start to the last finish.
    pub(crate) wall: Duration,
    /// The latencies of all threads.
    pub(crate) latency: Histogram,
}

impl Run {
    /// Operations of all threads together in each second.
    pub(crate) fn per_second(&self) -> f64 {
        float(self.per_thread.iter().sum()) / self.wall.as_secs_f64()
    }
}

/// `1 thread`, `2 threads`.
pub(crate) fn counted(threads: usize) -> String {
    format!("{threads} thread{}", if threads == 1 { "" } else { "s" })
}

/// Starts one thread for each worker, lets them go at the same moment, and waits for them all.
pub(crate) fn run<W: Work>(workers: Vec<W>, limit: Limit) -> Result<Run> {
    let barrier = Barrier::new(workers.len());
    let quotas = quotas(limit.operations, workers.len());
    let laps = thread::scope(|scope| {
        let barrier = &barrier;
        let threads: Vec<_> = workers
            .into_iter()
            .zip(quotas)
            .map(|(worker, quota)| {
                scope.spawn(move || {
                    barrier.wait();
                    lap(worker, quota, limit.time)
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().map_err(|_| "a worker panicked")?)
            .collect::<Result<Vec<Lap>>>()
    })?;
    let first = laps.iter().map(|lap| lap.started).min();
    let last = laps.iter().map(|lap| lap.finished).max();
    let mut latency = Histogram::new();
    for lap in &laps {
        latency.merge(&lap.latency);
    }
    Ok(Run {
        per_thread: laps.iter().map(|lap| lap.operations).collect(),
        wall: first.zip(last).map_or(Duration::ZERO, |(from, to)| to - from),
        latency,
    })
}

/// One thread's share of a run.
struct Lap {
    operations: u64,
    started: Instant,
    finished: Instant,
    latency: Histogram,
}

fn lap(mut worker: impl Work, quota: u64, time: Option<Duration>) -> Result<Lap> {
    let mut latency = Histogram::new();
    let mut operations = 0;
    let started = Instant::now();
    let mut finished = started;
    while operations < quota && time.is_none_or(|time| finished - started < time) {
        worker.prepare();
        let before = Instant::now();
        worker.perform()?;
        finished = Instant::now();
        latency.record(finished - before);
        operations += 1;
    }
    Ok(Lap { operations, started, finished, latency })
}

/// Shares a number of operations out as evenly as it goes.
fn quotas(operations: Option<u64>, threads: usize) -> impl Iterator<Item = u64> {
    let divisor = u64::try_from(threads).unwrap_or(1).max(1);
    (0..divisor).map(move |thread| {
        operations.map_or(u64::MAX, |operations| {
            operations / divisor + u64::from(thread < operations % divisor)
        })
    })
}
