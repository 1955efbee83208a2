//! `MessagePack` (msgpack.org): written and read into types by `rmp-serde`, read into a [`Value`]
//! here, because the codec crate hands invalid text over as bytes.

use rmp::Marker;
use rmp_serde::config::{DefaultConfig, StructMapConfig};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{
    MAX_DEPTH, Value, ext,
    fault::Fault,
    unpack::{Exact, Input},
    watch::{Facts, Watch},
};

/// A serializer that writes the fields of a struct by name.
#[inline]
pub(crate) fn serializer(
    out: Vec<u8>,
) -> rmp_serde::Serializer<Vec<u8>, StructMapConfig<DefaultConfig>> {
    rmp_serde::Serializer::new(out).with_struct_map()
}

pub(crate) fn write<T: Serialize + ?Sized>(
    value: &T,
    out: &mut rmp_serde::Serializer<Vec<u8>, StructMapConfig<DefaultConfig>>,
    facts: &Facts,
) -> Result<(), Fault> {
    value.serialize(Watch::new(out, facts)).map_err(Fault::new)
}

/// Reads a value of a type.
pub(crate) fn read<T: DeserializeOwned>(payload: &[u8]) -> Result<T, Fault> {
    let mut reader = rmp_serde::Deserializer::from_read_ref(payload);
    let value = T::deserialize(Exact::new(&mut reader)).map_err(Fault::new)?;
    // The reader does not say how far it came: at the end it cannot read one more marker.
    match u8::deserialize(&mut reader) {
        Err(rmp_serde::decode::Error::InvalidMarkerRead(_)) => Ok(value),
        _ => Err(Fault::new("bytes after the end of the value")),
    }
}

/// Reads whatever it is.
pub(crate) fn read_value(payload: &[u8]) -> Result<Value, Fault> {
    let mut input = Input::new(payload);
    let value = item(&mut input, MAX_DEPTH)?;
    input.end()?;
    Ok(value)
}

fn item(input: &mut Input<'_>, depth: u8) -> Result<Value, Fault> {
    let marker = Marker::from_u8(input.byte()?);
    Ok(match marker {
        Marker::Null => Value::Null,
        Marker::False => Value::Bool(false),
        Marker::True => Value::Bool(true),
        Marker::FixPos(value) => Value::from(value),
        Marker::FixNeg(value) => Value::from(value),
        Marker::U8 => Value::from(u8::from_be_bytes(input.array()?)),
        Marker::U16 => Value::from(u16::from_be_bytes(input.array()?)),
        Marker::U32 => Value::from(u32::from_be_bytes(input.array()?)),
        Marker::U64 => Value::from(u64::from_be_bytes(input.array()?)),
        Marker::I8 => Value::from(i8::from_be_bytes(input.array()?)),
        Marker::I16 => Value::from(i16::from_be_bytes(input.array()?)),
        Marker::I32 => Value::from(i32::from_be_bytes(input.array()?)),
        Marker::I64 => Value::from(i64::from_be_bytes(input.array()?)),
        Marker::F32 => Value::from(f32::from_bits(u32::from_be_bytes(input.array()?))),
        Marker::F64 => Value::F64(f64::from_bits(u64::from_be_bytes(input.array()?))),
        Marker::FixStr(len) => text(input, len.into())?,
        Marker::Str8 | Marker::Str16 | Marker::Str32 => {
            let len = length(input, marker)?;
            text(input, len)?
        }
        Marker::Bin8 | Marker::Bin16 | Marker::Bin32 => {
            let len = length(input, marker)?;
            Value::Bytes(input.take(len)?.to_vec())
        }
        Marker::FixArray(len) => list(input, len.into(), depth)?,
        Marker::Array16 | Marker::Array32 => {
            let len = length(input, marker)?;
            list(input, len, depth)?
        }
        Marker::FixMap(len) => map(input, len.into(), depth)?,
        Marker::Map16 | Marker::Map32 => {
            let len = length(input, marker)?;
            map(input, len, depth)?
        }
        Marker::FixExt1 => extension(input, 1)?,
        Marker::FixExt2 => extension(input, 2)?,
        Marker::FixExt4 => extension(input, 4)?,
        Marker::FixExt8 => extension(input, 8)?,
        Marker::FixExt16 => extension(input, 16)?,
        Marker::Ext8 | Marker::Ext16 | Marker::Ext32 => {
            let len = length(input, marker)?;
            extension(input, len)?
        }
        Marker::Reserved => return Err(Fault::new("the byte C1, which MessagePack never uses")),
    })
}

/// The length behind a marker, of 1, 2 or 4 bytes.
fn length(input: &mut Input<'_>, marker: Marker) -> Result<usize, Fault> {
    let len = match marker {
        Marker::Str8 | Marker::Bin8 | Marker::Ext8 => u8::from_be_bytes(input.array()?).into(),
        Marker::Str16 | Marker::Bin16 | Marker::Ext16 | Marker::Array16 | Marker::Map16 => {
            u16::from_be_bytes(input.array()?).into()
        }
        _ => u32::from_be_bytes(input.array()?),
    };
    usize::try_from(len).map_err(Fault::new)
}

fn text(input: &mut Input<'_>, len: usize) -> Result<Value, Fault> {
    input.text(len).map(Value::from)
}

fn list(input: &mut Input<'_>, len: usize, depth: u8) -> Result<Value, Fault> {
    let depth = depth.checked_sub(1).ok_or_else(Fault::too_deep)?;
    let mut items = Vec::with_capacity(input.expect(len, 1)?);
    for _ in 0..len {
        items.push(item(input, depth)?);
    }
    Ok(Value::List(items))
}

fn map(input: &mut Input<'_>, len: usize, depth: u8) -> Result<Value, Fault> {
    let depth = depth.checked_sub(1).ok_or_else(Fault::too_deep)?;
    let mut pairs = Vec::with_capacity(input.expect(len, 2)?);
    for _ in 0..len {
        pairs.push((item(input, depth)?, item(input, depth)?));
    }
    Ok(Value::Map(pairs))
}

fn extension(input: &mut Input<'_>, len: usize) -> Result<Value, Fault> {
    let code = i8::from_be_bytes(input.array()?);
    ext::read(code, input.take(len)?)
}
