//! Watches a value on its way into a codec: bounds its depth, notes what it holds that a codec or
//! the Python package cannot take, and mends what a codec crate would write wrong.

mod compound;
mod facts;
mod only;

use serde::{Serialize, Serializer, ser::Error};

use super::{Encoding, MAX_DEPTH, ext, fault::TooDeep, number::widen};
pub(crate) use compound::Compound;
pub(crate) use facts::{Fact, Facts};
pub(crate) use only::{Accept, Only, Refused};

/// A value that will be watched whatever it is serialized with.
pub(crate) struct Watched<'a, T: ?Sized> {
    value: &'a T,
    facts: &'a Facts,
    depth: u8,
    is_key: bool,
}

impl<'a, T: ?Sized> Watched<'a, T> {
    pub(crate) const fn new(value: &'a T, facts: &'a Facts) -> Self {
        Self { value, facts, depth: MAX_DEPTH, is_key: false }
    }
}

impl<T: Serialize + ?Sized> Serialize for Watched<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(Watch {
            inner: serializer,
            facts: self.facts,
            depth: self.depth,
            is_key: self.is_key,
        })
    }
}

/// The serializer that watches.
pub(crate) struct Watch<'f, S> {
    inner: S,
    facts: &'f Facts,
    depth: u8,
    is_key: bool,
}

impl<'f, S: Serializer> Watch<'f, S> {
    pub(crate) const fn new(inner: S, facts: &'f Facts) -> Self {
        Self { inner, facts, depth: MAX_DEPTH, is_key: false }
    }

    fn not_text(&self) {
        if self.is_key {
            self.facts.note(Fact::Key);
        }
    }

    /// One level down.
    fn deeper(&self) -> Result<u8, S::Error> {
        self.depth.checked_sub(1).ok_or_else(|| S::Error::custom(TooDeep))
    }

    fn compound<C>(
        self,
        make: impl FnOnce(S) -> Result<C, S::Error>,
    ) -> Result<Compound<'f, C>, S::Error> {
        self.not_text();
        let (facts, depth) = (self.facts, self.deeper()?);
        Ok(Compound { inner: make(self.inner)?, facts, depth })
    }

    /// A variant with several fields, which is a list or map in a map.
    fn variant<C>(
        mut self,
        make: impl FnOnce(S) -> Result<C, S::Error>,
    ) -> Result<Compound<'f, C>, S::Error> {
        self.depth = self.deeper()?;
        self.compound(make)
    }

    fn below<'a, T: ?Sized>(&self, value: &'a T) -> Result<Watched<'a, T>, S::Error>
    where
        'f: 'a,
    {
        Ok(Watched { value, facts: self.facts, depth: self.deeper()?, is_key: false })
    }

    fn float(
        self,
        value: f64,
        write: impl FnOnce(S) -> Result<S::Ok, S::Error>,
    ) -> Result<S::Ok, S::Error> {
        self.not_text();
        if !value.is_finite() {
            if self.facts.encoding() == Encoding::Json {
                return Err(S::Error::custom(format_args!("JSON has no number {value}")));
            }
            self.facts.note(Fact::NonFinite);
        }
        write(self.inner)
    }

    fn big_int(
        self,
        le: [u8; 17],
        write: impl FnOnce(S) -> Result<S::Ok, S::Error>,
    ) -> Result<S::Ok, S::Error> {
        self.facts.note(Fact::BigInt);
        if self.facts.encoding() == Encoding::MsgPack {
            ext::Ext(ext::INT, super::value::trim(&le)).serialize(self.inner)
        } else {
            write(self.inner)
        }
    }
}

macro_rules! numbers {
    ($($method:ident $type:ty),*) => {
        $(
            fn $method(self, value: $type) -> Result<S::Ok, S::Error> {
                self.not_text();
                self.inner.$method(value)
            }
        )*
    };
}

impl<'f, S: Serializer> Serializer for Watch<'f, S> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = Compound<'f, S::SerializeSeq>;
    type SerializeTuple = Compound<'f, S::SerializeTuple>;
    type SerializeTupleStruct = Compound<'f, S::SerializeTupleStruct>;
    type SerializeTupleVariant = Compound<'f, S::SerializeTupleVariant>;
    type SerializeMap = Compound<'f, S::SerializeMap>;
    type SerializeStruct = Compound<'f, S::SerializeStruct>;
    type SerializeStructVariant = Compound<'f, S::SerializeStructVariant>;

    numbers! {
        serialize_bool bool, serialize_i8 i8, serialize_i16 i16, serialize_i32 i32,
        serialize_i64 i64, serialize_u8 u8, serialize_u16 u16, serialize_u32 u32,
        serialize_u64 u64
    }

    fn serialize_i128(self, value: i128) -> Result<S::Ok, S::Error> {
        if let Ok(value) = i64::try_from(value) {
            return self.serialize_i64(value);
        }
        if let Ok(value) = u64::try_from(value) {
            return self.serialize_u64(value);
        }
        self.not_text();
        self.big_int(super::value::le_bytes(value), |inner| inner.serialize_i128(value))
    }

    fn serialize_u128(self, value: u128) -> Result<S::Ok, S::Error> {
        if let Ok(value) = u64::try_from(value) {
            return self.serialize_u64(value);
        }
        self.not_text();
        self.big_int(super::value::le_bytes_unsigned(value), |inner| inner.serialize_u128(value))
    }

    /// Only `MessagePack` keeps a float of 32 bits: elsewhere it is the equal one of 64.
    fn serialize_f32(self, value: f32) -> Result<S::Ok, S::Error> {
        let is_msgpack = self.facts.encoding() == Encoding::MsgPack;
        let wide = widen(value);
        self.float(wide, |inner| {
            if is_msgpack { inner.serialize_f32(value) } else { inner.serialize_f64(wide) }
        })
    }

    fn serialize_f64(self, value: f64) -> Result<S::Ok, S::Error> {
        self.float(value, |inner| inner.serialize_f64(value))
    }

    fn serialize_char(self, value: char) -> Result<S::Ok, S::Error> {
        self.inner.serialize_char(value)
    }

    fn serialize_str(self, value: &str) -> Result<S::Ok, S::Error> {
        self.inner.serialize_str(value)
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<S::Ok, S::Error> {
        self.not_text();
        self.facts.note(Fact::Bytes);
        self.inner.serialize_bytes(value)
    }

    fn serialize_none(self) -> Result<S::Ok, S::Error> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(mut self, value: &T) -> Result<S::Ok, S::Error> {
        self.depth = self.deeper()?;
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<S::Ok, S::Error> {
        self.not_text();
        self.inner.serialize_unit()
    }

    /// `rmp-serde` would write an empty list.
    fn serialize_unit_struct(self, _: &'static str) -> Result<S::Ok, S::Error> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
    ) -> Result<S::Ok, S::Error> {
        self.inner.serialize_unit_variant(name, index, variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        mut self,
        name: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        if name != ext::NAME {
            self.depth = self.deeper()?;
            return value.serialize(self);
        }
        self.not_text();
        let mut fact = Fact::Ext;
        let _ = ext::look(value, |code, _| {
            if code == ext::INT {
                fact = Fact::BigInt;
            }
        });
        let encoding = self.facts.encoding();
        if fact == Fact::BigInt && matches!(encoding, Encoding::Json | Encoding::Cbor) {
            return Err(S::Error::custom(format_args!("an integer over 128 bits, in {encoding}")));
        }
        self.facts.note(fact);
        self.inner.serialize_newtype_struct(name, value)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        self.not_text();
        let value = self.below(value)?;
        self.inner.serialize_newtype_variant(name, index, variant, &value)
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<Self::SerializeSeq, S::Error> {
        self.compound(|inner| inner.serialize_seq(len))
    }

    fn serialize_tuple(self, len: usize) -> Result<Self::SerializeTuple, S::Error> {
        self.compound(|inner| inner.serialize_tuple(len))
    }

    fn serialize_tuple_struct(
        self,
        name: &'static str,
        len: usize,
    ) -> Result<Self::SerializeTupleStruct, S::Error> {
        self.compound(|inner| inner.serialize_tuple_struct(name, len))
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Self::SerializeTupleVariant, S::Error> {
        self.variant(|inner| inner.serialize_tuple_variant(name, index, variant, len))
    }

    fn serialize_map(self, len: Option<usize>) -> Result<Self::SerializeMap, S::Error> {
        self.compound(|inner| inner.serialize_map(len))
    }

    fn serialize_struct(
        self,
        name: &'static str,
        len: usize,
    ) -> Result<Self::SerializeStruct, S::Error> {
        self.compound(|inner| inner.serialize_struct(name, len))
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Self::SerializeStructVariant, S::Error> {
        self.variant(|inner| inner.serialize_struct_variant(name, index, variant, len))
    }

    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }
}
