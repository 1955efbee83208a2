//! The visitor that stands between a codec and the type that is read.

use std::fmt;

use serde::{
    Deserializer,
    de::{EnumAccess, Error, MapAccess, SeqAccess, Visitor},
};

use super::{
    access::{ExactEnum, ExactMap, ExactSeq, Tagged},
    exact::{Exact, Want},
};
use crate::format::{
    BigInt, Value, ext,
    fault::TooDeep,
    number::{float, narrow, whole, widen},
};

/// Stands between a codec and the visitor of the type that is read.
pub(crate) struct Via<V> {
    pub(crate) visitor: V,
    pub(crate) want: Want,
    pub(crate) depth: u8,
}

impl<V> Via<V> {
    pub(super) fn deeper<E: Error>(&self) -> Result<u8, E> {
        self.depth.checked_sub(1).ok_or_else(|| E::custom(TooDeep))
    }

    fn int<'de, E: Error>(self, value: i128) -> Result<V::Value, E>
    where
        V: Visitor<'de>,
    {
        match self.want {
            Want::Float | Want::Single => match float(value) {
                Some(value) => self.visit_f64(value),
                None => Err(E::custom(format_args!("{value} is not exactly a float"))),
            },
            _ => visit_int(self.visitor, value),
        }
    }
}

/// Hands an integer over in the smallest type that every visitor knows.
pub(crate) fn visit_int<'de, V: Visitor<'de>, E: Error>(
    visitor: V,
    value: i128,
) -> Result<V::Value, E> {
    match (i64::try_from(value), u64::try_from(value)) {
        (Ok(value), _) => visitor.visit_i64(value),
        (_, Ok(value)) => visitor.visit_u64(value),
        _ => visitor.visit_i128(value),
    }
}

pub(crate) fn visit_big<'de, V: Visitor<'de>, E: Error>(
    visitor: V,
    value: &BigInt,
) -> Result<V::Value, E> {
    match u128::try_from(value) {
        Ok(value) => visitor.visit_u128(value),
        Err(_) => Err(E::custom(format_args!("{value} is over 128 bits"))),
    }
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Via<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.visitor.expecting(f)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<V::Value, E> {
        self.visitor.visit_bool(value)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<V::Value, E> {
        match self.want {
            Want::Float | Want::Single => self.int(value.into()),
            _ => self.visitor.visit_i64(value),
        }
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<V::Value, E> {
        match self.want {
            Want::Float | Want::Single => self.int(value.into()),
            _ => self.visitor.visit_u64(value),
        }
    }

    fn visit_i128<E: Error>(self, value: i128) -> Result<V::Value, E> {
        self.int(value)
    }

    fn visit_u128<E: Error>(self, value: u128) -> Result<V::Value, E> {
        match i128::try_from(value) {
            Ok(value) => self.int(value),
            Err(_) => self.visitor.visit_u128(value),
        }
    }

    fn visit_f32<E: Error>(self, value: f32) -> Result<V::Value, E> {
        match self.want {
            Want::Single => self.visitor.visit_f32(value),
            _ => self.visit_f64(widen(value)),
        }
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<V::Value, E> {
        match self.want {
            Want::Single => match narrow(value) {
                Some(value) => self.visitor.visit_f32(value),
                None => Err(E::custom(format_args!("{value} is not exactly an f32"))),
            },
            Want::Int => match whole(value) {
                Some(value) => visit_int(self.visitor, value),
                None => self.visitor.visit_f64(value),
            },
            _ => self.visitor.visit_f64(value),
        }
    }

    fn visit_char<E: Error>(self, value: char) -> Result<V::Value, E> {
        self.visitor.visit_char(value)
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<V::Value, E> {
        self.visitor.visit_str(value)
    }

    fn visit_borrowed_str<E: Error>(self, value: &'de str) -> Result<V::Value, E> {
        self.visitor.visit_borrowed_str(value)
    }

    fn visit_string<E: Error>(self, value: String) -> Result<V::Value, E> {
        self.visitor.visit_string(value)
    }

    fn visit_bytes<E: Error>(self, value: &[u8]) -> Result<V::Value, E> {
        self.visitor.visit_bytes(value)
    }

    fn visit_borrowed_bytes<E: Error>(self, value: &'de [u8]) -> Result<V::Value, E> {
        self.visitor.visit_borrowed_bytes(value)
    }

    fn visit_byte_buf<E: Error>(self, value: Vec<u8>) -> Result<V::Value, E> {
        self.visitor.visit_byte_buf(value)
    }

    fn visit_none<E: Error>(self) -> Result<V::Value, E> {
        self.visitor.visit_none()
    }

    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        self.visitor.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        let depth = self.deeper()?;
        self.visitor.visit_some(Exact { inner, depth })
    }

    /// A newtype, or a `MessagePack` extension where anything or an integer was asked for.
    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        if self.want == Want::Int {
            return match inner.deserialize_tuple(2, ext::PairVisitor)? {
                Value::Int(value) => visit_int(self.visitor, value),
                Value::BigInt(value) => visit_big(self.visitor, &value),
                other => Err(D::Error::custom(format_args!("{} is no integer", other.kind()))),
            };
        }
        let depth = if self.want == Want::Value { self.depth } else { self.deeper()? };
        self.visitor.visit_newtype_struct(Exact { inner, depth })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, inner: A) -> Result<V::Value, A::Error> {
        let depth = self.deeper()?;
        self.visitor.visit_seq(ExactSeq { inner, depth })
    }

    fn visit_map<A: MapAccess<'de>>(self, inner: A) -> Result<V::Value, A::Error> {
        let depth = self.deeper()?;
        self.visitor.visit_map(ExactMap { inner, depth })
    }

    /// An enum, or a CBOR tag where no enum was asked for.
    fn visit_enum<A: EnumAccess<'de>>(self, inner: A) -> Result<V::Value, A::Error> {
        if self.want != Want::Same {
            return Tagged(self).read(inner);
        }
        let depth = self.depth;
        self.visitor.visit_enum(ExactEnum { inner, depth })
    }
}
