//! One value of every kind in one file, to be looked at with other programs:
//! `cargo run --example value_zoo -- FILE`.
//!
//! Prints a line for each: the key, a tab, and as JSON what a reader should see. Floats are given
//! by their bits and bytes in hex, because text would not do.

#![allow(
    clippy::needless_pass_by_value,
    clippy::format_collect,
    clippy::cast_precision_loss,
    reason = "a list to look at, of small numbers"
)]

use std::collections::BTreeMap;

use kvault::{Cbor, Json, KVault, MsgPack, Pickle, Tensor};
use serde::Serialize;
use serde_json::{Value as Seen, json};

#[derive(Serialize)]
struct Config {
    timeout: u32,
    hosts: Vec<String>,
    ratio: Option<f64>,
}

struct Zoo(KVault);

impl Zoo {
    fn put<T: Serialize + ?Sized>(&self, key: &str, value: &T, seen: Seen) -> kvault::Result<()> {
        println!("{key}\t{seen}");
        self.0.put(key, value)
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("usage: value_zoo FILE")?;
    let zoo = Zoo(KVault::open(path)?);
    numbers(&zoo)?;
    plain(&zoo)?;
    compound(&zoo)?;
    tensors(&zoo)?;
    what_python_cannot_read(&zoo)?;
    zoo.0.close()?;
    Ok(())
}

fn numbers(zoo: &Zoo) -> kvault::Result<()> {
    let edges = [0, 1, 255, 1 << 31, 1 << 47, 999_999_999_999, 1_000_000_000_000];
    let edges = edges.into_iter().chain([1_700_000_000_000_000, 1 << 53, i64::MAX, i64::MIN]);
    for int in edges.flat_map(|int| [int, int.wrapping_neg()]) {
        zoo.put(&format!("int:{int}"), &int, json!({"int": int.to_string()}))?;
    }
    zoo.put("int:u64", &u64::MAX, json!({"int": u64::MAX.to_string()}))?;
    zoo.put("int:u128", &u128::MAX, json!({"int": u128::MAX.to_string()}))?;
    let floats = [0.0, -0.0, 1.0, 0.5, -1.25, 1e-310, 5e-324, f64::MAX, f64::MIN_POSITIVE, 1e300];
    let odd = [f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 1e12, 4e15, 3.0, 8.4e-309];
    for (at, float) in floats.into_iter().chain(odd).enumerate() {
        let bits = format!("{:016x}", float.to_bits());
        zoo.put(&format!("float:{at}"), &float, json!({"float": bits}))?;
    }
    zoo.put(
        "float:f32",
        &0.1_f32,
        json!({"float": format!("{:016x}", f64::from(0.1_f32).to_bits())}),
    )
}

fn plain(zoo: &Zoo) -> kvault::Result<()> {
    zoo.put("bool:true", &true, json!({"value": true}))?;
    zoo.put("bool:false", &false, json!({"value": false}))?;
    zoo.put("null", &(), json!({"value": null}))?;
    zoo.put("none", &None::<u8>, json!({"value": null}))?;
    let texts = ["", "text", "grüß Gott \u{1F980}", "\u{89}K\u{1}", "with\0nul"];
    for (at, text) in texts.into_iter().enumerate() {
        zoo.put(&format!("text:{at}"), text, json!({"value": text}))?;
    }
    let bytes: [&[u8]; 4] =
        [b"", b"\x89PNG\r\n", b"\x89K\x01\x04\0\0\0\0VKlike a header", &[0; 300]];
    for bytes in bytes {
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        zoo.put(&format!("bytes:{}", bytes.len()), bytes, json!({"bytes": hex}))?;
    }
    Ok(())
}

fn compound(zoo: &Zoo) -> kvault::Result<()> {
    let config = Config { timeout: 30, hosts: vec!["a".into(), "b".into()], ratio: Some(0.5) };
    let seen = json!({"timeout": 30, "hosts": ["a", "b"], "ratio": 0.5});
    zoo.put("struct", &config, json!({"value": &seen}))?;
    zoo.put("list", &["a", "b"], json!({"value": ["a", "b"]}))?;
    zoo.put("empty list", &[""; 0], json!({"value": []}))?;
    zoo.put("map", &BTreeMap::from([("k", 1)]), json!({"value": {"k": 1}}))?;
    zoo.put(
        "nested",
        &(1, "two", [3.5], (None::<u8>,)),
        json!({"value": [1, "two", [3.5], [null]]}),
    )?;
    zoo.put("int keys", &BTreeMap::from([(1, "one")]), json!({"repr": "{1: 'one'}"}))?;
    let bytes = serde_bytes::Bytes::new(b"\x00\xFF");
    zoo.put(
        "bytes in a map",
        &BTreeMap::from([("b", bytes)]),
        json!({"repr": "{'b': b'\\x00\\xff'}"}),
    )?;
    zoo.put("as MessagePack", &MsgPack(&config), json!({"value": &seen}))?;
    zoo.put("as JSON", &Json(&config), json!({"value": &seen}))?;
    zoo.put("as CBOR", &Cbor(&config), json!({"value": &seen}))?;
    zoo.put("as pickle", &Pickle(&config), json!({"value": &seen}))
}

fn tensors(zoo: &Zoo) -> kvault::Result<()> {
    macro_rules! put {
        ($($name:ident $kind:ty;)*) => {$({
            let tensor = Tensor::new(&[2, 3], &[1 as $kind, 2 as $kind, 3 as $kind, 4 as $kind, 5 as $kind, 6 as $kind])?;
            let data: String = tensor.data().iter().map(|byte| format!("{byte:02x}")).collect();
            let seen = json!({"tensor": {"dtype": stringify!($name), "shape": [2, 3], "data": data}});
            zoo.put(concat!("tensor:", stringify!($name)), &tensor, seen)?;
        })*};
    }
    put! { float32 f32; float64 f64; int32 i32; int64 i64; uint8 u8; uint16 u16; uint32 u32; uint64 u64; int8 i8; int16 i16; }
    Ok(())
}

/// Its reader knows a tensor by its length alone, and a tensor inside another value not at all.
fn what_python_cannot_read(zoo: &Zoo) -> kvault::Result<()> {
    let seen = |shape: &[usize], data: &str| json!({"tensor": {"dtype": "uint8", "shape": shape, "data": data}});
    let short = Tensor::new(&[2], &[1_u8, 2])?;
    zoo.put("tensor of eight bytes", &short, seen(&[2], "0102"))?;
    zoo.put("tensor without elements", &Tensor::new::<u8>(&[0], &[])?, seen(&[0], ""))?;
    zoo.put("tensor in a list", &[&short], json!({"repr": "[array([1, 2], dtype=uint8)]"}))
}
