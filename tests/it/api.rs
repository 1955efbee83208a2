//! Every call there is, and what it answers when the vault has ended.

use std::{fs, path::Path, time::Duration};

use kvault::{
    CacheOptions, CheckpointMode, Durability, Encoding, Error, Health, KVault, OptimizeOptions,
    Reader,
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
    vec![
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
    ]
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
    for entry in fs::read_dir(source.join("vault")).unwrap() {
        for name in public_functions(&entry.unwrap().path()) {
            let known = known("", &name) || NOT_IN_THE_TABLE.contains(&&*name);
            assert!(known, "KVault::{name} is not tried on a vault that has ended");
            found += 1;
        }
    }
    for name in public_functions(&source.join("reader.rs")) {
        assert!(known("Reader::", &name), "Reader::{name} is not tried on a vault that has ended");
        found += 1;
    }
    assert!(found > 30, "is it still there that calls are defined?");
    for (what, outcome) in calls {
        outcome.unwrap_or_else(|error| panic!("{what}: {error:?}"));
    }
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
