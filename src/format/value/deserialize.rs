//! Values out of any format that says what it holds.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{EnumAccess, IgnoredAny, MapAccess, SeqAccess, VariantAccess, Visitor},
};

use super::{NAME, Value};
use crate::format::ext;

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(NAME, Named)
    }
}

/// Every format takes a newtype for what it holds; ours see the name.
struct Named;

impl<'de> Visitor<'de> for Named {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<Value, D::Error> {
        inner.deserialize_any(Anything)
    }
}

struct Anything;

macro_rules! plain {
    ($($method:ident $type:ty),*) => {
        $(
            fn $method<E>(self, value: $type) -> Result<Value, E> {
                Ok(Value::from(value))
            }
        )*
    };
}

impl<'de> Visitor<'de> for Anything {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    plain! {
        visit_bool bool, visit_i64 i64, visit_u64 u64, visit_i128 i128, visit_u128 u128,
        visit_f32 f32, visit_f64 f64, visit_char char, visit_str &str, visit_string String,
        visit_bytes &[u8]
    }

    fn visit_byte_buf<E>(self, value: Vec<u8>) -> Result<Value, E> {
        Ok(Value::Bytes(value))
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<Value, D::Error> {
        Value::deserialize(inner)
    }

    /// An extension of `MessagePack`.
    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<Value, D::Error> {
        inner.deserialize_tuple(2, ext::PairVisitor)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut items = Vec::with_capacity(list.size_hint().unwrap_or(0).min(4096));
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(Value::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut pairs = Vec::with_capacity(map.size_hint().unwrap_or(0).min(4096));
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Ok(Value::Map(pairs))
    }

    /// A CBOR tag, as `ciborium` shows it: it is passed over.
    fn visit_enum<A: EnumAccess<'de>>(self, tag: A) -> Result<Value, A::Error> {
        let (_, content) = tag.variant::<IgnoredAny>()?;
        content.newtype_variant()
    }
}
