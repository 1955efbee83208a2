//! From stored bytes to a value.

mod access;
mod by_type;
mod exact;
mod input;
mod unmarked;
mod via;

use std::any::{TypeId, type_name};

use serde::de::DeserializeOwned;

use super::{
    Encoding, PackSettings, Value, cbor, datapacker,
    fault::Fault,
    header::Header,
    json, msgpack, pickle,
    tensor::TensorView,
    value::{FromValue, Style},
};
use crate::{Error, Result};
use by_type::cast;
pub(crate) use exact::{Exact, Want};
pub(crate) use input::Input;
use unmarked::Unmarked;
pub(crate) use via::{Via, visit_big, visit_int};

/// A payload and what its header says.
#[derive(Clone, Copy)]
struct Packed<'a> {
    encoding: Encoding,
    flags: u8,
    payload: &'a [u8],
}

/// Reads stored bytes as a type.
#[inline]
pub(crate) fn unpack<T: DeserializeOwned + 'static>(
    stored: &[u8],
    settings: PackSettings,
) -> Result<T> {
    match by_type::bare(stored) {
        Some(bytes) => Ok(bytes),
        None => unpack_packed(stored, settings),
    }
}

fn unpack_packed<T: DeserializeOwned + 'static>(
    stored: &[u8],
    settings: PackSettings,
) -> Result<T> {
    let packed = split::<T>(stored, settings)?;
    if let Some(value) = by_type::read(packed) {
        return Ok(value);
    }
    let value = if TypeId::of::<T>() == TypeId::of::<Value>() {
        dynamic(packed).and_then(|value| cast(value).ok_or_else(other_type))
    } else {
        by_serde(packed)
    };
    value.map_err(|fault| error::<T>(packed.encoding, fault))
}

/// The same, where the stored bytes may become part of the value.
pub(crate) fn unpack_vec<T: DeserializeOwned + 'static>(
    mut stored: Vec<u8>,
    settings: PackSettings,
) -> Result<T> {
    let packed = split::<T>(&stored, settings)?;
    let Packed { encoding, flags: 0, payload } = packed else {
        return unpack(&stored, settings);
    };
    let head = stored.len() - payload.len();
    let is_plain = matches!(encoding, Encoding::Raw | Encoding::Utf8);
    let wanted = TypeId::of::<T>();
    let value = if is_plain && wanted == TypeId::of::<Vec<u8>>() {
        stored.drain(..head);
        cast(stored).ok_or_else(other_type)
    } else if is_plain && wanted == TypeId::of::<String>() {
        stored.drain(..head);
        let text = String::from_utf8(stored).map_err(Fault::new);
        text.and_then(|text| cast(text).ok_or_else(other_type))
    } else {
        return unpack(&stored, settings);
    };
    value.map_err(|fault| error::<T>(encoding, fault))
}

/// Reads stored bytes as whatever they are.
pub(crate) fn unpack_value(stored: &[u8], settings: PackSettings) -> Result<Value> {
    let packed = split::<Value>(stored, settings)?;
    dynamic(packed).map_err(|fault| error::<Value>(packed.encoding, fault))
}

/// The tensor that stored bytes are, in place.
pub(crate) fn view(stored: &[u8]) -> Result<TensorView<'_>> {
    let packed = split::<TensorView>(stored, PackSettings::default())?;
    let view = match packed.kind() {
        Ok(None | Some(datapacker::Kind::Tensor)) if packed.encoding == Encoding::DataPacker => {
            TensorView::parse(packed.payload)
        }
        Ok(_) => Err(Fault::new("not stored as a tensor")),
        Err(fault) => Err(fault),
    };
    view.map_err(|fault| error::<TensorView>(packed.encoding, fault))
}

#[inline]
fn split<T: ?Sized>(stored: &[u8], settings: PackSettings) -> Result<Packed<'_>> {
    let (encoding, flags, payload) = if settings.auto_pack {
        match Header::split(stored) {
            Ok((Some(header), payload)) => (header.encoding, header.flags, payload),
            Ok((None, payload)) => (Encoding::Raw, 0, payload),
            Err(bad) => return Err(Error::decode(None, name_of::<T>(), bad)),
        }
    } else {
        (Encoding::Raw, 0, stored)
    };
    Ok(Packed { encoding, flags, payload })
}

fn error<T: ?Sized>(encoding: Encoding, fault: Fault) -> Error {
    Error::decode(Some(encoding), name_of::<T>(), fault)
}

/// Never said: types are compared before they are cast.
fn other_type() -> Fault {
    Fault::new("a value of another type")
}

impl Packed<'_> {
    /// What a `DataPacker` payload is, if the header says. Other payloads have no such flags.
    fn kind(self) -> Result<Option<datapacker::Kind>, Fault> {
        if self.encoding == Encoding::DataPacker || self.flags == 0 {
            return datapacker::Kind::from_flags(self.flags);
        }
        let (flags, encoding) = (self.flags, self.encoding);
        Err(Fault::new(format_args!("header flags 0x{flags:02X}, which {encoding} has none of")))
    }
}

/// A type's name without the paths of modules in it.
pub(super) fn name_of<T: ?Sized>() -> String {
    let mut short = String::new();
    for part in
        type_name::<T>().split_inclusive(|c: char| !c.is_alphanumeric() && !"_:".contains(c))
    {
        short += part.rsplit_once("::").map_or(part, |(_, name)| name);
    }
    short
}

fn dynamic(packed: Packed<'_>) -> Result<Value, Fault> {
    let (kind, payload) = (packed.kind()?, packed.payload);
    match packed.encoding {
        Encoding::Raw => Ok(Value::Bytes(payload.to_vec())),
        Encoding::Utf8 => std::str::from_utf8(payload).map(Value::from).map_err(Fault::new),
        Encoding::DataPacker => match kind {
            Some(kind) => datapacker::read(payload, kind),
            None => Ok(datapacker::guess(payload)),
        },
        Encoding::MsgPack => msgpack::read_value(payload),
        Encoding::Json => json::read_value(payload),
        Encoding::Cbor => cbor::read_value(payload),
        Encoding::Pickle => pickle::read_value(payload),
    }
}

fn by_serde<T: DeserializeOwned>(packed: Packed<'_>) -> Result<T, Fault> {
    let (kind, payload) = (packed.kind()?, packed.payload);
    match packed.encoding {
        Encoding::MsgPack => msgpack::read(payload),
        Encoding::Cbor => cbor::read(payload),
        Encoding::DataPacker if kind.is_none() => T::deserialize(Unmarked(payload)),
        encoding => {
            let style = match encoding {
                Encoding::Raw | Encoding::Utf8 => Style::Plain,
                Encoding::Json => Style::Json,
                _ => Style::Data,
            };
            T::deserialize(FromValue::new(dynamic(packed)?, style))
        }
    }
}
