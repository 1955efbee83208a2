//! All opens of one file in a process share one engine, whatever they call the file.

use std::{
    fs,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use kvault::{AutoVacuum, CheckpointPolicy, Durability, Error, KVault, Options};

use crate::support::{FOREVER, Place, assert_err, invalid};

/// Other names of a place's file. The links are made.
fn other_names(place: &Place) -> Vec<PathBuf> {
    let (file, dir) = (place.file(), place.dir());
    let here = std::env::current_dir().unwrap();
    let up: PathBuf = here.components().skip(1).map(|_| "..").collect();
    let relative = up.join(file.strip_prefix("/").unwrap());
    let around = dir.join("..").join(dir.file_name().unwrap()).join("vault.db");
    let [soft, hard, folder] = ["soft.db", "hard.db", "folder"].map(|name| dir.join(name));
    std::os::unix::fs::symlink("vault.db", &soft).unwrap();
    fs::hard_link(file, &hard).unwrap();
    std::os::unix::fs::symlink(dir, &folder).unwrap();
    let absolute = file.to_owned();
    vec![absolute, relative, around, soft, hard, folder.join("vault.db"), folder.join("hard.db")]
}

#[test]
fn a_file_has_one_engine_under_all_its_names() {
    let place = Place::new();
    let first = place.open();
    for (i, path) in other_names(&place).into_iter().enumerate() {
        let before = first.stats().commits;
        let other = KVault::open(&path).unwrap();
        other.put_bytes("key", i.to_le_bytes()).unwrap();
        assert_eq!(first.stats().commits, before + 1, "{}", path.display());
        assert_eq!(first.get_bytes("key").unwrap().unwrap(), i.to_le_bytes());
        first.put_bytes("key", "other").unwrap();
        assert_eq!(other.stats().commits, before + 2, "{}", path.display());
        assert_eq!(other.get_bytes("key").unwrap().unwrap(), b"other");

        // An open ends by itself, however it came to be.
        if i % 2 == 0 {
            other.close().unwrap();
        } else {
            drop(other);
        }
        first.put_bytes("key", "after").unwrap();
        assert!(place.beside("-wal").exists());
    }
    first.close().unwrap();
    assert!(!place.beside("-wal").exists() && !place.beside("-shm").exists());
}

#[test]
fn an_engine_ends_with_its_last_open() {
    let place = Place::new();
    let opens: Vec<KVault> = (0..4).map(|_| place.open()).collect();
    opens[0].put_bytes("key", "value").unwrap();
    let commits = opens[3].stats().commits;
    for (i, open) in opens.iter().enumerate() {
        assert!(place.beside("-wal").exists() && place.beside("-shm").exists());
        // Several times is once.
        open.close().unwrap();
        open.close().unwrap();
        for later in &opens[i + 1..] {
            assert!(!later.is_closed() && later.health().is_good());
            assert_eq!(later.get_bytes("key").unwrap().unwrap(), b"value");
        }
        assert_err!(open.get_bytes("key"), Error::Closed);
    }
    assert!(!place.beside("-wal").exists() && !place.beside("-shm").exists());
    // The next one is another engine.
    assert!(place.open().stats().commits < commits);
}

/// What belongs to the engine: a change, its name, and how both values are shown.
type Engines = (fn(Options) -> Options, &'static str, &'static str, &'static str);

const OF_THE_ENGINE: &[Engines] = &[
    (|options| options.enable_wal(false), "enable_wal", "false", "true"),
    (|options| options.page_size(4_096), "page_size", "4096", "32768"),
    (|options| options.mmap_size(0), "mmap_size", "0", "268435456"),
    (|options| options.cache_kb(1_000), "cache_kb", "1000", "100000"),
    (|options| options.reader_cache_kb(100), "reader_cache_kb", "100", "8192"),
    (|options| options.reader_idle_limit(1), "reader_idle_limit", "1", "8"),
    (|options| options.busy_timeout(FOREVER), "busy_timeout", "60s", "5s"),
    (|options| options.checkpoint(CheckpointPolicy::External), "checkpoint", "External", "Auto"),
    (|options| options.queue_ops(7), "queue_ops", "7", "4096"),
    (|options| options.queue_bytes(7), "queue_bytes", "7", "67108864"),
    (|options| options.snapshot_max_age(FOREVER), "snapshot_max_age", "60s", "300s"),
    (|options| options.close_timeout(FOREVER), "close_timeout", "60s", "5s"),
    (|options| options.max_value_bytes(9), "max_value_bytes", "9", "999000000"),
    (|options| options.auto_vacuum(AutoVacuum::Full), "auto_vacuum", "Full", "None"),
];

#[test]
fn options_of_the_engine_have_to_agree() {
    let place = Place::new();
    let vault = place.open();
    for (change, name, asked, running) in OF_THE_ENGINE {
        match place.try_open(*change) {
            Err(Error::InvalidArgument { name: found, value, why }) => {
                assert_eq!((&*found, &*value), (*name, *asked));
                assert!(why.contains(running), "{name}: {why}");
            }
            other => panic!("{name}: {other:?}"),
        }
    }
    vault.put_bytes("key", "value").unwrap();
    assert!(vault.health().is_good());
    // A refused open keeps nothing alive.
    vault.close().unwrap();
    assert!(!place.beside("-wal").exists());
    for (change, name, ..) in OF_THE_ENGINE {
        // What they are depends on who comes first.
        let other = place.open_with(*change);
        assert_eq!(invalid(place.try_open(|options| options)).0, *name);
        other.close().unwrap();
    }
}

#[test]
fn options_of_the_handle_may_differ() {
    let place = Place::new();
    let first = place.open();
    let other = place.open_with(|options| {
        let options = options.table("photos").chunk_size(7).retries(1).auto_pack(false);
        let options = options.backoff_base(Duration::from_secs(1)).use_pickle(false).headers(false);
        options.durability(Durability::Power).write_timeout(Duration::ZERO).create(false)
    });
    let synced = first.stats().synced_commits;
    first.put_bytes("key", "value").unwrap();
    assert_eq!(first.stats().synced_commits, synced);
    other.put_bytes("cat", "jpeg").unwrap();
    assert_eq!(first.stats().synced_commits, synced + 1);
    assert_eq!((first.len().unwrap(), other.len().unwrap()), (1, 1));
    assert_eq!(first.tables().unwrap(), ["kv", "photos"]);
}

#[test]
fn writing_comes_to_an_engine_that_only_read() {
    let place = Place::new();
    place.open().put_bytes("key", "old").unwrap();
    for _ in 0..20 {
        let reading = place.open_with(|options| options.read_only(true));
        let reader = reading.reader().unwrap();
        assert_eq!(reader.get_bytes("key").unwrap().unwrap(), b"old");
        let start = std::sync::Barrier::new(4);
        let writing: Vec<KVault> = thread::scope(|scope| {
            let open = |i: u8| {
                start.wait();
                let vault = place.open();
                vault.put_bytes([i], "new").unwrap();
                vault
            };
            let threads: Vec<_> = (0..4).map(|i| scope.spawn(move || open(i))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        for i in 0..4 {
            assert_eq!(reader.get_bytes([i]).unwrap().unwrap(), b"new");
            assert_eq!(reading.get_bytes([i]).unwrap().unwrap(), b"new");
        }
        for vault in &writing {
            assert!(vault.stats().writes >= 4, "one writer");
        }
        assert_err!(reading.put_bytes("key", "new"), Error::ReadOnly { .. });
        assert_err!(reading.table("new").map(drop), Error::InvalidArgument { .. });
        assert_err!(reading.flush(), Error::ReadOnly { .. });
        // And the other way round: who may write goes, who reads stays.
        writing[0].clear().unwrap();
        writing[0].put_bytes("key", "old").unwrap();
        drop(writing);
        assert_eq!(reader.get_bytes("key").unwrap().unwrap(), b"old");
        assert_err!(reading.clear(), Error::ReadOnly { .. });
        reading.close().unwrap();
        assert!(!place.beside("-wal").exists() && !place.beside("-shm").exists());
    }
}

#[test]
fn reading_only_beside_writing() {
    let place = Place::new();
    let writing = place.open();
    let reading = place.open_with(|options| options.read_only(true));
    writing.put_bytes("key", "value").unwrap();
    assert_eq!(reading.get_bytes("key").unwrap().unwrap(), b"value");
    for refused in [reading.put_bytes("key", "other"), reading.table("kv").unwrap().clear()] {
        assert_err!(refused, Error::ReadOnly { .. });
    }
    writing.close().unwrap();
    assert_eq!(reading.get_bytes("key").unwrap().unwrap(), b"value");
    assert_eq!(reading.path(), Path::new(place.file()));
}
