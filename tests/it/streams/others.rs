//! Tables that somebody else has put an index, a trigger or a constraint on.

use std::fs;

use kvault::{CacheOptions, Error};

use super::{LARGE, in_chunks};
use crate::support::{Place, assert_err};

/// What looks at values, and what it must say of a long one that begins with a 1.
const WATCHERS: &[&str] = &[
    "CREATE INDEX ones ON kv (key) WHERE substr(value, 1, 1) = x'01'",
    "CREATE INDEX sizes ON kv (length(value))",
    "CREATE UNIQUE INDEX contents ON kv (value)",
    "CREATE TABLE log (size INTEGER, head BLOB); CREATE TRIGGER logs AFTER INSERT ON kv BEGIN \
     INSERT INTO log VALUES (length(new.value), substr(new.value, 1, 1)); END",
];

#[test]
fn they_see_the_value_and_not_its_zeros() {
    for (watcher, cached) in WATCHERS.iter().flat_map(|watcher| [(watcher, false), (watcher, true)])
    {
        let place = Place::new();
        let vault = place.open_with(|options| options.chunk_size(16 << 10));
        place.raw().execute_batch(watcher).unwrap();
        if cached {
            vault.enable_cache(CacheOptions::default()).unwrap();
        }
        let value = vec![1; LARGE];
        vault.put_reader("reader", &value[..], in_chunks()).unwrap();
        let path = place.dir().join("source");
        fs::write(&path, vec![1; LARGE + 1]).unwrap();
        vault.put_path("path", &path).unwrap();
        vault.flush().unwrap();
        let raw = place.raw();
        let sound: String = raw.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(sound, "ok", "{watcher}");
        if watcher.contains("log") {
            let sql = "SELECT count(*) FROM log WHERE head = x'01' AND size >= ?1";
            let seen: i64 =
                raw.query_row(sql, [i64::try_from(LARGE).unwrap()], |row| row.get(0)).unwrap();
            assert_eq!(seen, 2);
        }
        assert!(vault.get_bytes("reader").unwrap().unwrap() == value);
        assert_eq!(vault.open_blob("path").unwrap().len(), LARGE as u64 + 1);
    }
}

#[test]
fn a_constraint_decides_over_the_value() {
    let place = Place::new();
    place
        .raw()
        .execute_batch(
            "CREATE TABLE kv (key BLOB PRIMARY KEY NOT NULL, value BLOB NOT NULL \
             CHECK (substr(value, 1, 1) = x'01'))",
        )
        .unwrap();
    let vault = place.open();
    vault.put_reader("k", &vec![1; LARGE][..], in_chunks()).unwrap();
    assert_err!(vault.put_reader("k", &vec![2; LARGE][..], in_chunks()), Error::Sqlite { .. });
    assert!(vault.get_bytes("k").unwrap().unwrap() == vec![1; LARGE]);
}
