//! The half-written list or dict of a pickle.

use serde::ser::{
    Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant,
};

use super::write::Pickler;
use crate::format::fault::Fault;

/// What stands behind a mark.
pub(super) struct Items<'a> {
    pub(super) pickler: Pickler<'a>,
    pub(super) end: u8,
    /// What ends the dict of a variant around it.
    pub(super) ends: &'static [u8],
}

impl Items<'_> {
    fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Fault> {
        value.serialize(self.pickler.again())
    }

    fn finish(self) {
        self.pickler.out.push(self.end);
        self.pickler.out.extend_from_slice(self.ends);
    }
}

macro_rules! items {
    ($($trait:ident $method:ident,)*) => {
        $(
            impl $trait for Items<'_> {
                type Ok = ();
                type Error = Fault;

                fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Fault> {
                    self.item(value)
                }

                fn end(self) -> Result<(), Fault> {
                    self.finish();
                    Ok(())
                }
            }
        )*
    };
}

items! {
    SerializeSeq serialize_element,
    SerializeTuple serialize_element,
    SerializeTupleStruct serialize_field,
    SerializeTupleVariant serialize_field,
}

macro_rules! fields {
    ($($trait:ident),*) => {
        $(
            impl $trait for Items<'_> {
                type Ok = ();
                type Error = Fault;

                fn serialize_field<T: Serialize + ?Sized>(
                    &mut self,
                    key: &'static str,
                    value: &T,
                ) -> Result<(), Fault> {
                    self.pickler.again().text(key);
                    self.item(value)
                }

                fn end(self) -> Result<(), Fault> {
                    self.finish();
                    Ok(())
                }
            }
        )*
    };
}

fields!(SerializeStruct, SerializeStructVariant);

impl SerializeMap for Items<'_> {
    type Ok = ();
    type Error = Fault;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Fault> {
        let mut pickler = self.pickler.again();
        pickler.is_key = true;
        key.serialize(pickler)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Fault> {
        self.item(value)
    }

    fn end(self) -> Result<(), Fault> {
        self.finish();
        Ok(())
    }
}
