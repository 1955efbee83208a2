//! A sequence or tuple: bytes as long as every element is a `u8`, else a list.

use std::mem::{replace, take};

use rmp_serde::encode::Error;
use serde::{
    Serialize, Serializer,
    ser::{Error as _, SerializeSeq, SerializeTuple, SerializeTupleStruct},
};

use super::out::{Out, ROOM, Rmp};
use crate::format::{
    Encoding,
    watch::{Accept, Compound, Only, Refused, Watch},
};

type List<'a> = Compound<'a, <&'a mut Rmp as Serializer>::SerializeSeq>;

/// A sequence that is being stored.
pub(super) enum Sequence<'a> {
    /// All elements so far were bytes; they stand where stored bytes are being made.
    Bytes { out: &'a mut Out, len: Option<usize> },
    /// One was not.
    List(List<'a>),
    /// Between the two.
    Turning,
}

impl<'a> Sequence<'a> {
    pub(super) fn new(out: &'a mut Out, len: Option<usize>) -> Self {
        out.rmp.get_mut().reserve(len.unwrap_or(0).min(4096));
        Self::Bytes { out, len }
    }

    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        if let Self::Bytes { out, .. } = self {
            if let Ok(byte) = value.serialize(Only(Byte)) {
                out.rmp.get_mut().push(byte);
                return Ok(());
            }
            *self = Self::List(replace(self, Self::Turning).into_list()?);
        }
        match self {
            Self::List(list) => list.serialize_element(value),
            _ => Err(Error::custom("a sequence that was given up")),
        }
    }

    /// The bytes so far become numbers of a list.
    fn into_list(self) -> Result<List<'a>, Error> {
        match self {
            Self::Bytes { out, len } => {
                let bytes = take(out.rmp.get_mut());
                out.begin(Encoding::MsgPack, 0, ROOM).map_err(Error::custom)?;
                let mut list = Watch::new(&mut out.rmp, &out.facts).serialize_seq(len)?;
                for byte in bytes {
                    list.serialize_element(&byte)?;
                }
                Ok(list)
            }
            Self::List(list) => Ok(list),
            Self::Turning => Err(Error::custom("a sequence that was given up")),
        }
    }

    fn finish(self) -> Result<(), Error> {
        match self {
            Self::Bytes { out, .. } if out.is_bytes || !out.rmp.get_ref().is_empty() => {
                out.all_bytes().map_err(Error::custom)
            }
            list => SerializeSeq::end(list.into_list()?),
        }
    }
}

/// Takes a `u8` and nothing else.
struct Byte;

impl Accept for Byte {
    type Ok = u8;

    fn byte(self, value: u8) -> Result<u8, Refused> {
        Ok(value)
    }
}

impl SerializeSeq for Sequence<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.element(value)
    }

    fn end(self) -> Result<(), Error> {
        self.finish()
    }
}

impl SerializeTuple for Sequence<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.element(value)
    }

    fn end(self) -> Result<(), Error> {
        self.finish()
    }
}

impl SerializeTupleStruct for Sequence<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.element(value)
    }

    fn end(self) -> Result<(), Error> {
        self.finish()
    }
}
