//! Values of types, through the whole vault.

use std::{collections::BTreeMap, error::Error as _};

use kvault::{Encoding, Error, Json, KVault, Pickle, Tensor, Value};
use serde::{Deserialize, Serialize};

use crate::support::{Place, assert_err};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Config {
    timeout: u32,
    hosts: Vec<String>,
}

fn config() -> Config {
    Config { timeout: 30, hosts: vec!["a".to_owned(), "b".to_owned()] }
}

fn encoding(vault: &KVault, key: &str) -> Encoding {
    vault.get_stored(key).unwrap().unwrap().encoding().unwrap()
}

#[test]
fn what_is_put_comes_back() {
    let place = Place::new();
    let vault = place.open();
    vault.put("config", &config()).unwrap();
    vault.put("int", &1_700_000_000_000_000_i64).unwrap();
    vault.put("float", &-0.0).unwrap();
    vault.put("text", "text").unwrap();
    vault.put("bytes", &vec![1_u8, 2, 3]).unwrap();
    vault.put("tensor", &Tensor::new(&[3], &[1.0_f32, 2.0, 3.0]).unwrap()).unwrap();
    vault.close().unwrap();

    let vault = place.open();
    let reader = vault.reader().unwrap();
    assert_eq!(vault.get("config").unwrap(), Some(config()));
    assert_eq!(reader.fetch::<Config>("config").unwrap(), config());
    assert_eq!(vault.fetch::<i64>("int").unwrap(), 1_700_000_000_000_000);
    assert_eq!(vault.fetch::<f64>("float").unwrap().to_bits(), (-0.0_f64).to_bits());
    assert_eq!(reader.get::<String>("text").unwrap().unwrap(), "text");
    assert_eq!(vault.get_bytes("bytes").unwrap().unwrap(), [1, 2, 3]);
    assert_eq!(vault.fetch::<Tensor>("tensor").unwrap().to_vec::<f32>().unwrap(), [1.0, 2.0, 3.0]);
    assert_eq!(reader.get_value("text").unwrap(), Some(Value::from("text")));
    assert_eq!(vault.get::<Config>("nothing").unwrap(), None);
    assert_eq!(reader.get_value("nothing").unwrap(), None);
}

#[test]
fn what_has_to_be_there_and_is_not() {
    let place = Place::new();
    let vault = place.open();
    let error = vault.fetch::<u8>("nothing").unwrap_err();
    assert_eq!(error.to_string(), "no key \"nothing\" in table \"kv\"");
    assert_err!(vault.reader().unwrap().fetch::<u8>("nothing"), Error::NotFound { .. });
}

#[test]
fn what_cannot_be_read_says_where_it_stands_and_what_it_is() {
    let place = Place::new();
    let vault = place.open().table("numbers").unwrap();
    vault.put("big", &300).unwrap();
    vault.put("text", "text").unwrap();
    for error in [
        vault.get::<u8>("big").unwrap_err(),
        vault.fetch::<u8>("big").unwrap_err(),
        vault.get_many::<u8, _>(["big"]).unwrap_err(),
        vault.reader().unwrap().get::<u8>("big").unwrap_err(),
    ] {
        let said = error.to_string();
        for part in ["\"big\"", "\"numbers\"", "DataPacker", "u8"] {
            assert!(said.contains(part), "{said} does not say {part}");
        }
        let why = error.source().unwrap().to_string();
        assert!(why.contains("300"), "{why}");
    }
    assert_err!(vault.get::<u8>("text"), Error::Decode { stored: Some(Encoding::Utf8), .. });
    // It stays reachable.
    assert_eq!(vault.fetch::<u16>("big").unwrap(), 300);
}

#[test]
fn many_at_once() {
    let place = Place::new();
    let vault = place.open();
    let squares = (0..100_u32).map(|n| (format!("{n}"), n * n));
    assert_eq!(vault.put_many(squares).unwrap(), 100);
    assert_eq!(vault.get_many(["9", "x", "9"]).unwrap(), [Some(81), None, Some(81)]);
    assert_eq!(vault.put_many([("same", 1), ("same", 2)]).unwrap(), 1);
    assert_eq!(vault.fetch::<u8>("same").unwrap(), 2);
    // One that cannot be stored, and none is.
    let odd = [("a", Some(1_u128 << 127)), ("b", None)];
    vault.disable_headers();
    assert_err!(vault.put_many(odd), Error::Encode { .. });
    assert_eq!(vault.len().unwrap(), 101);
}

#[test]
fn the_encoding_can_be_chosen() {
    let place = Place::new();
    let vault = place.open();
    let mut all = vec![Encoding::Json, Encoding::MsgPack, Encoding::Cbor];
    if cfg!(feature = "pickle") {
        all.push(Encoding::Pickle);
    }
    for chosen in all {
        vault.put_as("key", &config(), chosen).unwrap();
        assert_eq!(encoding(&vault, "key"), chosen);
        assert_eq!(vault.fetch::<Config>("key").unwrap(), config());
    }
    vault.put("json", &Json(config())).unwrap();
    assert_eq!(encoding(&vault, "json"), Encoding::Json);
    assert_eq!(vault.fetch::<Json<Config>>("json").unwrap().0, config());
    if cfg!(feature = "pickle") {
        vault.put("pickle", &Pickle(config())).unwrap();
        assert_eq!(vault.fetch::<Config>("pickle").unwrap(), config());
    }
    assert_err!(vault.put_as("key", &config(), Encoding::Utf8), Error::Encode { .. });
    let packed = vault.pack(&Json(config())).unwrap();
    assert_eq!(packed, vault.get_stored("json").unwrap().unwrap());
}

#[test]
fn packing_belongs_to_the_handle_and_its_clones() {
    let place = Place::new();
    let vault = place.open();
    vault.put("map", &BTreeMap::from([("k", 1)])).unwrap();
    let (clone, table) = (vault.clone(), vault.table("other").unwrap());
    clone.disable_auto_pack();
    assert!(!vault.auto_pack_enabled() && table.auto_pack_enabled());
    // Only bytes, and what is stored untouched.
    assert_err!(vault.put("key", &1), Error::Encode { .. });
    vault.put("key", b"raw".as_slice()).unwrap();
    let untouched = vault.fetch::<Vec<u8>>("map").unwrap();
    assert_eq!(untouched, vault.get_stored("map").unwrap().unwrap().as_bytes());
    table.put("key", &1).unwrap();

    vault.enable_auto_pack(false).unwrap();
    assert!(clone.auto_pack_enabled() && clone.headers_enabled());
    assert_eq!(vault.fetch::<BTreeMap<String, u8>>("map").unwrap()["k"], 1);
    vault.disable_headers();
    assert!(!clone.headers_enabled());
    vault.put("text", "only text").unwrap();
    assert_eq!(vault.get_stored("text").unwrap().unwrap().as_bytes(), b"only text");
    assert_err!(vault.put("key", &1), Error::Encode { .. });
    vault.enable_headers().unwrap();
    vault.put("key", &1).unwrap();
}

#[test]
fn what_is_switched_on_is_noted_as_the_package_notes_it() {
    let place = Place::new();
    let vault = place.open();
    let features = || -> Option<String> {
        let sql = "SELECT value FROM kohakuvault_meta WHERE key = 'kv_features'";
        place.raw().query_row(sql, [], |row| row.get(0)).ok()
    };
    assert_eq!(features(), None);
    vault.enable_auto_pack(true).unwrap();
    vault.enable_auto_pack(true).unwrap();
    assert_eq!(features().as_deref(), Some("auto_pack_v1"));
    vault.enable_headers().unwrap();
    assert_eq!(features().as_deref(), Some("auto_pack_v1,headers_v1"));
    vault.disable_auto_pack();
    assert_eq!(features().as_deref(), Some("auto_pack_v1,headers_v1"));
    let closed = vault.clone();
    vault.close().unwrap();
    assert_err!(closed.enable_headers(), Error::Closed);
}

#[test]
fn the_options_decide_how_a_handle_begins() {
    let place = Place::new();
    let vault = place.open_with(|options| options.auto_pack(false));
    assert_err!(vault.put("key", &1), Error::Encode { .. });
    vault.close().unwrap();
    let vault = place.open_with(|options| options.use_pickle(false));
    assert_err!(vault.put("key", &u128::MAX), Error::Encode { .. });
    vault.close().unwrap();
    let vault = place.open_with(|options| options.headers(false));
    assert_err!(vault.put("key", &1), Error::Encode { .. });
    vault.put("key", "text").unwrap();
}

#[test]
fn a_value_over_the_limit_is_refused_packed() {
    let place = Place::new();
    let vault = place.open_with(|options| options.max_value_bytes(100));
    vault.put("key", &"x".repeat(90)).unwrap();
    let long = "x".repeat(91);
    assert_err!(vault.put("key", &long), Error::ValueTooLarge { len: 101, max: 100 });
    assert_err!(vault.put_many([("key", &long)]), Error::ValueTooLarge { len: 101, max: 100 });
    assert_eq!(vault.fetch::<String>("key").unwrap().len(), 90);
}
