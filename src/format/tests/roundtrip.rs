//! For every value: what is stored for it reads back the same, bit for bit.

use proptest::{collection::vec, prelude::*};

use super::*;
use crate::{
    BigInt, Cbor, MsgPack, Pickle, Tensor,
    format::{unpack, unpack_value, unpack_vec},
};

fn leaf() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1_000_000_000_010i64..-999_999_999_990).prop_map(Value::from),
        (999_999_999_990i64..1_000_000_000_010).prop_map(Value::from),
        any::<i128>().prop_map(Value::from),
        any::<u128>().prop_map(Value::from),
        vec(any::<u8>(), 0..40).prop_map(|bytes| BigInt::parse(&bytes).unwrap()),
        any::<u64>().prop_map(|bits| Value::F64(f64::from_bits(bits))),
        proptest::num::f64::ANY.prop_map(Value::F64),
        Just(Value::F64(-0.0)),
        ".{0,20}".prop_map(Value::from),
        vec(any::<u8>(), 0..40).prop_map(Value::Bytes),
        vec(any::<u8>(), 0..20).prop_map(|rest| Value::Bytes([b"\x89K".to_vec(), rest].concat())),
        tensor().prop_map(Value::Tensor),
    ]
}

fn tensor() -> impl Strategy<Value = Tensor> {
    let shaped = (vec(0usize..4, 0..5), any::<u64>());
    prop_oneof![
        shaped.clone().prop_map(|(shape, seed)| {
            let data: Vec<f32> =
                (0..shape.iter().product()).map(|i: usize| f32::from_bits(low(seed, i))).collect();
            Tensor::new(&shape, &data).unwrap()
        }),
        shaped.clone().prop_map(|(shape, seed)| {
            let data: Vec<i64> = (0..shape.iter().product())
                .map(|i: usize| i64::from(low(seed, i)) << (i % 32))
                .collect();
            Tensor::new(&shape, &data).unwrap()
        }),
        shaped.prop_map(|(shape, seed)| {
            let data: Vec<u8> =
                (0..shape.iter().product()).map(|i: usize| low(seed, i).to_le_bytes()[0]).collect();
            Tensor::new(&shape, &data).unwrap()
        }),
    ]
}

/// Some of the bits of a number.
fn low(seed: u64, shift: usize) -> u32 {
    u32::try_from((seed >> (shift % 32)) & 0xFFFF_FFFF).unwrap()
}

fn value() -> impl Strategy<Value = Value> {
    leaf().prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::List),
            vec((inner.clone(), inner.clone()), 0..4).prop_map(Value::Map),
            vec((".{0,8}".prop_map(Value::from), inner), 0..4).prop_map(Value::Map),
        ]
    })
}

proptest! {
    #[test]
    fn values(value in value()) {
        let stored = match Stored::pack(&value) {
            Ok(stored) => stored,
            Err(error) if cfg!(feature = "pickle") => panic!("{error}"),
            Err(_) => return Ok(()),
        };
        prop_assert_eq!(&stored.value().unwrap(), &value);
        prop_assert_eq!(&stored.decode::<Value>().unwrap(), &value);
        prop_assert_eq!(&stored.decode::<Option<Value>>().unwrap().unwrap_or_default(), &value);
        let _ = stored.decode::<serde_json::Value>();

        let packed = Stored::pack(&MsgPack(&value)).unwrap();
        prop_assert_eq!(&packed.value().unwrap(), &value);
        prop_assert_eq!(&packed.decode::<Option<Value>>().unwrap().unwrap_or_default(), &value);
        if cfg!(feature = "pickle") && !has_tensor(&value) {
            let pickle = Stored::pack(&Pickle(&value)).unwrap();
            prop_assert_eq!(&pickle.value().unwrap(), &value);
        }
        if !has_tensor(&value) && !has_huge(&value) {
            let cbor = Stored::pack(&Cbor(&value)).unwrap();
            prop_assert_eq!(&cbor.value().unwrap(), &value);
        }
        match pack(&value, NO_PICKLE) {
            Ok(plain) => prop_assert_eq!(&unpack_value(&plain, NO_PICKLE).unwrap(), &value),
            Err(_) => prop_assert!(matches!(value, Value::Int(_) | Value::BigInt(_))),
        }
        if let Ok(json) = Stored::pack(&crate::Json(&value)) {
            json.value().unwrap();
        }
    }

    /// Serde's road agrees with the short one.
    #[test]
    fn both_roads(bytes in vec(any::<u8>(), 0..64), text in ".{0,16}") {
        for stored in [Stored::pack(&bytes).unwrap(), Stored::pack(&bytes.as_slice()).unwrap()] {
            prop_assert_eq!(&stored.decode::<Vec<u8>>().unwrap(), &bytes);
            let by_serde: Option<Vec<u8>> = stored.decode().unwrap();
            prop_assert_eq!(by_serde.as_ref(), Some(&bytes));
            prop_assert_eq!(&unpack_vec::<Vec<u8>>(stored.into_bytes(), DEFAULT).unwrap(), &bytes);
        }
        let (short, long) = (Stored::pack(&text).unwrap(), Stored::pack(&text.as_str()).unwrap());
        prop_assert_eq!(&short, &long);
        prop_assert_eq!(&unpack::<String>(short.as_bytes(), DEFAULT).unwrap(), &text);
        prop_assert_eq!(&short.decode::<Option<String>>().unwrap().unwrap(), &text);
    }

    #[test]
    fn numbers(int in any::<i128>(), bits in any::<u64>(), single in any::<u32>()) {
        let int = if cfg!(feature = "pickle") { int } else { int >> 64 };
        prop_assert_eq!(Stored::pack(&int).unwrap().decode::<i128>().unwrap(), int);
        let float = f64::from_bits(bits);
        prop_assert_eq!(Stored::pack(&float).unwrap().decode::<f64>().unwrap().to_bits(), bits);
        let float = f32::from_bits(single);
        prop_assert_eq!(Stored::pack(&float).unwrap().decode::<f32>().unwrap().to_bits(), single);
        prop_assert_eq!(Stored::pack(&[float]).unwrap().decode::<[f32; 1]>().unwrap()[0].to_bits(), single);
    }

    #[test]
    fn any_bytes_at_all(encoding in 0u8..8, flags in prop_oneof![Just(0), Just(0x10), Just(0x20), Just(0x30)], payload in vec(any::<u8>(), 0..64)) {
        let mut bytes = b"\x89K\x01\0\0\0\0\0VK".to_vec();
        bytes[3] = encoding;
        bytes[4] = flags;
        bytes.extend(payload);
        let stored = Stored::raw(bytes);
        let _ = stored.decode::<Vec<f32>>();
        let _ = stored.decode::<serde_json::Value>();
        if let Ok(value) = stored.value() {
            if let Ok(again) = Stored::pack(&value) {
                prop_assert_eq!(again.value().unwrap(), value);
            } else {
                prop_assert!(!cfg!(feature = "pickle"));
            }
        }
    }
}

fn any_in(value: &Value, is: &dyn Fn(&Value) -> bool) -> bool {
    is(value)
        || match value {
            Value::List(items) => items.iter().any(|item| any_in(item, is)),
            Value::Map(pairs) => {
                pairs.iter().any(|(key, value)| any_in(key, is) || any_in(value, is))
            }
            _ => false,
        }
}

fn has_tensor(value: &Value) -> bool {
    any_in(value, &|value| matches!(value, Value::Tensor(_)))
}

fn has_huge(value: &Value) -> bool {
    let is_huge =
        |value: &Value| matches!(value, Value::BigInt(big) if u128::try_from(big).is_err());
    any_in(value, &is_huge)
}
