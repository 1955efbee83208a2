//! A folder into a vault and back: `cargo run --release --example ingest -- --help`.
//!
//! Some threads store every regular file under its path below the folder, others read meanwhile
//! what was acknowledged. Then the vault is closed and opened again, and all of it is compared.

use std::{
    collections::BTreeMap,
    error::Error,
    fs::{self, File},
    hash::{BuildHasher, RandomState},
    io::{self, Read},
    num::NonZero,
    path::{Path, PathBuf},
    process::{ExitCode, exit},
    sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    sync::{Mutex, MutexGuard, OnceLock, PoisonError},
    thread::{self, ScopedJoinHandle},
    time::{Duration, Instant, SystemTime},
};

use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressStyle};
use kvault::{KVault, Reader, is_open_vault_file};

const USAGE: &str = "\
Stores the files of a folder in a vault, reads them back and compares.

Usage: ingest [PATH] [--db FILE] [--threads N]

  PATH         the folder, by default the current one; symbolic links in it are not followed
  --db FILE    the vault, which is kept; by default a temporary one
  --threads N  how many threads store files, 1 to 255, by default 4; half as many read meanwhile

Exit code: 0 if all is well, 1 if a value differs or something failed, 2 for a wrong argument.
";

/// Larger files are left out. It is a vault's default, named here to ask before a file is read.
const LARGEST: u64 = 999_000_000;

const EQUAL: &str = "equal to the file, byte for byte";
const CHECKED: &str = "read and compared while others were stored";
const CHANGED: &str = "changed or gone since it was stored, not compared";
const DIFFERENT: &str = "DIFFERENT from what was stored";

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Length and time of modification: as long as they are the same, so is the content.
type Stamp = (u64, Option<SystemTime>);

/// A file. Its path below the folder is its key.
struct Entry {
    name: PathBuf,
    /// How it looked before it was read, and how long the put took. Set once that is acknowledged.
    stored: OnceLock<(Stamp, Duration)>,
}

struct Job {
    root: PathBuf,
    threads: usize,
    bar: ProgressBar,
    /// What became of the files, and of how many.
    counts: Mutex<BTreeMap<String, u64>>,
}

fn main() -> ExitCode {
    let (job, db) = arguments().unwrap_or_else(|error| {
        eprintln!("ingest: {error}\n\n{USAGE}");
        exit(2);
    });
    match job.run(db) {
        Ok(true) => return ExitCode::SUCCESS,
        Ok(false) => eprintln!("ingest: the vault and the folder differ"),
        Err(error) => {
            let why = error.source().map(|why| format!(": {why}"));
            eprintln!("ingest: {error}{}", why.unwrap_or_default());
        }
    }
    ExitCode::FAILURE
}

fn arguments() -> Result<(Job, Option<PathBuf>)> {
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
    let root = root.unwrap_or_else(|| PathBuf::from("."));
    fs::read_dir(&root).map_err(|error| format!("cannot list {}: {error}", root.display()))?;
    let style = ProgressStyle::with_template("{wide_bar} {human_pos}/{human_len} {eta}")?;
    let job =
        Job { root, threads, bar: ProgressBar::new(0).with_style(style), counts: Mutex::default() };
    Ok((job, db))
}

impl Job {
    /// Whether every value is what was stored.
    fn run(&self, db: Option<PathBuf>) -> Result<bool> {
        let temporary = tempfile::tempdir()?;
        let db = db.unwrap_or_else(|| temporary.path().join("ingest.db"));
        let vault = KVault::options().max_value_bytes(LARGEST).open(&db)?;
        let mut files = Vec::new();
        self.walk(Path::new(""), &mut files);
        // Each is stored and compared.
        self.bar.set_length(2 * files.len() as u64);

        let start = Instant::now();
        self.store(&vault, &files)?;
        let took = start.elapsed();
        // What is compared shall come out of the file.
        vault.close()?;
        let vault = KVault::open(&db)?;
        self.each(&files, |file| {
            if file.stored.get().is_some() {
                match self.verify(file, vault.get_bytes(file.key())?) {
                    EQUAL => self.count(EQUAL),
                    other => self.report(&file.name, other),
                }
            }
            Ok(())
        })?;
        vault.close()?;
        self.bar.finish_and_clear();

        summarize(&files, took);
        let size = HumanBytes(fs::metadata(&db)?.len());
        println!("vault     {size}, {}", db.display());
        let counts = self.counts();
        for (what, count) in &*counts {
            println!("{count:>9} {what}");
        }
        Ok(!counts.contains_key(DIFFERENT))
    }

    /// Collects the regular files below a folder.
    fn walk(&self, folder: &Path, files: &mut Vec<Entry>) {
        let mut list = || -> io::Result<()> {
            for entry in fs::read_dir(self.root.join(folder))? {
                let entry = entry?;
                let (name, kind) = (folder.join(entry.file_name()), entry.file_type()?);
                if kind.is_dir() {
                    self.walk(&name, files);
                } else if kind.is_file() {
                    let stored = OnceLock::new();
                    files.push(Entry { name, stored });
                } else if kind.is_symlink() {
                    self.report(&name, "left out: a symbolic link");
                } else {
                    self.report(&name, "left out: not a regular file");
                }
            }
            Ok(())
        };
        list().unwrap_or_else(|error| self.leave_out(folder, &error));
    }

    /// Stores the files, and checks what is acknowledged while it does.
    fn store(&self, vault: &KVault, files: &[Entry]) -> Result<()> {
        let done = AtomicBool::new(false);
        thread::scope(|scope| {
            let check = || self.check(&vault.reader()?, files, &done);
            let checkers = (0..self.threads.div_ceil(2)).map(|_| scope.spawn(check));
            let checkers: Vec<_> = checkers.collect();
            let stored = self.each(files, |file| {
                match load(&self.root.join(&file.name)) {
                    Ok((stamp, value)) => {
                        let start = Instant::now();
                        vault.put_bytes(file.key(), value)?;
                        file.stored.get_or_init(|| (stamp, start.elapsed()));
                    }
                    Err(error) => self.leave_out(&file.name, &error),
                }
                Ok(())
            });
            // Whatever came of it: the scope ends with the last thread in it.
            done.store(true, Relaxed);
            stored.and(join(checkers))
        })
    }

    /// Reads acknowledged values at random, at most one for each that is stored.
    fn check(&self, reader: &Reader, files: &[Entry], done: &AtomicBool) -> Result<()> {
        let (random, mut round) = (RandomState::new(), 0);
        while !done.load(Relaxed) {
            let stored = self.bar.position();
            if round == stored {
                thread::sleep(Duration::from_millis(1));
                continue;
            }
            round += 1;
            // The last few may not be acknowledged yet, and some were left out.
            let at = usize::try_from(random.hash_one(round) % stored)?;
            if let Some(file) = files.get(at).filter(|file| file.stored.get().is_some()) {
                match self.verify(file, reader.get_bytes(file.key())?) {
                    DIFFERENT => self.report(&file.name, DIFFERENT),
                    _ => self.count(CHECKED),
                }
            }
        }
        Ok(())
    }

    /// What a value is in comparison with the file that it came from.
    fn verify(&self, file: &Entry, value: Option<Vec<u8>>) -> &'static str {
        let path = self.root.join(&file.name);
        let on_disk = load(&path).map(|(_, bytes)| bytes);
        // After it was read: a change while it was must not look like a wrong value.
        let unchanged = stamp(&path).ok() == file.stored.get().map(|(stamp, _)| *stamp);
        match (value, on_disk) {
            (None, _) => DIFFERENT,
            (Some(value), Ok(bytes)) if unchanged && value == bytes => EQUAL,
            (Some(_), Ok(_)) if unchanged => DIFFERENT,
            _ => CHANGED,
        }
    }

    /// Does the work for each file, on several threads.
    fn each(&self, files: &[Entry], work: impl Fn(&Entry) -> Result<()> + Sync) -> Result<()> {
        let next = AtomicUsize::new(0);
        let share = || {
            while let Some(file) = files.get(next.fetch_add(1, Relaxed)) {
                work(file)?;
                self.bar.inc(1);
            }
            Ok(())
        };
        thread::scope(|scope| join((0..self.threads).map(|_| scope.spawn(share)).collect()))
    }

    fn leave_out(&self, name: &Path, why: &io::Error) {
        self.report(name, &format!("left out: {why}"));
    }

    fn report(&self, name: &Path, what: &str) {
        self.bar.suspend(|| eprintln!("{}: {what}", name.display()));
        self.count(what);
    }

    fn count(&self, what: &str) {
        *self.counts().entry(what.to_owned()).or_default() += 1;
    }

    fn counts(&self) -> MutexGuard<'_, BTreeMap<String, u64>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    /// Any bytes are a key: names that are not UTF-8 too.
    fn key(&self) -> &[u8] {
        self.name.as_os_str().as_encoded_bytes()
    }
}

/// Reads a file, unless it is one of the vault's: closing it afterwards would take away the locks
/// that SQLite holds on it. That is to be asked before any path is opened.
fn load(path: &Path) -> io::Result<(Stamp, Vec<u8>)> {
    if is_open_vault_file(path)? {
        return Err(io::Error::other("a file of the vault itself"));
    }
    let stamp = stamp(path)?;
    if stamp.0 > LARGEST {
        return Err(io::Error::other("too large for a value"));
    }
    let mut bytes = Vec::new();
    // It may grow meanwhile.
    File::open(path)?.take(stamp.0).read_to_end(&mut bytes)?;
    Ok((stamp, bytes))
}

fn stamp(path: &Path) -> io::Result<Stamp> {
    let meta = fs::metadata(path)?;
    Ok((meta.len(), meta.modified().ok()))
}

fn join(threads: Vec<ScopedJoinHandle<'_, Result<()>>>) -> Result<()> {
    let ended: Vec<_> = threads.into_iter().map(ScopedJoinHandle::join).collect();
    let mut ended = ended.into_iter();
    ended.try_for_each(|end| end.map_err(|_| "a thread panicked")?)
}

fn summarize(files: &[Entry], took: Duration) {
    let stored = || files.iter().filter_map(|file| file.stored.get());
    let mut puts: Vec<_> = stored().map(|(_, put)| *put).collect();
    puts.sort_unstable();
    let count = puts.len() as u64;
    let bytes = stored().map(|((len, _), _)| len).sum();
    let millis = u64::try_from(took.as_millis()).map_or(u64::MAX, |millis| millis.max(1));
    println!(
        "stored    {} files, {} in {took:.1?}: {} files/s, {}/s",
        HumanCount(count),
        HumanBytes(bytes),
        HumanCount(count * 1000 / millis),
        HumanBytes(bytes * 1000 / millis),
    );
    let rank = |percent| puts.get(puts.len() * percent / 100).or(puts.last());
    let [p50, p99, max] = [50, 99, 100].map(|percent| rank(percent).copied().unwrap_or_default());
    println!("put       p50 {p50:.1?}, p99 {p99:.1?}, max {max:.1?}");
}
