//! Enums of every form, map keys that are not text, tags and extensions.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Deserializer, Serializer};

use super::*;
use crate::{Cbor, Json, MsgPack, Pickle};

#[derive(Serialize, Deserialize, PartialEq, Debug, Clone)]
enum Shape {
    Point,
    Circle(f64),
    Line(u8, u8),
    Rect { width: u8, height: u8 },
    Nested(Box<Shape>),
    Maybe(Option<u8>),
    Unit(()),
}

#[derive(Serialize, Deserialize, PartialEq, Debug, Clone)]
#[serde(tag = "kind")]
enum Tagged {
    On { level: u8 },
    Off,
}

#[derive(Serialize, Deserialize, PartialEq, Debug, Clone)]
#[serde(untagged)]
enum Either {
    Number(i64),
    Text(String),
    List(Vec<f64>),
}

fn in_every_encoding<T: Serialize + DeserializeOwned + PartialEq + Debug + Clone + 'static>(
    value: &T,
) {
    there_and_back(value);
    there_and_back(&MsgPack(value.clone()));
    there_and_back(&Json(value.clone()));
    there_and_back(&Cbor(value.clone()));
    let plain = Stored::raw(pack(value, NO_PICKLE).unwrap());
    assert_eq!(&plain.decode::<T>().unwrap(), value);
    if cfg!(feature = "pickle") {
        there_and_back(&Pickle(value.clone()));
    }
}

#[test]
fn enums() {
    let shapes = [
        Shape::Point,
        Shape::Circle(0.5),
        Shape::Line(1, 2),
        Shape::Rect { width: 1, height: 2 },
        Shape::Nested(Box::new(Shape::Nested(Box::new(Shape::Line(3, 4))))),
        Shape::Maybe(None),
        Shape::Maybe(Some(7)),
        Shape::Unit(()),
    ];
    shapes.iter().for_each(in_every_encoding);
    in_every_encoding(&shapes.to_vec());
    in_every_encoding(&vec![Tagged::On { level: 3 }, Tagged::Off]);
    in_every_encoding(&vec![Either::Number(1), Either::Text("a".into()), Either::List(vec![0.5])]);
    in_every_encoding(&Either::Number(7));

    let shown = |shape: &Shape| Stored::pack(shape).unwrap().value().unwrap().to_string();
    assert_eq!(shown(&shapes[0]), r#""Point""#);
    assert_eq!(shown(&shapes[1]), r#"{"Circle": 0.5}"#);
    assert_eq!(shown(&shapes[2]), r#"{"Line": [1, 2]}"#);
    assert_eq!(shown(&shapes[3]), r#"{"Rect": {"width": 1, "height": 2}}"#);

    for bad in [
        "{}",
        r#"{"Point":null,"Line":[1,2]}"#,
        r#""Circle""#,
        r#"{"Line":[1]}"#,
        r#""Other""#,
        "7",
    ] {
        assert!(stored(Encoding::Json, 0, bad.as_bytes()).decode::<Shape>().is_err(), "{bad}");
    }
}

#[test]
fn keys() {
    in_every_encoding(&BTreeMap::from([(1, "a".to_owned()), (-5, "b".to_owned())]));
    in_every_encoding(&HashMap::from([(u64::MAX, 1u8)]));
    in_every_encoding(&BTreeMap::from([(true, 1u8), (false, 2)]));
    in_every_encoding(&BTreeMap::from([('x', 1u8)]));
    in_every_encoding(&BTreeMap::from([("a".to_owned(), Some(1u8)), ("b".to_owned(), None)]));

    // JSON has text keys only.
    let pairs = BTreeMap::from([((1u8, "x".to_owned()), 1u8)]);
    there_and_back(&pairs);
    there_and_back(&MsgPack(pairs.clone()));
    there_and_back(&Cbor(pairs.clone()));
    assert!(Stored::pack(&Json(pairs)).is_err());

    let map = Value::Map(vec![
        (Value::from(1), Value::from("a")),
        (Value::from(1), Value::from("again")),
        (Value::Null, Value::from(b"b")),
        (Value::from(vec![Value::from("k")]), Value::Map(vec![])),
        (Value::F64(f64::NAN), Value::from(u128::MAX)),
    ]);
    assert_eq!(Stored::pack(&map).unwrap().value().unwrap(), map);
    let plain = Stored::raw(pack(&map, NO_PICKLE).unwrap());
    assert_eq!(plain.value().unwrap(), map);
    assert_eq!(plain.decode::<Value>().unwrap(), map);
}

/// An extension of `MessagePack` as `rmp-serde` writes it.
#[derive(PartialEq, Debug, Clone)]
struct Ext(i8, Vec<u8>);

impl Serialize for Ext {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer
            .serialize_newtype_struct("_ExtStruct", &(self.0, serde_bytes::Bytes::new(&self.1)))
    }
}

impl<'de> Deserialize<'de> for Ext {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename = "_ExtStruct")]
        struct Named((i8, serde_bytes::ByteBuf));
        let Named((code, bytes)) = Named::deserialize(deserializer)?;
        Ok(Self(code, bytes.into_vec()))
    }
}

/// Any extension is written and read as a type; a `Value` knows ours and refuses others by number.
#[test]
fn messagepack_extensions() {
    for len in [1, 2, 3, 4, 8, 16, 17, 300] {
        let ext = Ext(5, vec![7; len]);
        let alone = Stored::pack(&ext).unwrap();
        assert_eq!(alone.encoding().unwrap(), Encoding::MsgPack);
        assert_eq!(alone.decode::<Ext>().unwrap(), ext);
        let inside = Stored::pack(&vec![ext.clone()]).unwrap();
        assert_eq!(inside.decode::<Vec<Ext>>().unwrap(), [ext]);
        for stored in [alone, inside] {
            let error = stored.value().unwrap_err();
            assert!(why(&error).contains("extension type 5"), "{}", why(&error));
        }
    }
    // Nor is a timestamp anything to it.
    let timestamp = stored(Encoding::MsgPack, 0, b"\xd6\xff\0\0\0\0");
    assert!(why(&timestamp.value().unwrap_err()).contains("extension type -1"));
}

/// Tags are passed over, but for big integers; undefined is null; half floats are exact.
#[test]
fn cbor() {
    let cbor = |payload: &[u8]| stored(Encoding::Cbor, 0, payload);
    let tagged = cbor(b"\xc1\x1a\x00\x00\x00\x2a");
    assert_eq!(tagged.value().unwrap(), 42);
    assert_eq!(tagged.decode::<u8>().unwrap(), 42);
    assert_eq!(tagged.decode::<f64>().unwrap().to_bits(), 42f64.to_bits());
    let text = cbor(b"\x82\xd9\xd9\xf7\xc0\x61a\xd8\x20\x61b");
    assert_eq!(text.value().unwrap().to_string(), r#"["a", "b"]"#);
    assert_eq!(text.decode::<Vec<String>>().unwrap(), ["a", "b"]);

    assert!(cbor(b"\xf7").value().unwrap().is_null());
    assert_eq!(cbor(b"\xf7").decode::<Option<u8>>().unwrap(), None);
    assert_eq!(cbor(b"\xf9\x3e\x00").value().unwrap(), Value::F64(1.5));
    assert_eq!(cbor(b"\xf9\x3e\x00").decode::<f32>().unwrap().to_bits(), 1.5f32.to_bits());
    assert_eq!(cbor(b"\xfa\x3f\xc0\0\0").decode::<f64>().unwrap().to_bits(), 1.5f64.to_bits());
    // Simple values nobody has defined.
    assert!(cbor(b"\xf0").value().is_err());

    let big = cbor(b"\xc2\x49\x01\0\0\0\0\0\0\0\0");
    assert_eq!(big.value().unwrap(), 1i128 << 64);
    assert_eq!(big.decode::<u128>().unwrap(), 1 << 64);
    assert_eq!(cbor(b"\xc3\x49\x01\0\0\0\0\0\0\0\0").value().unwrap(), -1 - (1i128 << 64));
    let huge = cbor(&[&b"\xc2\x51"[..], &[1; 17]].concat());
    assert!(why(&huge.value().unwrap_err()).contains("128 bits"));
    assert!(huge.decode::<u128>().is_err());

    // Lengths that are not said in front.
    let open = cbor(b"\x9f\x7f\x61a\x61b\xff\x5f\x41c\xff\xbf\x61k\x01\xff\xff");
    assert_eq!(open.value().unwrap().to_string(), r#"["ab", b"c", {"k": 1}]"#);
}
