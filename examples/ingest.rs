//! A folder into a vault and back: `cargo run --release --example ingest -- --help`.
//!
//! Producers store every regular file under its path below the folder, while readers look up what
//! was acknowledged. Then the vault is closed, opened anew, and compared with the disk.
#![expect(clippy::unwrap_used, reason = "a thread that panicked ends the run")]

use std::{
    collections::BTreeMap,
    env,
    error::Error,
    ffi::OsString,
    fmt::Display,
    fs::{self, File, Metadata},
    hash::{BuildHasher, DefaultHasher, Hasher, RandomState},
    io::{self, BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    sync::{Arc, Mutex, MutexGuard},
    thread,
    time::{Duration, Instant, SystemTime},
};

use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressStyle};
use kvault::{KVault, Reader, is_open_vault_file};

const USAGE: &str = "\
Stores the files of a folder in a vault, reads them back and compares.

Usage: ingest [PATH] [--db FILE] [--threads N]

  PATH         the folder, by default the current one; symbolic links in it are not followed
  --db FILE    the vault, which stays; by default a temporary one
  --threads N  how many threads store, 1 to 256, by default 4; half as many read meanwhile

Exit code: 0 if all is well, 1 if a value differs or something failed, 2 for a wrong argument.
";

/// Larger files are not stored. A vault's default, said here so as to ask before reading a file.
const LARGEST: u64 = 999_000_000;
/// Of values larger than this only one at a time is in memory.
const HUGE: u64 = 64 << 20;

// What may become of a path other than to be stored and found again.
const LINKS: &str = "symbolic links";
const SPECIAL: &str = "not regular files";
const OWN: &str = "of the vault itself";
const TOO_LARGE: &str = "too large";
const UNREADABLE: &str = "unreadable";
const CHANGED: &str = "changed meanwhile";
const DIFFERENT: &str = "different";

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Length and time of modification: as long as they are the same, so is the content.
type Stamp = (u64, Option<SystemTime>);

/// A file that was stored and acknowledged. Its path below the folder is its key.
struct Record {
    name: PathBuf,
    stamp: Stamp,
    hash: u64,
}

struct Job {
    root: PathBuf,
    threads: usize,
    bar: ProgressBar,
    counts: Mutex<BTreeMap<&'static str, u64>>,
    huge: Mutex<()>,
    checked: AtomicU64,
    equal: AtomicU64,
}

fn main() -> ExitCode {
    let done = match arguments(env::args_os().skip(1)) {
        Ok(Some((job, db))) => job.run(db),
        Ok(None) => {
            print!("{USAGE}");
            Ok(true)
        }
        Err(why) => {
            eprintln!("ingest: {why}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let why = error.source().map(|why| format!(": {why}"));
            eprintln!("ingest: {error}{}", why.unwrap_or_default());
            ExitCode::FAILURE
        }
    }
}

/// The job and where its vault is to be; nothing if only help was asked for.
fn arguments(mut args: impl Iterator<Item = OsString>) -> Result<Option<(Job, Option<PathBuf>)>> {
    let (mut root, mut db, mut threads) = (None, None, 4);
    while let Some(arg) = args.next() {
        match arg.to_str() {
            Some("-h" | "--help") => return Ok(None),
            Some("--db") => db = Some(args.next().ok_or("--db needs a file")?.into()),
            Some("--threads") => {
                let number = args.next().unwrap_or_default();
                let number = number.to_str().and_then(|number| number.parse().ok());
                let number = number.filter(|number| (1..=256).contains(number));
                threads = number.ok_or("--threads needs a number from 1 to 256")?;
            }
            Some(unknown) if unknown.starts_with('-') => {
                return Err(format!("unknown argument {unknown}").into());
            }
            _ if root.is_none() => root = Some(arg.into()),
            _ => return Err(format!("a second folder: {}", arg.display()).into()),
        }
    }
    let root = root.unwrap_or_else(|| PathBuf::from("."));
    fs::read_dir(&root).map_err(|error| format!("cannot list {}: {error}", root.display()))?;
    let style = ProgressStyle::with_template("{msg} {wide_bar} {human_pos}/{human_len} {per_sec}")?;
    let job = Job {
        root,
        threads,
        bar: ProgressBar::new(0).with_style(style),
        counts: Mutex::default(),
        huge: Mutex::default(),
        checked: AtomicU64::default(),
        equal: AtomicU64::default(),
    };
    Ok(Some((job, db)))
}

impl Job {
    /// Whether everything that was stored was found as it was stored.
    fn run(&self, db: Option<PathBuf>) -> Result<bool> {
        let temporary = tempfile::tempdir()?;
        let db = db.unwrap_or_else(|| temporary.path().join("ingest.db"));
        let vault = KVault::options().max_value_bytes(LARGEST).open(&db)?;
        let names = self.walk();
        let start = Instant::now();
        let (records, mut waits) = self.store(&vault, names)?;
        let took = start.elapsed();
        vault.close()?;
        // So that what is compared comes out of the file.
        let vault = KVault::open(&db)?;
        self.compare(&vault, &records)?;
        vault.close()?;
        self.bar.finish_and_clear();
        waits.sort_unstable();
        self.summarize(&records, &waits, took);
        println!("vault     {}, {}", HumanBytes(fs::metadata(&db)?.len()), db.display());
        Ok(self.count(DIFFERENT) == 0)
    }

    /// The regular files below the folder, by their paths relative to it.
    fn walk(&self) -> Vec<PathBuf> {
        self.bar.set_message("listing");
        let (mut names, mut folders) = (Vec::new(), vec![PathBuf::new()]);
        while let Some(folder) = folders.pop() {
            let mut list = || -> io::Result<()> {
                for entry in fs::read_dir(self.root.join(&folder))? {
                    let (kind, name) = (entry.as_ref()., );
                }
                Ok(())
            };
            if let Err(error) = list() {
                self.report(UNREADABLE, &folder, error);
            }
        }
        names
    }
}
