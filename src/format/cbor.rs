//! CBOR (RFC 8949), by `ciborium`.
//!
//! Tags are passed over, but for those of big integers; undefined is read as null; half and single
//! floats as the equal ones of 64 bits.

use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned};

use super::{
    MAX_DEPTH, Value,
    fault::Fault,
    unpack::Exact,
    watch::{Facts, Watched},
};

/// `ciborium` counts a tag or an enum as a level of its own.
const LEVELS: usize = MAX_DEPTH as usize * 2;

pub(crate) fn write<T: Serialize + ?Sized>(
    value: &T,
    out: &mut Vec<u8>,
    facts: &Facts,
) -> Result<(), Fault> {
    ciborium::into_writer(&Watched::new(value, facts), out).map_err(|error| match error {
        ciborium::ser::Error::Io(error) => Fault::new(error),
        ciborium::ser::Error::Value(error) => Fault::new(error),
    })
}

/// Reads a value of a type.
pub(crate) fn read<T: DeserializeOwned>(mut payload: &[u8]) -> Result<T, Fault> {
    use ciborium::de::Error;
    let ByExact(value) = ciborium::de::from_reader_with_recursion_limit(&mut payload, LEVELS)
        .map_err(|error| match error {
            Error::Io(_) => Fault::new("the bytes end within the value"),
            Error::Syntax(at) => Fault::new(format_args!("no CBOR at byte {at}")),
            Error::Semantic(_, error) => Fault::new(error),
            Error::RecursionLimitExceeded => Fault::too_deep(),
        })?;
    if !payload.is_empty() {
        return Err(Fault::new("bytes after the end of the value"));
    }
    Ok(value)
}

/// Reads whatever it is.
pub(crate) fn read_value(payload: &[u8]) -> Result<Value, Fault> {
    read(payload)
}

/// The crate's deserializer is private: this gets hold of it.
struct ByExact<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for ByExact<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(Exact::new(deserializer)).map(Self)
    }
}
