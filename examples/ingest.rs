//! A folder into a vault and back: `cargo run --release --example ingest -- --help`.
//!
//! Producers store every regular file under its path below the folder, while readers compare what
//! was acknowledged. Then the vault is closed, opened anew, and all of it is compared.
#![expect(clippy::unwrap_used, reason = "a lock whose owner panicked")]

use std::{
    collections::BTreeMap,
    error::Error,
    fmt::Display,
    fs::{self, File},
    hash::{BuildHasher, RandomState},
    io::{self, Read},
    num::NonZero,
    path::{Path, PathBuf},
    process::{ExitCode, exit},
    sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    sync::{Mutex, MutexGuard, OnceLock},
    thread,
    time::{Duration, Instant, SystemTime},
};

use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressStyle};
use kvault::{KVault, Reader, is_open_vault_file};

const USAGE: &str = "\
Stores the files of a folder in a vault, reads them back and compares.

Usage: ingest [PATH] [--db FILE] [--threads N]

  PATH         the folder, by default the current one; symbolic links in it are not followed
  --db FILE    the vault, which is kept; by default a temporary one
  --threads N  how many threads store, 1 to 255, by default 4; half as many read meanwhile

Exit code: 0 if all is well, 1 if a value differs or something failed, 2 for a wrong argument.
";

/// Larger files are left out. It is a vault's default, said here to know it before reading a file.
const LARGEST: u64 = 999_000_000;
/// Of files larger than this only one at a time is in memory.
const HUGE: u64 = 64 << 20;

// What can become of a path.
const LINK: &str = "symbolic links";
const SPECIAL: &str = "not regular files";
const OWN: &str = "of the vault itself";
const TOO_LARGE: &str = "too large";
const UNREADABLE: &str = "unreadable";
const CHANGED: &str = "changed meanwhile";
const DIFFERENT: &str = "different";
const EQUAL: &str = "equal";

type Result<T, E = Box<dyn Error + Send + Sync>> = std::result::Result<T, E>;

/// Length and time of modification: as long as they are the same, so is the content.
type Stamp = (u64, Option<SystemTime>);

/// A file. Its path below the folder is its key.
struct Entry {
    name: PathBuf,
    /// What it looked like before it was read; set when the vault has acknowledged it.
    stored: OnceLock<Stamp>,
}

struct Job {
    root: PathBuf,
    db: Option<PathBuf>,
    threads: usize,
    bar: ProgressBar,
    counts: Mutex<BTreeMap<&'static str, u64>>,
    huge: Mutex<()>,
}

fn main() -> ExitCode {
    let job = match arguments() {
        Ok(job) => job,
        Err(error) => {
            eprintln!("ingest: {error}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match job.run() {
        Ok(()) if job.count(DIFFERENT) == 0 => return ExitCode::SUCCESS,
        Ok(()) => eprintln!("ingest: the vault and the disk differ"),
        Err(error) => {
            let why = error.source().map(|why| format!(": {why}"));
            eprintln!("ingest: {error}{}", why.unwrap_or_default());
        }
    }
    ExitCode::FAILURE
}

fn arguments() -> Result<Job> {
    use lexopt::prelude::*;
    let (mut root, mut db, mut threads) = (None, None, 4);
    let mut args = lexopt::Parser::from_env();
    while let Some(arg) = args.next()? {
        match arg {
            Short('h') | Long("help") => {
                print!("{USAGE}");
                exit(0);
            }
            Long("db") => db = Some(args.value()?.into()),
            Long("threads") => threads = args.value()?.parse::<NonZero<u8>>()?.get().into(),
            Value(path) if root.is_none() => root = Some(path.into()),
            other => return Err(other.unexpected().into()),
        }
    }
    let root: PathBuf = root.unwrap_or_else(|| ".".into());
    fs::read_dir(&root).map_err(|error| format!("cannot list {}: {error}", root.display()))?;
    let style = ProgressStyle::with_template("{msg} {wide_bar} {human_pos}/{human_len} {per_sec}")?;
    let bar = ProgressBar::new(0).with_style(style);
    let (counts, huge) = (Mutex::default(), Mutex::default());
    Ok(Job { root, db, threads, bar, counts, huge })
}

impl Job {
    fn run(&self) -> Result<()> {
        let temporary = tempfile::tempdir()?;
        let db = self.db.clone().unwrap_or_else(|| temporary.path().join("ingest.db"));
        let vault = KVault::options().max_value_bytes(LARGEST).open(&db)?;
        self.bar.set_message("listing");
        let mut files = Vec::new();
        self.walk(Path::new(""), &mut files);

        self.begin("storing", files.len());
        let start = Instant::now();
        let waits = self.store(&vault, &files)?;
        let took = start.elapsed();
        // So that what is compared comes out of the file.
        vault.close()?;
        let vault = KVault::open(&db)?;
        self.begin("comparing", files.len());
        self.compare(&vault, &files)?;
        vault.close()?;
        self.bar.finish_and_clear();
        self.summarize(&files, waits, took);
        println!("vault     {}, {}", db.display(), HumanBytes(fs::metadata(&db)?.len()));
        Ok(())
    }

    /// Collects the regular files below a folder.
    fn walk(&self, folder: &Path, files: &mut Vec<Entry>) {
        let mut list = || -> io::Result<()> {
            for entry in fs::read_dir(self.root.join(folder))? {
                let entry = entry?;
                let (name, kind) = (folder.join(entry.file_name()), entry.file_type()?);
                match kind {
                    _ if kind.is_dir() => self.walk(&name, files),
                    _ if kind.is_file() => files.push(Entry { name, stored: OnceLock::new() }),
                    _ => self.add(if kind.is_symlink() { LINK } else { SPECIAL }),
                }
            }
            Ok(())
        };
        if let Err(error) = list() {
            self.report(UNREADABLE, folder, error);
        }
    }

    /// Stores the files from several threads while others check. Returns how long each put took.
    fn store(&self, vault: &KVault, files: &[Entry]) -> Result<Vec<Duration>> {
        let (begun, done) = (AtomicUsize::new(0), AtomicBool::new(false));
        thread::scope(|scope| {
            let check = || self.check(&vault.reader()?, files, &begun, &done);
            let checkers = scope.spawn(|| crew(self.checkers(), check));
            let waits = crew(self.threads, || self.produce(vault, files, &begun));
            // Before anything is made of an error: the scope does not end before they do.
            done.store(true, Relaxed);
            checkers.join().unwrap()?;
            Ok(waits?.concat())
        })
    }

    fn produce(
        &self,
        vault: &KVault,
        files: &[Entry],
        begun: &AtomicUsize,
    ) -> Result<Vec<Duration>> {
        let mut waits = Vec::new();
        while let Some(file) = files.get(begun.fetch_add(1, Relaxed)) {
            self.bar.inc(1);
            let path = self.root.join(&file.name);
            let _alone = self.alone(&path);
            match load(&path) {
                Ok((stamp, Ok(value))) => {
                    let start = Instant::now();
                    vault.put_bytes(file.key(), value)?;
                    waits.push(start.elapsed());
                    file.stored.set(stamp).unwrap();
                }
                Ok((_, Err(what))) => self.report(what, &file.name, "left out"),
                Err(error) => self.report(UNREADABLE, &file.name, error),
            }
        }
        Ok(waits)
    }
}
