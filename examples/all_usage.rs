//! A little of everything: `cargo run --example all_usage`.

use std::{collections::BTreeMap, thread};

use kvault::{
    CheckpointMode, Encoding, Json, KVault, MsgPack, OptimizeOptions, Pickle, Tensor, Value,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let vault = KVault::options().table("demo").open(folder.path().join("app.db"))?;
    values(&vault)?;
    wrappers(&vault)?;
    many(&vault)?;
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

fn tables_and_readers(vault: &KVault) -> Result<(), Box<dyn std::error::Error>> {
    let users = vault.table("users")?;
    users.put("ada", &1815)?;
    assert_eq!(vault.tables()?, ["demo", "users"]);

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
