//! Many keys in one call.

use kvault::Error;

use crate::support::{Place, assert_err};

#[test]
fn the_last_value_of_a_key_counts() {
    let place = Place::new();
    let vault = place.open();
    let rows = [
        ("b", "1"),
        ("a", "2"),
        ("b", "3"),
        ("c", "4"),
        ("b", "5"),
        ("a", "6"),
    ];
    assert_eq!(vault.put_many_bytes(rows).unwrap(), 3);
    assert_eq!(vault.len().unwrap(), 3);
    for (key, value) in [("a", "6"), ("b", "5"), ("c", "4")] {
        assert_eq!(vault.get_bytes(key).unwrap().unwrap(), value.as_bytes());
    }
    assert_eq!(vault.put_many_bytes([("c", "7"), ("d", "8")]).unwrap(), 2);
    assert_eq!(vault.get_bytes("c").unwrap().unwrap(), b"7");
    assert_eq!(vault.len().unwrap(), 4);
}

#[test]
fn of_nothing() {
    let place = Place::new();
    let vault = place.open();
    let rows: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
    let keys: Vec<Vec<u8>> = Vec::new();
    assert_eq!(vault.put_many_bytes(rows).unwrap(), 0);
    assert_eq!(vault.get_many_stored(keys).unwrap(), []);
    assert!(vault.is_empty().unwrap());
}

#[test]
fn answers_come_in_the_order_of_the_keys() {
    let place = Place::new();
    let vault = place.open();
    vault
        .put_many_bytes([("a", "1"), ("b", "2"), ("", "3")])
        .unwrap();
    let found = vault
        .get_many_stored(["b", "x", "a", "b", "", "x"])
        .unwrap();
    let found: Vec<Option<&[u8]>> = found
        .iter()
        .map(|value| value.as_ref().map(kvault::Stored::as_bytes))
        .collect();
    assert_eq!(
        found,
        [
            Some(&b"2"[..]),
            None,
            Some(b"1"),
            Some(b"2"),
            Some(b"3"),
            None
        ]
    );
}

#[test]
fn one_value_too_large_and_nothing_is_stored() {
    let place = Place::new();
    let vault = place.open_with(|options| options.max_value_bytes(100));
    vault.put_bytes("a", "before").unwrap();
    let rows = (0..50).map(|i| (format!("{i}"), vec![0; if i == 49 { 101 } else { 10 }]));
    assert_err!(
        vault.put_many_bytes(rows),
        Error::ValueTooLarge { len: 101, max: 100 }
    );
    assert_eq!(vault.len().unwrap(), 1);
}

/// What fails in the middle of a batch, in SQLite, takes back what came before it.
#[test]
fn a_row_that_fails_takes_the_others_back() {
    let place = Place::new();
    let vault = place.open();
    vault.put_bytes("m", "before").unwrap();
    let trigger = "CREATE TRIGGER no AFTER INSERT ON kv WHEN new.key = x'7a'
        BEGIN SELECT RAISE(FAIL, 'not this one'); END";
    place.raw().execute_batch(trigger).unwrap();
    let rows = [("a", "1"), ("m", "2"), ("z", "3")];
    let error = vault.put_many_bytes(rows).unwrap_err();
    assert!(matches!(error, Error::Sqlite { .. }), "{error:?}");
    let why = std::error::Error::source(&error).unwrap().to_string();
    assert!(why.contains("not this one"), "{why}");
    assert_eq!(vault.len().unwrap(), 1);
    assert_eq!(vault.get_bytes("m").unwrap().unwrap(), b"before");
    // The single put too: FAIL leaves behind what the statement did so far.
    assert_err!(vault.put_bytes("z", "4"), Error::Sqlite { .. });
    assert_eq!(vault.get_bytes("z").unwrap(), None);
    assert!(vault.health().is_good());
}

#[test]
fn the_source_of_a_batch_may_use_the_vault() {
    let place = Place::new();
    let vault = place.open();
    vault.put_bytes("a", "1").unwrap();
    let copy = vault.clone();
    let rows = (0..10_u8).map(move |i| {
        copy.put_bytes([i], "from within").unwrap();
        (vec![b'x', i], copy.get_bytes("a").unwrap().unwrap())
    });
    assert_eq!(vault.put_many_bytes(rows).unwrap(), 10);
    assert_eq!(vault.len().unwrap(), 21);
}

#[test]
fn a_hundred_thousand() {
    let place = Place::new();
    let vault = place.open();
    let key = |i: u32| i.wrapping_mul(0x9E37_79B1).to_le_bytes();
    let rows = (0..100_000).map(|i| (key(i), i.to_le_bytes()));
    assert_eq!(vault.put_many_bytes(rows).unwrap(), 100_000);
    assert_eq!(vault.len().unwrap(), 100_000);
    let found = vault.get_many_stored((0..100_000).map(key)).unwrap();
    for (i, value) in (0..100_000_u32).zip(found) {
        assert_eq!(value.unwrap().as_bytes(), i.to_le_bytes());
    }
    let commits = vault.stats().commits;
    vault.clear().unwrap();
    assert_eq!(vault.stats().commits - commits, 1);
    assert!(vault.is_empty().unwrap());
}
