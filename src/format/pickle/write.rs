//! A serializer that writes pickles.
//!
//! `serde-pickle` has no integers of 128 bits and cuts lengths at 32 bits. Sequences and tuples are
//! lists, as they are in `MessagePack`, so that the encoding makes no difference to Python; but in a
//! key, which Python must be able to hash, both are tuples.

use serde::{Serialize, Serializer};

use super::{items::Items, opcode as op};
use crate::format::{
    ext,
    fault::Fault,
    number::widen,
    value::{le_bytes, le_bytes_unsigned, trim},
    watch::{Facts, Watched},
};

pub(crate) fn write<T: Serialize + ?Sized>(
    value: &T,
    out: &mut Vec<u8>,
    facts: &Facts,
) -> Result<(), Fault> {
    out.extend([op::PROTO, 4]);
    Watched::new(value, facts).serialize(Pickler { out, is_key: false })?;
    out.push(op::STOP);
    Ok(())
}

pub(super) struct Pickler<'a> {
    pub(super) out: &'a mut Vec<u8>,
    /// Whether it writes a key, or a part of one.
    pub(super) is_key: bool,
}

impl<'a> Pickler<'a> {
    fn op(self, opcode: u8) {
        self.out.push(opcode);
    }

    fn long(self, le: &[u8]) {
        let le = trim(le);
        self.sized(le, Some(op::LONG1), op::LONG4, None);
    }

    /// Bytes behind the shortest opcode that can say their length.
    fn sized(self, bytes: &[u8], short: Option<u8>, medium: u8, long: Option<u8>) {
        let len = bytes.len();
        match (u8::try_from(len), short, u32::try_from(len), long) {
            (Ok(len), Some(short), ..) => self.out.extend([short, len]),
            (_, _, Err(_), Some(long)) => {
                self.out.push(long);
                self.out.extend(u64::try_from(len).unwrap_or(u64::MAX).to_le_bytes());
            }
            (.., len, _) => {
                self.out.push(medium);
                self.out.extend(len.unwrap_or(u32::MAX).to_le_bytes());
            }
        }
        self.out.extend_from_slice(bytes);
    }

    /// A dict of one variant, up to what it holds.
    fn variant(&mut self, name: &str) {
        self.out.push(op::EMPTY_DICT);
        self.again().text(name);
    }

    pub(super) fn text(self, text: &str) {
        self.sized(
            text.as_bytes(),
            Some(op::SHORT_BINUNICODE),
            op::BINUNICODE,
            Some(op::BINUNICODE8),
        );
    }

    pub(super) fn again(&mut self) -> Pickler<'_> {
        Pickler { out: self.out, is_key: self.is_key }
    }

    fn list(self, ends: &'static [u8]) -> Items<'a> {
        let end = if self.is_key {
            op::TUPLE
        } else {
            self.out.push(op::EMPTY_LIST);
            op::APPENDS
        };
        self.out.push(op::MARK);
        Items { pickler: self, end, ends }
    }

    fn dict(self, ends: &'static [u8]) -> Items<'a> {
        self.out.extend([op::EMPTY_DICT, op::MARK]);
        Items { pickler: self, end: op::SETITEMS, ends }
    }
}

macro_rules! ints {
    ($($method:ident $type:ty),*) => {
        $(
            fn $method(self, value: $type) -> Result<(), Fault> {
                self.serialize_i64(value.into())
            }
        )*
    };
}

impl<'a> Serializer for Pickler<'a> {
    type Ok = ();
    type Error = Fault;
    type SerializeSeq = Items<'a>;
    type SerializeTuple = Items<'a>;
    type SerializeTupleStruct = Items<'a>;
    type SerializeTupleVariant = Items<'a>;
    type SerializeMap = Items<'a>;
    type SerializeStruct = Items<'a>;
    type SerializeStructVariant = Items<'a>;

    ints! {
        serialize_i8 i8, serialize_i16 i16, serialize_i32 i32,
        serialize_u8 u8, serialize_u16 u16, serialize_u32 u32
    }

    fn serialize_bool(self, value: bool) -> Result<(), Fault> {
        self.op(if value { op::NEWTRUE } else { op::NEWFALSE });
        Ok(())
    }

    fn serialize_i64(self, value: i64) -> Result<(), Fault> {
        if let Ok(value) = u8::try_from(value) {
            self.out.extend([op::BININT1, value]);
        } else if let Ok(value) = u16::try_from(value) {
            self.out.push(op::BININT2);
            self.out.extend(value.to_le_bytes());
        } else if let Ok(value) = i32::try_from(value) {
            self.out.push(op::BININT);
            self.out.extend(value.to_le_bytes());
        } else {
            self.long(&value.to_le_bytes());
        }
        Ok(())
    }

    fn serialize_u64(self, value: u64) -> Result<(), Fault> {
        match i64::try_from(value) {
            Ok(value) => self.serialize_i64(value),
            Err(_) => self.serialize_u128(value.into()),
        }
    }

    fn serialize_i128(self, value: i128) -> Result<(), Fault> {
        self.long(&le_bytes(value));
        Ok(())
    }

    fn serialize_u128(self, value: u128) -> Result<(), Fault> {
        self.long(&le_bytes_unsigned(value));
        Ok(())
    }

    fn serialize_f32(self, value: f32) -> Result<(), Fault> {
        self.serialize_f64(widen(value))
    }

    fn serialize_f64(self, value: f64) -> Result<(), Fault> {
        self.out.push(op::BINFLOAT);
        self.out.extend(value.to_bits().to_be_bytes());
        Ok(())
    }

    fn serialize_char(self, value: char) -> Result<(), Fault> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<(), Fault> {
        self.text(value);
        Ok(())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), Fault> {
        self.sized(value, Some(op::SHORT_BINBYTES), op::BINBYTES, Some(op::BINBYTES8));
        Ok(())
    }

    fn serialize_none(self) -> Result<(), Fault> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Fault> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Fault> {
        self.op(op::NONE);
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Fault> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<(), Fault> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Fault> {
        if name == ext::NAME {
            let mut int = None;
            let _ = ext::look(value, |code, le| {
                if code == ext::INT {
                    int = Some(le.to_vec());
                }
            });
            if let Some(le) = int {
                self.long(&le);
                return Ok(());
            }
        }
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        mut self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Fault> {
        self.variant(variant);
        value.serialize(self.again())?;
        self.op(op::SETITEM);
        Ok(())
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Items<'a>, Fault> {
        Ok(self.list(&[]))
    }

    fn serialize_tuple(self, _: usize) -> Result<Items<'a>, Fault> {
        Ok(self.list(&[]))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Items<'a>, Fault> {
        Ok(self.list(&[]))
    }

    fn serialize_tuple_variant(
        mut self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Items<'a>, Fault> {
        self.variant(variant);
        Ok(self.list(&[op::SETITEM]))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Items<'a>, Fault> {
        Ok(self.dict(&[]))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Items<'a>, Fault> {
        Ok(self.dict(&[]))
    }

    fn serialize_struct_variant(
        mut self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Items<'a>, Fault> {
        self.variant(variant);
        Ok(self.dict(&[op::SETITEM]))
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}
