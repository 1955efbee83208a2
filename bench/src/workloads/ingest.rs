//! A bulk load of rows whose keys come in random order, until all of them are on the disk.

use std::path::Path;
use std::time::Instant;

use super::{ingest_cached, ingest_ratio};
use crate::args::Args;
use crate::check::check_first;
use crate::disk::occupied;
use crate::error::Result;
use crate::median::{float, median, range};
use crate::rounds::{Scratch, alternate};
use crate::row::Row;
use crate::system::{Durability, System};
use crate::systems;
use crate::table::{Table, spread, whole};
use crate::workload::Workload;

const SYSTEMS: [&str; 9] = [
    "kvault",
    "kvault-cached",
    "kvault-cached-2",
    "mutex",
    "sqlite-sorted",
    "redb",
    "fjall",
    "heed",
    "sled",
];
/// What [`ingest_cached`] looks at more closely.
const CACHED: &str = "kvault-cached";
const ROWS: u64 = 1_000_000;

/// How many rows a second go into an empty store when they come in bulk.
pub(super) struct Ingest;

impl Workload for Ingest {
    fn name(&self) -> &'static str {
        "ingest"
    }

    fn run(&self, args: &Args, scratch: &Scratch) -> Result<()> {
        let rows = Row::first(args.rows_or(ROWS));
        println!("## ingest: {} rows in bulk\n", rows.len());
        let contenders = systems::chosen(args, &SYSTEMS)?;
        let all = alternate(scratch, "ingest", &contenders, args.rounds(), |system, dir| {
            measure(system.as_ref(), dir, &rows)
        })?;
        let mut table = Table::new(&["system", "rows/s", "least..most", "MiB on disk"]);
        for series in &all {
            let rates = || series.rounds.iter().map(|load| load.rate);
            table.row(vec![
                series.name.to_owned(),
                whole(median(rates())),
                spread(range(rates())),
                whole(median(series.rounds.iter().map(|load| load.mebibytes))),
            ]);
        }
        println!("{table}");
        ingest_ratio::print(&all);
        println!("The load is:\n");
        for contender in &contenders {
            println!("- {}: {}", contender.name, contender.what.setup().ingest);
        }
        println!();
        if contenders.iter().any(|contender| contender.name == CACHED) {
            ingest_cached::run(args, scratch, &rows)?;
        }
        Ok(())
    }
}

/// What came of one load.
pub(super) struct Load {
    /// Rows per second, the final sync included.
    pub(super) rate: f64,
    /// What the closed store occupies.
    mebibytes: f64,
}

fn measure(system: &dyn System, directory: &Path, rows: &[Row]) -> Result<Load> {
    let count = u64::try_from(rows.len())?;
    let store = system.open(directory, Durability::Power)?;
    let started = Instant::now();
    store.ingest(rows)?;
    let rate = float(count) / started.elapsed().as_secs_f64();
    check_first(store.as_ref(), count)?;
    store.close()?;
    let mebibytes = float(occupied(directory)?) / float(1 << 20);
    Ok(Load { rate, mebibytes })
}
