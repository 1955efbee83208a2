//! The two `MessagePack` extension types of this library: a tensor, and an integer that 64 bits do
//! not hold, inside a list or map.
//!
//! They travel through serde as `rmp-serde` has it: a newtype of a certain name around a pair of
//! code and bytes. Formats that know nothing of it write the pair.

use std::fmt;

use serde::{
    Deserializer, Serialize, Serializer,
    de::{SeqAccess, Visitor},
    ser::SerializeTuple,
};

use super::{BigInt, Tensor, Value, fault::Fault, tensor::TensorView};
use crate::format::watch::{Accept, Only, Refused};

pub(crate) const NAME: &str = rmp_serde::MSGPACK_EXT_STRUCT_NAME;
/// 'K', with the payload of a stored tensor.
pub(crate) const TENSOR: i8 = 0x4B;
/// 'I', with the integer in two's complement, little-endian.
pub(crate) const INT: i8 = 0x49;

/// Code and bytes of an extension.
pub(crate) struct Ext<'a>(pub(crate) i8, pub(crate) &'a [u8]);

impl Serialize for Ext<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(NAME, &Pair(self.0, self.1))
    }
}

struct Pair<'a>(i8, &'a [u8]);

impl Serialize for Pair<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut pair = serializer.serialize_tuple(2)?;
        pair.serialize_element(&self.0)?;
        pair.serialize_element(&Bytes(self.1))?;
        pair.end()
    }
}

/// Bytes that serde takes for bytes.
pub(crate) struct Bytes<'a>(pub(crate) &'a [u8]);

impl Serialize for Bytes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}

/// Looks at code and bytes of what a newtype called [`NAME`] holds, without a copy.
#[inline]
pub(crate) fn look(
    pair: &(impl Serialize + ?Sized),
    mut look: impl FnMut(i8, &[u8]),
) -> Result<(), Refused> {
    pair.serialize(Only(Look { then: &mut look, code: None }))
}

struct Look<'a, F> {
    then: &'a mut F,
    code: Option<i8>,
}

impl<F: FnMut(i8, &[u8])> Accept for Look<'_, F> {
    type Ok = ();

    #[inline]
    fn tuple(self) -> Result<Self, Refused> {
        Ok(self)
    }

    #[inline]
    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
        match self.code {
            None => {
                self.code = Some(value.serialize(Only(Code))?);
                Ok(())
            }
            Some(code) => value.serialize(Only(Data(self.then, code))),
        }
    }

    #[inline]
    fn end(self) -> Result<(), Refused> {
        Ok(())
    }
}

struct Code;

impl Accept for Code {
    type Ok = i8;

    #[inline]
    fn int(self, value: i128) -> Result<i8, Refused> {
        i8::try_from(value).map_err(|_| Refused)
    }
}

struct Data<'a, F>(&'a mut F, i8);

impl<F: FnMut(i8, &[u8])> Accept for Data<'_, F> {
    type Ok = ();

    #[inline]
    fn bytes(self, value: &[u8]) -> Result<(), Refused> {
        (self.0)(self.1, value);
        Ok(())
    }
}

/// What an extension means.
pub(crate) fn read(code: i8, data: &[u8]) -> Result<Value, Fault> {
    match code {
        TENSOR => Ok(Value::Tensor(TensorView::parse(data)?.to_tensor())),
        INT => Ok(BigInt::parse(data)?),
        other => Err(Fault::new(format_args!("unknown MessagePack extension type {other}"))),
    }
}

/// Takes the pair of code and bytes, and what it means.
pub(crate) struct PairVisitor;

impl<'de> Visitor<'de> for PairVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an extension of MessagePack")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<Value, D::Error> {
        inner.deserialize_tuple(2, self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut pair: A) -> Result<Value, A::Error> {
        use serde::de::Error;
        let code = pair.next_element::<i8>()?;
        let data = pair.next_element::<ByteBuf>()?;
        match (code, data) {
            (Some(code), Some(ByteBuf(data))) => read(code, &data).map_err(A::Error::custom),
            _ => Err(A::Error::invalid_length(0, &self)),
        }
    }
}

/// The tensor of a pair.
pub(crate) fn tensor_of(value: Value) -> Result<Tensor, Fault> {
    match value {
        Value::Tensor(tensor) => Ok(tensor),
        other => Err(Fault::new(format_args!("{} is no tensor", other.kind()))),
    }
}

/// Owned bytes, however a format hands them over.
pub(crate) struct ByteBuf(pub(crate) Vec<u8>);

impl<'de> serde::Deserialize<'de> for ByteBuf {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_byte_buf(ByteBufVisitor)
    }
}

struct ByteBufVisitor;

impl<'de> Visitor<'de> for ByteBufVisitor {
    type Value = ByteBuf;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bytes")
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<ByteBuf, E> {
        Ok(ByteBuf(bytes.to_vec()))
    }

    fn visit_byte_buf<E>(self, bytes: Vec<u8>) -> Result<ByteBuf, E> {
        Ok(ByteBuf(bytes))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut bytes: A) -> Result<ByteBuf, A::Error> {
        let mut out = Vec::new();
        while let Some(byte) = bytes.next_element()? {
            out.push(byte);
        }
        Ok(ByteBuf(out))
    }
}
