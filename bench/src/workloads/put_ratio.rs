//! How kvault's puts compare with those of one connection behind a mutex.

use crate::figures::Figures;
use crate::median::{median, range};
use crate::rounds::Series;
use crate::system::Durability;
use crate::table::Table;

/// What is promised: durability, threads, least ratio of puts/s, greatest ratio of p99.9.
const TARGETS: [(Durability, usize, f64, Option<f64>); 2] =
    [(Durability::Process, 1, 0.75, None), (Durability::Power, 32, 5.0, Some(0.1))];

/// kvault over mutex, cell by cell.
pub(super) struct Ratios {
    table: Table,
    empty: bool,
}

impl Ratios {
    /// No cells yet.
    pub(super) fn new() -> Self {
        Self {
            table: Table::new(&[
                "durability, threads",
                "puts/s ratio",
                "least..most",
                "p99.9 ratio",
                "target",
            ]),
            empty: true,
        }
    }

    /// Adds a cell if both systems were measured: the median of the ratios of each round, since
    /// the two runs of one round are the closest in time.
    pub(super) fn add(&mut self, durability: Durability, threads: usize, all: &[Series<Figures>]) {
        let find = |name| all.iter().find(|series| series.name == name);
        let (Some(ours), Some(theirs)) = (find("kvault"), find("mutex")) else {
            return;
        };
        let ratios = |pick: fn(&Figures) -> f64| -> Vec<f64> {
            let rounds = ours.rounds.iter().zip(&theirs.rounds);
            rounds.map(|(ours, theirs)| pick(ours) / pick(theirs)).collect()
        };
        let rates = ratios(|round| round.rate);
        let (least, most) = range(rates.iter().copied());
        let rate = median(rates);
        let tail = median(ratios(|round| round.p999));
        self.table.row(vec![
            format!("{durability:?}, {threads}"),
            format!("{rate:.2}"),
            format!("{least:.2}..{most:.2}"),
            format!("{tail:.3}"),
            verdict(durability, threads, rate, tail),
        ]);
        self.empty = false;
    }

    /// Prints the table, or nothing if one of the two systems was left out.
    pub(super) fn print(&self) {
        if !self.empty {
            println!("### kvault / mutex\n");
            println!("{}", self.table);
        }
    }
}

fn verdict(durability: Durability, threads: usize, rate: f64, tail: f64) -> String {
    let target = TARGETS.iter().find(|target| target.0 == durability && target.1 == threads);
    let Some(&(_, _, least_rate, most_tail)) = target else {
        return String::new();
    };
    let met = rate >= least_rate && most_tail.is_none_or(|most| tail <= most);
    let tail_target = most_tail.map_or(String::new(), |most| format!(", p99.9 <= {most}"));
    let answer = if met { "met" } else { "missed" };
    format!("puts/s >= {least_rate}{tail_target}: {answer}")
}
