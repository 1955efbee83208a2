//! Bytes on disk: what a stored value looks like. Knows neither SQLite nor tables.
//!
//! Writing goes `pack` → `watch` (what does the value hold?) → a codec; reading goes `unpack` →
//! header → a codec → `exact` or a [`Value`] that converts numbers only where nothing is lost.

mod cbor;
mod datapacker;
mod encoding;
mod ext;
mod fault;
mod header;
mod json;
mod msgpack;
mod number;
mod pack;
mod pickle;
mod settings;
mod stored;
mod tensor;
mod unpack;
mod value;
mod watch;
mod wrapper;

pub use encoding::Encoding;
pub(crate) use header::{Header, LEN as HEADER_LEN, escape, escape_owned, escaping};
pub(crate) use pack::{pack, pack_as};
pub(crate) use settings::PackSettings;
pub use stored::Stored;
pub use tensor::{DType, Element, Tensor, TensorView};
pub(crate) use unpack::{unpack, unpack_value, unpack_vec};
pub use value::{BigInt, Value};
pub use wrapper::{Cbor, Json, MsgPack, Pickle};

/// How deep a value may be nested, in every encoding and both ways: deep enough for any data,
/// and shallow enough for the stack of any thread.
const MAX_DEPTH: u8 = 128;

#[cfg(test)]
mod tests;
