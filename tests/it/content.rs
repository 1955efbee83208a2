//! Keys and values of every kind.

use kvault::Error;

use crate::support::{Place, assert_err};

#[test]
fn keys_of_every_length_and_byte() {
    let place = Place::new();
    let vault = place.open();
    let all: Vec<u8> = (0..=255).collect();
    let mut keys: Vec<Vec<u8>> = vec![
        vec![],
        vec![0],
        vec![0, 0],
        vec![0xFF; 1 << 20],
        vec![0; (1 << 20) + 1],
        all.clone(),
        all.iter().rev().copied().collect(),
    ];
    keys.extend(all.iter().map(|byte| vec![*byte, b'x']));
    for (i, key) in keys.iter().enumerate() {
        vault.put_bytes(key, i.to_le_bytes()).unwrap();
    }
    assert_eq!(vault.len().unwrap(), keys.len() as u64);
    for (i, key) in keys.iter().enumerate() {
        assert_eq!(vault.get_bytes(key).unwrap().unwrap(), i.to_le_bytes());
        assert!(vault.contains_key(key).unwrap());
    }
    // As they are in the file: bytes, in the order of bytes.
    let stored: Vec<Vec<u8>> = place
        .raw()
        .prepare("SELECT key FROM kv ORDER BY key")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    keys.sort();
    assert!(stored == keys);
    for key in &keys {
        assert!(vault.delete(key).unwrap());
        assert!(!vault.delete(key).unwrap());
        assert_eq!(vault.get_bytes(key).unwrap(), None);
    }
    assert!(vault.is_empty().unwrap());
}

#[test]
fn values_of_every_length_and_byte() {
    let place = Place::new();
    let vault = place.open();
    let long: Vec<u8> = (0..=255).cycle().take(100_003).collect();
    for len in [0, 1, 9, 10, 11, 255, 256, 4_096, 32_767, 32_768, 100_003] {
        vault.put_bytes("key", &long[..len]).unwrap();
        assert!(
            vault.get_bytes("key").unwrap().unwrap() == long[..len],
            "{len}"
        );
        assert!(vault.get_stored("key").unwrap().unwrap().as_bytes() == &long[..len]);
        assert_eq!(vault.len().unwrap(), 1);
    }
}

#[test]
fn a_value_of_100_mib() {
    let place = Place::new();
    let vault = place.open();
    let value: Vec<u8> = (0..25 << 20).flat_map(u32::to_le_bytes).collect();
    assert_eq!(value.len(), 100 << 20);
    vault.put_bytes("large", &value).unwrap();
    vault.put_bytes("small", "1").unwrap();
    assert!(vault.get_bytes("large").unwrap().unwrap() == value);
    vault.close().unwrap();
    let vault = place.open();
    assert!(vault.get_bytes("large").unwrap().unwrap() == value);
    assert!(vault.delete("large").unwrap());
    assert_eq!(vault.len().unwrap(), 1);
}

#[test]
fn a_value_over_the_limit_is_refused_and_nothing_else() {
    let place = Place::new();
    let vault = place.open_with(|options| options.max_value_bytes(1_000));
    let (fits, too_long) = (vec![1; 1_000], vec![2; 1_001]);
    vault.put_bytes("key", &fits).unwrap();
    assert_err!(
        vault.put_bytes("key", &too_long),
        Error::ValueTooLarge {
            len: 1_001,
            max: 1_000
        }
    );
    assert_err!(
        vault.put_many_bytes([("a", &fits), ("b", &too_long), ("c", &fits)]),
        Error::ValueTooLarge {
            len: 1_001,
            max: 1_000
        }
    );
    assert_eq!(vault.get_bytes("key").unwrap().unwrap(), fits);
    assert_eq!(vault.len().unwrap(), 1);
    // The limit is the user's: that the value has to be escaped is our affair. And keys are free.
    let mut like_a_header = vec![0x89, 0x4B];
    like_a_header.resize(1_000, 7);
    vault.put_bytes(vec![3; 5_000], &like_a_header).unwrap();
    assert_eq!(
        vault.get_bytes(vec![3; 5_000]).unwrap().unwrap(),
        like_a_header
    );
    // What another one put is read all the same.
    let insert = "INSERT INTO kv VALUES (CAST('long' AS BLOB), ?1)";
    place.raw().execute(insert, [&too_long]).unwrap();
    assert_eq!(vault.get_bytes("long").unwrap().unwrap(), too_long);
}

#[test]
fn a_put_takes_the_place_of_what_was_there() {
    let place = Place::new();
    let vault = place.open();
    for value in ["short", "", "something longer", "short"] {
        vault.put_bytes("key", value).unwrap();
        assert_eq!(vault.get_bytes("key").unwrap().unwrap(), value.as_bytes());
    }
    assert_eq!(vault.len().unwrap(), 1);
    vault.discard("key").unwrap();
    vault.discard("key").unwrap();
    assert_eq!(vault.get_bytes("key").unwrap(), None);
    vault.close().unwrap();
    assert!(place.open().is_empty().unwrap());
}
