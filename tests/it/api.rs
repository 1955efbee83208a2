//! Every call there is, and what it answers when the vault has ended.

use std::{fs, io::Cursor, path::Path, time::Duration};

use kvault::{
    CacheOptions, CheckpointMode, Durability, Encoding, Error, Health, KVault, OptimizeOptions,
    Reader, Snapshot, StreamOptions, WriteBatch,
};

use crate::support::Place;

/// Each call of a vault and a reader that can fail, and what it gave.
pub(crate) fn call_everything(
    vault: &KVault,
    reader: &Reader,
) -> Vec<(&'static str, Result<(), Error>)> {
    let (none, no_rows): ([&str; 0], [(&str, &str); 0]) = ([], []);
    let power = vault.with_durability(Durability::Power);
    let once = vault.with_write_timeout(Duration::ZERO);
    let mut calls = vec![
        ("put", vault.put("t", &1)),
        ("put_as", vault.put_as("t", &1, Encoding::Json)),
        ("put_many", vault.put_many([("t", 1)]).map(drop)),
        ("get", vault.get::<u8>("t").map(drop)),
        ("fetch", vault.fetch::<u8>("t").map(drop)),
        ("get_value", vault.get_value("t").map(drop)),
        ("get_many", vault.get_many::<u8, _>(["t"]).map(drop)),
        ("enable_headers", vault.enable_headers()),
        ("enable_auto_pack", vault.enable_auto_pack(true)),
        ("Reader::get", reader.get::<u8>("t").map(drop)),
        ("Reader::fetch", reader.fetch::<u8>("t").map(drop)),
        ("Reader::get_value", reader.get_value("t").map(drop)),
        ("Reader::get_many", reader.get_many::<u8, _>(["t"]).map(drop)),
        ("put_bytes", vault.put_bytes("a", "2")),
        ("put_bytes of a power handle", power.put_bytes("a", "2")),
        ("put_bytes tried once", once.put_bytes("a", "2")),
        ("put_many_bytes", vault.put_many_bytes([("a", "2")]).map(drop)),
        ("put_many_bytes of nothing", vault.put_many_bytes(no_rows).map(drop)),
        ("put_reader", vault.put_reader("s", &b"1"[..], StreamOptions::default()).map(drop)),
        (
            "put_seekable",
            vault.put_seekable("s", Cursor::new("1"), StreamOptions::default()).map(drop),
        ),
        (
            "put_path",
            vault.put_path("s", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")).map(drop),
        ),
        ("create_blob", vault.create_blob("s", StreamOptions::default()).map(drop)),
        ("open_blob", vault.open_blob("s").map(drop)),
        ("get_to_writer", vault.get_to_writer("s", Vec::new(), StreamOptions::default()).map(drop)),
        ("delete", vault.delete("a").map(drop)),
        ("discard", vault.discard("a")),
        ("clear", vault.clear()),
        ("flush", vault.flush().map(drop)),
        ("flush of a power handle", power.flush().map(drop)),
        ("enable_cache", vault.enable_cache(CacheOptions::default())),
        ("put_bytes to the cache", vault.put_bytes("a", "2")),
        ("lock_cache", vault.lock_cache().map(drop)),
        ("cached", vault.cached(CacheOptions::default(), |vault| vault.put_bytes("a", "2"))),
        ("cache", vault.cache(CacheOptions::default()).map(drop)),
        ("disable_cache", vault.disable_cache().map(drop)),
        ("get_bytes", vault.get_bytes("a").map(drop)),
        ("get_stored", vault.get_stored("a").map(drop)),
        ("get_many_stored", vault.get_many_stored(["a"]).map(drop)),
        ("get_many_stored of nothing", vault.get_many_stored(none).map(drop)),
        ("contains_key", vault.contains_key("a").map(drop)),
        ("len", vault.len().map(drop)),
        ("is_empty", vault.is_empty().map(drop)),
        ("table", vault.table("kv").map(drop)),
        ("table that is new", vault.table("new").map(drop)),
        ("tables", vault.tables().map(drop)),
        ("reader", vault.reader().map(drop)),
        ("checkpoint", vault.checkpoint(CheckpointMode::Passive).map(drop)),
        ("checkpoint to the end", vault.checkpoint(CheckpointMode::Truncate).map(drop)),
        ("optimize", vault.optimize(OptimizeOptions::default()).map(drop)),
        ("Reader::get_bytes", reader.get_bytes("a").map(drop)),
        ("Reader::get_stored", reader.get_stored("a").map(drop)),
        ("Reader::get_many_stored", reader.get_many_stored(["a"]).map(drop)),
        ("Reader::contains_key", reader.contains_key("a").map(drop)),
        ("Reader::len", reader.len().map(drop)),
        ("Reader::is_empty", reader.is_empty().map(drop)),
        ("snapshot", vault.snapshot().map(drop)),
        ("write", vault.write(&WriteBatch::new())),
        ("retain", vault.retain(|_, _| true).map(drop)),
        ("delete_range", vault.delete_range("x"..).map(drop)),
        ("delete_prefix", vault.delete_prefix("x").map(drop)),
        ("compare_and_swap", vault.compare_and_swap("n", None, None).map(drop)),
        ("update", vault.update("n", |n: Option<u8>| n).map(drop)),
        ("get_or_insert_with", vault.get_or_insert_with("o", || 1).map(drop)),
        ("insert_if_absent", vault.insert_if_absent("o", &1).map(drop)),
        ("remove", vault.remove::<u8>("o").map(drop)),
        ("increment", vault.increment("i", 1).map(drop)),
        ("entry", vault.entry("e").or_insert(1).map(drop)),
        ("transact", vault.transact(|tx| tx.put("x", &1))),
    ];
    calls.extend(iterate(vault, reader));
    calls
}

fn iterate(vault: &KVault, reader: &Reader) -> Vec<(&'static str, Result<(), Error>)> {
    vec![
        ("iter", next(vault.iter())),
        ("range", next(vault.range("a"..))),
        ("range of nothing", next(vault.range("b".."a"))),
        ("prefix", next(vault.prefix("a"))),
        ("keys", next(vault.keys())),
        ("values", next(vault.values().rev())),
        ("items", next(vault.items::<serde::de::IgnoredAny>())),
        ("first", vault.first().map(drop)),
        ("last", vault.last().map(drop)),
        ("count_range", vault.count_range(..).map(drop)),
        ("count_range of nothing", vault.count_range("b".."a").map(drop)),
        ("count_prefix", vault.count_prefix("a").map(drop)),
        ("resume", next(vault.resume(&vault.iter().cursor()))),
        ("Reader::iter", next(reader.iter())),
        ("Reader::range", next(reader.range("a"..))),
        ("Reader::prefix", next(reader.prefix("a"))),
        ("Reader::keys", next(reader.keys())),
        ("Reader::values", next(reader.values())),
        ("Reader::items", next(reader.items::<serde::de::IgnoredAny>())),
        ("Reader::first", reader.first().map(drop)),
        ("Reader::last", reader.last().map(drop)),
        ("Reader::count_range", reader.count_range("a"..).map(drop)),
        ("Reader::count_prefix", reader.count_prefix("a").map(drop)),
        ("Reader::resume", next(reader.resume(&reader.iter().cursor()))),
    ]
}

/// Each call of a snapshot that can fail.
pub(crate) fn call_a_snapshot(snapshot: &Snapshot) -> Vec<(&'static str, Result<(), Error>)> {
    vec![
        ("table", snapshot.table("kv").map(drop)),
        ("get_bytes", snapshot.get_bytes("a").map(drop)),
        ("get_stored", snapshot.get_stored("a").map(drop)),
        ("get_many_stored", snapshot.get_many_stored(["a"]).map(drop)),
        ("contains_key", snapshot.contains_key("a").map(drop)),
        ("len", snapshot.len().map(drop)),
        ("is_empty", snapshot.is_empty().map(drop)),
        ("get", snapshot.get::<u8>("t").map(drop)),
        ("fetch", snapshot.fetch::<u8>("t").map(drop)),
        ("get_value", snapshot.get_value("t").map(drop)),
        ("get_many", snapshot.get_many::<u8, _>(["t"]).map(drop)),
        ("iter", next(snapshot.iter())),
        ("range", next(snapshot.range("a"..))),
        ("prefix", next(snapshot.prefix("a"))),
        ("keys", next(snapshot.keys())),
        ("values", next(snapshot.values())),
        ("items", next(snapshot.items::<serde::de::IgnoredAny>())),
        ("first", snapshot.first().map(drop)),
        ("last", snapshot.last().map(drop)),
        ("count_range", snapshot.count_range("a"..).map(drop)),
        ("count_prefix", snapshot.count_prefix("a").map(drop)),
        ("resume", next(snapshot.resume(&snapshot.iter().cursor()))),
    ]
}

fn next<T>(mut entries: impl Iterator<Item = Result<T, Error>>) -> Result<(), Error> {
    entries.next().transpose().map(drop)
}

/// Every one of them is refused in this way.
#[track_caller]
pub(crate) fn all_refused(vault: &KVault, reader: &Reader, as_it_should: fn(&Error) -> bool) {
    for (what, outcome) in call_everything(vault, reader) {
        let error = outcome.err().unwrap_or_else(|| panic!("{what} succeeded"));
        assert!(as_it_should(&error) && error.is_closed(), "{what}: {error:?}");
    }
}

/// What cannot fail, or is something else than a call of a vault.
const NOT_IN_THE_TABLE: &[&str] = &[
    // Tried where the table is used.
    "path",
    "table_name",
    "is_closed",
    "stats",
    "health",
    "close",
    // Make handles, and are used in the table.
    "with_durability",
    "with_write_timeout",
    // Ask nothing of the file.
    "pack",
    "disable_auto_pack",
    "auto_pack_enabled",
    "disable_headers",
    "headers_enabled",
    // End what a call in the table made.
    "finish",
    "unlock",
    // No vault is there yet.
    "open",
    "options",
];

/// Public functions that a source defines.
fn public_functions(source: &Path) -> Vec<String> {
    let text = fs::read_to_string(source).unwrap();
    let names = text.lines().filter_map(|line| line.trim_start().strip_prefix("pub fn "));
    names.map(|rest| rest.split(['(', '<']).next().unwrap().to_owned()).collect()
}

#[test]
fn every_call_is_in_the_table() {
    let place = Place::new();
    let vault = place.open();
    let calls = call_everything(&vault, &vault.reader().unwrap());
    let known = |of: &str, name: &str| {
        let name = format!("{of}{name}");
        calls.iter().any(|(call, _)| {
            call.strip_prefix(&name).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
        })
    };
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = 0;
    let mut paths = vec![source.join("vault")];
    while let Some(path) = paths.pop() {
        if path.is_dir() {
            paths.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        for name in public_functions(&path) {
            let known = known("", &name) || NOT_IN_THE_TABLE.contains(&&*name);
            assert!(known, "KVault::{name} is not tried on a vault that has ended");
            found += 1;
        }
    }
    let mut of_reader = public_functions(&source.join("reader.rs"));
    of_reader.extend(public_functions(&source.join("iter/verbs.rs")));
    for name in of_reader {
        assert!(known("Reader::", &name), "Reader::{name} is not tried on a vault that has ended");
        found += 1;
    }
    assert!(found > 30, "is it still there that calls are defined?");
    for (what, outcome) in calls {
        outcome.unwrap_or_else(|error| panic!("{what}: {error:?}"));
    }
}

#[test]
fn every_call_of_a_snapshot_is_in_the_table() {
    let place = Place::new();
    let vault = place.open();
    vault.put("t", &1).unwrap();
    vault.put_bytes("a", "1").unwrap();
    let snapshot = vault.snapshot().unwrap();
    let calls = call_a_snapshot(&snapshot);
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for file in ["snapshot.rs", "iter/verbs.rs"] {
        for name in public_functions(&source.join(file)) {
            let known = calls.iter().any(|(call, _)| *call == name) || name == "table_name";
            assert!(known, "Snapshot::{name} is not tried on a vault that has ended");
        }
    }
    for (what, outcome) in calls {
        outcome.unwrap_or_else(|error| panic!("{what}: {error:?}"));
    }
    vault.close().unwrap();
    for (what, outcome) in call_a_snapshot(&snapshot) {
        assert!(matches!(outcome, Err(Error::Closed)), "{what}: {outcome:?}");
    }
    assert_eq!(snapshot.table_name(), "kv");
}

#[test]
fn a_closed_vault_refuses_every_call() {
    for temporary in [false, true] {
        let place = Place::new();
        let path = if temporary { Path::new(":memory:") } else { place.file() };
        let vault = KVault::open(path).unwrap();
        let (table, reader) = (vault.table("photos").unwrap(), vault.reader().unwrap());
        vault.put_bytes("a", "1").unwrap();
        let before = (vault.path().to_owned(), vault.stats().writes);
        vault.close().unwrap();
        for vault in [&vault, &table] {
            all_refused(vault, &reader, |error| matches!(error, Error::Closed));
            assert!(vault.is_closed());
            assert!(matches!(vault.health(), Health::Closed));
            assert_eq!((vault.path().to_owned(), vault.stats().writes), before);
            vault.close().unwrap();
        }
        assert_eq!((vault.table_name(), table.table_name()), ("kv", "photos"));
    }
}
