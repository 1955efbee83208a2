//! Large values, piece by piece: kvault beside incremental BLOB I/O in rusqlite.

use std::fs::File;
use std::hint::black_box;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use kvault::{CacheOptions, KVault, StreamOptions};
use rusqlite::blob::ZeroBlob;
use rusqlite::{Connection, params};

use crate::args::Args;
use crate::error::Result;
use crate::median::{float, median, range};
use crate::rounds::Scratch;
use crate::row::mix;
use crate::table::{Table, micros, whole};
use crate::workload::Workload;

const MEBIBYTES: u64 = 900;
const CHUNK: usize = 1 << 20;

/// How fast a large value goes in and out, what memory that takes, and who waits meanwhile.
pub(super) struct Stream;

impl Workload for Stream {
    fn name(&self) -> &'static str {
        "stream"
    }

    fn run(&self, args: &Args, scratch: &Scratch) -> Result<()> {
        let mebibytes = args.rows_or(MEBIBYTES);
        scratch.fresh(|directory| {
            let source = directory.join("source");
            write_source(&source, mebibytes)?;
            println!("## stream: one value of {mebibytes} MiB\n");
            println!("{}", copies(scratch, &source, mebibytes, args.rounds())?);
            println!(
                "raw is rusqlite: zeroblob and incremental writes in one transaction. Memory is how"
            );
            println!(
                "much more was resident at the worst moment. Before each the page cache was filled"
            );
            println!("with three times as much and emptied again.\n");
            println!("{}", waits(scratch, &source)?);
            println!("Each put has 100 bytes and is followed by a pause of 0.2 ms.\n");
            Ok(())
        })
    }
}

/// Bytes that do not compress.
fn write_source(path: &Path, mebibytes: u64) -> Result<()> {
    let mut file = File::create(path)?;
    let mut chunk = vec![0; CHUNK];
    for number in 0..mebibytes {
        let mut word = number;
        for place in chunk.chunks_mut(8) {
            word = mix(word);
            for (byte, random) in place.iter_mut().zip(word.to_le_bytes()) {
                *byte = random;
            }
        }
        file.write_all(&chunk)?;
    }
    file.sync_all()?;
    Ok(())
}

/// Fills so much of the page cache and gives it back. On a virtual machine memory that was not used
/// for a while is slow the first time, and who comes first would pay for that.
fn touch(directory: &Path, mebibytes: u64) -> Result<()> {
    let path = directory.join("touched");
    let mut file = File::create(&path)?;
    let chunk = vec![0; CHUNK];
    for _ in 0..mebibytes {
        file.write_all(&chunk)?;
    }
    std::fs::remove_file(path)?;
    Ok(())
}

/// Moves the value one way; the vault, or the raw file, is new and holds it where it goes out.
type Way = fn(&Path, &Path) -> Result<Cost>;

/// What a move took: time, and how many bytes more were in memory meanwhile.
struct Cost {
    time: Duration,
    memory: u64,
}

/// Name, what it is, which one to compare with, how many times as long as that it may take.
const WAYS: [(&str, Way, usize, Option<f64>); 7] = [
    ("raw in", raw_in, 0, None),
    ("kvault put_path", put_path, 0, Some(1.3)),
    ("kvault put_reader", put_reader, 0, Some(1.25)),
    ("kvault create_blob", create_blob, 0, Some(1.25)),
    ("raw out", raw_out, 4, None),
    ("kvault get_to_writer", get_to_writer, 4, Some(1.25)),
    ("kvault open_blob", open_blob, 4, Some(1.25)),
];

fn copies(scratch: &Scratch, source: &Path, mebibytes: u64, rounds: usize) -> Result<Table> {
    let mut times: Vec<Vec<f64>> = vec![Vec::new(); WAYS.len()];
    let mut memory = [0; WAYS.len()];
    for round in 1..=rounds {
        for ((name, way, ..), (times, memory)) in WAYS.iter().zip(times.iter_mut().zip(&mut memory))
        {
            eprintln!("stream: round {round} of {rounds}: {name}");
            let cost = scratch.fresh(|directory| {
                touch(directory, 3 * mebibytes)?;
                way(source, &directory.join("bench.db"))
            })?;
            times.push(cost.time.as_secs_f64());
            *memory = cost.memory.max(*memory);
        }
    }
    let mut table =
        Table::new(&["operation", "MiB/s", "times", "least..most", "memory in MiB", "target"]);
    for (((name, _, beside, target), ours), memory) in WAYS.iter().zip(&times).zip(memory) {
        let theirs = times.get(*beside).ok_or("nothing to compare with")?;
        let ratios: Vec<f64> = ours.iter().zip(theirs).map(|(a, b)| a / b).collect();
        let (least, most) = range(ratios.iter().copied());
        let (seconds, ratio) = (median(ours.iter().copied()), median(ratios));
        let verdict = target.map_or_else(String::new, |target| {
            let met = ratio <= target && memory < 64 << 20;
            format!("<= {target}, < 64 MiB: {}", if met { "met" } else { "missed" })
        });
        table.row(vec![
            (*name).to_owned(),
            whole(float(mebibytes) / seconds),
            format!("{ratio:.3}"),
            format!("{least:.3}..{most:.3}"),
            whole(float(memory >> 20)),
            verdict,
        ]);
    }
    Ok(table)
}

/// Runs something, and watches the clock and the memory.
fn watched<T>(run: impl FnOnce() -> Result<T>) -> Result<(T, Cost)> {
    let (done, most) = (AtomicBool::new(false), AtomicU64::new(0));
    let before = resident();
    let (value, time) = thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                most.fetch_max(resident(), Ordering::Relaxed);
                thread::sleep(Duration::from_millis(2));
            }
        });
        let begun = Instant::now();
        let value = run();
        let time = begun.elapsed();
        done.store(true, Ordering::Relaxed);
        value.map(|value| (value, time))
    })?;
    Ok((value, Cost { time, memory: most.into_inner().saturating_sub(before) }))
}

/// Bytes of this process that are in memory; 0 where there is no `/proc`.
fn resident() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm")
        .ok()
        .and_then(|text| text.split(' ').nth(1)?.parse::<u64>().ok());
    pages.unwrap_or(0) * 4096
}

fn raw(path: &Path) -> Result<Connection> {
    // The same table, made by the vault.
    KVault::open(path)?.close()?;
    let conn = Connection::open(path)?;
    conn.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -100000; \
         PRAGMA mmap_size = 268435456; PRAGMA wal_autocheckpoint = 0",
    )?;
    Ok(conn)
}

fn raw_in(source: &Path, path: &Path) -> Result<Cost> {
    let mut conn = raw(path)?;
    Ok(watched(|| copy_raw(&mut conn, source))?.1)
}

fn copy_raw(conn: &mut Connection, source: &Path) -> Result<()> {
    let mut file = File::open(source)?;
    let transaction = conn.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    transaction.execute(
        "INSERT INTO kv (key, value) VALUES (?1, ?2)",
        params![&b"k"[..], ZeroBlob(file.metadata()?.len())],
    )?;
    let mut blob =
        transaction.blob_open("main", "kv", "value", transaction.last_insert_rowid(), false)?;
    let mut chunk = vec![0; CHUNK];
    loop {
        let read = file.read(&mut chunk)?;
        if read == 0 {
            break;
        }
        blob.write_all(chunk.get(..read).unwrap_or_default())?;
    }
    blob.close()?;
    transaction.commit()?;
    Ok(())
}

fn put_path(source: &Path, path: &Path) -> Result<Cost> {
    put(path, |vault| vault.put_path("k", source))
}

fn put_reader(source: &Path, path: &Path) -> Result<Cost> {
    let file = File::open(source)?;
    put(path, |vault| vault.put_reader("k", file, StreamOptions::default()))
}

fn create_blob(source: &Path, path: &Path) -> Result<Cost> {
    let mut file = File::open(source)?;
    put(path, |vault| {
        let mut blob = vault.create_blob("k", StreamOptions::default())?;
        let mut chunk = vec![0; CHUNK];
        while let Ok(read @ 1..) = file.read(&mut chunk) {
            // What fails is said again by the end.
            let _ = blob.write_all(chunk.get(..read).unwrap_or_default());
        }
        blob.finish()
    })
}

fn put(path: &Path, put: impl FnOnce(&KVault) -> kvault::Result<u64>) -> Result<Cost> {
    let vault = KVault::open(path)?;
    let (len, cost) = watched(|| Ok(put(&vault)?))?;
    assert_eq!(vault.open_blob("k")?.len(), len, "all of it is there");
    vault.close()?;
    Ok(cost)
}

/// The value in the database itself, as it lies there most of the time.
fn filled(source: &Path, path: &Path) -> Result<()> {
    let mut conn = raw(path)?;
    copy_raw(&mut conn, source)?;
    conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    Ok(())
}

fn raw_out(source: &Path, path: &Path) -> Result<Cost> {
    filled(source, path)?;
    let conn = raw(path)?;
    let read = || {
        let row = conn.query_row("SELECT rowid FROM kv", [], |row| row.get(0))?;
        drain(&mut conn.blob_open("main", "kv", "value", row, true)?)
    };
    Ok(watched(read)?.1)
}

fn get_to_writer(source: &Path, path: &Path) -> Result<Cost> {
    filled(source, path)?;
    let vault = KVault::open(path)?;
    let sink = std::io::sink;
    let write = || Ok(vault.get_to_writer("k", sink(), StreamOptions::default())?);
    Ok(watched(write)?.1)
}

fn open_blob(source: &Path, path: &Path) -> Result<Cost> {
    filled(source, path)?;
    let vault = KVault::open(path)?;
    let read = || {
        let mut blob = vault.open_blob("k")?;
        drain(&mut blob).map(|()| blob)
    };
    let (mut blob, cost) = watched(read)?;
    // And it is the right one.
    let (mut file, mut ours, mut theirs) = (File::open(source)?, [0; 4096], [0; 4096]);
    let at = blob.len() / 3;
    blob.seek(SeekFrom::Start(at))?;
    blob.read_exact(&mut ours)?;
    file.seek(SeekFrom::Start(at))?;
    file.read_exact(&mut theirs)?;
    assert_eq!(ours, theirs, "a piece of the value");
    Ok(cost)
}

fn drain(source: &mut impl Read) -> Result<()> {
    let mut chunk = vec![0; CHUNK];
    while source.read(&mut chunk)? > 0 {
        black_box(&chunk);
    }
    Ok(())
}

/// How long others wait while the value is stored.
fn waits(scratch: &Scratch, source: &Path) -> Result<Table> {
    let mut table =
        Table::new(&["while it is stored", "seconds", "puts", "p50 us", "p99.9 us", "most us"]);
    let cases: [(&str, bool, bool); 4] = [
        ("put_path, puts of the same kind", false, false),
        ("put_reader, puts of the same kind", false, false),
        ("put_reader, puts to the cache", true, true),
        ("put_reader to the cache, other puts", true, false),
    ];
    for (number, (name, cached, buffered)) in cases.into_iter().enumerate() {
        eprintln!("stream: {name}");
        scratch.fresh(|directory| {
            let path: PathBuf = directory.join("bench.db");
            let vault = KVault::open(&path)?;
            let other = KVault::open(&path)?;
            if cached {
                vault.enable_cache(CacheOptions::default())?;
            }
            let putting = if buffered { &vault } else { &other };
            let done = AtomicBool::new(false);
            let store = || -> Result<u64> {
                Ok(if number == 0 {
                    vault.put_path("k", source)?
                } else {
                    vault.put_reader("k", File::open(source)?, StreamOptions::default())?
                })
            };
            let (time, mut waits) = thread::scope(|scope| -> Result<_> {
                let puts = scope.spawn(|| put_until(putting, &done));
                let begun = Instant::now();
                let stored = store();
                let time = begun.elapsed();
                // A while longer: what follows must not make them wait either.
                thread::sleep(Duration::from_secs(1));
                done.store(true, Ordering::Relaxed);
                let waits = puts.join().map_err(|_| "the puts came to an end")??;
                stored?;
                Ok((time, waits))
            })?;
            waits.sort_by(f64::total_cmp);
            let at = |part: usize| waits.get(waits.len() * part / 1_000).copied().unwrap_or(0.0);
            table.row(vec![
                name.to_owned(),
                format!("{:.2}", time.as_secs_f64()),
                waits.len().to_string(),
                micros(at(500)),
                micros(at(999)),
                micros(waits.last().copied().unwrap_or(0.0)),
            ]);
            vault.close()?;
            other.close()?;
            Ok(())
        })?;
    }
    Ok(table)
}

/// Puts over and over; how many microseconds each of them took.
fn put_until(vault: &KVault, done: &AtomicBool) -> kvault::Result<Vec<f64>> {
    let mut waits = Vec::new();
    while !done.load(Ordering::Relaxed) {
        let begun = Instant::now();
        vault.put_bytes(mix(waits.len() as u64).to_le_bytes(), [1; 100])?;
        waits.push(begun.elapsed().as_secs_f64() * 1e6);
        thread::sleep(Duration::from_micros(200));
    }
    Ok(waits)
}
