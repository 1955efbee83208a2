//! Options that cannot be meant.

use std::{fs, time::Duration};

use kvault::{AutoVacuum, CheckpointPolicy, Durability, Error, KVault, Options};

use crate::support::{Place, invalid};

const SECOND: Duration = Duration::from_secs(1);
const TINY: Duration = Duration::from_nanos(1);

type Row = (&'static str, &'static str, fn(Options) -> Options);

const NONSENSE: &[Row] = &[
    ("chunk_size", "0", |o| o.chunk_size(0)),
    ("chunk_size", "1073741825", |o| o.chunk_size((1 << 30) + 1)),
    ("retries", "0", |o| o.retries(0)),
    ("retries", "1001", |o| o.retries(1_001)),
    ("backoff_base", "0ns", |o| o.backoff_base(Duration::ZERO)),
    ("backoff_base", "61s", |o| o.backoff_base(61 * SECOND)),
    ("durability", "Buffered", |o| {
        o.durability(Durability::Buffered)
    }),
    ("page_size", "0", |o| o.page_size(0)),
    ("page_size", "256", |o| o.page_size(256)),
    ("page_size", "1000", |o| o.page_size(1_000)),
    ("page_size", "131072", |o| o.page_size(131_072)),
    ("mmap_size", "9223372036854775808", |o| o.mmap_size(1 << 63)),
    ("cache_kb", "0", |o| o.cache_kb(0)),
    ("cache_kb", "2147483648", |o| o.cache_kb(1 << 31)),
    ("reader_cache_kb", "0", |o| o.reader_cache_kb(0)),
    ("reader_cache_kb", "4294967295", |o| {
        o.reader_cache_kb(u32::MAX)
    }),
    ("reader_idle_limit", "0", |o| o.reader_idle_limit(0)),
    ("reader_idle_limit", "10001", |o| {
        o.reader_idle_limit(10_001)
    }),
    ("busy_timeout", "2147483.648s", |o| {
        o.busy_timeout(Duration::from_millis(1 << 31))
    }),
    ("queue_ops", "0", |o| o.queue_ops(0)),
    ("queue_bytes", "0", |o| o.queue_bytes(0)),
    ("snapshot_max_age", "0ns", |o| {
        o.snapshot_max_age(Duration::ZERO)
    }),
    ("max_value_bytes", "0", |o| o.max_value_bytes(0)),
    ("checkpoint.pages", "0", |o| o.checkpoint(auto(0, 1 << 30))),
    ("checkpoint.pages", "2147483648", |o| {
        o.checkpoint(auto(1 << 31, 1 << 30))
    }),
    ("checkpoint.wal_limit", "32767", |o| {
        o.checkpoint(auto(1, 32_767))
    }),
    ("checkpoint", "External", |o| {
        o.checkpoint(CheckpointPolicy::External).enable_wal(false)
    }),
    ("table", "\"\"", |o| o.table("")),
    ("table", "\"sqlite_x\"", |o| o.table("sqlite_x")),
];

fn auto(pages: u32, wal_limit: u64) -> CheckpointPolicy {
    CheckpointPolicy::Auto { pages, wal_limit }
}

#[test]
fn nonsense_is_named_and_leaves_nothing_behind() {
    let place = Place::new();
    for (name, value, set) in NONSENSE {
        let found = invalid(place.try_open(set));
        assert_eq!(found, ((*name).to_owned(), (*value).to_owned()));
        assert_eq!(
            fs::read_dir(place.dir()).unwrap().count(),
            0,
            "{name} = {value}"
        );
    }
}

#[test]
fn a_limit_over_that_of_the_library() {
    let place = Place::new();
    let found = invalid(place.try_open(|options| options.max_value_bytes(u64::MAX)));
    assert_eq!(found, ("max_value_bytes".into(), u64::MAX.to_string()));
    // Nothing was half opened.
    place.open().put_bytes("key", "value").unwrap();
}

const SENSE: &[fn(Options) -> Options] = &[
    |o| o.chunk_size(1).retries(1).backoff_base(TINY).page_size(512),
    |o| {
        o.chunk_size(1 << 30)
            .retries(1_000)
            .backoff_base(60 * SECOND)
            .page_size(65_536)
    },
    |o| {
        o.mmap_size(0)
            .cache_kb(1)
            .reader_cache_kb(1)
            .reader_idle_limit(1)
    },
    |o| {
        o.mmap_size(i64::MAX.unsigned_abs())
            .cache_kb(i32::MAX.unsigned_abs())
    },
    |o| {
        o.reader_cache_kb(i32::MAX.unsigned_abs())
            .reader_idle_limit(10_000)
    },
    |o| {
        o.busy_timeout(Duration::ZERO)
            .write_timeout(Duration::ZERO)
            .close_timeout(Duration::ZERO)
    },
    |o| {
        o.busy_timeout(Duration::from_millis(i32::MAX as u64))
            .write_timeout(Duration::MAX)
    },
    |o| {
        o.queue_ops(1)
            .queue_bytes(1)
            .snapshot_max_age(TINY)
            .close_timeout(Duration::MAX)
    },
    |o| {
        o.queue_ops(usize::MAX)
            .queue_bytes(usize::MAX)
            .snapshot_max_age(Duration::MAX)
    },
    |o| o.checkpoint(auto(1, 32_768)).auto_vacuum(AutoVacuum::Full),
    |o| {
        o.checkpoint(auto(i32::MAX.unsigned_abs(), u64::MAX))
            .auto_vacuum(AutoVacuum::Incremental)
    },
    |o| o.checkpoint(CheckpointPolicy::External).enable_wal(true),
    |o| {
        o.enable_wal(false)
            .auto_pack(false)
            .use_pickle(false)
            .headers(false)
    },
    |o| o.max_value_bytes(1_000_000).durability(Durability::Power),
];

#[test]
fn the_ends_of_what_is_allowed_work() {
    for (i, set) in SENSE.iter().enumerate() {
        let place = Place::new();
        let work = || {
            let vault = place.try_open(set)?;
            vault.put_bytes("key", "value")?;
            assert_eq!(vault.get_bytes("key")?.as_deref(), Some(&b"value"[..]));
            assert!(vault.delete("key")?);
            vault.close()
        };
        work().unwrap_or_else(|error: Error| panic!("row {i}: {error:?}"));
    }
}

#[test]
fn buffered_without_a_cache_is_refused_with_the_write() {
    let place = Place::new();
    let vault: KVault = place.open();
    let buffered = vault.with_durability(Durability::Buffered);
    let expected = ("durability".to_owned(), "Buffered".to_owned());
    assert_eq!(invalid(buffered.put_bytes("key", "value")), expected);
    assert_eq!(invalid(buffered.flush()), expected);
    assert!(vault.is_empty().unwrap());
    assert_eq!(buffered.get_bytes("key").unwrap(), None);
}
