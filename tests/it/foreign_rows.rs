//! Rows of a vault's table that somebody put there with other means: not our key, not our value.

use rusqlite::{Connection, types::Value};

use crate::support::Place;

const FOREIGN: &str = "
    INSERT INTO kv VALUES ('text key', x'01');
    INSERT INTO kv VALUES (17, x'02');
    INSERT INTO kv VALUES (1.5, x'03');
    INSERT INTO kv VALUES ('', x'04');
    INSERT INTO kv VALUES (x'76', 'text value');
    INSERT INTO kv VALUES (x'77', 42);
    INSERT INTO kv VALUES (x'78', '');
    INSERT INTO kv VALUES (x'79', 0.5);";

/// The keys above, as bytes that a caller might ask for.
const KEYS: &[&[u8]] = &[b"text key", b"17", b"1.5", b"", b"v", b"w", b"x", b"y"];

fn rows(conn: &Connection) -> Vec<(Value, Value)> {
    conn.prepare("SELECT key, value FROM kv ORDER BY rowid")
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect()
}

#[test]
fn they_are_not_seen() {
    let place = Place::new();
    let vault = place.open();
    let raw = place.raw();
    raw.execute_batch(FOREIGN).unwrap();
    let before = rows(&raw);
    assert_eq!(before.len(), 8);

    assert_eq!(vault.len().unwrap(), 0);
    assert!(vault.is_empty().unwrap());
    let reader = vault.reader().unwrap();
    assert!(reader.is_empty().unwrap() && reader.len().unwrap() == 0);
    for key in KEYS {
        assert_eq!(vault.get_bytes(key).unwrap(), None, "{key:?}");
        assert_eq!(vault.get_stored(key).unwrap(), None);
        assert!(!vault.contains_key(key).unwrap(), "{key:?}");
        assert!(!reader.contains_key(key).unwrap());
        assert!(!vault.delete(key).unwrap(), "{key:?}");
        vault.discard(key).unwrap();
    }
    assert!(
        vault
            .get_many_stored(KEYS)
            .unwrap()
            .iter()
            .all(Option::is_none)
    );
    assert_eq!(vault.tables().unwrap(), ["kv"]);
    assert_eq!(rows(&raw), before);
}

#[test]
fn they_survive_clear() {
    let place = Place::new();
    let vault = place.open();
    let raw = place.raw();
    raw.execute_batch(FOREIGN).unwrap();
    let before = rows(&raw);
    vault.put_many_bytes([("a", "1"), ("b", "2")]).unwrap();
    assert_eq!(vault.len().unwrap(), 2);
    assert!(!vault.is_empty().unwrap());
    vault.clear().unwrap();
    assert!(vault.is_empty().unwrap());
    assert_eq!(rows(&raw), before);
    vault.close().unwrap();
    assert_eq!(rows(&raw), before);
}

#[test]
fn a_key_that_is_bytes_stands_beside_one_that_is_not() {
    let place = Place::new();
    let vault = place.open();
    let raw = place.raw();
    raw.execute_batch(FOREIGN).unwrap();
    for key in [&b"text key"[..], b"17", b""] {
        vault.put_bytes(key, "ours").unwrap();
        assert_eq!(vault.get_bytes(key).unwrap().unwrap(), b"ours");
        assert!(vault.delete(key).unwrap());
    }
    assert_eq!(rows(&raw).len(), 8);

    // Where only the value is foreign there is no room beside it: a put says what it wants.
    vault.put_bytes("v", "ours").unwrap();
    assert_eq!(vault.get_bytes("v").unwrap().unwrap(), b"ours");
    assert_eq!(vault.len().unwrap(), 1);
    assert_eq!(rows(&raw).len(), 8);
}
