//! Integers that 128 bits do not hold.

use std::fmt::{self, Write};

use super::Value;
use crate::format::fault::Fault;

/// How long an integer may be, in bytes: its decimal digits cost the square of that.
const MAX_LEN: usize = 4096;

/// Decimal digits are taken nine at a time.
const CHUNK: u64 = 1_000_000_000;

/// An integer beyond `i128`, as Python has them: up to 4096 bytes long.
///
/// It comes out of [`Value::BigInt`] and is always one that `i128` does not hold.
///
/// # Examples
///
/// ```
/// use kvault::Value;
///
/// let big = Value::from(u128::MAX);
/// assert_eq!(big.to_string(), "340282366920938463463374607431768211455");
/// assert_eq!(u128::try_from(big)?, u128::MAX);
/// # Ok::<(), kvault::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct BigInt {
    /// Two's complement, little-endian, as short as can be.
    bytes: Box<[u8]>,
}

impl BigInt {
    /// The integer with these bytes in two's complement, little-endian; none are 0.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Value, Fault> {
        let bytes = trim(bytes);
        if bytes.len() > MAX_LEN {
            return Err(Fault::new(format_args!(
                "an integer of {} bytes, over {MAX_LEN}",
                bytes.len()
            )));
        }
        if bytes.len() > size_of::<i128>() {
            return Ok(Value::BigInt(Self { bytes: bytes.into() }));
        }
        let fill = if is_negative(bytes) { 0xFF } else { 0 };
        let mut wide = [fill; size_of::<i128>()];
        wide.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        Ok(Value::Int(i128::from_le_bytes(wide)))
    }

    /// The integer with these decimal digits, behind a minus if it is negative.
    pub(crate) fn from_decimal(text: &str) -> Result<Value, Fault> {
        let (is_negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text),
        };
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number {
            return Err(Fault::new("not a number"));
        }
        // 2.4 digits to the byte.
        if digits.len() / 3 > MAX_LEN {
            return Err(Fault::new(format_args!("an integer of {} digits", digits.len())));
        }
        let mut limbs: Vec<u32> = Vec::with_capacity(digits.len() / 9 + 1);
        let (first, rest) = digits.as_bytes().split_at(digits.len() % 9);
        for nine in std::iter::once(first).chain(rest.chunks(9)) {
            let chunk = nine.iter().fold(0, |chunk, digit| chunk * 10 + u64::from(digit - b'0'));
            let mut carry = chunk;
            for limb in &mut limbs {
                carry += u64::from(*limb) * CHUNK;
                *limb = low(carry);
                carry >>= 32;
            }
            if carry > 0 {
                limbs.push(low(carry));
            }
        }
        let mut bytes: Vec<u8> = limbs.iter().flat_map(|limb| limb.to_le_bytes()).collect();
        bytes.push(0);
        if is_negative {
            negate(&mut bytes);
        }
        Self::parse(&bytes)
    }

    /// The integer in two's complement, little-endian, as short as can be.
    ///
    /// # Examples
    ///
    /// ```
    /// use kvault::Value;
    ///
    /// if let Value::BigInt(big) = Value::from(u128::MAX) {
    ///     assert_eq!(big.as_le_bytes().len(), 17);
    /// }
    /// ```
    #[must_use]
    pub fn as_le_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether it is below zero.
    ///
    /// # Examples
    ///
    /// ```
    /// use kvault::Value;
    ///
    /// if let Value::BigInt(big) = Value::from(u128::MAX) {
    ///     assert!(!big.is_negative());
    /// }
    /// ```
    #[must_use]
    pub fn is_negative(&self) -> bool {
        is_negative(&self.bytes)
    }

    /// The distance from zero, little-endian.
    pub(super) fn magnitude(&self) -> Vec<u8> {
        let mut bytes = self.bytes.to_vec();
        if self.is_negative() {
            negate(&mut bytes);
        }
        bytes
    }
}

impl fmt::Display for BigInt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut limbs: Vec<u64> = self
            .magnitude()
            .chunks(4)
            .map(|chunk| chunk.iter().rev().fold(0, |limb, &byte| limb << 8 | u64::from(byte)))
            .collect();
        let mut chunks = Vec::new();
        while limbs.last().is_some() {
            let mut carry = 0;
            for limb in limbs.iter_mut().rev() {
                carry = carry << 32 | *limb;
                (*limb, carry) = (carry / CHUNK, carry % CHUNK);
            }
            while limbs.last() == Some(&0) {
                limbs.pop();
            }
            chunks.push(carry);
        }
        let mut digits = String::new();
        for (i, chunk) in chunks.iter().rev().enumerate() {
            let width = if i == 0 { 0 } else { 9 };
            write!(digits, "{chunk:0width$}")?;
        }
        f.pad_integral(!self.is_negative(), "", &digits)
    }
}

impl fmt::Debug for BigInt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl TryFrom<&BigInt> for u128 {
    type Error = std::num::TryFromIntError;

    fn try_from(big: &BigInt) -> Result<Self, Self::Error> {
        match big.bytes.split_first_chunk::<16>() {
            Some((bytes, [0])) => Ok(Self::from_le_bytes(*bytes)),
            // The error that this conversion gives for what is below the range.
            _ => Self::try_from(-1),
        }
    }
}

impl From<u128> for Value {
    fn from(value: u128) -> Self {
        i128::try_from(value).map_or_else(
            |_| Self::BigInt(BigInt { bytes: le_bytes_unsigned(value).into() }),
            Self::Int,
        )
    }
}

/// Drops the bytes that a two's complement number can do without.
pub(crate) fn trim(mut bytes: &[u8]) -> &[u8] {
    while let Some((&last, shorter)) = bytes.split_last() {
        let drop = match (last, is_negative(shorter)) {
            (0, false) => true,
            (0xFF, true) => !shorter.is_empty(),
            _ => false,
        };
        if !drop {
            break;
        }
        bytes = shorter;
    }
    bytes
}

/// Two's complement, not trimmed.
pub(crate) fn le_bytes(value: i128) -> [u8; 17] {
    let mut bytes = [if value < 0 { 0xFF } else { 0 }; 17];
    bytes.iter_mut().zip(value.to_le_bytes()).for_each(|(to, from)| *to = from);
    bytes
}

/// Two's complement, not trimmed.
pub(crate) fn le_bytes_unsigned(value: u128) -> [u8; 17] {
    let mut bytes = [0; 17];
    bytes.iter_mut().zip(value.to_le_bytes()).for_each(|(to, from)| *to = from);
    bytes
}

/// The lower half.
fn low(value: u64) -> u32 {
    let [a, b, c, d, ..] = value.to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}

fn is_negative(bytes: &[u8]) -> bool {
    bytes.last().is_some_and(|last| last & 0x80 != 0)
}

fn negate(bytes: &mut [u8]) {
    let mut carry = true;
    for byte in bytes {
        (*byte, carry) = (!*byte).overflowing_add(carry.into());
    }
}
