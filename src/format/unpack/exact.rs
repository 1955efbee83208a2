//! A deserializer that converts numbers only where nothing is lost, and bounds the depth.
//!
//! Serde itself reads any integer as a float and any float as an `f32`, rounded.

use serde::{Deserializer, de::Visitor};

use super::via::Via;
use crate::format::{MAX_DEPTH, value};

/// Wraps the deserializer of a codec crate.
pub(crate) struct Exact<D> {
    pub(super) inner: D,
    pub(super) depth: u8,
}

impl<D> Exact<D> {
    pub(crate) const fn new(inner: D) -> Self {
        Self { inner, depth: MAX_DEPTH }
    }

    const fn via<V>(&self, visitor: V, want: Want) -> Via<V> {
        Via { visitor, want, depth: self.depth }
    }
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Want {
    /// Whatever it is.
    Any,
    Int,
    /// A float of 64 bits.
    Float,
    /// A float of 32 bits.
    Single,
    /// What the codec was asked for.
    Same,
    /// A [`Value`], which is not a level of its own.
    Value,
}

macro_rules! wants {
    ($($want:ident: $($method:ident)*;)*) => {
        $($(
            fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
                let via = self.via(visitor, Want::$want);
                self.inner.deserialize_any(via)
            }
        )*)*
    };
}

macro_rules! same {
    ($($method:ident($($name:ident: $type:ty),*) as $inner:ident,)*) => {
        $(
            fn $method<V: Visitor<'de>>(
                self,
                $($name: $type,)*
                visitor: V,
            ) -> Result<V::Value, D::Error> {
                let via = self.via(visitor, Want::Same);
                self.inner.$inner($($name,)* via)
            }
        )*
    };
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Exact<D> {
    type Error = D::Error;

    wants! {
        Any: deserialize_any;
        Int: deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
            deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128;
        Float: deserialize_f64;
        Single: deserialize_f32;
    }

    // Nothing is borrowed from stored bytes, and ciborium lends only short texts.
    same! {
        deserialize_bool() as deserialize_bool,
        deserialize_char() as deserialize_char,
        deserialize_str() as deserialize_string,
        deserialize_string() as deserialize_string,
        deserialize_bytes() as deserialize_byte_buf,
        deserialize_byte_buf() as deserialize_byte_buf,
        deserialize_option() as deserialize_option,
        deserialize_unit() as deserialize_unit,
        deserialize_unit_struct(name: &'static str) as deserialize_unit_struct,
        deserialize_seq() as deserialize_seq,
        deserialize_tuple(len: usize) as deserialize_tuple,
        deserialize_tuple_struct(name: &'static str, len: usize) as deserialize_tuple_struct,
        deserialize_map() as deserialize_map,
        deserialize_struct(name: &'static str, fields: &'static [&'static str]) as deserialize_struct,
        deserialize_enum(name: &'static str, variants: &'static [&'static str]) as deserialize_enum,
        deserialize_identifier() as deserialize_identifier,
        deserialize_ignored_any() as deserialize_ignored_any,
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        let want = if name == value::NAME { Want::Value } else { Want::Same };
        let via = self.via(visitor, want);
        self.inner.deserialize_newtype_struct(name, via)
    }

    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }
}
