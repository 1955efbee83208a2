//! What the Python package wrote: `tests/data/kohakuvault-1.1.0-seed1.json` lists every row of a
//! file of its making, with what was put.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::*;
use crate::{
    DType, Element, Tensor,
    format::number::{self, narrow},
};

const MANIFEST: &str = include_str!("../../../tests/data/kohakuvault-1.1.0-seed1.json");

#[test]
fn every_row_reads_back() {
    let rows: Vec<BTreeMap<String, Json>> = serde_json::from_str(MANIFEST).unwrap();
    let mut counts = BTreeMap::new();
    for row in &rows {
        let text = |name: &str| row[name].as_str().unwrap();
        let key = String::from_utf8_lossy(&hex(text("key_hex"))).into_owned();
        let stored = Stored::raw(hex(text("stored_hex")));
        let value = &row["value"];
        assert_eq!(encoding_name(stored.encoding().unwrap()), text("encoding"), "{key}");
        let is_readable = cfg!(feature = "pickle") || text("encoding") != "pickle";
        match text("type") {
            _ if !is_readable => assert!(stored.value().is_err()),
            "i64" => int(&stored, value.as_str().unwrap(), &key),
            "f64" => float(&stored, value.as_str().unwrap(), &key),
            "bool" => {
                assert_eq!(stored.decode::<bool>().unwrap(), value.as_bool().unwrap());
                // The file says no more than that.
                let int = Value::from(i64::from(value.as_bool().unwrap()));
                assert_eq!(stored.value().unwrap(), int, "{key}");
            }
            "none" => {
                assert!(stored.value().unwrap().is_null());
                assert_eq!(stored.decode::<Option<String>>().unwrap(), None);
            }
            "str" => {
                assert_eq!(stored.decode::<String>().unwrap(), value.as_str().unwrap());
                assert_eq!(stored.value().unwrap(), value.as_str().unwrap());
            }
            "bytes" => {
                let bytes = hex(value.as_str().unwrap());
                assert_eq!(stored.decode::<Vec<u8>>().unwrap(), bytes, "{key}");
                assert_eq!(stored.value().unwrap(), bytes[..], "{key}");
            }
            "tensor" => tensor(&stored, value, &key),
            "pickle" if key == "bigint" => {
                // The package stores 2^80 as a float.
                let float: f64 = value.as_str().unwrap().parse().unwrap();
                assert_eq!(stored.decode::<f64>().unwrap().to_bits(), float.to_bits());
                assert_eq!(stored.value().unwrap(), Value::F64(float));
            }
            "json" | "pickle" => json(&stored, value, &key),
            other => panic!("{other}"),
        }
        *counts.entry(text("type").to_owned()).or_insert(0) += 1;
    }
    let expected = [
        ("bool", 2),
        ("bytes", 18),
        ("f64", 24),
        ("i64", 36),
        ("json", 25),
        ("none", 1),
        ("pickle", 3),
        ("str", 6),
        ("tensor", 60),
    ];
    let expected = expected.map(|(name, count)| (name.to_owned(), count));
    assert_eq!(counts, BTreeMap::from(expected));
    assert_eq!(rows.len(), 175);
}

fn int(stored: &Stored, text: &str, key: &str) {
    let int: i64 = text.parse().unwrap();
    assert_eq!(stored.decode::<i64>().unwrap(), int, "{key}");
    assert_eq!(stored.decode::<i128>().unwrap(), i128::from(int), "{key}");
    // Beyond this the bits may be those of a normal float.
    if int.unsigned_abs() < 1 << 52 {
        assert_eq!(stored.value().unwrap(), int, "{key}");
    }
}

fn float(stored: &Stored, text: &str, key: &str) {
    let float: f64 = text.parse().unwrap();
    let read = stored.decode::<f64>().unwrap();
    assert!(read.to_bits() == float.to_bits() || (read.is_nan() && float.is_nan()), "{key}");
    if float.is_normal() || float.is_infinite() || float.is_nan() {
        assert_eq!(stored.value().unwrap(), Value::F64(read), "{key}");
    }
}

fn json(stored: &Stored, value: &Json, key: &str) {
    let ours = sorted(stored.value().unwrap());
    assert_eq!(ours, sorted(Value::from(value.clone())), "{key}");
    // The same through serde.
    let typed = stored.decode::<Json>().unwrap();
    assert_eq!(&typed, value, "{key}");
}

/// The package sorts the keys of what it writes as `MessagePack` or CBOR.
fn sorted(value: Value) -> Value {
    match value {
        Value::List(items) => items.into_iter().map(sorted).collect(),
        Value::Map(mut pairs) => {
            pairs.sort();
            Value::Map(pairs.into_iter().map(|(key, value)| (key, sorted(value))).collect())
        }
        other => other,
    }
}

fn tensor(stored: &Stored, value: &Json, key: &str) {
    let tensor: Tensor = stored.decode().unwrap();
    let shape: Vec<usize> = serde_json::from_value(value["shape"].clone()).unwrap();
    assert_eq!(tensor.dtype().name(), value["dtype"], "{key}");
    assert_eq!(tensor.shape(), shape, "{key}");
    let data = value["data"].as_array().unwrap();
    match tensor.dtype() {
        DType::F32 => elements::<f32>(&tensor, data, |text| narrow(hex_float(text)).unwrap()),
        DType::F64 => elements::<f64>(&tensor, data, hex_float),
        DType::I32 => elements::<i32>(&tensor, data, |text| text.parse().unwrap()),
        DType::I64 => elements::<i64>(&tensor, data, |text| text.parse().unwrap()),
        DType::U8 => elements::<u8>(&tensor, data, |text| text.parse().unwrap()),
        DType::U16 => elements::<u16>(&tensor, data, |text| text.parse().unwrap()),
        DType::U32 => elements::<u32>(&tensor, data, |text| text.parse().unwrap()),
        DType::U64 => elements::<u64>(&tensor, data, |text| text.parse().unwrap()),
        DType::I8 => elements::<i8>(&tensor, data, |text| text.parse().unwrap()),
        DType::I16 => elements::<i16>(&tensor, data, |text| text.parse().unwrap()),
    }
    // Eight bytes that are a tensor may be a number as well.
    if stored.payload().unwrap().len() != 8 {
        assert_eq!(stored.value().unwrap(), Value::Tensor(tensor), "{key}");
    }
}

fn elements<T: Element + PartialEq + Debug>(tensor: &Tensor, data: &[Json], parse: fn(&str) -> T) {
    let texts = data.iter().map(|item| match item {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    });
    let expected: Vec<T> = texts.map(|text| parse(&text)).collect();
    assert_eq!(tensor.to_vec::<T>().unwrap(), expected);
}

/// A float as C99 and Python's `float.hex` write it.
fn hex_float(text: &str) -> f64 {
    let (sign, text) = text.strip_prefix('-').map_or((1.0, text), |text| (-1.0, text));
    let (digits, exponent) = text.strip_prefix("0x").unwrap().split_once('p').unwrap();
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let scale = exponent.parse::<i32>().unwrap() - i32::try_from(fraction.len()).unwrap() * 4;
    let mantissa = i128::from_str_radix(&format!("{whole}{fraction}"), 16).unwrap();
    sign * number::float(mantissa).unwrap() * 2f64.powi(scale)
}

pub(super) fn hex(text: &str) -> Vec<u8> {
    let digits = text.as_bytes().chunks_exact(2);
    digits.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

fn encoding_name(encoding: Encoding) -> &'static str {
    match encoding {
        Encoding::Raw => "raw",
        Encoding::Pickle => "pickle",
        Encoding::DataPacker => "datapacker",
        Encoding::Json => "json",
        Encoding::MsgPack => "msgpack",
        Encoding::Cbor => "cbor",
        Encoding::Utf8 => "utf8",
    }
}
