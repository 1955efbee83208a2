//! The dynamic type by itself.

use std::collections::{BTreeMap, HashSet};

use super::*;
use crate::{BigInt, Tensor};

#[test]
fn conversions() {
    assert_eq!(Value::from(7u8).as_i64(), Some(7));
    assert_eq!(Value::from(7.0).as_u64(), Some(7));
    assert_eq!(Value::from(-0.0).as_i64(), None);
    assert_eq!(Value::from(u64::MAX).as_u64(), Some(u64::MAX));
    assert_eq!(Value::from(i128::MIN).as_i128(), Some(i128::MIN));
    assert_eq!(Value::from(u128::MAX).as_i128(), None);
    assert_eq!(Value::from(1e300).as_i128(), None);
    assert_eq!(Value::from(true).as_bool(), Some(true));
    assert_eq!(Value::from("a").as_str(), Some("a"));
    assert_eq!(Value::from(b"a").as_bytes(), Some(&b"a"[..]));
    assert_eq!(Value::from(0.1f32).as_f64(), Some(f64::from(0.1f32)));
    assert!(Value::from(None::<u8>).is_null());
    assert_eq!(Value::from(usize::MAX), u64::MAX);

    assert_eq!(u8::try_from(Value::from(255)).unwrap(), 255);
    assert!(u8::try_from(Value::from(256)).is_err());
    assert!(f32::try_from(Value::from(0.1)).is_err());
    assert_eq!(u128::try_from(Value::from(u128::MAX)).unwrap(), u128::MAX);
    assert!(u128::try_from(Value::from(-1)).is_err());
    assert_eq!(String::try_from(Value::from("a")).unwrap(), "a");
    assert_eq!(Vec::<u8>::try_from(Value::from(b"a")).unwrap(), b"a");
    assert_eq!(Vec::<Value>::try_from(Value::from_iter([1])).unwrap(), [Value::from(1)]);
    assert!(Tensor::try_from(Value::Null).is_err());
    assert!(BigInt::try_from(Value::from(u128::MAX)).is_ok());
    let error = bool::try_from(Value::from(1)).unwrap_err();
    assert_eq!(error.to_string(), "cannot read a stored value as bool");
    assert_eq!(why(&error), "integer is not exactly one");
}

#[test]
fn comparison() {
    assert_eq!(Value::from(1), 1u64);
    assert_ne!(Value::from(1), Value::from(1.0));
    assert_eq!(Value::from(f64::NAN), Value::from(f64::NAN));
    assert_ne!(Value::from(0.0), Value::from(-0.0));
    assert_eq!(Value::from(0.0), -0.0);
    assert_ne!(Value::from(f64::NAN), f64::NAN);

    let big = |text: &str| BigInt::from_decimal(text).unwrap();
    let ten = "1".to_owned() + &"0".repeat(60);
    let mut values = [
        Value::Null,
        Value::from(false),
        Value::from(true),
        big(&format!("-{ten}0")),
        big(&format!("-{ten}")),
        Value::from(i128::MIN),
        Value::from(-1),
        Value::from(0),
        Value::from(i128::MAX),
        Value::from(u128::MAX),
        big(&ten),
        Value::from(f64::NEG_INFINITY),
        Value::from(-0.0),
        Value::from(0.0),
        Value::from(f64::NAN),
        Value::from(""),
        Value::from("a"),
        Value::from(b""),
        Value::List(vec![]),
        Value::from_iter([1]),
        Value::Map(vec![]),
        Value::from(Tensor::from([1u8])),
    ];
    let in_order = values.clone();
    assert_eq!(values.iter().collect::<HashSet<_>>().len(), values.len());
    values.reverse();
    values.sort();
    assert_eq!(values, in_order);
}

#[test]
fn big_integers() {
    for text in [
        "170141183460469231731687303715884105728",
        "-170141183460469231731687303715884105729",
        "340282366920938463463374607431768211455",
        "1000000000000000000000000000000000000000000",
        "-1000000001000000001000000001000000001000000001",
    ] {
        let value = BigInt::from_decimal(text).unwrap();
        assert!(matches!(value, Value::BigInt(_)), "{text}");
        assert_eq!(value.to_string(), text);
    }
    for small in [0, 1, -1, 127, 128, -128, -129, i128::MAX, i128::MIN] {
        assert_eq!(BigInt::from_decimal(&small.to_string()).unwrap(), small);
        assert_eq!(BigInt::parse(&small.to_le_bytes()).unwrap(), small);
    }
    assert!(BigInt::from_decimal("").is_err());
    assert!(BigInt::from_decimal("-").is_err());
    assert!(BigInt::from_decimal("--1").is_err());
    assert!(BigInt::from_decimal(&"9".repeat(20_000)).is_err());
    assert!(BigInt::from_decimal(&"9".repeat(9000)).is_ok());
    assert_eq!(
        format!("{:+}", BigInt::try_from(Value::from(u128::MAX)).unwrap()),
        format!("+{}", u128::MAX)
    );
}

#[test]
fn json_values() {
    let json = serde_json::json!({"a": [1, -1, 1.5, null, true, "x"], "b": {"c": u64::MAX}});
    let value = Value::from(json.clone());
    assert_eq!(value.get("b").unwrap().get("c").unwrap(), &u64::MAX);
    assert_eq!(serde_json::Value::try_from(value.clone()).unwrap(), json);
    // The same over serde.
    assert_eq!(serde_json::to_value(&value).unwrap(), json);
    assert_eq!(serde_json::from_value::<Value>(json).unwrap(), value);

    for refused in [
        Value::from(b"a"),
        Value::from(f64::NAN),
        Value::from(i128::MAX),
        Value::from(u128::MAX),
        Value::from([(1, 2)]),
        Value::from([("a", 1), ("a", 2)]),
        Value::from(Tensor::from([1u8])),
    ] {
        assert!(serde_json::Value::try_from(refused).is_err());
    }
}

#[test]
fn over_other_formats() {
    let value = Value::from([
        ("ints", Value::from_iter([1, -1])),
        ("bytes", Value::from(b"\0\xff")),
        ("tensor", Value::from(Tensor::from([1.5f32]))),
        ("big", Value::from(u128::MAX)),
        ("none", Value::Null),
    ]);
    let mut cbor = Vec::new();
    ciborium::into_writer(&value, &mut cbor).unwrap();
    let back: Value = ciborium::from_reader(&cbor[..]).unwrap();
    // What CBOR has no word for comes back as the pair that it was written as.
    assert_eq!(back.get("big"), value.get("big"));
    assert_eq!(back.get("tensor").unwrap().at(0), Some(&Value::from(0x4B)));

    let mut packed = Vec::new();
    let ints =
        Value::from([("ints", Value::from_iter([1, -1])), ("t", Value::from(Tensor::from([7u8])))]);
    ints.serialize(&mut rmp_serde::Serializer::new(&mut packed)).unwrap();
    assert_eq!(rmp_serde::from_slice::<Value>(&packed).unwrap(), ints);
}

#[test]
fn inside_a_type() {
    #[derive(Serialize, serde::Deserialize, PartialEq, Debug)]
    struct Record {
        id: u32,
        extra: BTreeMap<String, Value>,
        tensor: Option<Tensor>,
    }
    let record = Record {
        id: 7,
        extra: BTreeMap::from([
            ("a".to_owned(), Value::from_iter([1.5, 2.5])),
            ("b".to_owned(), Value::from(Tensor::from([1i64]))),
        ]),
        tensor: Some(Tensor::from([0.5f64])),
    };
    there_and_back(&record);
    let json = Stored::pack(&crate::Json(&record)).unwrap();
    assert_eq!(json.decode::<Record>().unwrap().tensor, record.tensor);
}
