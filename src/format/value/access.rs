//! The inside of lists, maps, enums and tensors, handed over piece by piece.

use std::vec;

use serde::{
    Deserializer,
    de::{
        DeserializeSeed, EnumAccess, Error, IntoDeserializer, MapAccess, SeqAccess, VariantAccess,
        Visitor, value::BytesDeserializer,
    },
    forward_to_deserialize_any,
};

use super::{FromValue, Style, Value};
use crate::format::fault::Fault;

/// Hands over a list, all of which has to be taken.
pub(super) fn list<'de, V: Visitor<'de>>(
    items: Vec<Value>,
    style: Style,
    depth: u8,
    visitor: V,
) -> Result<V::Value, Fault> {
    let depth = depth.checked_sub(1).ok_or_else(Fault::too_deep)?;
    let len = items.len();
    let mut items = Items { rest: items.into_iter(), style, depth };
    let value = visitor.visit_seq(&mut items)?;
    all_taken(items.rest.len(), len)?;
    Ok(value)
}

/// Hands over a map, all of which has to be taken.
pub(super) fn map<'de, V: Visitor<'de>>(
    pairs: Vec<(Value, Value)>,
    style: Style,
    depth: u8,
    visitor: V,
) -> Result<V::Value, Fault> {
    let depth = depth.checked_sub(1).ok_or_else(Fault::too_deep)?;
    let len = pairs.len();
    let mut pairs = Pairs { rest: pairs.into_iter(), value: None, style, depth };
    let value = visitor.visit_map(&mut pairs)?;
    all_taken(pairs.rest.len(), len)?;
    Ok(value)
}

/// Hands over bytes as a list of numbers, all of which have to be taken.
pub(super) fn bytes<'de, V: Visitor<'de>>(
    bytes: Vec<u8>,
    style: Style,
    visitor: V,
) -> Result<V::Value, Fault> {
    let len = bytes.len();
    let mut bytes = ByteItems(bytes.into_iter(), style);
    let value = visitor.visit_seq(&mut bytes)?;
    all_taken(bytes.0.len(), len)?;
    Ok(value)
}

struct ByteItems(vec::IntoIter<u8>, Style);

impl<'de> SeqAccess<'de> for ByteItems {
    type Error = Fault;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Fault> {
        let style = self.1;
        let byte = self.0.next().map(|byte| FromValue::new(byte.into(), style));
        byte.map(|byte| seed.deserialize(byte)).transpose()
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.0.len())
    }
}

pub(super) fn all_taken(left: usize, len: usize) -> Result<(), Fault> {
    if left == 0 {
        return Ok(());
    }
    Err(Fault::invalid_length(len, &format!("{} items", len - left).as_str()))
}

struct Items {
    rest: vec::IntoIter<Value>,
    style: Style,
    depth: u8,
}

impl<'de> SeqAccess<'de> for Items {
    type Error = Fault;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Fault> {
        let (style, depth) = (self.style, self.depth);
        let item = self.rest.next().map(|item| FromValue::below(item, style, depth));
        item.map(|item| seed.deserialize(item)).transpose()
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

struct Pairs {
    rest: vec::IntoIter<(Value, Value)>,
    value: Option<Value>,
    style: Style,
    depth: u8,
}

impl<'de> MapAccess<'de> for Pairs {
    type Error = Fault;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Fault> {
        let Some((key, value)) = self.rest.next() else {
            return Ok(None);
        };
        self.value = Some(value);
        let style = if self.style == Style::Json { Style::JsonKey } else { self.style };
        seed.deserialize(FromValue::below(key, style, self.depth)).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Fault> {
        let value = self.value.take().ok_or_else(|| Fault::new("a value before its key"))?;
        seed.deserialize(FromValue::below(value, self.style, self.depth))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

/// A variant's name, and what it holds.
pub(super) struct Variant {
    name: Value,
    content: Option<Value>,
    style: Style,
    depth: u8,
}

impl Variant {
    pub(super) const fn new(name: Value, content: Option<Value>, style: Style, depth: u8) -> Self {
        Self { name, content, style, depth }
    }
}

impl<'de> EnumAccess<'de> for Variant {
    type Error = Fault;
    type Variant = Content;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Content), Fault> {
        let (style, depth) = (self.style, self.depth);
        let name = seed.deserialize(FromValue::below(self.name, style, depth))?;
        let content = self.content.map(|content| FromValue::below(content, style, depth));
        Ok((name, Content(content)))
    }
}

/// What a variant holds: nothing if it is stored as its mere name.
pub(super) struct Content(Option<FromValue>);

impl Content {
    fn some(self) -> Result<FromValue, Fault> {
        self.0.ok_or_else(|| Fault::new("a variant that should hold something"))
    }
}

impl<'de> VariantAccess<'de> for Content {
    type Error = Fault;

    fn unit_variant(self) -> Result<(), Fault> {
        match self.0 {
            None => Ok(()),
            Some(content) => serde::Deserialize::deserialize(content),
        }
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Fault> {
        seed.deserialize(self.some()?)
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Fault> {
        self.some()?.deserialize_tuple(len, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.some()?.deserialize_struct("", fields, visitor)
    }
}

/// Code and bytes of an extension.
pub(super) struct Pair<'a>(pub(super) i8, pub(super) &'a [u8]);

impl<'de> Deserializer<'de> for Pair<'_> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_seq(PairAccess(self, 0))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

struct PairAccess<'a>(Pair<'a>, u8);

impl<'de> SeqAccess<'de> for PairAccess<'_> {
    type Error = Fault;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Fault> {
        self.1 += 1;
        match self.1 {
            1 => seed.deserialize(self.0.0.into_deserializer()).map(Some),
            2 => seed.deserialize(BytesDeserializer::new(self.0.1)).map(Some),
            _ => Ok(None),
        }
    }
}
