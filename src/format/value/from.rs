//! Values out of Rust's types.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
};

use super::Value;
use crate::format::{Tensor, number::widen};

macro_rules! ints {
    ($($type:ident)*) => {
        $(
            impl From<$type> for Value {
                fn from(value: $type) -> Self {
                    Self::Int(i128::from(value))
                }
            }
        )*
    };
}

ints!(i8 i16 i32 i64 i128 u8 u16 u32 u64);

macro_rules! sizes {
    ($($type:ident as $wide:ident)*) => {
        $(
            impl From<$type> for Value {
                fn from(value: $type) -> Self {
                    // Never falls back: no machine has over 64 bits to an address.
                    Self::from($wide::try_from(value).unwrap_or_default())
                }
            }
        )*
    };
}

sizes!(isize as i64 usize as u64);

impl From<()> for Value {
    fn from((): ()) -> Self {
        Self::Null
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

/// The equal float of 64 bits.
impl From<f32> for Value {
    fn from(value: f32) -> Self {
        Self::F64(widen(value))
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::F64(value)
    }
}

impl From<char> for Value {
    fn from(value: char) -> Self {
        Self::Text(value.into())
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<Cow<'_, str>> for Value {
    fn from(value: Cow<'_, str>) -> Self {
        Self::Text(value.into_owned())
    }
}

/// Bytes, not a list of numbers.
impl From<&[u8]> for Value {
    fn from(value: &[u8]) -> Self {
        Self::Bytes(value.to_vec())
    }
}

/// Bytes, not a list of numbers.
impl<const N: usize> From<&[u8; N]> for Value {
    fn from(value: &[u8; N]) -> Self {
        Self::Bytes(value.to_vec())
    }
}

impl From<Tensor> for Value {
    fn from(value: Tensor) -> Self {
        Self::Tensor(value)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// Bytes, not a list of numbers.
///
/// # Examples
///
/// ```
/// use kvault::Value;
///
/// assert_eq!(Value::from(vec![1u8, 2]), Value::Bytes(vec![1, 2]));
/// ```
impl From<Vec<u8>> for Value {
    fn from(value: Vec<u8>) -> Self {
        Self::Bytes(value)
    }
}

impl From<Vec<Value>> for Value {
    fn from(items: Vec<Value>) -> Self {
        Self::List(items)
    }
}

/// A list.
///
/// # Examples
///
/// ```
/// use kvault::Value;
///
/// let list: Value = ["a", "b"].into_iter().collect();
/// assert_eq!(list.to_string(), r#"["a", "b"]"#);
/// ```
impl<T: Into<Value>> FromIterator<T> for Value {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Self::List(items.into_iter().map(Into::into).collect())
    }
}

/// A map.
impl<K: Into<Value>, V: Into<Value>, const N: usize> From<[(K, V); N]> for Value {
    fn from(pairs: [(K, V); N]) -> Self {
        map(pairs)
    }
}

/// A map with its keys in order.
impl<K: Into<Value>, V: Into<Value>> From<BTreeMap<K, V>> for Value {
    fn from(pairs: BTreeMap<K, V>) -> Self {
        map(pairs)
    }
}

/// A map with its keys in no order.
impl<K: Into<Value>, V: Into<Value>, S> From<HashMap<K, V, S>> for Value {
    fn from(pairs: HashMap<K, V, S>) -> Self {
        map(pairs)
    }
}

fn map<K: Into<Value>, V: Into<Value>>(pairs: impl IntoIterator<Item = (K, V)>) -> Value {
    Value::Map(pairs.into_iter().map(|(key, value)| (key.into(), value.into())).collect())
}
