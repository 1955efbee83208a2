//! What Python pickled, and what would reach outside.
#![cfg(feature = "pickle")]

use std::collections::BTreeMap;

use serde::Deserialize;

use super::*;
use crate::Pickle;

fn pickle(program: &[u8]) -> Stored {
    stored(Encoding::Pickle, 0, program)
}

fn shown(program: &[u8]) -> String {
    pickle(program).value().unwrap().to_string()
}

fn refused(program: &[u8]) -> String {
    why(&pickle(program).value().unwrap_err())
}

/// Made by `pickle.dumps(value, 4)` of Python 3.11.
#[test]
fn what_python_writes() {
    // {'a': [1, -1, 256, 70000, 1 << 40, -(1 << 200)], 'b': (None, True, False, 1.5), 'c': b'x'}
    let mixed = b"\x80\x04\x95W\0\0\0\0\0\0\0}\x94(\x8c\x01a\x94]\x94(K\x01J\xff\xff\xff\xffM\0\x01Jp\x11\x01\0\
        \x8a\x06\0\0\0\0\0\x01\x8a\x1a\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xffe\
        \x8c\x01b\x94(N\x88\x89G?\xf8\0\0\0\0\0\0t\x94\x8c\x01c\x94C\x01x\x94u.";
    let value = pickle(mixed).value().unwrap();
    assert_eq!(
        value.to_string(),
        "{\"a\": [1, -1, 256, 70000, 1099511627776, \
         -1606938044258990275541962092341162602522202993782792835301376], \
         \"b\": [null, true, false, 1.5], \"c\": b\"x\"}"
    );
    let typed: BTreeMap<String, Value> = pickle(mixed).decode().unwrap();
    assert_eq!(typed["c"], b"x"[..]);

    assert_eq!(shown(b"\x80\x04\x8f\x94(K\x01K\x02\x90."), "[1, 2]"); // {1, 2}
    assert_eq!(shown(b"\x80\x04(K\x01\x91\x94."), "[1]"); // frozenset({1})
    assert_eq!(shown(b"\x80\x04)."), "[]"); // ()
    assert_eq!(shown(b"\x80\x05\x96\x03\0\0\0\0\0\0\0abc."), "b\"abc\""); // bytearray, protocol 5
    assert_eq!(shown(b"\x80\x02]q\0(K\x01h\0e0N."), "null"); // protocol 2, with POP
    assert_eq!(shown(b"N."), "null"); // no PROTO
    assert_eq!(shown(b"(K\x01K\x02l."), "[1, 2]");
    assert_eq!(shown(b"(K\x01K\x02d."), "{1: 2}");
    assert_eq!(shown(b"K\x01(K\x021."), "1");
    assert_eq!(shown(b"K\x01(0."), "1");
    assert_eq!(shown(b"\x8a\0."), "0");
    assert_eq!(shown(b"\x8b\x02\0\0\0\xff\x7f."), "32767");
}

#[test]
fn shared_and_endless() {
    // x = [7]; [x, x]
    let shared = b"\x80\x04]\x94(]\x94K\x07ah\x01e.";
    assert_eq!(shown(shared), "[[7], [7]]");
    assert_eq!(pickle(shared).decode::<Vec<Vec<u8>>>().unwrap(), [[7], [7]]);
    assert_eq!(shown(b"\x80\x04K\x072\x86."), "[7, 7]");
    assert_eq!(shown(b"\x80\x04]\x94(\x8c\x01ar\0\x01\0\0j\0\x01\0\0h\x000e."), r#"["a", "a"]"#);
    // x = []; x.append(x)
    assert!(refused(b"\x80\x04]\x94h\0a.").contains("holds itself"));
    // x = {}; x[1] = [x]
    assert!(refused(b"\x80\x04}\x94K\x01]\x94h\0as.").contains("holds itself"));

    // 60 lists, each twice the one before.
    let mut bomb = b"\x80\x04]\x94K\x00a".to_vec();
    for level in 0..60u8 {
        bomb.extend([b'0', b']', 0x94, b'(', b'h', level, b'h', level, b'e']);
    }
    bomb.push(b'.');
    assert!(refused(&bomb).contains("far more than it is"));
    // A hundred thousand times the same thousand bytes.
    let mut bomb = b"\x80\x04X\xe8\x03\0\0".to_vec();
    bomb.extend([b'a'; 1000]);
    bomb.extend(b"\x940](");
    bomb.extend(b"h\0".repeat(100_000));
    bomb.extend(b"e.");
    assert!(refused(&bomb).contains("far more than it is"));
}

#[test]
fn nothing_is_imported_or_called() {
    for (program, expected) in [
        (&b"cos\nsystem\n(X\x02\0\0\0lstR."[..], "GLOBAL would import something: os.system"),
        (
            b"\x80\x04\x8c\x02os\x8c\x06system\x93.",
            "STACK_GLOBAL would import something: os.system",
        ),
        (b"\x80\x04NNR.", "REDUCE would call"),
        (b"\x80\x04NNb.", "BUILD would call"),
        (b"(ios\nsystem\n.", "INST would call"),
        (b"(No.", "OBJ would call"),
        (b"\x80\x04NN\x81.", "NEWOBJ would call"),
        (b"\x80\x04NNN\x92.", "NEWOBJ_EX would call"),
        (b"Pid\n.", "PERSID names something outside"),
        (b"NQ.", "BINPERSID names something outside"),
        (b"\x82\x01.", "EXT1 would import"),
        (b"\x83\x01\0.", "EXT2 would import"),
        (b"\x84\x01\0\0\0.", "EXT4 would import"),
        (b"\x97.", "NEXT_BUFFER names"),
        (b"N\x98.", "READONLY_BUFFER names"),
        (b"I1\n.", "INT is of Python 2"),
        (b"S'a'\n.", "STRING is of Python 2"),
        (b"\xff.", "unknown pickle opcode 0xFF"),
        (b"\x80\x06N.", "pickle protocol 6"),
    ] {
        let why = refused(program);
        assert!(why.contains(expected), "{why}");
        assert!(pickle(program).decode::<String>().is_err());
    }
    // datetime.datetime(2020, 1, 1); bytearray(b'abc') before protocol 5
    let date = b"\x80\x04\x95*\0\0\0\0\0\0\0\x8c\x08datetime\x94\x8c\x08datetime\x94\x93\x94C\n\x07\xe4\x01\x01\0\0\0\0\0\0\x94\x85\x94R\x94.";
    assert!(refused(date).contains("datetime.datetime"));
    let bytearray = b"\x80\x04\x95!\0\0\0\0\0\0\0\x8c\x08builtins\x94\x8c\tbytearray\x94\x93\x94C\x03abc\x94\x85\x94R\x94.";
    assert!(refused(bytearray).contains("builtins.bytearray"));
}

#[test]
fn programs_that_make_no_sense() {
    for program in [
        &b"."[..],
        b"",
        b"N",
        b"0.",
        b"2.",
        b"a.",
        b"Na.",
        b"NNa.",
        b"NNs.",
        b"NNNs.",
        b"]NNs.",
        b"}NNa.",
        b"e.",
        b"(e.",
        b"N(e.",
        b"}(Nu.",
        b"(Nd.",
        b"\x85.",
        b"N\x86.",
        b"N(N\x86.",
        b"h\x01.",
        b"j\0\0\0\0.",
        b"q\0.",
        b"\x94.",
        b"1.",
        b"N.N",
        b"](.",
        b"\x8b\x01\x10\0\0",
    ] {
        assert!(pickle(program).value().is_err(), "{program:?}");
    }
    let long = [&b"\x8b\x01\x10\0\0"[..], &[1; 4097], b"."].concat();
    assert!(refused(&long).contains("4097 bytes"));
}

/// What we write, an independent reader understands the same.
#[test]
fn as_serde_pickle_reads_it() {
    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    enum Kind {
        One,
        Two(i64),
        Three(u8, String),
        Four { a: f64, b: Option<bool> },
    }
    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    struct Row {
        ints: Vec<i64>,
        kinds: Vec<Kind>,
        #[serde(with = "serde_bytes")]
        bytes: Vec<u8>,
        long: String,
        map: BTreeMap<i32, (u8, char)>,
        floats: (f32, f64),
        nothing: (),
    }
    let row = Row {
        ints: vec![0, 255, 256, 65535, 65536, -1, i64::from(i32::MIN), 1 << 31, i64::MIN, i64::MAX],
        kinds: vec![
            Kind::One,
            Kind::Two(-7),
            Kind::Three(1, "x".into()),
            Kind::Four { a: -0.0, b: None },
        ],
        bytes: vec![0xFF; 300],
        long: "é".repeat(200),
        map: BTreeMap::from([(-1, (1, 'a')), (2, (2, 'ü'))]),
        floats: (0.1, 0.1),
        nothing: (),
    };
    let stored = there_and_back(&row);
    assert_eq!(stored.encoding().unwrap(), Encoding::Pickle);
    let theirs: Row =
        serde_pickle::from_slice(stored.payload().unwrap(), serde_pickle::DeOptions::default())
            .unwrap();
    assert_eq!(theirs, row);
    // And the other way.
    let by_them = serde_pickle::to_vec(&row, serde_pickle::SerOptions::default()).unwrap();
    assert_eq!(pickle(&by_them).decode::<Row>().unwrap(), row);
}

#[test]
fn keys_are_hashable_in_python() {
    let map = BTreeMap::from([(vec![1u16, 2], 3u8)]);
    let stored = there_and_back(&map);
    assert_eq!(stored.payload().unwrap(), b"\x80\x04}((K\x01K\x02tK\x03u.");
    let stored = there_and_back(&Pickle(vec![(1u8, "a".to_owned())]));
    assert_eq!(stored.payload().unwrap(), b"\x80\x04](](K\x01\x8c\x01aee.");
}
