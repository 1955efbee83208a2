//! What callers and the memory feel of a load through kvault's write cache.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Instant;

use kvault::{CacheOptions, KVault};

use crate::args::Args;
use crate::check::read;
use crate::error::Result;
use crate::figures::{self, Figures};
use crate::histogram::Histogram;
use crate::median::{float, median};
use crate::memory::{self, Memory};
use crate::rounds::{Contender, Scratch, Series, alternate};
use crate::row::{Row, mix};
use crate::system::Session;
use crate::table::{Table, micros, whole};
use crate::threads::{self, Limit, Run, Work};

/// Each flush that gets are made beside: so many rows, just below the default cap.
const FLUSH: usize = 200_000;
/// The default cap of the cache and the default page cache of the writer, and what may come to it.
const BUDGET_KIB: u64 = (64 << 10) + 100_000 + (64 << 10);

/// What a put may take in microseconds: the median, and what 99 % do not exceed.
const PUT_TARGET: (f64, f64) = (0.5, 5.0);
/// What 99.9 % of the gets during a flush may take in microseconds.
const GET_TARGET: f64 = 1000.0;

enum Case {
    /// So many threads put every row, as fast as they can.
    Put { producers: u64 },
    /// One thread gets while another one flushes.
    Get,
}

/// Measures and prints.
pub(super) fn run(args: &Args, scratch: &Scratch, rows: &[Row]) -> Result<()> {
    let case = |name, what| Contender { name, what };
    let cases = [
        case("puts, 1 producer", Case::Put { producers: 1 }),
        case("puts, 2 producers", Case::Put { producers: 2 }),
        case("gets during a flush", Case::Get),
    ];
    println!("### kvault-cached: latencies\n");
    let all = alternate(scratch, "ingest, cached", &cases, args.rounds(), |case, directory| {
        let vault = KVault::open(directory.join("bench.db"))?;
        let figures = match case {
            Case::Put { producers } => puts(&vault, rows, *producers)?,
            Case::Get => gets(&vault, rows)?,
        };
        vault.close()?;
        Ok(figures)
    })?;
    println!("{}", figures::table("ops/s", &all));
    println!("{}", targets(&all));
    let memory = (0..args.rounds())
        .filter_map(|_| scratch.fresh(|dir| load_memory(dir, rows.len())).transpose())
        .collect::<Result<Vec<_>>>()?;
    print_memory(&memory);
    Ok(())
}

fn load_memory(directory: &Path, rows: usize) -> Result<Option<Memory>> {
    memory::of_load(directory, u64::try_from(rows)?)
}

fn puts(vault: &KVault, rows: &[Row], producers: u64) -> Result<Figures> {
    vault.enable_cache(CacheOptions::default())?;
    let step = usize::try_from(producers)?;
    let workers = (0..step).map(|first| {
        let rows = rows.iter().skip(first).step_by(step);
        Putter { vault: KVault::clone(vault), rows, row: None }
    });
    let operations = Some(u64::try_from(rows.len())?);
    let run = threads::run(workers.collect(), Limit { time: None, operations })?;
    vault.disable_cache()?;
    Ok(Figures::of(&run))
}

struct Putter<'rows, Rows> {
    vault: KVault,
    rows: Rows,
    row: Option<&'rows Row>,
}

impl<'rows, Rows: Iterator<Item = &'rows Row> + Send> Work for Putter<'rows, Rows> {
    fn prepare(&mut self) {
        self.row = self.rows.next();
    }

    fn perform(&mut self) -> Result<()> {
        let row = self.row.ok_or("there is no row left")?;
        Ok(self.vault.put_bytes(row.key, row.value)?)
    }
}

/// Gets random rows of those that were put, in the file and in the cache, as long as a flush goes
/// on. Nobody puts meanwhile: on two CPUs three threads would measure the scheduler.
fn gets(vault: &KVault, rows: &[Row]) -> Result<Figures> {
    let cap = CacheOptions::default();
    vault.enable_cache(cap.flush_threshold(64 << 20))?;
    let mut all =
        Run { per_thread: vec![0], wall: std::time::Duration::ZERO, latency: Histogram::new() };
    for end in (0..rows.len()).step_by(FLUSH).map(|from| rows.len().min(from + FLUSH)) {
        let from = end.saturating_sub(1) / FLUSH * FLUSH;
        let put = rows.get(..end).ok_or("rows that are not there")?;
        put.iter().skip(from).try_for_each(|row| vault.put_bytes(row.key, row.value))?;
        let flushed = AtomicBool::new(false);
        let started = Instant::now();
        thread::scope(|scope| {
            let getter = scope.spawn(|| get_until(vault, put, &flushed));
            let outcome = vault.flush();
            flushed.store(true, Ordering::Release);
            let latency = getter.join().map_err(|_| "the getter panicked")??;
            all.latency.merge(&latency);
            outcome?;
            Ok::<_, crate::error::Error>(())
        })?;
        all.wall += started.elapsed();
    }
    all.per_thread = vec![all.latency.count()];
    vault.disable_cache()?;
    Ok(Figures::of(&all))
}

fn get_until(vault: &KVault, rows: &[Row], done: &AtomicBool) -> Result<Histogram> {
    let mut latency = Histogram::new();
    let mut session = KVault::clone(vault);
    let session: &mut dyn Session = &mut session;
    let count = u64::try_from(rows.len())?;
    let mut random = mix(count);
    while !done.load(Ordering::Acquire) {
        random = mix(random);
        let row = usize::try_from(random % count).ok().and_then(|at| rows.get(at));
        let row = row.ok_or("a row that is not there")?;
        let before = Instant::now();
        read(session, row)?;
        latency.record(before.elapsed());
    }
    Ok(latency)
}

fn targets(all: &[Series<Figures>]) -> Table {
    let mut table = Table::new(&["figure", "us", "target"]);
    for series in all {
        let mut row = |figure: &str, pick: fn(&Figures) -> f64, most: f64| {
            let value = median(series.rounds.iter().map(pick));
            let answer = if value <= most { "met" } else { "missed" };
            table.row(vec![
                format!("{}, {figure}", series.name),
                if value < 10.0 { format!("{value:.2}") } else { micros(value) },
                format!("<= {most}: {answer}"),
            ]);
        };
        if series.name.starts_with("gets") {
            row("p99.9", |round| round.p999, GET_TARGET);
        } else {
            row("p50", |round| round.p50, PUT_TARGET.0);
            row("p99", |round| round.p99, PUT_TARGET.1);
        }
    }
    table
}

fn print_memory(rounds: &[Memory]) {
    if rounds.is_empty() {
        return;
    }
    let mebibytes = |pick: fn(&Memory) -> u64| {
        median(rounds.iter().map(|round| float(pick(round)))) / float(1 << 10)
    };
    let (empty, most) = (mebibytes(|round| round.empty), mebibytes(|round| round.most));
    let budget = empty + float(BUDGET_KIB) / float(1 << 10);
    let answer = if most <= budget { "met" } else { "missed" };
    let mut table = Table::new(&["RssAnon", "MiB", "target"]);
    table.row(vec!["vault open, empty".to_owned(), whole(empty), String::new()]);
    table.row(vec!["at most".to_owned(), whole(most), format!("<= {}: {answer}", whole(budget))]);
    println!("{table}");
    println!(
        "In a process of its own, 1 producer. The target is an empty vault, the cap of the cache,"
    );
    println!("SQLite's page cache and 64 MiB.\n");
}
