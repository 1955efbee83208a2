//! Values as a person reads them.

use std::fmt::{self, Write};

use super::Value;

/// Much like JSON: bytes as `b"..."`, tensors as their type and shape.
///
/// # Examples
///
/// ```
/// use kvault::{Tensor, Value};
///
/// let value = Value::from(vec![
///     Value::from("a\n"),
///     Value::from(b"\x00"),
///     Value::from(1.0),
///     Value::from(Tensor::from([1u8, 2])),
/// ]);
/// assert_eq!(value.to_string(), r#"["a\n", b"\x00", 1.0, uint8[2]]"#);
/// ```
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Int(value) => write!(f, "{value}"),
            Self::BigInt(value) => write!(f, "{value}"),
            Self::F64(value) => write!(f, "{value:?}"),
            Self::Text(value) => write!(f, "{value:?}"),
            Self::Bytes(value) => write!(f, "b\"{}\"", value.escape_ascii()),
            Self::List(items) => {
                f.write_char('[')?;
                for (i, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", separator(i))?;
                }
                f.write_char(']')
            }
            Self::Map(pairs) => {
                f.write_char('{')?;
                for (i, (key, value)) in pairs.iter().enumerate() {
                    write!(f, "{}{key}: {value}", separator(i))?;
                }
                f.write_char('}')
            }
            Self::Tensor(tensor) => write!(f, "{tensor}"),
        }
    }
}

const fn separator(i: usize) -> &'static str {
    if i == 0 { "" } else { ", " }
}
