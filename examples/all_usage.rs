//! A little of everything: `cargo run --example all_usage`.

use std::{
    collections::BTreeMap,
    io::{Read, Seek, SeekFrom, Write},
    thread,
};

use kvault::{
    CacheOptions, CheckpointMode, Encoding, Json, KVault, MsgPack, OptimizeOptions, Pickle,
    StreamOptions, Tensor, Value, WriteBatch,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let vault = KVault::options().table("demo").open(folder.path().join("app.db"))?;
    values(&vault)?;
    wrappers(&vault)?;
    many(&vault)?;
    in_order(&vault)?;
    changes(&vault)?;
    buffered(&vault)?;
    streams(&vault)?;
    tables_and_readers(&vault)?;
    maintenance(&vault)?;
    vault.close()?;
    println!("all of it worked");
    Ok(())
}

/// The type decides how a value is stored, and what is read decides nothing away.
fn values(vault: &KVault) -> kvault::Result<()> {
    vault.put("int", &1_700_000_000_000_000_i64)?;
    vault.put("float", &0.5)?;
    vault.put("text", "grüß Gott")?;
    vault.put("map", &BTreeMap::from([("host", "localhost"), ("port", "80")]))?;
    vault.put("matrix", &Tensor::new(&[2, 3], &[1_i32, 2, 3, 4, 5, 6])?)?;

    assert_eq!(vault.fetch::<i64>("int")?, 1_700_000_000_000_000);
    assert!(vault.get::<u8>("int").is_err(), "nothing is cut off in silence");
    assert_eq!(vault.fetch::<Tensor>("matrix")?.shape(), [2, 3]);

    // Whatever it is.
    let map: Value = vault.fetch("map")?;
    assert_eq!(map.get("port"), Some(&Value::from("80")));
    Ok(())
}

/// Where another program expects a certain encoding.
fn wrappers(vault: &KVault) -> kvault::Result<()> {
    vault.put("json", &Json([1, 2, 3]))?;
    vault.put("msgpack", &MsgPack((1, "one")))?;
    vault.put("pickle", &Pickle(vec!["for", "Python"]))?;
    vault.put_as("cbor", &true, Encoding::Cbor)?;

    assert_eq!(vault.get_bytes("json")?.as_deref(), Some(&b"[1,2,3]"[..]));
    assert_eq!(vault.fetch::<Vec<String>>("pickle")?, ["for", "Python"]);
    // What is stored, header and all.
    let stored = vault.get_stored("cbor")?;
    assert_eq!(stored.map(|stored| stored.encoding()).transpose()?, Some(Encoding::Cbor));
    Ok(())
}

/// All or nothing, and all at one instant.
fn many(vault: &KVault) -> kvault::Result<()> {
    let squares = (0..1_000_u32).map(|n| (format!("square:{n}"), n * n));
    assert_eq!(vault.put_many(squares)?, 1_000);
    assert_eq!(vault.get_many(["square:9", "cube:9"])?, [Some(81), None]);
    assert!(vault.delete("square:9")?);
    Ok(())
}

/// As in a `BTreeMap`, and only as much at a time as is asked for.
fn in_order(vault: &KVault) -> kvault::Result<()> {
    assert_eq!(vault.count_prefix("square:")?, 999);
    let mut largest = vault.prefix("square:99").keys().rev();
    assert_eq!(largest.next().transpose()?.as_deref(), Some(&b"square:999"[..]));
    assert_eq!(vault.range("a".."g").items::<f64>().filter_map(Result::ok).count(), 1);
    let then = vault.snapshot()?;
    vault.delete_prefix("square:")?;
    assert_eq!((vault.count_prefix("square:")?, then.count_prefix("square:")?), (0, 999));
    Ok(())
}

/// Nobody gets in between.
fn changes(vault: &KVault) -> kvault::Result<()> {
    assert_eq!(vault.increment("visits", 2)?, 2);
    assert!(!vault.insert_if_absent("visits", &0)?);
    vault.transact(|tx| {
        let visits: i64 = tx.get("visits")?.unwrap_or(0);
        tx.put("visits", &(visits - 1))?;
        tx.table("archive")?.put("visits", &1)
    })?;
    let mut batch = WriteBatch::new();
    batch.delete("visits").table("archive").delete("visits");
    vault.write(&batch)
}

/// Puts that are committed later, all together.
fn buffered(vault: &KVault) -> kvault::Result<()> {
    vault.cached(CacheOptions::default(), |vault| {
        (0..10_000).try_for_each(|n| vault.put(format!("log:{n}"), "a line"))
    })?;
    assert_eq!(vault.delete_prefix("log:")?, 10_000);
    Ok(())
}

/// What is too large for memory.
fn streams(vault: &KVault) -> Result<(), Box<dyn std::error::Error>> {
    let mut report = vault.create_blob("report", StreamOptions::default())?;
    for page in 0..100_000 {
        writeln!(report, "page {page}")?;
    }
    let len = report.finish()?;
    let mut last = String::new();
    let mut report = vault.open_blob("report")?;
    report.seek(SeekFrom::Start(len - 6))?;
    report.read_to_string(&mut last)?;
    assert_eq!(last, "99999\n");
    Ok(())
}

fn tables_and_readers(vault: &KVault) -> Result<(), Box<dyn std::error::Error>> {
    let users = vault.table("users")?;
    users.put("ada", &1815)?;
    assert_eq!(vault.tables()?, ["archive", "demo", "users"]);

    let reader = users.reader()?;
    let thread = thread::spawn(move || reader.fetch::<u16>("ada"));
    let born = thread.join().map_err(|_| "the thread panicked")??;
    assert_eq!(born, 1815);
    Ok(())
}

fn maintenance(vault: &KVault) -> kvault::Result<()> {
    vault.clear()?;
    let report = vault.optimize(OptimizeOptions::default())?;
    assert!(vault.checkpoint(CheckpointMode::Truncate)?.is_complete());
    println!("{} bytes given back", report.bytes_before.saturating_sub(report.bytes_after));
    println!("{:?}, {} commits", vault.health(), vault.stats().commits);
    Ok(())
}
