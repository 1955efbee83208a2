use std::time::Duration;

use super::{AutoVacuum, CheckpointPolicy, Durability, EngineOptions, HandleOptions, Options};

const SECOND: Duration = Duration::from_secs(1);

/// Written out field by field, so that a new option has to be added here.
#[test]
fn the_defaults_are_the_documented_ones() {
    let expected = HandleOptions {
        table: "kv".to_owned(),
        chunk_size: 1_048_576,
        retries: 4,
        backoff_base: Duration::from_millis(20),
        auto_pack: true,
        use_pickle: true,
        headers: true,
        durability: Durability::Process,
        write_timeout: 30 * SECOND,
    };
    assert_eq!(format!("{:?}", HandleOptions::default()), format!("{expected:?}"));
    let expected = EngineOptions {
        enable_wal: true,
        page_size: 32_768,
        mmap_size: 268_435_456,
        cache_kb: 100_000,
        reader_cache_kb: 8_192,
        reader_idle_limit: 8,
        read_only: false,
        create: true,
        busy_timeout: 5 * SECOND,
        checkpoint: CheckpointPolicy::Auto { pages: 1_000, wal_limit: 1_073_741_824 },
        queue_ops: 4_096,
        queue_bytes: 67_108_864,
        snapshot_max_age: 300 * SECOND,
        close_timeout: 5 * SECOND,
        max_value_bytes: 999_000_000,
        auto_vacuum: AutoVacuum::None,
    };
    assert_eq!(EngineOptions::default(), expected);
    Options::default().validate().unwrap();
}

type Row = (&'static str, fn(Options) -> Options);

/// Each setter, and what its option is called and shows then.
const SETTERS: &[Row] = &[
    ("table: \"photos\"", |o| o.table("photos")),
    ("chunk_size: 7", |o| o.chunk_size(7)),
    ("retries: 7", |o| o.retries(7)),
    ("backoff_base: 7s", |o| o.backoff_base(7 * SECOND)),
    ("auto_pack: false", |o| o.auto_pack(false)),
    ("use_pickle: false", |o| o.use_pickle(false)),
    ("headers: false", |o| o.headers(false)),
    ("durability: Power", |o| o.durability(Durability::Power)),
    ("write_timeout: 7s", |o| o.write_timeout(7 * SECOND)),
    ("enable_wal: false", |o| o.enable_wal(false)),
    ("page_size: 512", |o| o.page_size(512)),
    ("mmap_size: 7", |o| o.mmap_size(7)),
    ("cache_kb: 7", |o| o.cache_kb(7)),
    ("reader_cache_kb: 7", |o| o.reader_cache_kb(7)),
    ("reader_idle_limit: 7", |o| o.reader_idle_limit(7)),
    ("read_only: true", |o| o.read_only(true)),
    ("create: false", |o| o.create(false)),
    ("busy_timeout: 7s", |o| o.busy_timeout(7 * SECOND)),
    ("checkpoint: External", |o| o.checkpoint(CheckpointPolicy::External)),
    ("queue_ops: 7", |o| o.queue_ops(7)),
    ("queue_bytes: 7", |o| o.queue_bytes(7)),
    ("snapshot_max_age: 7s", |o| o.snapshot_max_age(7 * SECOND)),
    ("close_timeout: 7s", |o| o.close_timeout(7 * SECOND)),
    ("max_value_bytes: 7", |o| o.max_value_bytes(7)),
    ("auto_vacuum: Full", |o| o.auto_vacuum(AutoVacuum::Full)),
];

/// The options, one a line.
fn shown(options: &Options) -> Vec<String> {
    let text = format!("{options:?}").replace("Auto { pages: 1000, wal_limit", "Auto(1000, ");
    text.split(", ").map(|field| field.trim_end_matches([' ', '}']).to_owned()).collect()
}

#[test]
fn a_setter_sets_its_option_and_no_other() {
    let default = Options::default();
    for (expected, set) in SETTERS {
        let changed = set(default.clone());
        let before = shown(&default);
        let news: Vec<String> =
            shown(&changed).into_iter().filter(|field| !before.contains(field)).collect();
        assert_eq!(news.len(), 1, "{news:?}");
        // The first field of a struct has the struct's name in front.
        assert!(news[0].ends_with(expected), "{} is not {expected}", news[0]);
    }
}
