//! The dirty cache's core without a store: what a put and a get cost that meet nothing but it.

use std::convert::Infallible;
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::args::Args;
use crate::error::Result;
use crate::figures::Figures;
use crate::handoff::cache::{Cache, Change, Dirty, Key, KeyRef, Limits, Store, Table};
use crate::host;
use crate::median::{float, median, range};
use crate::rounds::{Contender, Scratch, Series, alternate};
use crate::row::{Row, VALUE_BYTES, mix};
use crate::sync::{Bytes, Deadline};
use crate::table;
use crate::threads::{self, Limit, Work, counted};
use crate::workload::Workload;

const ENTRIES: u64 = 100_000;
/// A single operation is shorter than reading the clock twice: so many are timed together.
const BLOCK: u16 = 64;
const TABLE: Table = Table(1);
/// Rows from here on are in no cache.
const ABSENT: u64 = 1 << 40;

/// How long a put, a get of what is dirty and a get of what is not take in the cache.
pub(super) struct Core;

#[derive(Clone, Copy)]
enum Operation {
    Put,
    /// Finds the value and asks for its length.
    Get,
    /// Copies the value too: three lines of memory more.
    Copy,
    Miss,
}

/// An operation on a cache whose entries are in so many sealed generations, or in the active one.
struct Case {
    operation: Operation,
    sealed: u64,
    /// Microseconds that the median must not exceed, where there is a target.
    target: Option<f64>,
}

impl Workload for Core {
    fn name(&self) -> &'static str {
        "core"
    }

    fn run(&self, args: &Args, scratch: &Scratch) -> Result<()> {
        let entries = args.rows_or(ENTRIES);
        println!("## core: the dirty cache alone, {} entries\n", table::whole(float(entries)));
        let limit = Limit { time: Some(args.time()), operations: None };
        for threads in args.threads_or(&[1, host::cpus()]) {
            let all = alternate(scratch, "core", &cases(), args.rounds(), |case, _| {
                measure(case, entries, threads, limit)
            })?;
            println!("### {}\n\n{}", counted(threads), figures(&all));
        }
        println!(
            "Each latency is the mean of {BLOCK} operations in a row. A put allocates its value;"
        );
        println!("a get copies it out.\n");
        Ok(())
    }
}

fn cases() -> Vec<Contender<Case>> {
    use Operation::{Copy, Get, Miss, Put};
    let case = |name, operation, sealed, target| Contender {
        name,
        what: Case { operation, sealed, target },
    };
    vec![
        case("put", Put, 0, Some(0.4)),
        case("get of what is dirty", Get, 0, Some(0.2)),
        case("get of what is dirty, copied out", Copy, 0, None),
        case("get of what is not", Miss, 0, Some(0.08)),
        case("get of what is dirty, 8 generations", Get, 7, None),
        case("get of what is not, 8 generations", Miss, 7, None),
    ]
}

fn figures(all: &[Series<Figures>]) -> table::Table {
    let heads = ["operation", "per second", "least..most", "p50 us", "target", "p99 us", "max us"];
    let mut rows = table::Table::new(&heads);
    let targets = cases();
    for series in all {
        let each = |pick: fn(&Figures) -> f64| series.rounds.iter().map(pick);
        let per_op = |pick| format!("{:.3}", median(each(pick)) / f64::from(BLOCK));
        let rate = |round: &Figures| round.rate * f64::from(BLOCK);
        let case = targets.iter().find(|case| case.name == series.name);
        let target = case.and_then(|case| case.what.target);
        rows.row(vec![
            series.name.to_owned(),
            table::whole(median(each(rate))),
            table::spread(range(each(rate))),
            per_op(|round| round.p50),
            target.map_or_else(String::new, |target| format!("{target:.2}")),
            per_op(|round| round.p99),
            per_op(|round| round.max),
        ]);
    }
    rows
}

fn measure(case: &Case, entries: u64, threads: usize, limit: Limit) -> Result<Figures> {
    let limits = Limits { cap: usize::MAX, threshold: usize::MAX, sealed: 10 };
    let cache: Cache<Infallible> = Cache::new(limits, || ());
    cache.turn_on();
    let put = |number| put(&cache, &Row::at(number));
    // A first generation of that size, as the caches of a running program have had.
    (0..entries).try_for_each(put)?;
    let _ = cache.flush(&mut Nowhere);
    cache.free();
    if !matches!(case.operation, Operation::Put) {
        for number in 0..entries {
            put(number)?;
            if number % (entries / (case.sealed + 1) + 1) == entries / (case.sealed + 1) {
                drop(cache.overlay());
            }
        }
    }
    let next = AtomicU64::new(0);
    let workers = (0..u64::try_from(threads)?)
        .map(|thread| Worker {
            cache: &cache,
            operation: case.operation,
            next: &next,
            random: mix(thread),
            entries,
            rows: Vec::new(),
        })
        .collect();
    Ok(Figures::of(&threads::run(workers, limit)?))
}

fn put(cache: &Cache<Infallible>, row: &Row) -> Result<()> {
    let value = Dirty::Put(Bytes::from(row.value));
    let put = cache.put(Key::new(TABLE, &row.key), value, Deadline::NEVER);
    put.map(|_| ()).map_err(|refused| format!("{refused:?}").into())
}

/// What a user of a value does at least: the bytes come to the processor.
fn read(bytes: &[u8]) -> usize {
    let mut copy = [0; VALUE_BYTES];
    for (place, byte) in copy.iter_mut().zip(bytes) {
        *place = *byte;
    }
    black_box(copy).len()
}

/// Takes everything and keeps nothing.
struct Nowhere;

impl Store for Nowhere {
    type Error = Infallible;

    fn commit(
        &mut self,
        changes: &mut dyn Iterator<Item = Change<'_>>,
    ) -> std::result::Result<(), Infallible> {
        changes.for_each(|change| {
            black_box(change);
        });
        Ok(())
    }
}

struct Worker<'cache> {
    cache: &'cache Cache<Infallible>,
    operation: Operation,
    /// The number of the next row that nobody has put.
    next: &'cache AtomicU64,
    random: u64,
    entries: u64,
    rows: Vec<Row>,
}

impl Work for Worker<'_> {
    fn prepare(&mut self) {
        let block = u64::from(BLOCK);
        self.rows.clear();
        if matches!(self.operation, Operation::Put) {
            let first = self.next.fetch_add(block, Ordering::Relaxed);
            self.rows.extend((first..first + block).map(Row::at));
            if first % self.entries + block >= self.entries {
                let _ = self.cache.flush(&mut Nowhere);
                self.cache.free();
            }
            return;
        }
        let absent = if matches!(self.operation, Operation::Miss) { ABSENT } else { 0 };
        for _ in 0..block {
            self.random = mix(self.random);
            self.rows.push(Row::at(absent + self.random % self.entries));
        }
    }

    fn perform(&mut self) -> Result<()> {
        for row in &self.rows {
            match self.operation {
                Operation::Put => put(self.cache, row)?,
                Operation::Get | Operation::Copy | Operation::Miss => {
                    let key = KeyRef { table: TABLE, bytes: &row.key };
                    let copies = matches!(self.operation, Operation::Copy);
                    let copy = |found: &Dirty| {
                        let Dirty::Put(bytes) = found else { return None };
                        Some(if copies { read(bytes) } else { bytes.len() })
                    };
                    let found = black_box(self.cache.get(key, copy));
                    if found.is_some() == matches!(self.operation, Operation::Miss) {
                        return Err("a key was found that is not there, or not found".into());
                    }
                }
            }
        }
        Ok(())
    }
}
