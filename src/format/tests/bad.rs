//! Damaged and hostile bytes: an error, and neither a crash nor a heap of memory.

use serde::{Deserialize, de::IgnoredAny};

use super::*;
use crate::{Cbor, Json, MsgPack, Pickle, Tensor};

/// Reads as many types as there are roads; none may panic.
fn read_all_ways(stored: &Stored) {
    let _ = stored.value();
    let _ = stored.tensor();
    let _ = stored.decode::<i64>();
    let _ = stored.decode::<u128>();
    let _ = stored.decode::<f32>();
    let _ = stored.decode::<String>();
    let _ = stored.decode::<Vec<u8>>();
    let _ = stored.decode::<Vec<f64>>();
    let _ = stored.decode::<Option<Tensor>>();
    let _ = stored.decode::<serde_json::Value>();
    let _ = stored.decode::<Vec<Deep>>();
    let _ = stored.decode::<IgnoredAny>();
}

/// Nests as deep as the data do.
#[derive(Serialize, Deserialize, PartialEq, Debug, Default, Clone)]
struct Deep(Vec<Deep>);

#[derive(Serialize, Deserialize, PartialEq, Debug)]
struct Sample {
    name: String,
    numbers: Vec<f64>,
    flag: Option<bool>,
    big: i64,
    nested: Vec<(u8, String)>,
}

fn sample() -> Sample {
    Sample {
        name: "süß".into(),
        numbers: vec![0.5, -1e300],
        flag: None,
        big: i64::MIN,
        nested: vec![(1, "a".into()), (200, "b".repeat(40))],
    }
}

#[test]
fn cut_off_at_every_length() {
    let mut all = vec![
        Stored::pack(&MsgPack(sample())).unwrap(),
        Stored::pack(&Json(sample())).unwrap(),
        Stored::pack(&Cbor(sample())).unwrap(),
        Stored::pack(&7).unwrap(),
        Stored::pack(&7.5).unwrap(),
        Stored::pack(&Tensor::from([1.5f32, 2.5])).unwrap(),
        Stored::pack(&vec![Tensor::from([1u8])]).unwrap(),
    ];
    if cfg!(feature = "pickle") {
        all.push(Stored::pack(&Pickle(sample())).unwrap());
        all.push(Stored::pack(&u128::MAX).unwrap());
    }
    for stored in all {
        stored.value().unwrap();
        for len in 0..stored.as_bytes().len() {
            let cut = Stored::raw(&stored.as_bytes()[..len]);
            read_all_ways(&cut);
            if len < 10 {
                // No more than bytes that do not begin with a whole header.
                assert_eq!(cut.value().unwrap(), cut.as_bytes());
            } else {
                assert!(cut.value().is_err(), "{cut:?}");
                assert!(cut.decode::<Sample>().is_err(), "{cut:?}");
            }
            let one_more = [stored.as_bytes(), b"\0"].concat();
            assert!(Stored::raw(one_more).value().is_err());
        }
    }
    let text = Stored::pack("süß").unwrap();
    assert!(Stored::raw(&text.as_bytes()[..12]).value().is_err());
}

#[test]
fn every_byte_of_a_header_wrong() {
    let good = Stored::pack(&vec!["a"]).unwrap().into_bytes();
    for (at, value, expected) in [
        (2, 0, "header version 0"),
        (2, 2, "header version 2"),
        (3, 7, "unknown encoding 0x07"),
        (3, 0xFF, "unknown encoding 0xFF"),
        (4, 0x01, "compressed or encrypted"),
        (4, 0x02, "compressed or encrypted"),
        (4, 0x08, "compressed or encrypted"),
        (4, 0x10, "header flags 0x10"),
        (4, 0xF0, "header flags 0xF0"),
        (5, 1, "reserved"),
        (6, 1, "reserved"),
        (7, 0x80, "reserved"),
    ] {
        let mut bad = good.clone();
        bad[at] = value;
        let bad = Stored::raw(bad);
        let error = bad.value().unwrap_err();
        assert!(why(&error).contains(expected), "{}", why(&error));
        assert!(bad.decode::<Vec<u8>>().is_err());
        assert!(bad.decode::<Vec<String>>().is_err());
        assert!(format!("{bad:?}").starts_with("Stored"));
    }
    // Without both magics it is no header.
    for at in [0, 1, 8, 9] {
        let mut raw = good.clone();
        raw[at] ^= 1;
        assert_eq!(Stored::raw(raw.clone()).decode::<Vec<u8>>().unwrap(), raw);
    }
    for flags in [0x40, 0x80, 0xF0] {
        let number = stored(Encoding::DataPacker, flags, &[0; 8]);
        assert!(number.value().is_err());
        assert!(number.decode::<i64>().is_err());
        assert_eq!(number.payload().unwrap(), [0; 8]);
    }
    for kind in [0x10, 0x20] {
        assert!(stored(Encoding::DataPacker, kind, &[0; 9]).decode::<f64>().is_err());
    }
}

/// A list in a list, so many times; and as a map's value.
fn nested(levels: usize) -> Vec<Stored> {
    let times = |open: &[u8], inside: &[u8], close: &[u8]| {
        [open.repeat(levels), inside.to_vec(), close.repeat(levels)].concat()
    };
    let mut all = vec![
        stored(Encoding::MsgPack, 0, &times(b"\x91", b"\x90", b"")),
        stored(Encoding::MsgPack, 0, &times(b"\x81\xa1a", b"\xc0", b"")),
        stored(Encoding::MsgPack, 0, &times(b"\x81", b"\xc0", b"\xc0")),
        stored(Encoding::Json, 0, &times(b"[", b"[]", b"]")),
        stored(Encoding::Json, 0, &times(b"{\"a\":", b"{}", b"}")),
        stored(Encoding::Cbor, 0, &times(b"\x81", b"\x80", b"")),
        stored(Encoding::Cbor, 0, &times(b"\x9f", b"\x80", b"\xff")),
        stored(Encoding::Cbor, 0, &times(b"\xa1\x61a", b"\xf6", b"")),
        stored(Encoding::Cbor, 0, &times(b"\xc1", b"\x01", b"")),
    ];
    if cfg!(feature = "pickle") {
        let pickle = |inside: Vec<u8>| {
            stored(Encoding::Pickle, 0, &[b"\x80\x04", &inside[..], b"."].concat())
        };
        all.push(pickle(times(b"]", b"]", b"a")));
        all.push(pickle(times(b"}N", b"N", b"s")));
        all.push(pickle(times(b"", b"N", b"\x85")));
        all.push(pickle(times(b"(", b"N", b"t")));
    }
    all
}

#[test]
fn nested_a_hundred_thousand_deep() {
    // Half of what a thread has by default.
    let small = std::thread::Builder::new().stack_size(1 << 20);
    let reader = small.spawn(|| {
        for stored in nested(100_000) {
            assert!(stored.value().is_err(), "{stored:?}");
            assert!(stored.decode::<Vec<Deep>>().is_err());
            assert!(stored.decode::<serde_json::Value>().is_err());
            let _ = stored.decode::<Option<Value>>();
        }
    });
    reader.unwrap().join().unwrap();
}

#[test]
fn nested_as_deep_as_may_be() {
    let mut deep = Deep::default();
    let mut value = Value::List(vec![]);
    for _ in 0..40 {
        deep = Deep(vec![deep]);
        value = Value::from(vec![value]);
    }
    there_and_back(&deep);
    there_and_back(&value);
    there_and_back(&Json(deep));
    for stored in nested(100) {
        stored.value().unwrap();
    }
    for _ in 0..100 {
        value = Value::from(vec![value]);
    }
    for refused in [
        Stored::pack(&value),
        Stored::pack(&Json(value.clone())),
        Stored::pack(&Cbor(value.clone())),
        Stored::pack(&MsgPack(value.clone())),
    ] {
        let refused = refused.unwrap_err();
        assert!(why(&refused).contains("128 levels"), "{refused}");
    }
    if cfg!(feature = "pickle") {
        assert!(Stored::pack(&Pickle(value)).is_err());
    }
}

#[derive(Serialize, Deserialize, PartialEq, Debug, Clone)]
enum Chain {
    End,
    Newtype(Box<Chain>),
    Tuple(Box<Chain>, u8),
    Struct { next: Box<Chain> },
    Maybe(Option<Box<Chain>>),
    Wrapped(Wrapper),
}

#[derive(Serialize, Deserialize, PartialEq, Debug, Clone)]
struct Wrapper(Box<Chain>);

/// As long as it may be stored, it can be read.
fn deepest<T: Serialize + DeserializeOwned + PartialEq + Debug + Clone + 'static>(
    end: &T,
    next: impl Fn(T) -> T,
) {
    let mut value = end.clone();
    for depth in 0.. {
        let value_of =
            |stored: Stored| (stored.decode::<T>().unwrap() == value, stored.value().unwrap());
        let mut all = vec![
            Stored::pack(&value),
            Stored::pack(&MsgPack(&value)),
            Stored::pack(&Json(&value)),
            Stored::pack(&Cbor(&value)),
        ];
        if cfg!(feature = "pickle") {
            all.push(Stored::pack(&Pickle(&value)));
        }
        let deep = all.iter().filter(|packed| packed.is_err()).count();
        assert!(deep == 0 || deep == all.len());
        for packed in all.into_iter().flatten() {
            assert!(value_of(packed).0);
        }
        if deep > 0 {
            assert!((40..=129).contains(&depth), "{depth}");
            return;
        }
        value = next(value);
    }
}

#[test]
fn whatever_may_be_stored_may_be_read() {
    let run = || {
        deepest(&Chain::End, |next| Chain::Newtype(next.into()));
        deepest(&Chain::End, |next| Chain::Tuple(next.into(), 1));
        deepest(&Chain::End, |next| Chain::Struct { next: next.into() });
        deepest(&Chain::End, |next| Chain::Maybe(Some(next.into())));
        deepest(&Chain::End, |next| Chain::Wrapped(Wrapper(next.into())));
        deepest(&Deep::default(), |next| Deep(vec![next]));
        deepest(&Value::List(vec![]), |next| Value::from(vec![next]));
        deepest(&Value::Null, |next| Value::from([("a", next)]));
    };
    let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(run);
    thread.unwrap().join().unwrap();
}

/// A type that goes on for ever without reading anything.
#[test]
fn types_without_an_end() {
    #[derive(Deserialize, Debug)]
    struct Endless(#[expect(dead_code)] Box<Option<Endless>>);

    for stored in [
        Stored::pack(&MsgPack(1)).unwrap(),
        Stored::pack(&Cbor(1)).unwrap(),
        Stored::pack(&Json(1)).unwrap(),
        Stored::pack(&1).unwrap(),
        Stored::pack(b"1").unwrap(),
    ] {
        assert!(stored.decode::<Endless>().is_err());
    }
}

#[test]
fn lengths_that_are_not_there() {
    let mut all: Vec<(Encoding, &[u8])> = vec![
        (Encoding::MsgPack, b"\xdd\xff\xff\xff\xff"),
        (Encoding::MsgPack, b"\xdf\xff\xff\xff\xff"),
        (Encoding::MsgPack, b"\xdb\xff\xff\xff\xff"),
        (Encoding::MsgPack, b"\xc6\xff\xff\xff\xff"),
        (Encoding::MsgPack, b"\xc9\xff\xff\xff\xff\x01"),
        (Encoding::Cbor, b"\x9a\xff\xff\xff\xff"),
        (Encoding::Cbor, b"\xba\xff\xff\xff\xff"),
        (Encoding::Cbor, b"\x7a\xff\xff\xff\xff"),
        (Encoding::Cbor, b"\x5a\xff\xff\xff\xff"),
        (Encoding::Cbor, b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff"),
        (Encoding::Cbor, b"\x7b\xff\xff\xff\xff\xff\xff\xff\xff"),
        (Encoding::Cbor, b"\xc2\x5b\xff\xff\xff\xff\xff\xff\xff\xff"),
        (Encoding::DataPacker, b"\x01\x01\xff\xff\xff\xff"),
    ];
    if cfg!(feature = "pickle") {
        all.extend([
            (Encoding::Pickle, &b"\x8b\xff\xff\xff\x7f"[..]),
            (Encoding::Pickle, b"\x8b\xff\xff\xff\xff"),
            (Encoding::Pickle, b"X\xff\xff\xff\xff"),
            (Encoding::Pickle, b"B\xff\xff\xff\xff"),
            (Encoding::Pickle, b"\x8d\xff\xff\xff\xff\xff\xff\xff\xff"),
            (Encoding::Pickle, b"\x8e\xff\xff\xff\xff\xff\xff\xff\xff"),
            (Encoding::Pickle, b"\x96\xff\xff\xff\xff\xff\xff\xff\xff"),
            (Encoding::Pickle, b"\x95\xff\xff\xff\xff\xff\xff\xff\xffN."),
        ]);
    }
    for (encoding, payload) in all {
        for flags in if encoding == Encoding::DataPacker { [0x30] } else { [0] } {
            let stored = stored(encoding, flags, payload);
            read_all_ways(&stored);
            assert!(stored.value().is_err(), "{stored:?}");
            assert!(stored.decode::<Vec<u8>>().is_err());
            assert!(stored.decode::<Vec<String>>().is_err());
            assert!(stored.decode::<String>().is_err());
        }
    }
}

#[test]
fn text_that_is_none() {
    let mut all: Vec<(Encoding, &[u8])> = vec![
        (Encoding::Utf8, b"\xff"),
        (Encoding::Utf8, b"\xed\xa0\x80"),
        (Encoding::Json, b"\"\xff\""),
        (Encoding::MsgPack, b"\xa1\xff"),
        (Encoding::Cbor, b"\x61\xff"),
        (Encoding::MsgPack, b"\x81\xa1\xff\x01"),
    ];
    if cfg!(feature = "pickle") {
        all.push((Encoding::Pickle, b"\x8c\x01\xff."));
    }
    for (encoding, payload) in all {
        let stored = stored(encoding, 0, payload);
        assert!(stored.value().is_err(), "{stored:?}");
        assert!(stored.decode::<String>().is_err(), "{stored:?}");
        assert_eq!(stored.payload().unwrap(), payload);
    }
}

#[test]
fn numbers_that_json_has_none_for() {
    for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let error = Stored::pack(&Json(vec![number])).unwrap_err();
        assert!(why(&error).contains("JSON has no number"), "{}", why(&error));
    }
}

#[test]
fn integers_that_json_and_cbor_have_none_for() {
    let huge = crate::BigInt::from_decimal(&"9".repeat(50)).unwrap();
    assert!(Stored::pack(&Json(vec![huge.clone()])).is_err());
    assert!(Stored::pack(&Cbor(vec![huge.clone()])).is_err());
    let packed = Stored::pack(&MsgPack(vec![huge.clone()])).unwrap();
    assert_eq!(packed.value().unwrap().at(0), Some(&huge));
}

/// The byte that `MessagePack` never uses, and each alone that wants more behind it.
#[test]
fn every_single_byte() {
    for encoding in [Encoding::MsgPack, Encoding::Cbor, Encoding::Json, Encoding::Pickle] {
        for first in 0..=u8::MAX {
            read_all_ways(&stored(encoding, 0, &[first]));
            for second in [0, 1, b'0', 0x7F, 0x80, 0xFF] {
                read_all_ways(&stored(encoding, 0, &[first, second]));
            }
        }
    }
    assert!(stored(Encoding::MsgPack, 0, b"\xc1").value().is_err());
}
