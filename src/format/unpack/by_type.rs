//! The types that are known by name, and read faster than serde would hand them over.

use std::any::{TypeId, type_name};

use super::{Packed, dynamic};
use crate::format::{
    Encoding, Value,
    datapacker::{self, Kind},
    fault::Fault,
    header::has_magics,
    tensor::{Element, Tensor, TensorView},
};

/// Reads bytes that have no header as bytes: most values, and nothing but a copy.
#[inline]
pub(super) fn bare<T: 'static>(stored: &[u8]) -> Option<T> {
    if TypeId::of::<T>() == TypeId::of::<Vec<u8>>() && !has_magics(stored) {
        return cast(stored.to_vec()).ok();
    }
    None
}

/// Reads one of the types that are known here. `None` leaves it to serde.
#[inline]
pub(super) fn read<T: 'static>(packed: Packed<'_>) -> Option<Result<T, Fault>> {
    let is_plain = matches!(packed.encoding, Encoding::Raw | Encoding::Utf8) && packed.flags == 0;
    let wanted = TypeId::of::<T>();
    if is_plain && wanted == TypeId::of::<Vec<u8>>() {
        return Some(cast(packed.payload.to_vec()));
    }
    if is_plain && wanted == TypeId::of::<String>() {
        let text = std::str::from_utf8(packed.payload).map_err(Fault::new);
        return Some(text.and_then(|text| cast(text.to_owned())));
    }
    if wanted == TypeId::of::<Value>() {
        return Some(dynamic(packed).and_then(cast));
    }
    if packed.encoding != Encoding::DataPacker {
        return None;
    }
    if let Some(number) = number(packed) {
        return Some(Ok(number));
    }
    if wanted == TypeId::of::<Tensor>() {
        let tensor = match packed.kind() {
            Ok(None | Some(Kind::Tensor)) => datapacker::tensor(packed.payload),
            Ok(_) => Err(Fault::new("a number, not a tensor")),
            Err(fault) => Err(fault),
        };
        return Some(tensor.and_then(cast));
    }
    vector::<T, f32>(packed)
        .or_else(|| vector::<T, f64>(packed))
        .or_else(|| vector::<T, i32>(packed))
        .or_else(|| vector::<T, i64>(packed))
        .or_else(|| vector::<T, u8>(packed))
        .or_else(|| vector::<T, u16>(packed))
        .or_else(|| vector::<T, u32>(packed))
        .or_else(|| vector::<T, u64>(packed))
        .or_else(|| vector::<T, i8>(packed))
        .or_else(|| vector::<T, i16>(packed))
}

/// The elements of a tensor of one dimension, if `T` is a vector of exactly these.
fn vector<T: 'static, E: Element>(packed: Packed<'_>) -> Option<Result<T, Fault>> {
    if TypeId::of::<T>() != TypeId::of::<Vec<E>>() {
        return None;
    }
    if !matches!(packed.kind(), Ok(None | Some(Kind::Tensor))) {
        return None;
    }
    let tensor = TensorView::parse(packed.payload).ok()?;
    if tensor.ndim() != 1 {
        return None;
    }
    tensor.to_vec::<E>().map(cast)
}

/// A number that is stored as the kind of number it is read as.
#[inline]
fn number<T: 'static>(packed: Packed<'_>) -> Option<T> {
    let bytes: [u8; 8] = packed.payload.try_into().ok()?;
    if matches!(packed.flags, FLOAT | PYTHON) && TypeId::of::<T>() == TypeId::of::<f64>() {
        return cast(f64::from_le_bytes(bytes)).ok();
    }
    if !matches!(packed.flags, INT | PYTHON) {
        return None;
    }
    let int = i64::from_le_bytes(bytes);
    narrowed::<T, i64>(int)
        .or_else(|| narrowed::<T, u64>(int))
        .or_else(|| narrowed::<T, i32>(int))
        .or_else(|| narrowed::<T, u32>(int))
        .or_else(|| narrowed::<T, i16>(int))
        .or_else(|| narrowed::<T, u16>(int))
        .or_else(|| narrowed::<T, i8>(int))
        .or_else(|| narrowed::<T, u8>(int))
}

const PYTHON: u8 = 0;
const INT: u8 = Kind::Int.flags();
const FLOAT: u8 = Kind::Float.flags();

/// The integer, if `T` is exactly this type and holds it.
#[inline]
fn narrowed<T: 'static, I: TryFrom<i64> + 'static>(int: i64) -> Option<T> {
    if TypeId::of::<T>() != TypeId::of::<I>() {
        return None;
    }
    cast(I::try_from(int).ok()?).ok()
}

/// The same value, once it is known that the types are the same.
#[inline]
pub(super) fn cast<T: 'static, U: 'static>(value: U) -> Result<T, Fault> {
    castaway::cast!(value, T).map_err(|_| Fault::new(format_args!("no {}", type_name::<T>())))
}
