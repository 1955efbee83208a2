//! A `DataPacker` payload of the Python package, which does not say what it is: the type that is
//! asked for decides.

use serde::{Deserializer, de::Visitor};

use crate::format::{
    Value, datapacker,
    fault::Fault,
    value::{FromValue, Style},
};

pub(super) struct Unmarked<'a>(pub(super) &'a [u8]);

impl Unmarked<'_> {
    fn int(&self) -> Result<Value, Fault> {
        Ok(Value::from(i64::from_le_bytes(datapacker::eight(self.0)?)))
    }

    fn float(&self) -> Result<Value, Fault> {
        Ok(Value::F64(f64::from_le_bytes(datapacker::eight(self.0)?)))
    }

    fn tensor(&self) -> Result<Value, Fault> {
        datapacker::tensor(self.0).map(Value::Tensor)
    }
}

fn data(value: Value) -> FromValue {
    FromValue::new(value, Style::Data)
}

macro_rules! reads {
    ($($read:ident: $($method:ident)*;)*) => {
        $($(
            fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
                data(self.$read()?).$method(visitor)
            }
        )*)*
    };
}

macro_rules! guesses {
    ($($method:ident($($name:ident: $type:ty),*))*) => {
        $(
            fn $method<V: Visitor<'de>>(
                self,
                $($name: $type,)*
                visitor: V,
            ) -> Result<V::Value, Fault> {
                data(datapacker::guess(self.0)).$method($($name,)* visitor)
            }
        )*
    };
}

impl<'de> Deserializer<'de> for Unmarked<'_> {
    type Error = Fault;

    reads! {
        int: deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
            deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128;
        float: deserialize_f32 deserialize_f64;
        tensor: deserialize_seq;
    }

    guesses! {
        deserialize_any()
        deserialize_char()
        deserialize_str()
        deserialize_string()
        deserialize_bytes()
        deserialize_byte_buf()
        deserialize_unit()
        deserialize_unit_struct(name: &'static str)
        deserialize_map()
        deserialize_struct(name: &'static str, fields: &'static [&'static str])
        deserialize_enum(name: &'static str, variants: &'static [&'static str])
        deserialize_identifier()
        deserialize_ignored_any()
    }

    /// The package stores booleans as integers.
    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match i64::from_le_bytes(datapacker::eight(self.0)?) {
            0 => visitor.visit_bool(false),
            1 => visitor.visit_bool(true),
            other => Err(Fault::new(format_args!("{other} is no boolean"))),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Fault> {
        data(self.tensor()?).deserialize_tuple(len, visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        data(self.tensor()?).deserialize_tuple_struct(name, len, visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match name {
            crate::format::ext::NAME => {
                data(self.tensor()?).deserialize_newtype_struct(name, visitor)
            }
            crate::format::value::NAME => {
                data(datapacker::guess(self.0)).deserialize_newtype_struct(name, visitor)
            }
            _ => visitor.visit_newtype_struct(self),
        }
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}
