//! A process that writes to its cache is killed, again and again, on one file.
//!
//! What is lost is what was put last: nothing older than the flush interval allows, no part of a
//! batch, nothing that was put before something that is there, and nothing that a handle without a
//! cache had acknowledged.
#![allow(unsafe_code, reason = "to ask for a time that two processes agree on")]

use std::{
    fs::{self, File},
    io::Write,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use kvault::{CacheOptions, Durability, KVault};

use crate::{
    child::{self, Child},
    support::{Place, connect, ends},
};

const ROUNDS: u64 = 100;
const INTERVAL: Duration = Duration::from_millis(200);
/// How long a flush that is due may take, beside the time in which the machine did nothing for it.
const GRACE: Duration = Duration::from_millis(1_500);
/// How often a process looks whether it is run at all; every tenth time, whether the disk is there.
const BEAT: Duration = Duration::from_millis(10);
/// Rows of a batch.
const BATCH: usize = 8;

/// Who writes in a child. What each acknowledges is in a file of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Writer {
    One,
    Two,
    Batch,
    /// By a handle that does not use the cache. Each of its puts flushes, so it is not always there.
    Process,
}

const WRITERS: [Writer; 4] = [Writer::One, Writer::Two, Writer::Batch, Writer::Process];

impl Writer {
    fn keys(self, round: &str, number: usize) -> Vec<String> {
        match self {
            Self::Batch => {
                (0..BATCH).map(|row| format!("{round}:{self:?}:{number}:{row}")).collect()
            }
            _ => vec![format!("{round}:{self:?}:{number}")],
        }
    }

    fn put(self, vault: &KVault, round: &str, number: usize) {
        let keys = self.keys(round, number);
        if self == Self::Batch {
            let rows = keys.iter().map(|key| (key, value(key)));
            assert_eq!(vault.put_many_bytes(rows).unwrap(), BATCH as u64);
        } else {
            vault.put_bytes(&keys[0], value(&keys[0])).unwrap();
        }
    }
}

fn value(key: &str) -> Vec<u8> {
    key.repeat(5).into_bytes()
}

/// Time since the system started.
fn now() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: it writes to `time` only, which has the type that it asks for.
    let failed = unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut time) };
    assert_eq!(failed, 0);
    let (seconds, nanos) = (time.tv_sec.try_into().unwrap(), time.tv_nsec.try_into().unwrap());
    Duration::new(seconds, nanos)
}

/// A put that was acknowledged: when it was called, and when it returned.
struct Acknowledged {
    call: Duration,
    end: Duration,
}

impl Acknowledged {
    /// Survives the process as soon as it is written, and costs one call of the system.
    fn note(&self, report: &mut File) {
        let nanos = |time: Duration| u64::try_from(time.as_nanos()).unwrap().to_le_bytes();
        report.write_all(&[nanos(self.call), nanos(self.end)].concat()).unwrap();
    }

    fn all_of(report: &Path) -> Vec<Self> {
        let bytes = fs::read(report).unwrap_or_default();
        let time =
            |bytes: &[u8]| Duration::from_nanos(u64::from_le_bytes(bytes.try_into().unwrap()));
        let notes = bytes.chunks_exact(16);
        notes.map(|note| Self { call: time(&note[..8]), end: time(&note[8..]) }).collect()
    }
}

fn report(folder: &str, round: &str, writer: Writer) -> std::path::PathBuf {
    Path::new(folder).join(format!("{round}.{writer:?}"))
}

fn beats(folder: &str, round: &str) -> std::path::PathBuf {
    Path::new(folder).join(format!("{round}.beats"))
}

/// How long the machine, which has others to run, kept a process from doing anything at a time, or
/// its disk from writing.
fn longest_stall(folder: &str, round: &str, killed: Duration) -> Duration {
    let beats = Acknowledged::all_of(&beats(folder, round));
    let last = beats.last().map_or(killed, |beat| beat.end);
    let stalls = beats.iter().map(|beat| beat.end.saturating_sub(beat.call));
    stalls.max().unwrap_or_default().max(killed.saturating_sub(last))
}

/// A child process: several threads put, and note what was acknowledged.
pub(crate) fn ingest_until_killed(args: &[String]) {
    let [file, folder, round, mixed] = args else { panic!("{args:?}") };
    let vault = KVault::options().page_size(4_096).open(file).unwrap();
    let process = vault.with_durability(Durability::Process);
    vault.enable_cache(CacheOptions::default().flush_interval(Some(INTERVAL))).unwrap();
    thread::scope(|scope| {
        for writer in WRITERS {
            if writer == Writer::Process && mixed == "false" {
                continue;
            }
            let vault = if writer == Writer::Process { &process } else { &vault };
            let mut report = File::create(report(folder, round, writer)).unwrap();
            scope.spawn(move || {
                for number in 0.. {
                    let call = now();
                    writer.put(vault, round, number);
                    Acknowledged { call, end: now() }.note(&mut report);
                    if number % 4 == 0 || writer == Writer::Batch {
                        // There is to be less of it than the parent can look at.
                        thread::sleep(Duration::from_millis(1));
                    }
                }
            });
        }
        let mut beats = File::create(beats(folder, round)).unwrap();
        scope.spawn(move || {
            for beat in 0_u64.. {
                let call = now();
                thread::sleep(BEAT);
                // A log that is begun anew is synced, and that takes as long as others use the disk.
                if beat.is_multiple_of(10) {
                    beats.sync_data().unwrap();
                }
                Acknowledged { call, end: now() }.note(&mut beats);
            }
        });
        child::say("ready");
    });
}

/// What a round left in the file.
#[derive(Default)]
struct Left {
    rows: usize,
    lost: usize,
    /// The age of the oldest put that was lost, when the process was killed.
    oldest_lost: Duration,
}

/// Looks at what one writer had acknowledged.
struct Inspection<'a> {
    vault: &'a KVault,
    round: &'a str,
    killed: Duration,
    /// How old a put may be that is lost.
    allowed: Duration,
    /// The last call of those that are there, and the first end of those that are not.
    last_there: Duration,
    first_lost: Duration,
    left: Left,
}

impl Inspection<'_> {
    fn look_at(&mut self, writer: Writer, acknowledged: &[Acknowledged]) {
        // One more may have been under way.
        let numbers: Vec<usize> = (0..=acknowledged.len()).collect();
        for numbers in numbers.chunks(500) {
            let keys = numbers.iter().map(|number| writer.keys(self.round, *number));
            let keys: Vec<Vec<String>> = keys.collect();
            let mut found = self.vault.get_many_stored(keys.concat()).unwrap().into_iter();
            for (number, keys) in numbers.iter().zip(&keys) {
                let found: Vec<_> = found.by_ref().take(keys.len()).collect();
                let there = found.iter().flatten().count();
                assert!(there == 0 || there == keys.len(), "a torn batch: {there} of {keys:?}");
                for (key, found) in keys.iter().zip(found.iter().flatten()) {
                    assert_eq!(found.payload().unwrap(), value(key), "under {key}");
                }
                self.left.rows += there;
                if let Some(acknowledged) = acknowledged.get(*number) {
                    self.found(writer, *number, acknowledged, there > 0);
                }
            }
        }
    }

    fn found(&mut self, writer: Writer, number: usize, put: &Acknowledged, there: bool) {
        if there {
            self.last_there = self.last_there.max(put.call);
            return;
        }
        let age = self.killed.saturating_sub(put.end);
        let what = format!("{writer:?} {number} of round {}, {age:?} old", self.round);
        assert!(writer != Writer::Process, "lost, and by a handle without a cache: {what}");
        assert!(age <= self.allowed, "lost: {what}, where {:?} are allowed", self.allowed);
        self.first_lost = self.first_lost.min(put.end);
        self.left.lost += 1;
        self.left.oldest_lost = self.left.oldest_lost.max(age);
    }
}

/// Lets a process write for a while, kills it, and looks at what is left.
fn round(place: &Place, folder: &str, number: u64, rows_before: u64) -> Left {
    let round = &number.to_string();
    // Long enough that something must have been flushed by its age alone.
    let long = number % 12 == 5;
    let mixed = !long && !number.is_multiple_of(3);
    let args = [place.file().to_str().unwrap(), folder, round, &mixed.to_string()];
    let mut process = Child::start("ingest until killed", &args);
    // Now and then somebody else has the file open too, and lives.
    let survivor = (number % 4 == 1).then(|| {
        let vault = place.open_with(|options| options.page_size(4_096));
        assert!(vault.len().is_ok());
        vault
    });
    process.expect("ready");
    let spread = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
    let work = if long { 1_900 + spread % 450 } else { 50 + spread % 350 };
    thread::sleep(Duration::from_millis(work));
    let killed = now();
    process.kill();

    // At once: nothing of the dead is waited for.
    let vault = survivor.unwrap_or_else(|| {
        let options = KVault::options().page_size(4_096).busy_timeout(Duration::ZERO).retries(1);
        options.open(place.file()).unwrap()
    });
    vault.put_bytes("after", round).unwrap();
    assert_eq!(vault.get_bytes("after").unwrap().unwrap(), round.as_bytes());

    let (last_there, first_lost) = (Duration::ZERO, Duration::MAX);
    let left = Left::default();
    let allowed = INTERVAL + GRACE + longest_stall(folder, round, killed);
    let mut look =
        Inspection { vault: &vault, round, killed, allowed, last_there, first_lost, left };
    for writer in WRITERS {
        look.look_at(writer, &Acknowledged::all_of(&report(folder, round, writer)));
    }
    let Inspection { last_there, first_lost, left, .. } = look;
    assert!(first_lost >= last_there, "round {round}: lost what was put before what is there");
    assert_eq!(vault.len().unwrap(), rows_before + left.rows as u64, "in round {round}");
    vault.close().unwrap();
    assert!(!place.beside("-wal").exists());
    left
}

#[test]
fn a_killed_process_loses_only_what_it_put_last() {
    let place = std::sync::Arc::new(Place::new());
    let folder = tempfile::tempdir().unwrap();
    let started = Instant::now();
    let (mut rows, mut lost, mut oldest_lost) = (1, 0, Duration::ZERO);
    for number in 0..ROUNDS {
        let folder = folder.path().to_str().unwrap().to_owned();
        let here = std::sync::Arc::clone(&place);
        let left = ends("a round", move || round(&here, &folder, number, rows));
        rows += left.rows as u64;
        lost += left.lost;
        oldest_lost = oldest_lost.max(left.oldest_lost);
        if number % 10 == 9 {
            let sound: String = connect(place.file())
                .query_row("PRAGMA integrity_check", [], |row| row.get(0))
                .unwrap();
            assert_eq!(sound, "ok", "in round {number}");
        }
    }
    let took = started.elapsed();
    eprintln!("{rows} rows, {lost} puts lost, the oldest {oldest_lost:?} old, in {took:?}");
}
