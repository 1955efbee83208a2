//! Walking along the keys: kvault's iterators beside the very same statements, stepped by hand.

use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use kvault::KVault;
use rusqlite::{Connection, OpenFlags, params};

use crate::args::Args;
use crate::error::Result;
use crate::median::{float, median, range};
use crate::rounds::Scratch;
use crate::row::{Row, mix};
use crate::table::{Table, whole};
use crate::workload::Workload;

const ROWS: u64 = 1_000_000;
/// Rows that share a prefix.
const GROUP: u64 = 100;
/// Prefixes that are looked at in one round.
const PREFIXES: u64 = 2_000;

const SCATTERED: &str = "random order";

const ENTRIES: &str = "SELECT key, value FROM kv WHERE key >= ?1 ORDER BY key";
const KEYS: &str = "SELECT key FROM kv WHERE key >= ?1 ORDER BY key";
const RANGE: &str = "SELECT key, value FROM kv WHERE key >= ?1 AND key < ?2 ORDER BY key";

/// How fast rows are read in the order of their keys.
pub(super) struct Scan;

impl Workload for Scan {
    fn name(&self) -> &'static str {
        "scan"
    }

    fn run(&self, args: &Args, scratch: &Scratch) -> Result<()> {
        let groups = (args.rows_or(ROWS) / GROUP).max(1);
        println!("## scan: {} rows, one thread\n", groups * GROUP);
        // In random order each row is a search in the table, and that is most of what it costs; in
        // order it shows what is added to a step.
        let in_order: fn(u64) -> u64 = |number| number;
        let orders = [(SCATTERED, mix as fn(u64) -> u64), ("the order of their keys", in_order)];
        for (name, rank) in orders {
            println!("### Put in {name}\n");
            let table = scratch.fresh(|directory| {
                let path = directory.join("bench.db");
                fill(&path, groups, rank)?;
                let stores = Stores::open(&path, groups)?;
                let table = measure(&stores, name == SCATTERED, args.rounds())?;
                stores.vault.close()?;
                Ok(table)
            })?;
            println!("{table}");
        }
        println!("raw steps the same statement in rusqlite and copies out the same bytes; raw,");
        println!("looked at, copies nothing. A prefix has {GROUP} rows.\n");
        Ok(())
    }
}

impl Stores {
    fn open(path: &Path, groups: u64) -> Result<Self> {
        let vault = KVault::open(path)?;
        let raw = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        // As kvault's readers have them.
        raw.execute_batch(
            "PRAGMA mmap_size = 268435456; PRAGMA cache_size = -8192; PRAGMA query_only = 1",
        )?;
        Ok(Self { vault, raw, groups })
    }
}

struct Stores {
    vault: KVault,
    raw: Connection,
    groups: u64,
}

/// A way to read, and how many rows that were.
type Way = fn(&Stores) -> Result<u64>;

/// Name, what it is, which one to compare with, how many times as long as that it may take.
const WAYS: [(&str, Way, usize, Option<f64>); 10] = [
    ("raw, looked at", raw_looked_at, 1, None),
    ("raw", raw_entries, 1, None),
    ("kvault iter", iter, 1, Some(1.15)),
    ("kvault iter, backwards", backwards, 1, None),
    ("kvault iter of a snapshot", snapshot, 1, None),
    ("raw keys", raw_keys, 1, None),
    ("kvault keys", keys, 2, Some(0.1)),
    ("kvault count_range", count, 1, None),
    ("raw prefixes", raw_prefixes, 8, None),
    ("kvault prefixes", prefixes, 8, Some(1.5)),
];

fn measure(stores: &Stores, scattered: bool, rounds: usize) -> Result<Table> {
    let mut times: Vec<Vec<f64>> = vec![Vec::new(); WAYS.len()];
    // Once for nothing: the file comes to memory.
    for round in 0..=rounds {
        for ((name, way, ..), times) in WAYS.iter().zip(&mut times) {
            eprintln!("scan: round {round} of {rounds}: {name}");
            let begun = Instant::now();
            let rows = way(stores)?;
            let nanos = begun.elapsed().as_secs_f64() * 1e9 / float(rows);
            if round > 0 {
                times.push(nanos);
            }
        }
    }
    let mut table =
        Table::new(&["operation", "rows/s", "ns/row", "times", "least..most", "target"]);
    for ((name, _, beside, target), ours) in WAYS.iter().zip(&times) {
        let theirs = times.get(*beside).ok_or("nothing to compare with")?;
        let ratios: Vec<f64> = ours.iter().zip(theirs).map(|(a, b)| a / b).collect();
        let (least, most) = range(ratios.iter().copied());
        let (nanos, ratio) = (median(ours.iter().copied()), median(ratios));
        let of = WAYS.get(*beside).map_or("", |way| way.0);
        // What keys alone save is the search for each row, and in order there is none.
        let target = target.filter(|_| scattered || *name != "kvault keys");
        let verdict = target.map_or_else(String::new, |target| {
            let answer = if ratio <= target { "met" } else { "missed" };
            format!("<= {target} {of}: {answer}")
        });
        table.row(vec![
            (*name).to_owned(),
            whole(1e9 / nanos),
            whole(nanos),
            format!("{ratio:.3} {of}"),
            format!("{least:.3}..{most:.3}"),
            verdict,
        ]);
    }
    Ok(table)
}

/// Puts rows one by one, in the order of their ranks: a bulk load would sort them, piece by piece.
fn fill(path: &Path, groups: u64, rank: fn(u64) -> u64) -> Result<()> {
    KVault::open(path)?.close()?;
    let conn = Connection::open(path)?;
    conn.execute_batch("PRAGMA cache_size = -200000; PRAGMA synchronous = OFF; BEGIN IMMEDIATE")?;
    let rows = groups * GROUP;
    let mut order: Vec<u64> = (0..rows).collect();
    order.sort_by_key(|number| rank(*number));
    {
        let mut put = conn.prepare("INSERT INTO kv (key, value) VALUES (?1, ?2)")?;
        for number in order {
            let row = Row::at(number);
            let mut key = row.key;
            for (place, byte) in key.iter_mut().zip(prefix(number / GROUP)) {
                *place = byte;
            }
            put.execute(params![key, row.value])?;
        }
    }
    conn.execute_batch("COMMIT; PRAGMA wal_checkpoint(TRUNCATE)")?;
    Ok(())
}

fn prefix(group: u64) -> [u8; 8] {
    group.to_be_bytes()
}

/// Which groups a round looks at.
fn looked_at(stores: &Stores) -> impl Iterator<Item = u64> {
    let groups = stores.groups;
    (0..PREFIXES.min(groups)).map(move |n| mix(n) % groups)
}

fn raw_looked_at(stores: &Stores) -> Result<u64> {
    let mut statement = stores.raw.prepare_cached(ENTRIES)?;
    let mut rows = statement.query([&b""[..]])?;
    let (mut count, mut bytes) = (0, 0);
    while let Some(row) = rows.next()? {
        bytes += row.get_ref(0)?.as_blob()?.len() + row.get_ref(1)?.as_blob()?.len();
        count += 1;
    }
    black_box(bytes);
    Ok(count)
}

fn raw_entries(stores: &Stores) -> Result<u64> {
    let mut statement = stores.raw.prepare_cached(ENTRIES)?;
    let mut rows = statement.query([&b""[..]])?;
    let mut count = 0;
    while let Some(row) = rows.next()? {
        black_box((row.get::<_, Vec<u8>>(0)?, row.get::<_, Vec<u8>>(1)?));
        count += 1;
    }
    Ok(count)
}

fn raw_keys(stores: &Stores) -> Result<u64> {
    let mut statement = stores.raw.prepare_cached(KEYS)?;
    let mut rows = statement.query([&b""[..]])?;
    let mut count = 0;
    while let Some(row) = rows.next()? {
        black_box(row.get::<_, Vec<u8>>(0)?);
        count += 1;
    }
    Ok(count)
}

fn raw_prefixes(stores: &Stores) -> Result<u64> {
    let mut count = 0;
    for group in looked_at(stores) {
        let mut statement = stores.raw.prepare_cached(RANGE)?;
        let mut rows = statement.query([prefix(group), prefix(group + 1)])?;
        while let Some(row) = rows.next()? {
            black_box((row.get::<_, Vec<u8>>(0)?, row.get::<_, Vec<u8>>(1)?));
            count += 1;
        }
    }
    Ok(count)
}

fn drain<T>(entries: impl Iterator<Item = kvault::Result<T>>) -> Result<u64> {
    let mut count = 0;
    for entry in entries {
        black_box(entry?);
        count += 1;
    }
    Ok(count)
}

fn iter(stores: &Stores) -> Result<u64> {
    drain(stores.vault.iter())
}

fn backwards(stores: &Stores) -> Result<u64> {
    drain(stores.vault.iter().rev())
}

fn snapshot(stores: &Stores) -> Result<u64> {
    drain(stores.vault.snapshot()?.iter())
}

fn keys(stores: &Stores) -> Result<u64> {
    drain(stores.vault.keys())
}

fn count(stores: &Stores) -> Result<u64> {
    Ok(stores.vault.count_range([0]..)?)
}

fn prefixes(stores: &Stores) -> Result<u64> {
    looked_at(stores).map(|group| drain(stores.vault.prefix(prefix(group)))).sum()
}
