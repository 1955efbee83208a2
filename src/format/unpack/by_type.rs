//! The types that are known by name, and read faster than serde would hand them over.

use std::any::TypeId;

use super::Packed;
use crate::format::{
    Encoding,
    datapacker::Kind,
    header::has_magics,
    tensor::{Element, Tensor, TensorView},
};

/// Reads bytes that have no header as bytes: most values, and nothing but a copy.
#[inline]
pub(super) fn bare<T: 'static>(stored: &[u8]) -> Option<T> {
    if TypeId::of::<T>() == TypeId::of::<Vec<u8>>() && !has_magics(stored) {
        return cast(stored.to_vec());
    }
    None
}

/// Reads one of the types that are known here. `None` leaves it to serde, errors included.
#[inline]
pub(super) fn read<T: 'static>(packed: Packed<'_>) -> Option<T> {
    let is_plain = matches!(packed.encoding, Encoding::Raw | Encoding::Utf8) && packed.flags == 0;
    let wanted = TypeId::of::<T>();
    if is_plain && wanted == TypeId::of::<Vec<u8>>() {
        return cast(packed.payload.to_vec());
    }
    if is_plain && wanted == TypeId::of::<String>() {
        return cast(std::str::from_utf8(packed.payload).ok()?.to_owned());
    }
    if packed.encoding != Encoding::DataPacker {
        return None;
    }
    if matches!(packed.flags, TENSOR | PYTHON) && wanted == TypeId::of::<Tensor>() {
        return cast(TensorView::parse(packed.payload).ok()?.to_tensor());
    }
    number(packed)
        .or_else(|| vector::<T, f32>(packed))
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
#[inline]
fn vector<T: 'static, E: Element>(packed: Packed<'_>) -> Option<T> {
    if TypeId::of::<T>() != TypeId::of::<Vec<E>>() || !matches!(packed.flags, TENSOR | PYTHON) {
        return None;
    }
    let tensor = TensorView::parse(packed.payload).ok()?;
    if tensor.ndim() != 1 {
        return None;
    }
    cast(tensor.to_vec::<E>()?)
}

/// A number that is stored as the kind of number it is read as.
#[inline]
fn number<T: 'static>(packed: Packed<'_>) -> Option<T> {
    let bytes: [u8; 8] = packed.payload.try_into().ok()?;
    if matches!(packed.flags, FLOAT | PYTHON) && TypeId::of::<T>() == TypeId::of::<f64>() {
        return cast(f64::from_le_bytes(bytes));
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
const TENSOR: u8 = Kind::Tensor.flags();

/// The integer, if `T` is exactly this type and holds it.
#[inline]
fn narrowed<T: 'static, I: TryFrom<i64> + 'static>(int: i64) -> Option<T> {
    if TypeId::of::<T>() != TypeId::of::<I>() {
        return None;
    }
    cast(I::try_from(int).ok()?)
}

/// The same value, if the types are the same.
#[inline]
pub(super) fn cast<T: 'static, U: 'static>(value: U) -> Option<T> {
    castaway::cast!(value, T).ok()
}
