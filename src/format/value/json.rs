//! To and from the values of `serde_json`.

use serde_json::{Map, Number, Value as Json};

use super::Value;
use crate::{Error, Result, format::fault::Fault};

/// An integer or float, whichever the number is.
impl From<Json> for Value {
    fn from(json: Json) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(value) => Self::Bool(value),
            Json::Number(value) => number(&value),
            Json::String(value) => Self::Text(value),
            Json::Array(items) => Self::List(items.into_iter().map(Self::from).collect()),
            Json::Object(pairs) => Self::Map(
                pairs
                    .into_iter()
                    .map(|(key, value)| (Self::Text(key), Self::from(value)))
                    .collect(),
            ),
        }
    }
}

fn number(value: &Number) -> Value {
    match (value.as_i128(), value.as_f64()) {
        (Some(int), _) => Value::Int(int),
        (None, Some(float)) => Value::F64(float),
        // Only with serde_json's feature `arbitrary_precision`.
        (None, None) => Value::Text(value.to_string()),
    }
}

/// Whatever JSON can hold without a loss: no bytes, no tensors, no map keys that are not text or
/// occur twice, no floats that are not finite, no integers over 64 bits.
///
/// # Errors
///
/// [`Error::Encode`] for those.
///
/// # Examples
///
/// ```
/// use kvault::Value;
///
/// let value = Value::from([("a", Value::from_iter([1.5, 2.5]))]);
/// let json = serde_json::Value::try_from(value)?;
/// assert_eq!(json, serde_json::json!({"a": [1.5, 2.5]}));
/// # Ok::<(), kvault::Error>(())
/// ```
impl TryFrom<Value> for Json {
    type Error = Error;

    fn try_from(value: Value) -> Result<Self> {
        let refuse =
            |kind: &str| Err(Error::encode("JSON", Fault::new(format_args!("JSON has no {kind}"))));
        match value {
            Value::Null => Ok(Self::Null),
            Value::Bool(value) => Ok(Self::Bool(value)),
            Value::Int(value) => match (i64::try_from(value), u64::try_from(value)) {
                (Ok(value), _) => Ok(value.into()),
                (_, Ok(value)) => Ok(value.into()),
                _ => refuse("integer over 64 bits"),
            },
            Value::F64(value) => match Number::from_f64(value) {
                Some(value) => Ok(Self::Number(value)),
                None => refuse("NaN or infinity"),
            },
            Value::Text(value) => Ok(Self::String(value)),
            Value::List(items) => {
                let items: Result<_> = items.into_iter().map(Self::try_from).collect();
                Ok(Self::Array(items?))
            }
            Value::Map(pairs) => {
                let mut map = Map::new();
                for (key, value) in pairs {
                    let Value::Text(key) = key else {
                        return refuse("key that is not text");
                    };
                    if map.insert(key, Self::try_from(value)?).is_some() {
                        return refuse("key twice");
                    }
                }
                Ok(Self::Object(map))
            }
            Value::Bytes(_) => refuse("bytes"),
            Value::Tensor(_) => refuse("tensor"),
            Value::BigInt(_) => refuse("integer over 64 bits"),
        }
    }
}
