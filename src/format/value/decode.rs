//! Types out of values: a deserializer that owns a [`Value`].

use serde::{
    Deserializer,
    de::{Error, Visitor},
};

use super::{NAME, Value, access, axis::Axis};
use crate::format::{
    MAX_DEPTH, ext,
    fault::Fault,
    number::round,
    unpack::{Via, Want, visit_big, visit_int},
};

/// What a value was read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// A format whose values have types.
    Data,
    /// JSON: numbers are decimal digits, keys are text whatever they were.
    Json,
    /// A key in JSON.
    JsonKey,
    /// Raw bytes or text, nothing around it: each may be read as the other.
    Plain,
    /// A byte of text, which is a `u8` and no other number.
    TextByte,
}

/// Hands a value over to the type that is read.
pub(crate) struct FromValue {
    pub(super) value: Value,
    pub(super) style: Style,
    pub(super) depth: u8,
    /// Whether tensors and big integers are told apart from lists and bytes.
    keeps_ext: bool,
}

impl FromValue {
    pub(crate) const fn new(value: Value, style: Style) -> Self {
        Self::below(value, style, MAX_DEPTH)
    }

    pub(super) const fn below(value: Value, style: Style, depth: u8) -> Self {
        Self { value, style, depth, keeps_ext: false }
    }

    fn number<'de, V: Visitor<'de>>(self, visitor: V, want: Want) -> Result<V::Value, Fault> {
        let depth = self.depth;
        let value = match (self.style, self.value) {
            (Style::JsonKey, Value::Text(text)) => number_of(text),
            (_, value) => value,
        };
        let number = Self::below(value, self.style, depth);
        number.deserialize_any(Via { visitor, want, depth })
    }

    /// One level down, through something that holds a value without being one.
    fn inside(mut self) -> Result<Self, Fault> {
        self.depth = self.depth.checked_sub(1).ok_or_else(Fault::too_deep)?;
        Ok(self)
    }

    /// Text that may be read as the bytes it is, and the other way round.
    fn plain<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.value {
            Value::Bytes(bytes) => match String::from_utf8(bytes) {
                Ok(text) => visitor.visit_string(text),
                Err(not_text) => visitor.visit_byte_buf(not_text.into_bytes()),
            },
            _ => self.deserialize_any(visitor),
        }
    }
}

/// A number or boolean that JSON wrote as a key.
fn number_of(text: String) -> Value {
    crate::format::json::read_value(text.as_bytes())
        .ok()
        .filter(|value| {
            matches!(value, Value::Int(_) | Value::BigInt(_) | Value::F64(_) | Value::Bool(_))
        })
        .unwrap_or(Value::Text(text))
}

macro_rules! numbers {
    ($($want:ident: $($method:ident)*;)*) => {
        $($(
            fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
                self.number(visitor, Want::$want)
            }
        )*)*
    };
}

macro_rules! as_they_are {
    ($($method:ident($($_:ty),*))*) => {
        $(
            fn $method<V: Visitor<'de>>(self, $(_: $_,)* visitor: V) -> Result<V::Value, Fault> {
                self.deserialize_any(visitor)
            }
        )*
    };
}

impl<'de> Deserializer<'de> for FromValue {
    type Error = Fault;

    numbers! {
        Int: deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
            deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128;
        Float: deserialize_f64;
    }

    as_they_are! {
        deserialize_unit()
        deserialize_unit_struct(&'static str)
        deserialize_map()
        deserialize_struct(&'static str, &'static [&'static str])
        deserialize_identifier()
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.value {
            _ if self.style == Style::TextByte => Err(Fault::new("text, which is no list")),
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(value),
            Value::Int(value) => visit_int(visitor, value),
            Value::BigInt(big) if self.keeps_ext => {
                visitor.visit_newtype_struct(access::Pair(ext::INT, big.as_le_bytes()))
            }
            Value::BigInt(big) => visit_big(visitor, &big),
            Value::F64(value) => visitor.visit_f64(value),
            Value::Text(value) => visitor.visit_string(value),
            Value::Bytes(value) => visitor.visit_byte_buf(value),
            Value::List(items) => access::list(items, self.style, self.depth, visitor),
            Value::Map(pairs) => access::map(pairs, self.style, self.depth, visitor),
            Value::Tensor(tensor) if self.keeps_ext => {
                visitor.visit_newtype_struct(access::Pair(ext::TENSOR, tensor.payload()))
            }
            Value::Tensor(tensor) => Axis::of(&tensor)?.deserialize_any(visitor),
        }
    }

    fn deserialize_u8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.value {
            Value::Int(byte) if self.style == Style::TextByte => visit_int(visitor, byte),
            _ => self.number(visitor, Want::Int),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.number(visitor, Want::Any)
    }

    /// Decimal digits are no exact float: of those, the nearest.
    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.value {
            Value::F64(value) if self.style == Style::Json => visitor.visit_f32(round(value)),
            _ => self.number(visitor, Want::Single),
        }
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.plain(visitor)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.plain(visitor)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.plain(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_byte_buf(visitor)
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.value {
            Value::Text(text) if self.style == Style::Plain => visitor.visit_byte_buf(text.into()),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.value {
            Value::Bytes(bytes) => access::bytes(bytes, Style::Data, visitor),
            Value::Text(text) if self.style == Style::Plain => {
                access::bytes(text.into(), Style::TextByte, visitor)
            }
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self.inside()?),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        mut self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        if name == ext::NAME || name == NAME {
            self.keeps_ext = true;
        }
        match &self.value {
            Value::Tensor(_) | Value::BigInt(_) if name == ext::NAME => {
                self.deserialize_any(visitor)
            }
            _ if name == NAME => visitor.visit_newtype_struct(self),
            _ => visitor.visit_newtype_struct(self.inside()?),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let variant = match self.value {
            name @ (Value::Text(_) | Value::Int(_)) => {
                access::Variant::new(name, None, self.style, self.depth)
            }
            Value::Map(pairs) => {
                let depth = self.depth.checked_sub(1).ok_or_else(Fault::too_deep)?;
                let [(name, content)] = <[_; 1]>::try_from(pairs)
                    .map_err(|pairs| Fault::invalid_length(pairs.len(), &"a map of one variant"))?;
                access::Variant::new(name, Some(content), self.style, depth)
            }
            other => return Err(Fault::new(format_args!("{} is no enum", other.kind()))),
        };
        visitor.visit_enum(variant)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_unit()
    }

    fn is_human_readable(&self) -> bool {
        matches!(self.style, Style::Json | Style::JsonKey)
    }
}
