//! Equality, order and hashes of values.

use std::{
    cmp::Ordering,
    hash::{Hash, Hasher},
};

use super::{BigInt, Value};

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Value {}

impl PartialOrd for Value {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// By kind first: null, booleans, integers, floats, text, bytes, lists, maps, tensors. Then
/// integers by size, floats in the total order of IEEE 754, the others from front to back.
impl Ord for Value {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Bool(a), Self::Bool(b)) => a.cmp(b),
            (Self::Int(a), Self::Int(b)) => a.cmp(b),
            (Self::BigInt(a), Self::BigInt(b)) => a.cmp(b),
            // One is beyond all that the other can be.
            (Self::BigInt(a), Self::Int(_)) => outside(a),
            (Self::Int(_), Self::BigInt(b)) => outside(b).reverse(),
            (Self::F64(a), Self::F64(b)) => a.total_cmp(b),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (Self::Bytes(a), Self::Bytes(b)) => a.cmp(b),
            (Self::List(a), Self::List(b)) => a.cmp(b),
            (Self::Map(a), Self::Map(b)) => a.cmp(b),
            (Self::Tensor(a), Self::Tensor(b)) => a.payload().cmp(b.payload()),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

impl Value {
    const fn rank(&self) -> u8 {
        match self {
            Self::Null => 0,
            Self::Bool(_) => 1,
            Self::Int(_) | Self::BigInt(_) => 2,
            Self::F64(_) => 3,
            Self::Text(_) => 4,
            Self::Bytes(_) => 5,
            Self::List(_) => 6,
            Self::Map(_) => 7,
            Self::Tensor(_) => 8,
        }
    }
}

fn outside(big: &BigInt) -> Ordering {
    if big.is_negative() { Ordering::Less } else { Ordering::Greater }
}

impl PartialOrd for BigInt {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for BigInt {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.is_negative(), other.is_negative()) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (is_negative, _) => {
                let (a, b) = (self.as_le_bytes(), other.as_le_bytes());
                let longer = a.len().cmp(&b.len());
                let longer = if is_negative { longer.reverse() } else { longer };
                longer.then_with(|| a.iter().rev().cmp(b.iter().rev()))
            }
        }
    }
}

impl Hash for Value {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.rank().hash(state);
        match self {
            Self::Null => {}
            Self::Bool(value) => value.hash(state),
            Self::Int(value) => value.hash(state),
            Self::BigInt(value) => value.hash(state),
            Self::F64(value) => value.to_bits().hash(state),
            Self::Text(value) => value.hash(state),
            Self::Bytes(value) => value.hash(state),
            Self::List(items) => items.hash(state),
            Self::Map(pairs) => pairs.hash(state),
            Self::Tensor(tensor) => tensor.hash(state),
        }
    }
}

macro_rules! compare {
    ($($type:ty: |$value:ident, $plain:ident| $equal:expr;)*) => {
        $(
            impl PartialEq<$type> for Value {
                fn eq(&self, $plain: &$type) -> bool {
                    let $value = self;
                    $equal
                }
            }
        )*
    };
}

macro_rules! compare_ints {
    ($($type:ty)*) => {
        $(
            impl PartialEq<$type> for Value {
                fn eq(&self, other: &$type) -> bool {
                    matches!(self, Self::Int(value) if *value == i128::from(*other))
                }
            }
        )*
    };
}

compare_ints!(i8 i16 i32 i64 i128 u8 u16 u32 u64);

compare! {
    f64: |value, plain| matches!(value, Value::F64(float) if float == plain);
    f32: |value, plain| matches!(value, Value::F64(float) if *float == f64::from(*plain));
    bool: |value, plain| value.as_bool() == Some(*plain);
    str: |value, plain| value.as_str() == Some(plain);
    &str: |value, plain| value.as_str() == Some(*plain);
    String: |value, plain| value.as_str() == Some(plain.as_str());
    [u8]: |value, plain| value.as_bytes() == Some(plain);
    &[u8]: |value, plain| value.as_bytes() == Some(*plain);
}
