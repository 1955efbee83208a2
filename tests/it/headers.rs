//! Bytes that look like a header, and headers that are none.

use kvault::{Encoding, Error, Stored};
use rusqlite::{Connection, params};

use crate::support::{Place, assert_err, unhex};

fn store(conn: &Connection, key: &[u8], value: &[u8]) {
    conn.execute(
        "INSERT OR REPLACE INTO kv VALUES (?1, ?2)",
        params![key, value],
    )
    .unwrap();
}

fn stored(conn: &Connection, key: &str) -> Vec<u8> {
    conn.query_row(
        "SELECT value FROM kv WHERE key = ?1",
        [key.as_bytes()],
        |row| row.get(0),
    )
    .unwrap()
}

#[test]
fn bytes_that_look_like_a_header_come_back_as_they_were() {
    let place = Place::new();
    let vault = place.open();
    let raw = place.raw();
    let rows = [
        // Too short for a header, or not one: as they are.
        ("894b", "894b"),
        ("894b0106000000564b", "894b0106000000564b"),
        ("884b010600000000564b", "884b010600000000564b"),
        ("4b89010600000000564b", "4b89010600000000564b"),
        ("89", "89"),
        ("", ""),
        // From ten bytes on with a header in front, whether or not they are one themselves.
        (
            "894b0000000000000000",
            "894b010000000000564b894b0000000000000000",
        ),
        (
            "894b010600000000564b",
            "894b010000000000564b894b010600000000564b",
        ),
        (
            "894b020600000000564b41",
            "894b010000000000564b894b020600000000564b41",
        ),
        (
            "894b010000000000564b894b",
            "894b010000000000564b894b010000000000564b894b",
        ),
    ];
    for (bytes, expected) in rows {
        let (bytes, expected) = (unhex(bytes), unhex(expected));
        vault.put_bytes("one", &bytes).unwrap();
        vault.put_many_bytes([("two", &bytes)]).unwrap();
        for key in ["one", "two"] {
            assert_eq!(
                vault.get_bytes(key).unwrap().unwrap(),
                bytes,
                "{bytes:02x?}"
            );
            assert_eq!(stored(&raw, key), expected, "{bytes:02x?}");
            let found = vault.get_stored(key).unwrap().unwrap();
            assert_eq!(found.as_bytes(), expected);
            assert_eq!(found.encoding().unwrap(), Encoding::Raw);
            assert_eq!(found.payload().unwrap(), bytes);
        }
    }
}

#[test]
fn what_the_header_says_is_told_and_taken_off() {
    let place = Place::new();
    let vault = place.open();
    let raw = place.raw();
    let encodings = [
        Encoding::Raw,
        Encoding::Pickle,
        Encoding::DataPacker,
        Encoding::Json,
        Encoding::MsgPack,
        Encoding::Cbor,
        Encoding::Utf8,
    ];
    for (code, encoding) in encodings.into_iter().enumerate() {
        for flags in ["00", "10", "f0"] {
            let value = unhex(&format!("894b01{code:02x}{flags}000000564b7061796c6f6164"));
            store(&raw, b"key", &value);
            assert_eq!(vault.get_bytes("key").unwrap().unwrap(), b"payload");
            let found = vault.get_stored("key").unwrap().unwrap();
            assert_eq!(found.encoding().unwrap(), encoding);
            assert_eq!(found.payload().unwrap(), b"payload");
            assert_eq!(found.as_bytes(), value);
        }
    }
    // A header and nothing behind it.
    store(&raw, b"key", &unhex("894b010600000000564b"));
    assert_eq!(vault.get_bytes("key").unwrap().unwrap(), b"");
}

#[test]
fn a_header_that_is_wrong_somewhere_is_never_taken_for_bytes() {
    let place = Place::new();
    let vault = place.open();
    let raw = place.raw();
    let wrong = [
        (
            "894b000600000000564b61",
            "header version 0, this library knows version 1",
        ),
        (
            "894b020600000000564b61",
            "header version 2, this library knows version 1",
        ),
        (
            "894bff0600000000564b61",
            "header version 255, this library knows version 1",
        ),
        (
            "894b010700000000564b61",
            "unknown encoding 0x07 in the header",
        ),
        (
            "894b01ff00000000564b61",
            "unknown encoding 0xFF in the header",
        ),
        (
            "894b010601000000564b61",
            "header flags 0x01 say that the value is compressed or encrypted",
        ),
        (
            "894b010612000000564b61",
            "header flags 0x12 say that the value is compressed or encrypted",
        ),
        (
            "894b010608000000564b61",
            "header flags 0x08 say that the value is compressed or encrypted",
        ),
        (
            "894b010600010000564b61",
            "reserved header bytes are not zero",
        ),
        (
            "894b010600000100564b61",
            "reserved header bytes are not zero",
        ),
        ("894b010600000001564b", "reserved header bytes are not zero"),
    ];
    for (bytes, why) in wrong {
        let bytes = unhex(bytes);
        store(&raw, b"the key", &bytes);
        let found = vault.get_stored("the key").unwrap().unwrap();
        assert_eq!(found.as_bytes(), bytes);
        assert_eq!(found.clone().into_bytes(), bytes);
        assert_err!(found.payload(), Error::Decode { .. });
        assert_err!(found.encoding(), Error::Decode { .. });
        assert!(vault.contains_key("the key").unwrap());

        let reader = vault.reader().unwrap();
        for outcome in [vault.get_bytes("the key"), reader.get_bytes("the key")] {
            let error = outcome.unwrap_err();
            assert_eq!(
                error.to_string(),
                "cannot read key \"the key\" of table \"kv\" as a payload"
            );
            assert_eq!(std::error::Error::source(&error).unwrap().to_string(), why);
            assert_err!(Err::<(), _>(error), Error::Decode { table, key, .. } if table == "kv" && key == b"the key");
        }
    }
    // One of the magics is missing: bytes of somebody's.
    for bytes in [
        "894b02ff0f010101564c61",
        "894b02ff0f010101004b61",
        "894c010600000000564b61",
    ] {
        let bytes = unhex(bytes);
        store(&raw, b"the key", &bytes);
        assert_eq!(vault.get_bytes("the key").unwrap().unwrap(), bytes);
        assert_eq!(Stored::raw(bytes).encoding().unwrap(), Encoding::Raw);
    }
}
