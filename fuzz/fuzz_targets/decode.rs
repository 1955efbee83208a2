//! Any stored bytes: read as whatever they are and as types, never a crash; and what could be read
//! is stored and read again the same.

#![no_main]

use std::collections::BTreeMap;

use kvault::{Stored, Tensor, Value};
use libfuzzer_sys::fuzz_target;

const ENCODINGS: u8 = 8;
const FLAGS: [u8; 5] = [0, 0x10, 0x20, 0x30, 0x40];

fuzz_target!(|data: &[u8]| {
    look_at(&Stored::raw(data));
    // Behind a header that is right, the codecs are reached sooner.
    let Some((&[encoding, flags], payload)) = data.split_first_chunk() else {
        return;
    };
    let flags = FLAGS[usize::from(flags) % FLAGS.len()];
    let mut stored = vec![
        0x89,
        0x4B,
        1,
        encoding % ENCODINGS,
        flags,
        0,
        0,
        0,
        0x56,
        0x4B,
    ];
    stored.extend_from_slice(payload);
    look_at(&Stored::raw(stored));
});

fn look_at(stored: &Stored) {
    let _ = (stored.encoding(), stored.payload(), stored.tensor());
    let _ = stored.decode::<bool>();
    let _ = stored.decode::<i64>();
    let _ = stored.decode::<u128>();
    let _ = stored.decode::<f32>();
    let _ = stored.decode::<f64>();
    let _ = stored.decode::<char>();
    let _ = stored.decode::<String>();
    let _ = stored.decode::<Vec<u8>>();
    let _ = stored.decode::<[u8; 3]>();
    let _ = stored.decode::<Vec<Option<f64>>>();
    let _ = stored.decode::<Vec<Vec<i16>>>();
    let _ = stored.decode::<BTreeMap<i8, Value>>();
    let _ = stored.decode::<(String, Option<Tensor>)>();
    let _ = stored.decode::<Result<u8, String>>();
    let _ = stored.decode::<serde_json::Value>();
    let Ok(value) = stored.value() else {
        return;
    };
    assert_eq!(
        stored.decode::<Value>().expect("the same as value()"),
        value
    );
    let again = Stored::pack(&value).expect("what was read can be stored");
    assert_eq!(again.value().expect("what was stored can be read"), value);
    let _ = value.to_string();
}
