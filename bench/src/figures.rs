//! The figures that a timed run is reported by, and how several rounds become one line.

use std::time::Duration;

use crate::median::{median, range};
use crate::rounds::Series;
use crate::table::{Table, micros, spread, whole};
use crate::threads::Run;

/// One run in figures; latencies in microseconds.
pub(crate) struct Figures {
    /// Operations per second.
    pub(crate) rate: f64,
    /// The median latency.
    pub(crate) p50: f64,
    /// What 99 % did not exceed.
    pub(crate) p99: f64,
    /// What 99.9 % did not exceed.
    pub(crate) p999: f64,
    /// The slowest.
    pub(crate) max: f64,
}

impl Figures {
    /// Sums up a run.
    pub(crate) fn of(run: &Run) -> Self {
        let in_micros = |latency: Duration| latency.as_secs_f64() * 1e6;
        Self {
            rate: run.per_second(),
            p50: in_micros(run.latency.quantile(1, 2)),
            p99: in_micros(run.latency.quantile(99, 100)),
            p999: in_micros(run.latency.quantile(999, 1000)),
            max: in_micros(run.latency.max()),
        }
    }
}

/// One line for each contender; every figure is the median of that figure over the rounds.
///
/// `rate_head` names the operation, like `puts/s`.
pub(crate) fn table(rate_head: &str, all: &[Series<Figures>]) -> Table {
    let mut table =
        Table::new(&["system", rate_head, "least..most", "p50 us", "p99 us", "p99.9 us", "max us"]);
    for series in all {
        let each = |pick: fn(&Figures) -> f64| series.rounds.iter().map(pick);
        table.row(vec![
            series.name.to_owned(),
            whole(median(each(|round| round.rate))),
            spread(range(each(|round| round.rate))),
            micros(median(each(|round| round.p50))),
            micros(median(each(|round| round.p99))),
            micros(median(each(|round| round.p999))),
            micros(median(each(|round| round.max))),
        ]);
    }
    table
}
