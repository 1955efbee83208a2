//! The inside of lists, maps, enums and tags is read exactly too.

use std::fmt;

use serde::{
    Deserializer,
    de::{
        DeserializeSeed, EnumAccess, Error, IgnoredAny, MapAccess, SeqAccess, VariantAccess,
        Visitor,
    },
};

use super::{
    exact::{Exact, Want},
    via::Via,
};

/// Hands a seed the exact deserializer.
struct Below<S> {
    seed: S,
    depth: u8,
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Below<S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, inner: D) -> Result<S::Value, D::Error> {
        let depth = self.depth;
        self.seed.deserialize(Exact { inner, depth })
    }
}

pub(super) struct ExactSeq<A> {
    pub(super) inner: A,
    pub(super) depth: u8,
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for ExactSeq<A> {
    type Error = A::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, A::Error> {
        let depth = self.depth;
        self.inner.next_element_seed(Below { seed, depth })
    }

    fn size_hint(&self) -> Option<usize> {
        self.inner.size_hint()
    }
}

pub(super) struct ExactMap<A> {
    pub(super) inner: A,
    pub(super) depth: u8,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for ExactMap<A> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, A::Error> {
        let depth = self.depth;
        self.inner.next_key_seed(Below { seed, depth })
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        let depth = self.depth;
        self.inner.next_value_seed(Below { seed, depth })
    }

    fn size_hint(&self) -> Option<usize> {
        self.inner.size_hint()
    }
}

pub(super) struct ExactEnum<A> {
    pub(super) inner: A,
    pub(super) depth: u8,
}

impl<'de, A: EnumAccess<'de>> EnumAccess<'de> for ExactEnum<A> {
    type Error = A::Error;
    type Variant = ExactVariant<A::Variant>;

    fn variant_seed<S: DeserializeSeed<'de>>(
        self,
        seed: S,
    ) -> Result<(S::Value, Self::Variant), A::Error> {
        let depth = self.depth;
        let (name, inner) = self.inner.variant_seed(seed)?;
        Ok((name, ExactVariant { inner, depth }))
    }
}

pub(super) struct ExactVariant<A> {
    inner: A,
    depth: u8,
}

impl<A> ExactVariant<A> {
    const fn via<V>(&self, visitor: V) -> Via<V> {
        Via { visitor, want: Want::Same, depth: self.depth }
    }
}

impl<'de, A: VariantAccess<'de>> VariantAccess<'de> for ExactVariant<A> {
    type Error = A::Error;

    fn unit_variant(self) -> Result<(), A::Error> {
        self.inner.unit_variant()
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, A::Error> {
        let depth = self.via(()).deeper()?;
        self.inner.newtype_variant_seed(Below { seed, depth })
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, A::Error> {
        let via = self.via(visitor);
        self.inner.tuple_variant(len, via)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        let via = self.via(visitor);
        self.inner.struct_variant(fields, via)
    }
}

/// `ciborium` shows a tag as an enum: its only variant holds the number and what is tagged.
pub(super) struct Tagged<V>(pub(super) Via<V>);

impl<'de, V: Visitor<'de>> Tagged<V> {
    pub(super) fn read<A: EnumAccess<'de>>(self, tag: A) -> Result<V::Value, A::Error> {
        let (_, content) = tag.variant::<IgnoredAny>()?;
        content.tuple_variant(2, self)
    }
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Tagged<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a tag")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut tagged: A) -> Result<V::Value, A::Error> {
        if let Some(2 | 3) = tagged.next_element::<u64>()? {
            return Err(A::Error::custom("an integer over 128 bits"));
        }
        self.0.depth = self.0.deeper()?;
        let content = tagged.next_element_seed(Content(self.0))?;
        content.ok_or_else(|| A::Error::custom("a tag of nothing"))
    }
}

struct Content<V>(Via<V>);

impl<'de, V: Visitor<'de>> DeserializeSeed<'de> for Content<V> {
    type Value = V::Value;

    fn deserialize<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        inner.deserialize_any(self.0)
    }
}
