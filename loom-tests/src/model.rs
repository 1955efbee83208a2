//! What a model runs on: loom's threads, in every schedule.

pub(crate) use loom::thread::{spawn, yield_now};

/// Schedules with more forced switches than this are not tried unless `LOOM_MAX_PREEMPTIONS`
/// says so: two find nearly everything and cost seconds.
const PREEMPTIONS: usize = 2;

pub(crate) fn check(model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound.get_or_insert(PREEMPTIONS);
    builder.check(model);
}
