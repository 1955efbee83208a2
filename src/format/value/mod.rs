//! A value of any type, for data whose type is not known beforehand.

mod access;
mod axis;
mod bigint;
mod convert;
mod decode;
mod deserialize;
mod display;
mod from;
mod json;
mod order;
mod serialize;

pub use bigint::BigInt;
pub(crate) use bigint::{le_bytes, le_bytes_unsigned, trim};
pub(crate) use decode::{FromValue, Style};

use super::Tensor;

/// By this name of a newtype our own deserializers know that a [`Value`] is asked for.
pub(crate) const NAME: &str = "$kvault::Value";

/// A stored value of any type.
///
/// What is stored for a `Value` reads back as an equal one. Two values are equal if type and
/// content are: the integer 1 is not the float 1.0. Floats are equal if all their bits are, so a
/// NaN equals itself and 0.0 is not -0.0. Compared with a plain `f64`, a value behaves like one.
///
/// # Examples
///
/// ```
/// use kvault::{Stored, Value};
///
/// let config = Value::from([("timeout", Value::from(30)), ("name", Value::from("a"))]);
/// let stored = Stored::pack(&config)?;
///
/// let back = stored.value()?;
/// assert_eq!(back, config);
/// assert_eq!(back.get("timeout").and_then(Value::as_u64), Some(30));
/// assert_eq!(back.to_string(), r#"{"timeout": 30, "name": "a"}"#);
/// # Ok::<(), kvault::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub enum Value {
    /// Nothing: Python's `None`, an empty `Option`, `()`.
    #[default]
    Null,
    /// True or false.
    Bool(bool),
    /// An integer within 128 bits.
    Int(i128),
    /// An integer beyond that.
    BigInt(BigInt),
    /// A floating-point number.
    F64(f64),
    /// Text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// Values in order: Python's list, tuple or set.
    List(Vec<Value>),
    /// Pairs of key and value in the order they are stored in. A key may be any value, and may
    /// occur twice.
    Map(Vec<(Value, Value)>),
    /// An array of numbers.
    Tensor(Tensor),
}

impl Value {
    /// What kind of value this is, in a word.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(kvault::Value::from(1.5).kind(), "float");
    /// ```
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "boolean",
            Self::Int(_) | Self::BigInt(_) => "integer",
            Self::F64(_) => "float",
            Self::Text(_) => "text",
            Self::Bytes(_) => "bytes",
            Self::List(_) => "list",
            Self::Map(_) => "map",
            Self::Tensor(_) => "tensor",
        }
    }

    /// What a map holds under a text key: the last one, as in Python, if it occurs twice.
    ///
    /// # Examples
    ///
    /// ```
    /// use kvault::Value;
    ///
    /// let map = Value::from([("a", Value::from(1))]);
    /// assert_eq!(map.get("a"), Some(&Value::from(1)));
    /// assert_eq!(map.get("b"), None);
    /// assert_eq!(Value::Null.get("a"), None);
    /// ```
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        let pairs = self.as_map()?;
        pairs.iter().rev().find(|(name, _)| name.as_str() == Some(key)).map(|(_, value)| value)
    }

    /// The item of a list.
    ///
    /// # Examples
    ///
    /// ```
    /// use kvault::Value;
    ///
    /// let list: Value = ["a", "b"].into_iter().collect();
    /// assert_eq!(list.at(1), Some(&Value::from("b")));
    /// ```
    #[must_use]
    pub fn at(&self, index: usize) -> Option<&Self> {
        self.as_list()?.get(index)
    }
}
