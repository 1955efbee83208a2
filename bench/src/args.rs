//! The command line.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use lexopt::prelude::*;

use crate::error::Result;
use crate::{systems, workloads};

/// Shown for `--help` and below an error.
pub(crate) const USAGE: &str = "\
Usage: kvault-bench [OPTIONS]

  --only LIST      workloads to run: put, get, ingest, scan, stream,
                   core (default: all)
  --systems LIST   systems to measure: kvault, kvault-cached, kvault-cached-2, mutex,
                   group, sqlite, sqlite-sorted, redb, fjall, heed, sled
                   (default: those that fit the workload)
  --rounds N       rounds, of which the median counts (default: 5)
  --seconds S      length of each timed run of put and get (default: 2)
  --rows N         put: stop after N puts (without --seconds, no time limit);
                   get: rows in the store (default: 200000);
                   ingest, scan: rows to load (default: 1000000);
                   stream: MiB of the value (default: 900);
                   core: entries in the cache (default: 100000)
  --threads LIST   thread counts (default: put 1,8,32; get 1,2;
                   core 1 and one for each CPU)
  --dir DIR        where the stores are created (default: target/bench-data)
  --quick          one short round of everything, to see that it works
  --memory         ingest --rows with the write cache and say what memory that took:
                   what ingest runs in processes of their own
  -h, --help       this text

A LIST is separated by commas.
";

/// What the user asked for; `None` means the default, which may depend on the workload.
#[derive(Default)]
pub(crate) struct Args {
    only: Option<Vec<String>>,
    systems: Option<Vec<String>>,
    rounds: Option<usize>,
    seconds: Option<Duration>,
    rows: Option<u64>,
    threads: Option<Vec<usize>>,
    dir: Option<PathBuf>,
    quick: bool,
    /// Whether the memory of a load is all that was asked for.
    pub(crate) memory: bool,
    /// Whether the usage is all that was asked for.
    pub(crate) help: bool,
}

impl Args {
    /// Reads the process's arguments.
    pub(crate) fn parse() -> Result<Self> {
        let mut args = Self::default();
        let mut parser = lexopt::Parser::from_env();
        while let Some(argument) = parser.next()? {
            match argument {
                Long("only") => {
                    let names = list(&parser.value()?.string()?)?;
                    args.only = Some(known("workload", names, &workloads::names())?);
                }
                Long("systems") => {
                    let names = list(&parser.value()?.string()?)?;
                    args.systems = Some(known("system", names, &systems::names())?);
                }
                Long("rounds") => {
                    args.rounds = Some(positive("--rounds", parser.value()?.parse()?)?);
                }
                Long("seconds") => {
                    let time = Duration::try_from_secs_f64(parser.value()?.parse()?)
                        .map_err(|error| format!("--seconds: {error}"))?;
                    args.seconds = Some(positive("--seconds", time)?);
                }
                Long("rows") => args.rows = Some(positive("--rows", parser.value()?.parse()?)?),
                Long("threads") => {
                    let counts: Vec<usize> = list(&parser.value()?.string()?)?;
                    for &count in &counts {
                        positive("--threads", count)?;
                    }
                    args.threads = Some(counts);
                }
                Long("dir") => args.dir = Some(parser.value()?.into()),
                Long("quick") => args.quick = true,
                Long("memory") => args.memory = true,
                Short('h') | Long("help") => args.help = true,
                _ => return Err(argument.unexpected().into()),
            }
        }
        Ok(args)
    }

    /// Whether `--only` lets this workload through.
    pub(crate) fn wants(&self, workload: &str) -> bool {
        let only = self.only.as_ref();
        only.is_none_or(|only| only.iter().any(|name| name == workload))
    }

    /// Whether this system is to be measured, given whether the workload would do so by itself.
    pub(crate) fn wants_system(&self, system: &str, by_default: bool) -> bool {
        let systems = self.systems.as_ref();
        systems.map_or(by_default, |systems| systems.iter().any(|name| name == system))
    }

    /// How often every system is measured.
    pub(crate) fn rounds(&self) -> usize {
        self.rounds.unwrap_or(if self.quick { 1 } else { 5 })
    }

    /// The length of a timed run.
    pub(crate) fn time(&self) -> Duration {
        let millis = if self.quick { 200 } else { 2000 };
        self.seconds.unwrap_or(Duration::from_millis(millis))
    }

    /// The length of a timed run, unless a number of rows was asked for and no time.
    pub(crate) fn time_unless_rows(&self) -> Option<Duration> {
        let rows_only = self.rows.is_some() && self.seconds.is_none();
        (!rows_only).then(|| self.time())
    }

    /// The number of rows, if one was asked for.
    pub(crate) fn rows(&self) -> Option<u64> {
        self.rows
    }

    /// The number of rows, or this workload's own, a fiftieth of it for `--quick`.
    pub(crate) fn rows_or(&self, default: u64) -> u64 {
        let default = if self.quick { default / 50 } else { default };
        self.rows.unwrap_or(default)
    }

    /// The thread counts, or this workload's own.
    pub(crate) fn threads_or(&self, default: &[usize]) -> Vec<usize> {
        self.threads.clone().unwrap_or_else(|| default.to_vec())
    }

    /// Where the stores go.
    pub(crate) fn dir(&self) -> PathBuf {
        let default = || PathBuf::from("target/bench-data");
        self.dir.clone().unwrap_or_else(default)
    }
}

/// Splits `a,b,c`.
fn list<T: FromStr>(text: &str) -> Result<Vec<T>>
where
    T::Err: std::error::Error + Send + Sync + 'static,
{
    let parse = |part: &str| {
        let part = part.trim();
        part.parse().map_err(|error| format!("{part:?} in the list {text:?}: {error}").into())
    };
    text.split(',').map(parse).collect()
}

/// Refuses names that nothing here has.
fn known(kind: &str, asked: Vec<String>, names: &[&str]) -> Result<Vec<String>> {
    match asked.iter().find(|name| !names.contains(&name.as_str())) {
        Some(name) => Err(format!("no {kind} {name:?}: there are {}", names.join(", ")).into()),
        None => Ok(asked),
    }
}

/// Refuses zero.
fn positive<T: PartialEq + Default>(option: &str, number: T) -> Result<T> {
    if number == T::default() {
        return Err(format!("{option}: zero is nothing to measure with").into());
    }
    Ok(number)
}
