//! What a model runs on: loom's threads, in every schedule.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Instant,
};

pub(crate) use loom::thread::{JoinHandle, spawn, yield_now};

/// Schedules with more forced switches than this are not tried unless `LOOM_MAX_PREEMPTIONS`
/// says so: two find nearly everything and cost seconds.
const PREEMPTIONS: usize = 2;

pub(crate) fn check(model: impl Fn() + Send + Sync + 'static) {
    check_at(PREEMPTIONS, model);
}

/// For a model whose mutation needs more forced switches than others.
pub(crate) fn check_at(preemptions: usize, model: impl Fn() + Send + Sync + 'static) {
    thread_local! {
        static MINE: AtomicU64 = const { AtomicU64::new(0) };
    }
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = builder.preemption_bound.max(Some(preemptions));
    builder.max_branches = 10_000;
    let start = Instant::now();
    let before = MINE.with(|mine| mine.load(Ordering::Relaxed));
    builder.check(move || {
        MINE.with(|mine| mine.fetch_add(1, Ordering::Relaxed));
        model();
    });
    let tried = MINE.with(|mine| mine.load(Ordering::Relaxed)) - before;
    let thread = std::thread::current();
    let name = thread.name().unwrap_or("a model");
    println!("{name}: {tried} schedules in {:.1?}", start.elapsed());
}
