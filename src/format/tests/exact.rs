//! Numbers are converted only where nothing is lost.

use serde::Deserialize;

use super::*;
use crate::{Cbor, Json, MsgPack, Pickle};

/// The value in every encoding that can hold it.
fn everywhere(value: &impl Serialize) -> Vec<Stored> {
    let mut all = vec![
        Stored::pack(value).unwrap(),
        Stored::pack(&MsgPack(value)).unwrap(),
        Stored::pack(&Cbor(value)).unwrap(),
    ];
    if cfg!(feature = "pickle") {
        all.push(Stored::pack(&Pickle(value)).unwrap());
    }
    all
}

#[test]
fn integers() {
    let mut all = everywhere(&300);
    all.push(Stored::pack(&Json(300)).unwrap());
    for stored in all {
        assert_eq!(stored.decode::<u16>().unwrap(), 300);
        assert_eq!(stored.decode::<i128>().unwrap(), 300);
        assert_eq!(stored.decode::<u128>().unwrap(), 300);
        assert_eq!(stored.decode::<f64>().unwrap().to_bits(), 300f64.to_bits());
        assert_eq!(stored.decode::<f32>().unwrap().to_bits(), 300f32.to_bits());
        let error = stored.decode::<u8>().unwrap_err();
        let encoding = stored.encoding().unwrap();
        assert_eq!(
            error.to_string(),
            format!("cannot read a stored value (stored as {encoding}) as u8")
        );
        assert!(why(&error).contains("300"), "{}", why(&error));
        assert!(why(&error).contains("u8"), "{}", why(&error));
        assert!(stored.decode::<bool>().is_err());
        assert!(stored.decode::<String>().is_err());
    }
    for stored in everywhere(&-1) {
        assert!(stored.decode::<u64>().is_err());
        assert!(stored.decode::<u128>().is_err());
    }
    for stored in everywhere(&((1u64 << 53) + 1)) {
        let error = stored.decode::<f64>().unwrap_err();
        assert!(why(&error).contains("9007199254740993"), "{}", why(&error));
    }
    for stored in everywhere(&((1u64 << 24) + 1)) {
        assert!(stored.decode::<f32>().is_err());
        assert!(stored.decode::<f64>().is_ok());
    }
}

#[test]
fn types_are_named_without_their_modules() {
    let wanted = |error: crate::Error| error.to_string().split(" as ").nth(2).map(str::to_owned);
    let text = Stored::pack("a").unwrap();
    assert_eq!(wanted(text.decode::<Vec<Option<i64>>>().unwrap_err()).unwrap(), "Vec<Option<i64>>");
    assert_eq!(wanted(text.decode::<(u8, crate::Tensor)>().unwrap_err()).unwrap(), "(u8, Tensor)");
    assert_eq!(wanted(text.decode::<[Value; 2]>().unwrap_err()).unwrap(), "[Value; 2]");
}

#[test]
fn floats() {
    for stored in everywhere(&0.1f64) {
        assert!(why(&stored.decode::<f32>().unwrap_err()).contains("f32"));
        assert!(stored.decode::<i64>().is_err());
    }
    for stored in everywhere(&7.0) {
        assert_eq!(stored.decode::<u8>().unwrap(), 7);
        assert_eq!(stored.decode::<f32>().unwrap().to_bits(), 7f32.to_bits());
    }
    for stored in everywhere(&-0.0) {
        assert!(stored.decode::<i64>().is_err());
        assert_eq!(stored.decode::<f32>().unwrap().to_bits(), (-0f32).to_bits());
    }
    for stored in everywhere(&1e300) {
        assert!(stored.decode::<f32>().is_err());
        assert!(stored.decode::<i128>().is_err());
    }
    for bits in [0x7FC0_0001, 0xFF80_0001, 0x7F80_0000, 1, 0x8000_0000, 0x3DCC_CCCD] {
        for stored in everywhere(&f32::from_bits(bits)) {
            assert_eq!(stored.decode::<f32>().unwrap().to_bits(), bits, "{stored:?}");
        }
    }
}

#[test]
fn inside_others() {
    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    struct Row<T> {
        number: T,
    }
    let row = |number| everywhere(&vec![Row { number }]);
    for stored in row((1i64 << 53) + 1) {
        assert!(stored.decode::<Vec<Row<f64>>>().is_err(), "{stored:?}");
        assert!(stored.decode::<Vec<Row<Option<f64>>>>().is_err());
        assert!(stored.decode::<Vec<Row<i32>>>().is_err());
    }
    for stored in row(1 << 53) {
        let rows: Vec<Row<f64>> = stored.decode().unwrap();
        assert_eq!(rows, [Row { number: 9_007_199_254_740_992.0 }]);
    }
    for stored in everywhere(&[0.1f64]) {
        assert!(stored.decode::<Vec<f32>>().is_err());
        assert!(stored.decode::<[Option<f32>; 1]>().is_err());
    }
    for stored in everywhere(&[0.1f32]) {
        assert_eq!(stored.decode::<Vec<f32>>().unwrap(), [0.1]);
    }
    for stored in everywhere(&[u128::MAX, 1, 0]) {
        assert_eq!(stored.decode::<Vec<u128>>().unwrap(), [u128::MAX, 1, 0]);
        assert!(stored.decode::<Vec<i128>>().is_err());
    }
    for stored in everywhere(&[i128::MIN, -1, i128::MAX]) {
        assert_eq!(stored.decode::<Vec<i128>>().unwrap(), [i128::MIN, -1, i128::MAX]);
        // rmp-serde by itself would make a large positive number of it.
        assert!(stored.decode::<Vec<u128>>().is_err());
    }
}

/// Decimal digits have no size: of a float, the nearest.
#[test]
fn json_numbers() {
    let decode = |json: &str| stored(Encoding::Json, 0, json.as_bytes());
    assert_eq!(decode("0.1").decode::<f32>().unwrap().to_bits(), 0.1f32.to_bits());
    assert_eq!(decode("[0.1]").decode::<Vec<f32>>().unwrap(), [0.1]);
    assert!(decode("9007199254740993").decode::<f64>().is_err());

    let big = "123456789012345678901234567890123456789012345678901234567890";
    assert_eq!(decode(big).value().unwrap().to_string(), big);
    assert_eq!(decode(&format!("-{big}")).value().unwrap().to_string(), format!("-{big}"));
    let max = u128::MAX.to_string();
    assert_eq!(decode(&max).decode::<u128>().unwrap(), u128::MAX);
    assert_eq!(decode(&max).decode::<Value>().unwrap(), Value::from(u128::MAX));
    assert!(decode("1e2").decode::<u8>().is_ok());
    assert_eq!(decode("1e2").value().unwrap(), Value::F64(100.0));
    assert_eq!(decode("-0").value().unwrap(), Value::F64(-0.0));
    // Python's words.
    assert_eq!(
        decode("[Infinity,-Infinity]").decode::<Vec<f64>>().unwrap(),
        [f64::INFINITY, -f64::INFINITY]
    );
    assert!(decode("NaN").decode::<f64>().unwrap().is_nan());
    for bad in [
        "",
        "-",
        "01",
        "1.",
        ".5",
        "1e",
        "+1",
        "1e999",
        "nul",
        "\"\\x\"",
        "\"\\ud800\"",
        "[1,]",
        "{\"a\"}",
        "1 2",
        "\"\n\"",
    ] {
        assert!(decode(bad).value().is_err(), "{bad}");
    }
    assert_eq!(
        decode(r#" {"a\u00fc" : [ ] , "\ud83e\udd80":"\n"} "#).value().unwrap().to_string(),
        r#"{"aü": [], "🦀": "\n"}"#
    );
}

#[test]
fn python_does_not_say_what_its_numbers_are() {
    let bytes = |value: [u8; 8]| stored(Encoding::DataPacker, 0, &value);
    let int = bytes(300i64.to_le_bytes());
    assert_eq!(int.decode::<i64>().unwrap(), 300);
    assert_eq!(int.decode::<Option<u16>>().unwrap(), Some(300));
    assert!(int.decode::<u8>().is_err());
    assert_eq!(int.decode::<f64>().unwrap().to_bits(), 300);
    assert_eq!(int.value().unwrap(), 300);
    assert!(int.decode::<bool>().is_err());
    assert!(bytes(1i64.to_le_bytes()).decode::<bool>().unwrap());
    assert!(!bytes([0; 8]).decode::<bool>().unwrap());

    let float = bytes(2.5f64.to_le_bytes());
    assert_eq!(float.decode::<f64>().unwrap().to_bits(), 2.5f64.to_bits());
    assert_eq!(float.decode::<f32>().unwrap().to_bits(), 2.5f32.to_bits());
    assert_eq!(float.value().unwrap(), 2.5);
    assert_eq!(float.decode::<Option<Value>>().unwrap().unwrap(), 2.5);
    assert!(float.decode::<i8>().is_err());

    for (bits, expected) in [
        (f64::NAN.to_bits(), Value::F64(f64::NAN)),
        (f64::INFINITY.to_bits(), Value::F64(f64::INFINITY)),
        (u64::MAX, Value::from(-1)),
        (1 << 63, Value::from(i64::MIN)),
        ((1 << 52) - 1, Value::from((1i64 << 52) - 1)),
        (281_474_976_841_989, Value::Tensor(crate::Tensor::new(&[2], &[1u8, 0]).unwrap())),
        (131_333, Value::from(131_333)),
    ] {
        assert_eq!(bytes(bits.to_le_bytes()).value().unwrap(), expected, "{bits:x}");
    }
    // Neither a number nor a tensor.
    assert_eq!(stored(Encoding::DataPacker, 0, b"text").value().unwrap(), "text");
    assert_eq!(stored(Encoding::DataPacker, 0, b"text").decode::<String>().unwrap(), "text");
    assert_eq!(stored(Encoding::DataPacker, 0, b"\xff").value().unwrap(), b"\xff"[..]);
}
