//! What the figures depend on beside the engines: how many CPUs there really are, and what the
//! disk takes for a sync.

use std::fs::File;
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::error::Result;
use crate::median::{float, median};
use crate::rounds::Scratch;
use crate::row::mix;

/// How long each CPU loop runs.
const SPIN: Duration = Duration::from_millis(200);
/// How often each measurement is made; the median counts.
const TRIES: usize = 3;
/// How many appends the disk is asked for.
const SYNCS: usize = 50;

/// CPUs that the process may use.
pub(crate) fn cpus() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// How much more a pure CPU loop gets done on two threads than on one: 2 on two idle cores,
/// less where cores are shared with others.
pub(crate) fn scaling() -> f64 {
    median((0..TRIES).map(|_| {
        let one = spin(1);
        spin(2) / one
    }))
}

/// Loop turns per second, of all threads together.
fn spin(threads: usize) -> f64 {
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let started = Instant::now();
        let spinners: Vec<_> = (0..threads).map(|_| scope.spawn(|| turns(&stop))).collect();
        thread::sleep(SPIN);
        stop.store(true, Ordering::Relaxed);
        let turns: u64 = spinners.into_iter().map(|spinner| spinner.join().unwrap_or(0)).sum();
        float(turns) / started.elapsed().as_secs_f64()
    })
}

fn turns(stop: &AtomicBool) -> u64 {
    let mut turns = 0;
    let mut state = 0;
    while !stop.load(Ordering::Relaxed) {
        for _ in 0..1000 {
            state = mix(state);
        }
        turns += 1;
    }
    std::hint::black_box(state);
    turns
}

/// The median time to append 4 KiB and sync them, where the stores will be.
pub(crate) fn sync_cost(scratch: &Scratch) -> Result<Duration> {
    scratch.fresh(|directory| {
        let mut file = File::create(directory.join("sync"))?;
        let mut costs = Vec::with_capacity(SYNCS);
        for _ in 0..SYNCS {
            let started = Instant::now();
            file.write_all(&[0x5A; 4096])?;
            file.sync_data()?;
            costs.push(started.elapsed().as_secs_f64());
        }
        Ok(Duration::from_secs_f64(median(costs)))
    })
}
