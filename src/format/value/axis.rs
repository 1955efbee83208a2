//! A tensor, handed over as lists of lists of numbers.

use serde::{
    Deserializer,
    de::{DeserializeSeed, SeqAccess, Visitor},
    forward_to_deserialize_any,
};

use super::{FromValue, Style, access::all_taken};
use crate::format::{
    MAX_DEPTH, Tensor,
    fault::Fault,
    tensor::TensorView,
    unpack::{Via, Want},
};

/// How many lists a tensor without elements may become: its shape asks for them and takes no room.
const EMPTY_LISTS: usize = 1 << 16;

/// A tensor, or what one of its indices leaves of it.
pub(super) struct Axis<'a> {
    tensor: TensorView<'a>,
    /// The sizes of the dimensions that are left, the slowest first.
    sizes: Vec<usize>,
    /// The number of its first element.
    start: usize,
}

impl<'a> Axis<'a> {
    pub(super) fn of(tensor: &'a Tensor) -> Result<Self, Fault> {
        let tensor = tensor.view();
        let sizes = tensor.shape();
        if tensor.is_empty() {
            let lists = sizes.iter().take_while(|&&size| size != 0);
            let lists = lists.fold(1, |lists: usize, &size| lists.saturating_mul(size));
            if lists > EMPTY_LISTS {
                return Err(Fault::new("a tensor of nothing but empty lists"));
            }
        }
        Ok(Self { tensor, sizes, start: 0 })
    }

    fn number<'de, V: Visitor<'de>>(self, visitor: V, want: Want) -> Result<V::Value, Fault> {
        self.deserialize_any(Via { visitor, want, depth: MAX_DEPTH })
    }
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

impl<'de> Deserializer<'de> for Axis<'_> {
    type Error = Fault;

    numbers! {
        Int: deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
            deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128;
        Float: deserialize_f64;
        Single: deserialize_f32;
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let Some((&len, inner)) = self.sizes.split_first() else {
            let number = self.tensor.element(self.start).unwrap_or_default();
            return FromValue::new(number, Style::Data).deserialize_any(visitor);
        };
        let mut slices = Slices {
            tensor: self.tensor,
            sizes: inner,
            start: self.start,
            step: if self.tensor.is_empty() { 0 } else { inner.iter().product() },
            left: len,
        };
        let value = visitor.visit_seq(&mut slices)?;
        all_taken(slices.left, len)?;
        Ok(value)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct enum
        identifier ignored_any
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}

/// What the indices of one dimension leave, one after the other.
struct Slices<'a> {
    tensor: TensorView<'a>,
    sizes: &'a [usize],
    start: usize,
    step: usize,
    left: usize,
}

impl<'de> SeqAccess<'de> for Slices<'_> {
    type Error = Fault;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Fault> {
        let Some(left) = self.left.checked_sub(1) else {
            return Ok(None);
        };
        self.left = left;
        let slice = Axis { tensor: self.tensor, sizes: self.sizes.to_vec(), start: self.start };
        self.start += self.step;
        seed.deserialize(slice).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left)
    }
}
