//! Random gets of values that are there, every one of them checked.

use std::path::Path;

use crate::args::Args;
use crate::check::{check_first, read};
use crate::error::Result;
use crate::figures::{self, Figures};
use crate::rounds::{Scratch, Series, alternate};
use crate::row::{Row, mix};
use crate::system::{Durability, Session, Store, System};
use crate::systems;
use crate::threads::{self, Limit, Work, counted};
use crate::workload::Workload;

const SYSTEMS: [&str; 7] = ["kvault", "mutex", "sqlite", "redb", "fjall", "heed", "sled"];
const THREADS: [usize; 2] = [1, 2];
const ROWS: u64 = 200_000;
/// Gets that each thread makes before the clock starts.
const WARM_UP: u64 = 1000;

/// How fast values are read from a store that fits into memory.
pub(super) struct Get;

impl Workload for Get {
    fn name(&self) -> &'static str {
        "get"
    }

    fn run(&self, args: &Args, scratch: &Scratch) -> Result<()> {
        let rows = Row::first(args.rows_or(ROWS));
        println!("## get: random gets from {} rows\n", rows.len());
        let contenders = systems::chosen(args, &SYSTEMS)?;
        let counts = args.threads_or(&THREADS);
        let limit = Limit { time: Some(args.time()), operations: None };
        let all = alternate(scratch, "get", &contenders, args.rounds(), |system, dir| {
            measure(system.as_ref(), dir, &rows, &counts, limit)
        })?;
        for (&threads, all) in counts.iter().zip(by_threads(all, counts.len())) {
            println!("### {}\n", counted(threads));
            println!("{}", figures::table("gets/s", &all));
        }
        println!("A get is:\n");
        for contender in &contenders {
            println!("- {}: {}", contender.name, contender.what.setup().get);
        }
        println!();
        Ok(())
    }
}

/// Fills a store, closes and reopens it, so that it is at rest, and reads with each thread count.
fn measure(
    system: &dyn System,
    directory: &Path,
    rows: &[Row],
    counts: &[usize],
    limit: Limit,
) -> Result<Vec<Figures>> {
    let store = system.open(directory, Durability::Process)?;
    store.ingest(rows)?;
    store.close()?;
    let store = system.open(directory, Durability::Process)?;
    let count = u64::try_from(rows.len())?;
    check_first(store.as_ref(), count)?;
    let mut figures = Vec::with_capacity(counts.len());
    for &threads in counts {
        let mut getters = (0..u64::try_from(threads)?)
            .map(|thread| Getter::new(store.as_ref(), thread, count))
            .collect::<Result<Vec<_>>>()?;
        for getter in &mut getters {
            for _ in 0..WARM_UP {
                getter.prepare();
                getter.perform()?;
            }
        }
        figures.push(Figures::of(&threads::run(getters, limit)?));
    }
    store.close()?;
    Ok(figures)
}

/// Turns rounds of several thread counts into one series for each thread count.
fn by_threads(all: Vec<Series<Vec<Figures>>>, counts: usize) -> Vec<Vec<Series<Figures>>> {
    let mut split: Vec<Vec<Series<Figures>>> = (0..counts).map(|_| Vec::new()).collect();
    for series in all {
        let mut rounds: Vec<_> = series.rounds.into_iter().map(Vec::into_iter).collect();
        for cell in &mut split {
            cell.push(Series {
                name: series.name,
                rounds: rounds.iter_mut().filter_map(Iterator::next).collect(),
            });
        }
    }
    split
}

/// One thread that gets row after row.
struct Getter<'store> {
    session: Box<dyn Session + Send + 'store>,
    random: u64,
    rows: u64,
    row: Row,
}

impl<'store> Getter<'store> {
    fn new(store: &'store dyn Store, thread: u64, rows: u64) -> Result<Self> {
        Ok(Self { session: store.session()?, random: mix(thread), rows, row: Row::at(0) })
    }
}

impl Work for Getter<'_> {
    fn prepare(&mut self) {
        self.random = mix(self.random);
        self.row = Row::at(self.random % self.rows);
    }

    fn perform(&mut self) -> Result<()> {
        read(self.session.as_mut(), &self.row)
    }
}
