//! Single puts, each acknowledged before its thread makes the next one.

use std::ops::Range;
use std::path::Path;

use crate::args::Args;
use crate::check::check;
use crate::error::Result;
use crate::figures::{self, Figures};
use crate::rounds::{Scratch, alternate};
use crate::row::Row;
use crate::system::{Durability, Session, Store, System};
use crate::systems;
use crate::threads::{self, Limit, Work, counted};
use crate::workload::Workload;
use crate::workloads::put_ratio::Ratios;

const SYSTEMS: [&str; 7] = ["kvault", "mutex", "group", "redb", "fjall", "heed", "sled"];
const THREADS: [usize; 3] = [1, 8, 32];
/// Each thread writes rows of its own, numbered from its multiple of this.
const ROWS_PER_THREAD: u64 = 1 << 40;

/// How many puts are acknowledged each second, and how long each one takes.
pub(super) struct Put;

impl Workload for Put {
    fn name(&self) -> &'static str {
        "put"
    }

    fn run(&self, args: &Args, scratch: &Scratch) -> Result<()> {
        println!("## put: acknowledged single puts into an empty store\n");
        let contenders = systems::chosen(args, &SYSTEMS)?;
        let limit = Limit { time: args.time_unless_rows(), operations: args.rows() };
        let mut ratios = Ratios::new();
        for durability in [Durability::Process, Durability::Power] {
            for threads in args.threads_or(&THREADS) {
                let cell = format!("{durability:?}, {}", counted(threads));
                let title = format!("put, {cell}");
                let all = alternate(scratch, &title, &contenders, args.rounds(), |system, dir| {
                    measure(system.as_ref(), dir, durability, threads, limit)
                })?;
                println!("### {cell}\n");
                println!("{}", figures::table("puts/s", &all));
                ratios.add(durability, threads, &all);
            }
            println!("{durability:?} means:\n");
            for contender in &contenders {
                let setup = contender.what.setup();
                let means = match durability {
                    Durability::Process => setup.process,
                    Durability::Power => setup.power,
                };
                println!("- {}: {means}", contender.name);
            }
            println!();
        }
        ratios.print();
        Ok(())
    }
}

/// One run on a fresh store, and the proof that every acknowledged put is in it.
fn measure(
    system: &dyn System,
    directory: &Path,
    durability: Durability,
    threads: usize,
    limit: Limit,
) -> Result<Figures> {
    let store = system.open(directory, durability)?;
    let mut putters = (0..u64::try_from(threads)?)
        .map(|thread| Putter::new(store.as_ref(), thread * ROWS_PER_THREAD))
        .collect::<Result<Vec<_>>>()?;
    for putter in &mut putters {
        putter.prepare();
        putter.perform()?;
    }
    let first: Vec<u64> = putters.iter().map(|putter| putter.number).collect();
    let run = threads::run(putters, limit)?;
    let acknowledged: Vec<Range<u64>> =
        first.iter().zip(&run.per_thread).map(|(next, puts)| next - 1..next + puts).collect();
    check(store.as_ref(), &acknowledged)?;
    store.close()?;
    Ok(Figures::of(&run))
}

/// One thread that puts row after row.
struct Putter<'store> {
    session: Box<dyn Session + Send + 'store>,
    /// The row that comes next.
    number: u64,
    row: Row,
}

impl<'store> Putter<'store> {
    fn new(store: &'store dyn Store, number: u64) -> Result<Self> {
        Ok(Self { session: store.session()?, number, row: Row::at(number) })
    }
}

impl Work for Putter<'_> {
    fn prepare(&mut self) {
        self.row = Row::at(self.number);
        self.number += 1;
    }

    fn perform(&mut self) -> Result<()> {
        self.session.put(&self.row.key, &self.row.value)
    }
}
