//! What packing and unpacking cost beside the codec crate, or a plain copy, by itself.
//!
//! `cargo bench --bench pack`. Each bench stands beside the one of the same name and `_direct`,
//! which it should not be much slower than.

#![allow(missing_docs, clippy::unwrap_used, reason = "a bench")]

use divan::{Bencher, black_box};
use kvault::{Stored, Tensor};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

fn main() {
    divan::Divan::from_args().sample_count(2000).sample_size(100).main();
}

/// Ten fields of the kinds that a record has.
#[derive(Serialize, Deserialize)]
struct Record {
    id: u64,
    name: String,
    email: String,
    active: bool,
    score: f64,
    retries: u32,
    created: i64,
    tags: Vec<String>,
    parent: Option<u64>,
    note: Option<String>,
}

fn record() -> Record {
    Record {
        id: 123_456,
        name: "Ada Lovelace".into(),
        email: "ada@example.com".into(),
        active: true,
        score: 0.75,
        retries: 3,
        created: 1_700_000_000,
        tags: vec!["a".into(), "engine".into()],
        parent: Some(7),
        note: None,
    }
}

fn embedding() -> Vec<f32> {
    (0u16..768).map(|i| f32::from(i) * 0.5).collect()
}

fn pack(bencher: Bencher<'_, '_>, value: &(impl Serialize + Sync)) {
    bencher.bench(|| Stored::pack(black_box(value)).unwrap());
}

fn unpack<T: DeserializeOwned + 'static>(bencher: Bencher<'_, '_>, value: &impl Serialize) {
    let stored = Stored::pack(value).unwrap();
    bencher.bench(|| black_box(&stored).decode::<T>().unwrap());
}

fn to_vec(bencher: Bencher<'_, '_>, value: &(impl Serialize + Sync)) {
    bencher.bench(|| rmp_serde::to_vec_named(black_box(value)).unwrap());
}

fn from_slice<T: DeserializeOwned>(bencher: Bencher<'_, '_>, value: &impl Serialize) {
    let bytes = rmp_serde::to_vec_named(value).unwrap();
    bencher.bench(|| rmp_serde::from_slice::<T>(black_box(&bytes)).unwrap());
}

fn copy<T: Clone + Sync>(bencher: Bencher<'_, '_>, value: &[T]) {
    bencher.bench(|| black_box(value).to_vec());
}

macro_rules! benches {
    ($($name:ident: $run:expr;)*) => {
        $(
            #[divan::bench]
            fn $name(bencher: Bencher<'_, '_>) {
                let run: fn(Bencher<'_, '_>) = $run;
                run(bencher);
            }
        )*
    };
}

benches! {
    pack_int: |b| pack(b, &123_456_i64);
    pack_int_direct: |b| to_vec(b, &123_456_i64);
    pack_bytes: |b| pack(b, &vec![7u8; 150]);
    pack_bytes_direct: |b| copy(b, &[7u8; 150]);
    pack_record: |b| pack(b, &record());
    pack_record_direct: |b| to_vec(b, &record());
    pack_tensor: |b| pack(b, &Tensor::from(embedding()));
    pack_tensor_direct: |b| copy(b, &[7u8; 16 + 768 * 4]);

    unpack_int: |b| unpack::<i64>(b, &123_456_i64);
    unpack_int_direct: |b| from_slice::<i64>(b, &123_456_i64);
    unpack_bytes: |b| unpack::<Vec<u8>>(b, &vec![7u8; 150]);
    unpack_bytes_direct: |b| copy(b, &[7u8; 150]);
    unpack_record: |b| unpack::<Record>(b, &record());
    unpack_record_direct: |b| from_slice::<Record>(b, &record());
    unpack_tensor: |b| unpack::<Tensor>(b, &Tensor::from(embedding()));
    unpack_tensor_as_vec: |b| unpack::<Vec<f32>>(b, &Tensor::from(embedding()));
    unpack_tensor_direct: |b| copy(b, &embedding());
}
