//! A serializer that takes a value of very few shapes and refuses every other at once.

use serde::ser::{Impossible, Serialize, SerializeTuple, Serializer};

/// The value has another shape.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Refused;

/// The shapes that are taken: those whose method is overridden.
pub(crate) trait Accept: Sized {
    type Ok;

    fn byte(self, value: u8) -> Result<Self::Ok, Refused> {
        self.int(value.into())
    }

    fn int(self, _: i128) -> Result<Self::Ok, Refused> {
        Err(Refused)
    }

    fn float(self, _: f64) -> Result<Self::Ok, Refused> {
        Err(Refused)
    }

    fn bytes(self, _: &[u8]) -> Result<Self::Ok, Refused> {
        Err(Refused)
    }

    /// A newtype is what it holds, unless its name says more.
    fn newtype<T: Serialize + ?Sized>(self, _: &str, value: &T) -> Result<Self::Ok, Refused> {
        value.serialize(Only(self))
    }

    fn tuple(self) -> Result<Self, Refused> {
        Err(Refused)
    }

    fn element<T: Serialize + ?Sized>(&mut self, _: &T) -> Result<(), Refused> {
        Err(Refused)
    }

    fn end(self) -> Result<Self::Ok, Refused> {
        Err(Refused)
    }
}

/// Makes a serializer of them.
pub(crate) struct Only<A>(pub(crate) A);

macro_rules! ints {
    ($($method:ident $type:ty),*) => {
        $(
            #[inline]
            fn $method(self, value: $type) -> Result<A::Ok, Refused> {
                self.0.int(value.into())
            }
        )*
    };
}

macro_rules! refuse {
    ($($method:ident($($type:ty),*) $ok:ty,)*) => {
        $(
            fn $method(self, $(_: $type),*) -> Result<$ok, Refused> {
                Err(Refused)
            }
        )*
    };
}

impl<A: Accept> Serializer for Only<A> {
    type Ok = A::Ok;
    type Error = Refused;
    type SerializeSeq = Impossible<A::Ok, Refused>;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Impossible<A::Ok, Refused>;
    type SerializeTupleVariant = Impossible<A::Ok, Refused>;
    type SerializeMap = Impossible<A::Ok, Refused>;
    type SerializeStruct = Impossible<A::Ok, Refused>;
    type SerializeStructVariant = Impossible<A::Ok, Refused>;

    ints! {
        serialize_i8 i8, serialize_i16 i16, serialize_i32 i32, serialize_i64 i64,
        serialize_i128 i128, serialize_u16 u16, serialize_u32 u32, serialize_u64 u64
    }

    refuse! {
        serialize_bool(bool) A::Ok,
        serialize_char(char) A::Ok,
        serialize_str(&str) A::Ok,
        serialize_none() A::Ok,
        serialize_unit() A::Ok,
        serialize_unit_struct(&'static str) A::Ok,
        serialize_unit_variant(&'static str, u32, &'static str) A::Ok,
        serialize_seq(Option<usize>) Self::SerializeSeq,
        serialize_tuple_struct(&'static str, usize) Self::SerializeTupleStruct,
        serialize_tuple_variant(&'static str, u32, &'static str, usize) Self::SerializeTupleVariant,
        serialize_map(Option<usize>) Self::SerializeMap,
        serialize_struct(&'static str, usize) Self::SerializeStruct,
        serialize_struct_variant(&'static str, u32, &'static str, usize) Self::SerializeStructVariant,
    }

    fn serialize_u8(self, value: u8) -> Result<A::Ok, Refused> {
        self.0.byte(value)
    }

    fn serialize_u128(self, value: u128) -> Result<A::Ok, Refused> {
        self.0.int(i128::try_from(value).map_err(|_| Refused)?)
    }

    fn serialize_f32(self, value: f32) -> Result<A::Ok, Refused> {
        self.0.float(super::super::number::widen(value))
    }

    fn serialize_f64(self, value: f64) -> Result<A::Ok, Refused> {
        self.0.float(value)
    }

    #[inline]
    fn serialize_bytes(self, value: &[u8]) -> Result<A::Ok, Refused> {
        self.0.bytes(value)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<A::Ok, Refused> {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<A::Ok, Refused> {
        self.0.newtype(name, value)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<A::Ok, Refused> {
        Err(Refused)
    }

    #[inline]
    fn serialize_tuple(self, _: usize) -> Result<Self, Refused> {
        self.0.tuple().map(Self)
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}

impl<A: Accept> SerializeTuple for Only<A> {
    type Ok = A::Ok;
    type Error = Refused;

    #[inline]
    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
        self.0.element(value)
    }

    fn end(self) -> Result<A::Ok, Refused> {
        self.0.end()
    }
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a value of another shape")
    }
}

impl std::error::Error for Refused {}

impl serde::ser::Error for Refused {
    fn custom<T: std::fmt::Display>(_: T) -> Self {
        Self
    }
}
