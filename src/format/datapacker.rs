//! The payload that the Python package calls `DataPacker`: an `i64`, an `f64` or a tensor.
//!
//! The file format does not say which of them a payload is, and the package guesses. So we write
//! the answer into the high nibble of the header's flags, which the package ignores, and write a
//! number this way only where the package guesses right.

use super::{
    Value,
    fault::Fault,
    tensor::{Tensor, TensorView},
};

/// What a payload is, as the high nibble of the header's flags says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Int,
    Float,
    Tensor,
}

impl Kind {
    pub(crate) const fn flags(self) -> u8 {
        match self {
            Self::Int => 0x10,
            Self::Float => 0x20,
            Self::Tensor => 0x30,
        }
    }

    /// `None` is a payload that the Python package wrote.
    pub(crate) fn from_flags(flags: u8) -> Result<Option<Self>, Fault> {
        Ok(Some(match flags {
            0x00 => return Ok(None),
            0x10 => Self::Int,
            0x20 => Self::Float,
            0x30 => Self::Tensor,
            other => {
                return Err(Fault::new(format_args!(
                    "header flags 0x{other:02X} name no kind of payload"
                )));
            }
        }))
    }
}

/// Whether the package takes these 8 bytes for the integer that they are.
pub(crate) const fn python_reads_int(value: i64) -> bool {
    value.unsigned_abs() < 1_000_000_000_000
}

/// Whether the package takes these 8 bytes for the float that they are.
pub(crate) fn python_reads_float(value: f64) -> bool {
    let as_int = i64::from_le_bytes(value.to_le_bytes());
    let has_fraction = value.is_finite() && value.fract().abs() > 1e-9;
    // The package's |i64::MIN| wraps around to a negative number.
    has_fraction || (as_int != i64::MIN && !python_reads_int(as_int))
}

/// Reads a payload whose kind the header says.
pub(crate) fn read(payload: &[u8], kind: Kind) -> Result<Value, Fault> {
    Ok(match kind {
        Kind::Int => Value::from(i64::from_le_bytes(eight(payload)?)),
        Kind::Float => Value::F64(f64::from_le_bytes(eight(payload)?)),
        Kind::Tensor => Value::Tensor(TensorView::parse(payload)?.to_tensor()),
    })
}

/// Guesses what a payload of the package is. Right for integers within 2^52 and for normal
/// floats, but for the few that are an 8-byte tensor as well.
pub(crate) fn guess(payload: &[u8]) -> Value {
    let tensor = TensorView::parse(payload).ok();
    if let Ok(bytes) = eight(payload) {
        let (int, float) = (i64::from_le_bytes(bytes), f64::from_le_bytes(bytes));
        return match tensor {
            Some(tensor) if int.unsigned_abs() >= 1 << 48 => Value::Tensor(tensor.to_tensor()),
            _ if is_rather_an_int(float) => Value::from(int),
            _ => Value::F64(float),
        };
    }
    match tensor {
        Some(tensor) => Value::Tensor(tensor.to_tensor()),
        None => std::str::from_utf8(payload)
            .map_or_else(|_| Value::Bytes(payload.to_vec()), Value::from),
    }
}

/// Small integers read as floats are subnormal or zero, small negative ones are NaNs; the NaN
/// that Python makes is this one.
fn is_rather_an_int(float: f64) -> bool {
    const PYTHON_NAN: u64 = 0x7FF8_0000_0000_0000;
    float == 0.0 || float.is_subnormal() || (float.is_nan() && float.to_bits() != PYTHON_NAN)
}

/// The payload as the 8 bytes of a number.
pub(crate) fn eight(payload: &[u8]) -> Result<[u8; 8], Fault> {
    payload
        .try_into()
        .map_err(|_| Fault::new(format_args!("a number has 8 bytes, here are {}", payload.len())))
}

/// The payload as a tensor.
pub(crate) fn tensor(payload: &[u8]) -> Result<Tensor, Fault> {
    Ok(TensorView::parse(payload)?.to_tensor())
}
