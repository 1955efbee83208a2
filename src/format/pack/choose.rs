//! The one rule that decides how a value is stored: by the first thing it says of itself.

use rmp_serde::encode::Error;
use serde::{Serialize, Serializer, ser::Error as _};

use super::{
    out::{Out, ROOM, Rmp},
    sequence::Sequence,
};
use crate::format::{
    Encoding,
    datapacker::{python_reads_float, python_reads_int},
    ext,
    fault::Fault,
    number::widen,
    watch::{Accept, Compound, Only, Refused, Watch},
    wrapper,
};

/// Serializes a whole value into the encoding that suits it.
pub(super) struct Choose<'a>(pub(super) &'a mut Out);

impl<'a> Choose<'a> {
    /// `MessagePack`, by the codec crate.
    fn msgpack(self) -> Result<Watch<'a, &'a mut Rmp>, Error> {
        self.0.begin(Encoding::MsgPack, 0, ROOM).map_err(Error::custom)?;
        Ok(Watch::new(&mut self.0.rmp, &self.0.facts))
    }
}

type Watched<'a, C> = Compound<'a, C>;

macro_rules! ints {
    ($($method:ident $type:ty),*) => {
        $(
            fn $method(self, value: $type) -> Result<(), Error> {
                self.serialize_i64(value.into())
            }
        )*
    };
}

impl<'a> Serializer for Choose<'a> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Sequence<'a>;
    type SerializeTuple = Sequence<'a>;
    type SerializeTupleStruct = Sequence<'a>;
    type SerializeTupleVariant = Watched<'a, <&'a mut Rmp as Serializer>::SerializeTupleVariant>;
    type SerializeMap = Watched<'a, <&'a mut Rmp as Serializer>::SerializeMap>;
    type SerializeStruct = Watched<'a, <&'a mut Rmp as Serializer>::SerializeStruct>;
    type SerializeStructVariant = Watched<'a, <&'a mut Rmp as Serializer>::SerializeStructVariant>;

    ints! {
        serialize_i8 i8, serialize_i16 i16, serialize_i32 i32,
        serialize_u8 u8, serialize_u16 u16, serialize_u32 u32
    }

    fn serialize_bool(self, value: bool) -> Result<(), Error> {
        self.msgpack()?.serialize_bool(value)
    }

    fn serialize_i64(self, value: i64) -> Result<(), Error> {
        if python_reads_int(value) {
            self.0.int(value).map_err(Error::custom)
        } else {
            self.msgpack()?.serialize_i64(value)
        }
    }

    fn serialize_u64(self, value: u64) -> Result<(), Error> {
        match i64::try_from(value) {
            Ok(value) => self.serialize_i64(value),
            Err(_) => self.msgpack()?.serialize_u64(value),
        }
    }

    fn serialize_i128(self, value: i128) -> Result<(), Error> {
        match (i64::try_from(value), u64::try_from(value)) {
            (Ok(value), _) => self.serialize_i64(value),
            (_, Ok(value)) => self.serialize_u64(value),
            _ => self.0.pickle().map_err(Error::custom),
        }
    }

    fn serialize_u128(self, value: u128) -> Result<(), Error> {
        match u64::try_from(value) {
            Ok(value) => self.serialize_u64(value),
            Err(_) => self.0.pickle().map_err(Error::custom),
        }
    }

    fn serialize_f32(self, value: f32) -> Result<(), Error> {
        self.serialize_f64(widen(value))
    }

    fn serialize_f64(self, value: f64) -> Result<(), Error> {
        if python_reads_float(value) {
            self.0.float(value).map_err(Error::custom)
        } else {
            // Of a NaN, the package's MessagePack makes None: that one becomes a pickle.
            self.msgpack()?.serialize_f64(value)
        }
    }

    fn serialize_char(self, value: char) -> Result<(), Error> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<(), Error> {
        self.0.text(value).map_err(Error::custom)
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), Error> {
        self.0.bytes(value).map_err(Error::custom)
    }

    fn serialize_none(self) -> Result<(), Error> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Error> {
        self.msgpack()?.serialize_unit()
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Error> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
    ) -> Result<(), Error> {
        self.msgpack()?.serialize_unit_variant(name, index, variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        if let Some(encoding) = wrapper::encoding_of(name) {
            return self.0.encode(value, encoding).map_err(Error::custom);
        }
        if name != ext::NAME {
            return value.serialize(self);
        }
        let mut written = None;
        let _ = ext::look(value, |code, payload| match code {
            ext::TENSOR => written = Some(self.0.tensor(payload)),
            ext::INT => written = Some(self.0.pickle()),
            _ => {}
        });
        match written {
            Some(done) => done.map_err(Error::custom),
            None => self.msgpack()?.serialize_newtype_struct(name, value),
        }
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        self.msgpack()?.serialize_newtype_variant(name, index, variant, value)
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<Sequence<'a>, Error> {
        Ok(Sequence::new(self.0, len))
    }

    fn serialize_tuple(self, len: usize) -> Result<Sequence<'a>, Error> {
        self.serialize_seq(Some(len))
    }

    fn serialize_tuple_struct(self, _: &'static str, len: usize) -> Result<Sequence<'a>, Error> {
        self.serialize_seq(Some(len))
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Self::SerializeTupleVariant, Error> {
        self.msgpack()?.serialize_tuple_variant(name, index, variant, len)
    }

    fn serialize_map(self, len: Option<usize>) -> Result<Self::SerializeMap, Error> {
        self.msgpack()?.serialize_map(len)
    }

    fn serialize_struct(
        self,
        name: &'static str,
        len: usize,
    ) -> Result<Self::SerializeStruct, Error> {
        self.msgpack()?.serialize_struct(name, len)
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Self::SerializeStructVariant, Error> {
        self.msgpack()?.serialize_struct_variant(name, index, variant, len)
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}

/// A number or tensor as `DataPacker`, because the caller says so.
pub(super) fn number<T: Serialize + ?Sized>(value: &T, out: &mut Out) -> Result<(), Fault> {
    value.serialize(Only(Number(out))).map_err(|_| Fault::new("not an i64, a float or a tensor"))?
}

struct Number<'a>(&'a mut Out);

impl Accept for Number<'_> {
    type Ok = Result<(), Fault>;

    fn int(self, value: i128) -> Result<Self::Ok, Refused> {
        let value = i64::try_from(value).map_err(|_| Refused)?;
        Ok(self.0.int(value))
    }

    fn float(self, value: f64) -> Result<Self::Ok, Refused> {
        Ok(self.0.float(value))
    }

    fn newtype<T: Serialize + ?Sized>(self, name: &str, value: &T) -> Result<Self::Ok, Refused> {
        if name != ext::NAME {
            return value.serialize(Only(self));
        }
        let mut written = None;
        ext::look(value, |code, payload| {
            if code == ext::TENSOR {
                written = Some(self.0.tensor(payload));
            }
        })?;
        written.ok_or(Refused)
    }
}
