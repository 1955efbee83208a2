//! A vault opened for reading.

use kvault::{CheckpointMode, Durability, Error, KVault};

use crate::support::{Place, assert_err, invalid};

fn reading(place: &Place) -> KVault {
    place.open_with(|options| options.read_only(true))
}

#[test]
fn it_reads() {
    let place = Place::new();
    place
        .open()
        .put_many_bytes([("a", "1"), ("b", "2")])
        .unwrap();
    let vault = reading(&place);
    assert_eq!(vault.get_bytes("a").unwrap().unwrap(), b"1");
    assert_eq!(vault.get_stored("b").unwrap().unwrap().as_bytes(), b"2");
    assert_eq!(
        vault
            .get_many_stored(["b", "c"])
            .unwrap()
            .iter()
            .flatten()
            .count(),
        1
    );
    assert!(vault.contains_key("a").unwrap());
    assert_eq!(vault.len().unwrap(), 2);
    assert!(!vault.is_empty().unwrap());
    assert_eq!(vault.tables().unwrap(), ["kv"]);
    assert_eq!(vault.reader().unwrap().len().unwrap(), 2);
    assert_eq!(vault.table("kv").unwrap().len().unwrap(), 2);
    assert!(vault.health().is_good());
    vault.close().unwrap();
    assert_err!(vault.len(), Error::Closed);
}

#[test]
fn it_sees_what_another_one_writes() {
    let place = Place::new();
    place.open().close().unwrap();
    let vault = reading(&place);
    place
        .raw()
        .execute_batch("INSERT INTO kv VALUES (CAST('a' AS BLOB), x'31')")
        .unwrap();
    assert_eq!(vault.get_bytes("a").unwrap().unwrap(), b"1");
}

#[test]
fn every_write_is_refused() {
    let place = Place::new();
    place.open().put_bytes("a", "1").unwrap();
    let vault = reading(&place);
    let nothing: [(&str, &str); 0] = [];
    let power = vault.with_durability(Durability::Power);
    let refusals = [
        ("store a value", vault.put_bytes("a", "2")),
        ("store a value", power.put_bytes("b", "2")),
        (
            "store several values",
            vault.put_many_bytes([("a", "2")]).map(drop),
        ),
        (
            "store several values",
            vault.put_many_bytes(nothing).map(drop),
        ),
        ("delete a key", vault.delete("a").map(drop)),
        ("delete a key", vault.discard("a")),
        ("clear a table", vault.clear()),
        ("flush", vault.flush().map(drop)),
        ("flush", power.flush().map(drop)),
        (
            "checkpoint",
            vault.checkpoint(CheckpointMode::Passive).map(drop),
        ),
    ];
    for (what, refusal) in refusals {
        assert_err!(refusal, Error::ReadOnly { action } if action == what);
    }
    assert_eq!(vault.get_bytes("a").unwrap().unwrap(), b"1");
}

#[test]
fn a_table_that_is_not_there_is_not_made() {
    let place = Place::new();
    place.open().put_bytes("a", "1").unwrap();
    let missing = place.try_open(|options| options.read_only(true).table("photos"));
    assert_eq!(invalid(missing), ("table".into(), "\"photos\"".into()));
    let missing = reading(&place).table("photos");
    assert_eq!(invalid(missing), ("table".into(), "\"photos\"".into()));
    // Nor by the question.
    assert_eq!(place.open().tables().unwrap(), ["kv"]);

    // A database, but no vault.
    let place = Place::new();
    place.raw().execute_batch("CREATE TABLE other (x)").unwrap();
    let missing = place.try_open(|options| options.read_only(true));
    assert_eq!(invalid(missing), ("table".into(), "\"kv\"".into()));
}

#[test]
fn the_file_stays_as_it_is() {
    let place = Place::new();
    place.open().put_bytes("a", "1").unwrap();
    let before = std::fs::read(place.file()).unwrap();
    let vault = reading(&place);
    assert_err!(vault.put_bytes("a", "2"), Error::ReadOnly { .. });
    vault.close().unwrap();
    drop(vault);
    assert!(std::fs::read(place.file()).unwrap() == before);
}
