//! What the options become on the connections, asked of SQLite itself.

use std::time::Duration;

use super::settings;
use crate::{AutoVacuum, CheckpointPolicy, Options, options::EngineOptions, store};

/// A setting, and what it is on the writer's connection and on a reader's. `-`: it says nothing
/// about that one.
type Row = (&'static str, &'static str, &'static str);

#[track_caller]
fn check(options: &EngineOptions, rows: &[Row]) {
    let dir = tempfile::tempdir().unwrap();
    let settings = settings(&dir.path().join("vault.db").into(), options);
    let (writer, effective) = store::tests::open_new(&settings).unwrap();
    let (reader, _) = store::open_reader(&settings).unwrap();
    for (name, of_writer, of_reader) in rows {
        if *of_writer != "-" {
            assert_eq!(writer.pragma(name), *of_writer, "{name} of the writer");
        }
        if *of_reader != "-" {
            assert_eq!(reader.pragma(name), *of_reader, "{name} of a reader");
        }
    }
    assert_eq!(effective.journal_mode, writer.pragma("journal_mode"));
    assert_eq!(effective.page_size.to_string(), writer.pragma("page_size"));
}

#[test]
fn the_defaults() {
    let rows = [
        ("journal_mode", "wal", "wal"),
        ("page_size", "32768", "32768"),
        ("mmap_size", "268435456", "268435456"),
        ("cache_size", "-100000", "-8192"),
        ("busy_timeout", "5000", "5000"),
        ("synchronous", "1", "-"),
        ("wal_autocheckpoint", "0", "-"),
        ("fullfsync", "1", "-"),
        ("checkpoint_fullfsync", "1", "-"),
        ("auto_vacuum", "0", "0"),
        ("locking_mode", "normal", "normal"),
    ];
    check(&EngineOptions::default(), &rows);
}

#[test]
fn everything_else_than_the_defaults() {
    let options = Options::default()
        .enable_wal(false)
        .page_size(1_024)
        .mmap_size(1 << 20)
        .cache_kb(123)
        .reader_cache_kb(456)
        .busy_timeout(Duration::from_millis(789))
        .checkpoint(CheckpointPolicy::Auto { pages: 77, wal_limit: 1 << 20 })
        .auto_vacuum(AutoVacuum::Full);
    let rows = [
        ("journal_mode", "delete", "delete"),
        ("page_size", "1024", "1024"),
        ("mmap_size", "1048576", "1048576"),
        ("cache_size", "-123", "-456"),
        ("busy_timeout", "789", "789"),
        ("wal_autocheckpoint", "0", "-"),
        ("auto_vacuum", "1", "1"),
    ];
    check(&options.engine, &rows);
}

#[test]
fn the_rest() {
    let options = Options::default()
        .mmap_size(0)
        .auto_vacuum(AutoVacuum::Incremental)
        .checkpoint(CheckpointPolicy::External)
        .busy_timeout(Duration::ZERO);
    let rows = [
        ("journal_mode", "wal", "wal"),
        ("mmap_size", "0", "0"),
        ("auto_vacuum", "2", "2"),
        ("wal_autocheckpoint", "0", "-"),
        ("busy_timeout", "0", "0"),
    ];
    check(&options.engine, &rows);
}

#[test]
fn what_stats_say_of_it() {
    let dir = tempfile::tempdir().unwrap();
    // Nobody cuts the log meanwhile.
    let options = Options::default().checkpoint(CheckpointPolicy::External);
    let vault = options.open(dir.path().join("vault.db")).unwrap();
    let stats = vault.stats();
    assert_eq!(stats.journal_mode, "wal");
    assert_eq!((stats.page_size, stats.mmap_size), (32_768, 256 << 20));
    assert!(stats.sqlite_version > 3_000_000);
    vault.put_bytes("key", vec![0; 100_000]).unwrap();
    let stats = vault.stats();
    assert!(stats.wal_bytes > 100_000 && stats.file_bytes > 0, "{stats:?}");
    assert_eq!((stats.commits, stats.writes), (2, 2), "the table and the value");
}
