//! How the load through kvault's write cache compares with those of others.

use super::ingest::Load;
use crate::median::{median, range};
use crate::rounds::Series;
use crate::table::Table;

const OURS: [&str; 2] = ["kvault-cached", "kvault-cached-2"];
/// What is promised: the least ratio of rows/s.
const TARGETS: [(&str, f64); 2] = [("mutex", 1.0), ("fjall", 1.15)];

/// Prints the ratios of all pairs that were measured: the median of the ratios of each round,
/// since the two runs of one round are the closest in time.
pub(super) fn print(all: &[Series<Load>]) {
    let find = |name| all.iter().find(|series| series.name == name);
    let mut table = Table::new(&["ratio", "rows/s", "least..most", "target"]);
    let mut any = false;
    for ours in OURS.into_iter().filter_map(find) {
        for (name, least) in TARGETS {
            let Some(theirs) = find(name) else { continue };
            let rounds = ours.rounds.iter().zip(&theirs.rounds);
            let ratios: Vec<f64> = rounds.map(|(ours, theirs)| ours.rate / theirs.rate).collect();
            let (low, high) = range(ratios.iter().copied());
            let ratio = median(ratios);
            let answer = if ratio >= least { "met" } else { "missed" };
            table.row(vec![
                format!("{} / {name}", ours.name),
                format!("{ratio:.2}"),
                format!("{low:.2}..{high:.2}"),
                format!(">= {least}: {answer}"),
            ]);
            any = true;
        }
    }
    if any {
        println!("{table}");
    }
}
