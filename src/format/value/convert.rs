//! Rust's types out of values, only where nothing is lost.

use serde::de::DeserializeOwned;

use super::{BigInt, FromValue, Style, Value};
use crate::{
    Error, Result,
    format::{Tensor, fault::Fault, number, unpack::name_of},
};

impl Value {
    /// Reads the value as a type, numbers converted only where nothing is lost.
    ///
    /// # Errors
    ///
    /// [`Error::Decode`] if it is of another type.
    ///
    /// # Examples
    ///
    /// ```
    /// use kvault::Value;
    ///
    /// let value = Value::from_iter([1, 2, 300]);
    /// assert_eq!(value.clone().decode::<Vec<u16>>()?, [1, 2, 300]);
    /// assert!(value.decode::<Vec<u8>>().is_err());
    /// # Ok::<(), kvault::Error>(())
    /// ```
    pub fn decode<T: DeserializeOwned>(self) -> Result<T> {
        T::deserialize(FromValue::new(self, Style::Data))
            .map_err(|fault| Error::decode(None, name_of::<T>(), fault))
    }

    /// Whether it is null.
    ///
    /// # Examples
    ///
    /// ```
    /// use kvault::Value;
    ///
    /// assert!(Value::from(None::<u8>).is_null());
    /// ```
    #[must_use]
    pub const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The boolean, if it is one.
    ///
    /// # Examples
    ///
    /// ```
    /// use kvault::Value;
    ///
    /// assert_eq!(Value::from(true).as_bool(), Some(true));
    /// assert_eq!(Value::from(1).as_bool(), None);
    /// ```
    #[must_use]
    pub const fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The integer, if it is one within `i64`, or a float that equals one.
    ///
    /// # Examples
    ///
    /// ```
    /// use kvault::Value;
    ///
    /// assert_eq!(Value::from(7).as_i64(), Some(7));
    /// assert_eq!(Value::from(7.0).as_i64(), Some(7));
    /// assert_eq!(Value::from(7.5).as_i64(), None);
    /// assert_eq!(Value::from(u64::MAX).as_i64(), None);
    /// ```
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        i64::try_from(self.as_i128()?).ok()
    }

    /// The integer, if it is one within `u64`, or a float that equals one.
    ///
    /// # Examples
    ///
    /// ```
    /// use kvault::Value;
    ///
    /// assert_eq!(Value::from(u64::MAX).as_u64(), Some(u64::MAX));
    /// assert_eq!(Value::from(-1).as_u64(), None);
    /// ```
    #[must_use]
    pub fn as_u64(&self) -> Option<u64> {
        u64::try_from(self.as_i128()?).ok()
    }

    /// The integer, if it is one within `i128`, or a float that equals one.
    ///
    /// # Examples
    ///
    /// ```
    /// use kvault::Value;
    ///
    /// assert_eq!(Value::from(i128::MIN).as_i128(), Some(i128::MIN));
    /// assert_eq!(Value::from(u128::MAX).as_i128(), None);
    /// ```
    #[must_use]
    pub fn as_i128(&self) -> Option<i128> {
        match self {
            Self::Int(value) => Some(*value),
            Self::F64(value) => number::whole(*value),
            _ => None,
        }
    }

    /// The float, if it is one, or an integer that a float equals.
    ///
    /// # Examples
    ///
    /// ```
    /// use kvault::Value;
    ///
    /// assert_eq!(Value::from(1u64 << 53).as_f64(), Some(9007199254740992.0));
    /// assert_eq!(Value::from((1u64 << 53) + 1).as_f64(), None);
    /// ```
    #[must_use]
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::F64(value) => Some(*value),
            Self::Int(value) => number::float(*value),
            _ => None,
        }
    }

    /// The text, if it is text.
    ///
    /// # Examples
    ///
    /// ```
    /// use kvault::Value;
    ///
    /// assert_eq!(Value::from("a").as_str(), Some("a"));
    /// ```
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(value) => Some(value),
            _ => None,
        }
    }

    /// The bytes, if it is bytes.
    ///
    /// # Examples
    ///
    /// ```
    /// use kvault::Value;
    ///
    /// assert_eq!(Value::from(b"a").as_bytes(), Some(&b"a"[..]));
    /// assert_eq!(Value::from("a").as_bytes(), None);
    /// ```
    #[must_use]
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Bytes(value) => Some(value),
            _ => None,
        }
    }

    /// The items, if it is a list.
    ///
    /// # Examples
    ///
    /// ```
    /// use kvault::Value;
    ///
    /// let list = Value::from_iter([1, 2]);
    /// assert_eq!(list.as_list().map(<[_]>::len), Some(2));
    /// ```
    #[must_use]
    pub fn as_list(&self) -> Option<&[Self]> {
        match self {
            Self::List(items) => Some(items),
            _ => None,
        }
    }

    /// The pairs of key and value, if it is a map.
    ///
    /// # Examples
    ///
    /// ```
    /// use kvault::Value;
    ///
    /// let map = Value::from([(1, "one")]);
    /// assert_eq!(map.as_map(), Some(&[(Value::from(1), Value::from("one"))][..]));
    /// ```
    #[must_use]
    pub fn as_map(&self) -> Option<&[(Self, Self)]> {
        match self {
            Self::Map(pairs) => Some(pairs),
            _ => None,
        }
    }

    /// The tensor, if it is one.
    ///
    /// # Examples
    ///
    /// ```
    /// use kvault::Value;
    ///
    /// let tensor = kvault::Tensor::from([1.5f32]);
    /// assert_eq!(Value::from(tensor.clone()).as_tensor(), Some(&tensor));
    /// ```
    #[must_use]
    pub const fn as_tensor(&self) -> Option<&Tensor> {
        match self {
            Self::Tensor(tensor) => Some(tensor),
            _ => None,
        }
    }
}

/// What a failed conversion says.
fn refused(value: &Value, wanted: &str) -> Error {
    Error::decode(None, wanted, Fault::new(format_args!("{} is not exactly one", value.kind())))
}

macro_rules! ints {
    ($($type:ident)*) => {
        $(
            /// # Errors
            ///
            /// [`Error::Decode`] if the value is not a number that this type holds exactly.
            impl TryFrom<Value> for $type {
                type Error = Error;

                fn try_from(value: Value) -> Result<Self> {
                    let int = value.as_i128().and_then(|int| Self::try_from(int).ok());
                    int.ok_or_else(|| refused(&value, stringify!($type)))
                }
            }
        )*
    };
}

ints!(i8 i16 i32 i64 i128 isize u8 u16 u32 u64 usize);

macro_rules! others {
    ($($type:ident $convert:expr,)*) => {
        $(
            /// # Errors
            ///
            /// [`Error::Decode`] if the value is not one that this type holds exactly.
            impl TryFrom<Value> for $type {
                type Error = Error;

                fn try_from(value: Value) -> Result<Self> {
                    let convert: fn(Value) -> std::result::Result<Self, Value> = $convert;
                    convert(value).map_err(|value| refused(&value, stringify!($type)))
                }
            }
        )*
    };
}

others! {
    bool |value| value.as_bool().ok_or(value),
    f64 |value| value.as_f64().ok_or(value),
    f32 |value| value.as_f64().and_then(number::narrow).ok_or(value),
    u128 |value| match &value {
        Value::BigInt(big) => Self::try_from(big).map_err(|_| value),
        _ => value.as_i128().and_then(|int| Self::try_from(int).ok()).ok_or(value),
    },
    BigInt |value| match value {
        Value::BigInt(big) => Ok(big),
        other => Err(other),
    },
    String |value| match value {
        Value::Text(text) => Ok(text),
        other => Err(other),
    },
    Tensor |value| match value {
        Value::Tensor(tensor) => Ok(tensor),
        other => Err(other),
    },
}

/// # Errors
///
/// [`Error::Decode`] if the value is not bytes.
impl TryFrom<Value> for Vec<u8> {
    type Error = Error;

    fn try_from(value: Value) -> Result<Self> {
        match value {
            Value::Bytes(bytes) => Ok(bytes),
            other => Err(refused(&other, "bytes")),
        }
    }
}

/// # Errors
///
/// [`Error::Decode`] if the value is not a list.
impl TryFrom<Value> for Vec<Value> {
    type Error = Error;

    fn try_from(value: Value) -> Result<Self> {
        match value {
            Value::List(items) => Ok(items),
            other => Err(refused(&other, "a list")),
        }
    }
}
