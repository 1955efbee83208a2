//! The one rule that decides the encoding.

use std::{
    collections::{BTreeMap, HashMap},
    rc::Rc,
};

use serde::Deserialize;

use super::*;
use crate::{Cbor, Json, MsgPack, Pickle, Tensor};

fn packed(value: &(impl Serialize + ?Sized)) -> Stored {
    Stored::pack(value).unwrap()
}

fn encoding(value: &(impl Serialize + ?Sized)) -> Encoding {
    packed(value).encoding().unwrap()
}

/// Header, flags and payload of a `DataPacker` number.
fn number(value: &(impl Serialize + ?Sized)) -> Option<(u8, [u8; 8])> {
    let stored = packed(value);
    (stored.encoding().unwrap() == Encoding::DataPacker)
        .then(|| (stored.as_bytes()[4], stored.payload().unwrap().try_into().unwrap()))
}

#[test]
fn integers_are_data_packer_where_python_guesses_right() {
    const LIMIT: i64 = 1_000_000_000_000;
    for value in [0, 1, -1, 42, LIMIT - 1, 1 - LIMIT] {
        assert_eq!(number(&value), Some((0x10, value.to_le_bytes())));
        assert_eq!(number(&i128::from(value)), Some((0x10, value.to_le_bytes())));
    }
    for value in [LIMIT, -LIMIT, i64::MAX, i64::MIN] {
        assert_eq!(encoding(&value), Encoding::MsgPack);
        assert_eq!(packed(&value).decode::<i64>().unwrap(), value);
        assert_eq!(packed(&value).value().unwrap(), value);
    }
    assert_eq!(number(&7u8), number(&7i64));
    assert_eq!(number(&7u64), number(&7i64));
    assert_eq!(number(&7u128), number(&7i64));
    assert_eq!(encoding(&u64::MAX), Encoding::MsgPack);
    assert_eq!(packed(&u64::MAX).decode::<u64>().unwrap(), u64::MAX);
}

#[test]
fn integers_over_64_bits_are_pickles() {
    let big = [i128::MIN, i128::from(i64::MIN) - 1, i128::from(u64::MAX) + 1, i128::MAX];
    for value in big {
        let refused = pack(&value, NO_PICKLE).unwrap_err();
        assert!(why(&refused).contains("over 64 bits"), "{refused}");
        if cfg!(feature = "pickle") {
            assert_eq!(encoding(&value), Encoding::Pickle);
            assert_eq!(packed(&value).decode::<i128>().unwrap(), value);
            assert_eq!(packed(&value).value().unwrap(), value);
            assert!(packed(&value).decode::<u64>().is_err());
        }
    }
    if cfg!(feature = "pickle") {
        let stored = packed(&u128::MAX);
        assert_eq!(
            stored.payload().unwrap(),
            [&b"\x80\x04\x8a\x11"[..], &[0xFF; 16], b"\0."].concat()
        );
        assert_eq!(stored.decode::<u128>().unwrap(), u128::MAX);
        assert_eq!(stored.value().unwrap(), Value::from(u128::MAX));
        assert!(stored.decode::<i128>().is_err());
    }
}

#[test]
fn floats_are_data_packer_where_python_guesses_right() {
    for value in [1.0, -2.25, 1e-8, 1e300, f64::NAN, f64::INFINITY, f64::MAX] {
        assert_eq!(number(&value), Some((0x20, value.to_le_bytes())), "{value}");
    }
    assert_eq!(number(&1.5f32), number(&1.5f64));
    assert_eq!(number(&0.1f32), number(&f64::from(0.1f32)));
    for value in [0.0, -0.0, f64::from_bits(1), 1e-320, f64::from_bits(999_999_999_999)] {
        assert_eq!(encoding(&value), Encoding::MsgPack, "{value}");
        let back: f64 = packed(&value).decode().unwrap();
        assert_eq!(back.to_bits(), value.to_bits());
        assert_eq!(packed(&value).value().unwrap(), Value::F64(value));
    }
    // A NaN that Python takes for an integer, and whose MessagePack it takes for None.
    let odd = f64::from_bits(u64::MAX);
    let expected = if cfg!(feature = "pickle") { Encoding::Pickle } else { Encoding::MsgPack };
    assert_eq!(encoding(&odd), expected);
    assert_eq!(packed(&odd).decode::<f64>().unwrap().to_bits(), u64::MAX);
    let plain = pack(&odd, NO_PICKLE).unwrap();
    assert_eq!(Stored::raw(plain).decode::<f64>().unwrap().to_bits(), u64::MAX);
}

#[test]
fn nothing_and_booleans_are_messagepack() {
    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    struct Marker;

    for stored in [packed(&()), packed(&None::<u8>), packed(&Marker), packed(&Value::Null)] {
        assert_eq!(stored.as_bytes(), b"\x89K\x01\x04\0\0\0\0VK\xc0");
        assert_eq!(stored.decode::<Option<u8>>().unwrap(), None);
        assert_eq!(stored.decode::<Marker>().unwrap(), Marker);
        stored.decode::<()>().unwrap();
        assert!(stored.value().unwrap().is_null());
    }
    assert_eq!(packed(&true).payload().unwrap(), [0xC3]);
    assert!(packed(&true).decode::<bool>().unwrap());
    assert!(packed(&true).decode::<u8>().is_err());
}

#[test]
fn containers_are_messagepack_with_names() {
    #[derive(Serialize)]
    struct Config {
        timeout: u8,
        retries: u8,
    }
    let stored = packed(&Config { timeout: 30, retries: 3 });
    assert_eq!(stored.payload().unwrap(), b"\x82\xa7timeout\x1e\xa7retries\x03");
    assert_eq!(encoding(&BTreeMap::from([("a", 1)])), Encoding::MsgPack);
    assert_eq!(encoding(&vec![vec![1u8]]), Encoding::MsgPack);
    assert_eq!(encoding(&(1, 2.5, "x")), Encoding::MsgPack);
}

/// What the Python package cannot read from `MessagePack`.
#[test]
fn what_python_cannot_read_is_a_pickle() {
    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    struct Photo {
        name: String,
        #[serde(with = "serde_bytes")]
        image: Vec<u8>,
    }
    let photo = Photo { name: "a".into(), image: vec![1, 0xFF] };
    let by_number = HashMap::from([(1, "a".to_owned())]);
    let expected = if cfg!(feature = "pickle") { Encoding::Pickle } else { Encoding::MsgPack };

    assert_eq!(there_and_back(&photo).encoding().unwrap(), expected);
    assert_eq!(there_and_back(&by_number).encoding().unwrap(), expected);
    assert_eq!(there_and_back(&BTreeMap::from([((1u8, 2u8), 3)])).encoding().unwrap(), expected);
    assert_eq!(there_and_back(&vec![1.5, f64::INFINITY]).encoding().unwrap(), expected);
    assert_eq!(there_and_back(&vec![u128::from(u64::MAX) + 1]).encoding().unwrap(), expected);

    let plain = Stored::raw(pack(&photo, NO_PICKLE).unwrap());
    assert_eq!(plain.encoding().unwrap(), Encoding::MsgPack);
    assert_eq!(plain.decode::<Photo>().unwrap(), photo);
    let plain = Stored::raw(pack(&vec![u128::MAX, 1], NO_PICKLE).unwrap());
    assert_eq!(plain.encoding().unwrap(), Encoding::MsgPack);
    assert_eq!(plain.decode::<Vec<u128>>().unwrap(), [u128::MAX, 1]);
    assert_eq!(plain.value().unwrap().at(0), Some(&Value::from(u128::MAX)));
}

#[test]
fn tensors_are_data_packer_and_inside_others_an_extension() {
    let tensor = Tensor::new(&[2, 1], &[1.5f32, 2.5]).unwrap();
    let stored = there_and_back(&tensor);
    assert_eq!(stored.as_bytes()[3..5], [2, 0x30]);
    assert_eq!(stored.payload().unwrap()[..10], [1, 2, 2, 0, 0, 0, 1, 0, 0, 0]);

    let inside = there_and_back(&vec![tensor.clone(), tensor.clone()]);
    assert_eq!(inside.encoding().unwrap(), Encoding::MsgPack);
    assert_eq!(inside.value().unwrap().at(1), Some(&Value::Tensor(tensor.clone())));
    // With bytes beside it, which alone would make it a pickle.
    let mixed = Value::from(vec![Value::from(tensor), Value::from(b"x"), Value::from(u128::MAX)]);
    assert_eq!(there_and_back(&mixed).encoding().unwrap(), Encoding::MsgPack);
}

#[test]
fn wrappers_decide() {
    assert_eq!(encoding(&MsgPack("x")), Encoding::MsgPack);
    assert_eq!(encoding(&Json("x")), Encoding::Json);
    assert_eq!(encoding(&Cbor("x")), Encoding::Cbor);
    assert_eq!(encoding(&Some(Box::new(Json(7)))), Encoding::Json);
    assert_eq!(encoding(&Json(MsgPack(7))), Encoding::Json);
    assert_eq!(encoding(&Rc::new(MsgPack(vec![0u8; 3])).as_ref()), Encoding::MsgPack);
    assert_eq!(packed(&Json(vec![1u8, 2])).payload().unwrap(), b"[1,2]");
    // Inside another value they are nothing.
    assert_eq!(packed(&vec![Json("x")]).payload().unwrap(), b"\x91\xa1x");
    let big = vec![i64::MAX, 1];
    for stored in [packed(&MsgPack(&big)), packed(&Json(&big)), packed(&Cbor(&big))] {
        assert_eq!(stored.decode::<Vec<i64>>().unwrap(), big);
        assert_eq!(stored.decode::<Json<Vec<i64>>>().unwrap().0, big);
        assert_eq!(stored.decode::<MsgPack<Vec<i64>>>().unwrap().0, big);
        assert_eq!(stored.decode::<Cbor<Vec<i64>>>().unwrap().0, big);
        assert_eq!(stored.decode::<Pickle<Vec<i64>>>().unwrap().0, big);
    }
    if cfg!(feature = "pickle") {
        assert_eq!(encoding(&Pickle("x")), Encoding::Pickle);
        assert_eq!(packed(&Pickle(&big)).decode::<Vec<i64>>().unwrap(), big);
    } else {
        assert!(Stored::pack(&Pickle("x")).is_err());
    }
}

#[test]
fn an_encoding_may_be_asked_for() {
    let as_ = |encoding| pack_as(&7, encoding, DEFAULT).map(Stored::raw);
    for encoding in [Encoding::DataPacker, Encoding::MsgPack, Encoding::Json, Encoding::Cbor] {
        let stored = as_(encoding).unwrap();
        assert_eq!(stored.encoding().unwrap(), encoding);
        assert_eq!(stored.decode::<u8>().unwrap(), 7);
        assert_eq!(stored.value().unwrap(), 7);
    }
    assert_eq!(as_(Encoding::Pickle).is_ok(), cfg!(feature = "pickle"));
    assert!(why(&as_(Encoding::Raw).unwrap_err()).contains("another type"));
    assert!(as_(Encoding::Utf8).is_err());

    assert_eq!(pack_as(&b"x"[..], Encoding::Raw, DEFAULT).unwrap(), b"x");
    assert_eq!(pack_as(b"x", Encoding::Raw, DEFAULT).unwrap(), b"x");
    assert_eq!(pack_as("x", Encoding::Utf8, DEFAULT).unwrap(), packed("x").as_bytes());
    assert!(pack_as("x", Encoding::Raw, DEFAULT).is_err());
    assert!(pack_as(b"x", Encoding::Utf8, DEFAULT).is_err());
    assert!(pack_as("x", Encoding::DataPacker, DEFAULT).is_err());
    // Asked for, it does not matter what Python guesses.
    let huge = Stored::raw(pack_as(&i64::MAX, Encoding::DataPacker, DEFAULT).unwrap());
    assert_eq!(huge.value().unwrap(), i64::MAX);
    let zero = Stored::raw(pack_as(&-0.0, Encoding::DataPacker, DEFAULT).unwrap());
    assert_eq!(zero.value().unwrap(), Value::F64(-0.0));
    assert!(pack_as(&u64::MAX, Encoding::DataPacker, DEFAULT).is_err());
}
