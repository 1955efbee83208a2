//! Values as serde sees them.

use serde::{Serialize, Serializer};

use super::{BigInt, Value};
use crate::format::ext;

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Int(value) => match (i64::try_from(*value), u64::try_from(*value)) {
                (Ok(value), _) => serializer.serialize_i64(value),
                (_, Ok(value)) => serializer.serialize_u64(value),
                _ => serializer.serialize_i128(*value),
            },
            Self::BigInt(value) => value.serialize(serializer),
            Self::F64(value) => serializer.serialize_f64(*value),
            Self::Text(value) => serializer.serialize_str(value),
            Self::Bytes(value) => serializer.serialize_bytes(value),
            Self::List(items) => serializer.collect_seq(items),
            Self::Map(pairs) => {
                serializer.collect_map(pairs.iter().map(|(key, value)| (key, value)))
            }
            Self::Tensor(tensor) => tensor.serialize(serializer),
        }
    }
}

/// Within `u128` as that, else as an extension of `MessagePack`.
impl Serialize for BigInt {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match u128::try_from(self) {
            Ok(value) => serializer.serialize_u128(value),
            Err(_) => ext::Ext(ext::INT, self.as_le_bytes()).serialize(serializer),
        }
    }
}
