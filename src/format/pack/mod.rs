//! From a value to the bytes that are stored for it.

mod by_type;
mod choose;
mod out;
mod sequence;

use std::borrow::Cow;

use serde::Serialize;

use super::{
    Encoding, PackSettings,
    datapacker::{self, Kind},
    escape,
    fault::Fault,
    header::{self, Header},
};
use crate::{Error, Result};
use choose::Choose;
use out::Out;

/// Packs a value in the encoding that suits its type and the Python package.
///
/// Bytes by type are borrowed, if they need no header.
#[inline]
pub(crate) fn pack<T: Serialize + ?Sized>(
    value: &T,
    settings: PackSettings,
) -> Result<Cow<'_, [u8]>> {
    match by_type::bytes(value) {
        Some(bytes) => raw(bytes, settings).map_err(|fault| error(Some(Encoding::Raw), fault)),
        None => pack_typed(value, settings).map(Cow::Owned),
    }
}

fn pack_typed<T: Serialize + ?Sized>(value: &T, settings: PackSettings) -> Result<Vec<u8>> {
    if let Some(number) = number(value, settings) {
        return Ok(number);
    }
    if let Some(text) = by_type::text(value) {
        let mut out = Out::new(settings);
        return match out.text(text) {
            Ok(()) => Ok(out.finish().0),
            Err(fault) => Err(error(Some(Encoding::Utf8), fault)),
        };
    }
    let mut out = Out::new(settings);
    out.is_bytes = by_type::is_bytes::<T>();
    match value.serialize(Choose(&mut out)) {
        Ok(()) if out.wants_pickle() => pack_as(value, Encoding::Pickle, settings),
        Ok(()) => Ok(out.finish().0),
        Err(fault) => {
            let encoding = out.finish().1;
            Err(error(encoding, Fault::new(fault)))
        }
    }
}

/// A number of Rust's own types, where it is stored as 8 bytes: what serde would make of it, sooner.
#[inline]
fn number<T: ?Sized>(value: &T, settings: PackSettings) -> Option<Vec<u8>> {
    if !settings.auto_pack || !settings.headers {
        return None;
    }
    let (kind, bytes) = if let Some(int) = by_type::int(value) {
        (datapacker::python_reads_int(int).then_some(Kind::Int)?, int.to_le_bytes())
    } else {
        let float = by_type::float(value)?;
        (datapacker::python_reads_float(float).then_some(Kind::Float)?, float.to_le_bytes())
    };
    let header = Header { encoding: Encoding::DataPacker, flags: kind.flags() };
    let mut stored = Vec::with_capacity(header::LEN + bytes.len());
    stored.extend_from_slice(&header.to_bytes());
    stored.extend_from_slice(&bytes);
    Some(stored)
}

/// Packs a value in an encoding of the caller's choice.
pub(crate) fn pack_as<T: Serialize + ?Sized>(
    value: &T,
    encoding: Encoding,
    settings: PackSettings,
) -> Result<Vec<u8>> {
    let packed = match encoding {
        Encoding::Raw | Encoding::Utf8 => return pack_plain(value, encoding, settings),
        _ => {
            let mut out = Out::new(settings);
            out.encode(value, encoding).map(|()| out.finish().0)
        }
    };
    packed.map_err(|fault| error(Some(encoding), fault))
}

/// Raw bytes and text, for which the choice of the encoding is a condition on the value.
fn pack_plain<T: Serialize + ?Sized>(
    value: &T,
    encoding: Encoding,
    settings: PackSettings,
) -> Result<Vec<u8>> {
    let refused = || error(Some(encoding), Fault::new("a value of another type"));
    if encoding == Encoding::Raw && by_type::bytes(value).is_some() {
        return pack(value, settings).map(Cow::into_owned);
    }
    let mut out = Out::new(settings);
    out.is_bytes = by_type::is_bytes::<T>();
    value.serialize(Choose(&mut out)).map_err(|fault| error(Some(encoding), Fault::new(fault)))?;
    match out.finish() {
        (stored, Some(chosen)) if chosen == encoding => Ok(stored),
        _ => Err(refused()),
    }
}

/// Raw bytes: the only thing that is stored without a header.
#[inline]
fn raw(bytes: &[u8], settings: PackSettings) -> Result<Cow<'_, [u8]>, Fault> {
    if !settings.auto_pack {
        return Ok(Cow::Borrowed(bytes));
    }
    match escape(bytes) {
        Cow::Owned(_) if !settings.headers => {
            Err(Fault::new("bytes that begin like a header, while headers are disabled"))
        }
        stored => Ok(stored),
    }
}

fn error(encoding: Option<Encoding>, fault: Fault) -> Error {
    let wanted = encoding.map_or("bytes".to_owned(), |encoding| encoding.to_string());
    Error::encode(wanted, fault)
}
