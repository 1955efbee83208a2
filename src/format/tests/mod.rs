//! What goes in comes out, and what should not is refused.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

mod bad;
mod enums;
mod exact;
mod golden;
mod header;
mod pickles;
mod plain;
mod roundtrip;
mod rule;
mod settings;
mod tensors;
mod values;

use std::fmt::Debug;

use serde::{Serialize, de::DeserializeOwned};

use super::{Encoding, PackSettings, Stored, Value, header::Header, pack, pack_as};

const DEFAULT: PackSettings = PackSettings { auto_pack: true, use_pickle: true, headers: true };
const NO_PICKLE: PackSettings = PackSettings { use_pickle: false, ..DEFAULT };

/// Stored bytes of an encoding.
fn stored(encoding: Encoding, flags: u8, payload: &[u8]) -> Stored {
    let mut bytes = Header { encoding, flags }.to_bytes().to_vec();
    bytes.extend_from_slice(payload);
    Stored::raw(bytes)
}

/// Packs, and reads back as the same type and as whatever it is.
fn there_and_back<T: Serialize + DeserializeOwned + PartialEq + Debug + 'static>(
    value: &T,
) -> Stored {
    let stored = Stored::pack(value).unwrap();
    assert_eq!(&stored.decode::<T>().unwrap(), value, "{stored:?}");
    stored.value().unwrap();
    stored
}

/// What lies under an error, in its own words.
fn why(error: &crate::Error) -> String {
    std::error::Error::source(error).map(ToString::to_string).unwrap_or_default()
}
