//! Files that the Python package wrote.

use std::collections::BTreeSet;

use kvault::{CheckpointMode, Durability, Encoding, KVault};
use rusqlite::{Connection, types::ValueRef};
use serde_json::Value;

use crate::support::{Place, data, unhex};

const GOLDEN: &str = "kohakuvault-1.1.0-seed1";
const FOREIGN: &str = "foreign-1.1.0";

fn manifest(name: &str) -> Value {
    let text = std::fs::read_to_string(data(&format!("{name}.json"))).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn text<'a>(object: &'a Value, field: &str) -> &'a str {
    object[field]
        .as_str()
        .unwrap_or_else(|| panic!("no {field} in {object}"))
}

#[test]
fn every_row_of_the_golden_file_reads_back() {
    let place = Place::copy_of(&format!("{GOLDEN}.db"));
    let rows = manifest(GOLDEN);
    let rows = rows.as_array().unwrap();
    assert!(rows.len() > 100);
    for read_only in [true, false] {
        let vault = place.open_with(|options| options.read_only(read_only));
        assert_eq!(vault.len().unwrap(), rows.len() as u64);
        let mut seen = BTreeSet::new();
        for row in rows {
            let (key, expected) = (unhex(text(row, "key_hex")), unhex(text(row, "stored_hex")));
            let stored = vault.get_stored(&key).unwrap().unwrap();
            assert_eq!(stored.as_bytes(), expected, "{row}");
            let encoding = match text(row, "encoding") {
                "raw" => Encoding::Raw,
                "pickle" => Encoding::Pickle,
                "datapacker" => Encoding::DataPacker,
                "json" => Encoding::Json,
                "messagepack" | "msgpack" => Encoding::MsgPack,
                "cbor" => Encoding::Cbor,
                "utf8" | "utf-8" => Encoding::Utf8,
                other => panic!("an encoding called {other}"),
            };
            // It does not escape, so a few raw values cannot be told from a header.
            if !expected.starts_with(&[0x89, 0x4B]) || encoding != Encoding::Raw {
                assert_eq!(stored.encoding().unwrap(), encoding, "{row}");
                let payload = vault.get_bytes(&key).unwrap().unwrap();
                assert!(expected.ends_with(&payload));
            }
            seen.insert(key);
        }
        assert_eq!(seen.len(), rows.len());
    }
}

#[test]
fn the_golden_file_takes_our_writes() {
    let place = Place::copy_of(&format!("{GOLDEN}.db"));
    let vault = place.open();
    let before = vault.len().unwrap();
    vault.put_bytes("ours", "value").unwrap();
    vault.close().unwrap();
    let vault = place.open();
    assert_eq!(vault.len().unwrap(), before + 1);
    assert!(vault.delete("ours").unwrap());
    let check: String = place
        .raw()
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(check, "ok");
}

/// The hash that the manifest describes: FNV-1a over the rows of a query.
fn hash(conn: &Connection, query: &str) -> (usize, String) {
    let mut state = 0xCBF2_9CE4_8422_2325_u64;
    let mut add = |kind: u8, data: &[u8]| {
        let len = data.len() as u64;
        for byte in [kind].iter().chain(&len.to_le_bytes()).chain(data) {
            state = (state ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3);
        }
    };
    let mut statement = conn.prepare(query).unwrap();
    let columns = statement.column_count();
    let mut rows = statement.query([]).unwrap();
    let mut count = 0;
    while let Some(row) = rows.next().unwrap() {
        count += 1;
        for column in 0..columns {
            match row.get_ref(column).unwrap() {
                ValueRef::Null => add(b'n', &[]),
                ValueRef::Integer(i) => add(b'i', &i.to_le_bytes()),
                ValueRef::Real(r) => add(b'r', &r.to_le_bytes()),
                ValueRef::Text(t) => add(b't', t),
                ValueRef::Blob(b) => add(b'b', b),
            }
        }
    }
    (count, format!("{state:016x}"))
}

/// That everything in the file that is not ours is what it was.
fn untouched(conn: &Connection, manifest: &Value) {
    for table in manifest["tables"].as_array().unwrap() {
        let (rows, hash) = hash(conn, text(table, "query"));
        assert_eq!(
            rows as u64,
            table["rows"].as_u64().unwrap(),
            "rows of {}",
            table["name"]
        );
        assert_eq!(
            hash,
            text(table, "hash"),
            "the content of {}",
            table["name"]
        );
    }
    let mut schema = conn
        .prepare("SELECT sql FROM sqlite_schema WHERE name = ?1")
        .unwrap();
    for entry in manifest["schema"].as_array().unwrap() {
        let sql: Option<String> = schema
            .query_row([text(entry, "name")], |row| row.get(0))
            .unwrap();
        assert_eq!(sql.as_deref(), entry["sql"].as_str());
    }
}

fn use_all(vault: &KVault) {
    vault
        .put_many_bytes((0..500).map(|i| (format!("key {i}"), [7; 300])))
        .unwrap();
    vault.put_bytes("key", "value").unwrap();
    assert!(vault.delete("key").unwrap());
    vault
        .with_durability(Durability::Power)
        .discard("key 1")
        .unwrap();
    vault
        .table("a new one")
        .unwrap()
        .put_bytes("key", "value")
        .unwrap();
    vault.clear().unwrap();
    vault.table("photos").unwrap().clear().unwrap();
    vault.checkpoint(CheckpointMode::Truncate).unwrap();
}

#[test]
fn what_others_keep_in_the_file_is_left_alone() {
    let place = Place::copy_of(&format!("{FOREIGN}.db"));
    let manifest = manifest(FOREIGN);
    let names = |value: &Value| -> Vec<String> {
        value
            .as_array()
            .unwrap()
            .iter()
            .map(|v| v.as_str().unwrap().to_owned())
            .collect()
    };
    untouched(&place.raw(), &manifest);

    let vault = place.open();
    assert_eq!(vault.tables().unwrap(), names(&manifest["vaults"]));
    assert_eq!(vault.get_bytes("bytes:019").unwrap().unwrap(), [19; 19]);
    assert!(
        vault
            .table("photos")
            .unwrap()
            .contains_key("cat.jpg")
            .unwrap()
    );
    use_all(&vault);
    untouched(&place.raw(), &manifest);
    vault.close().unwrap();

    let raw = place.raw();
    untouched(&raw, &manifest);
    let check: String = raw
        .query_row("PRAGMA quick_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(check, "ok");
}

#[test]
fn tables_of_others_cannot_be_opened() {
    let place = Place::copy_of(&format!("{FOREIGN}.db"));
    let manifest = manifest(FOREIGN);
    let vault = place.open();
    for entry in manifest["schema"].as_array().unwrap() {
        let name = text(entry, "name");
        // Triggers have names of their own.
        if text(entry, "type") != "trigger" {
            let (argument, value) = crate::support::invalid(vault.table(name));
            assert_eq!((argument, value), ("table".to_owned(), format!("{name:?}")));
        }
    }
    untouched(&place.raw(), &manifest);
}
