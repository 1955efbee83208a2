//! The element types that a tensor can have.

use std::fmt;

use super::super::Value;

/// The type of a tensor's elements.
///
/// # Examples
///
/// ```
/// use kvault::{DType, Tensor};
///
/// assert_eq!(Tensor::from([1u8]).dtype(), DType::U8);
/// assert_eq!(DType::U8.to_string(), "uint8");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum DType {
    /// `f32`, numpy's `float32`.
    F32,
    /// `f64`, numpy's `float64`.
    F64,
    /// `i32`, numpy's `int32`.
    I32,
    /// `i64`, numpy's `int64`.
    I64,
    /// `u8`, numpy's `uint8`.
    U8,
    /// `u16`, numpy's `uint16`.
    U16,
    /// `u32`, numpy's `uint32`.
    U32,
    /// `u64`, numpy's `uint64`.
    U64,
    /// `i8`, numpy's `int8`.
    I8,
    /// `i16`, numpy's `int16`.
    I16,
}

/// A Rust type that can be the element of a [`Tensor`](crate::Tensor): `f32`, `f64`, and the
/// signed and unsigned integers of 8 to 64 bits.
pub trait Element: private::Raw {
    /// The same type as a value.
    ///
    /// # Examples
    ///
    /// ```
    /// use kvault::{DType, Element};
    ///
    /// assert_eq!(f32::DTYPE, DType::F32);
    /// ```
    const DTYPE: DType;
}

pub(super) mod private {
    use super::Value;

    /// What the format layer needs of an element.
    pub trait Raw: bytemuck::Pod {
        fn read_le(bytes: &[u8]) -> Self;
        fn append_le(self, out: &mut Vec<u8>);
        fn to_value(self) -> Value;
    }
}

macro_rules! elements {
    ($($dtype:ident $type:ident $code:literal $numpy:literal,)*) => {
        impl DType {
            /// The byte that stands for this type in a file.
            pub(super) const fn code(self) -> u8 {
                match self { $(Self::$dtype => $code,)* }
            }

            #[inline]
            pub(super) const fn from_code(code: u8) -> Option<Self> {
                match code { $($code => Some(Self::$dtype),)* _ => None }
            }

            /// The size of one element in bytes.
            ///
            /// # Examples
            ///
            /// ```
            /// assert_eq!(kvault::DType::U16.size(), 2);
            /// ```
            #[must_use]
            #[inline]
            pub const fn size(self) -> usize {
                match self { $(Self::$dtype => size_of::<$type>(),)* }
            }

            /// What numpy calls this type.
            ///
            /// # Examples
            ///
            /// ```
            /// assert_eq!(kvault::DType::F32.name(), "float32");
            /// ```
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$dtype => $numpy,)* }
            }

            pub(super) fn from_name(name: &str) -> Option<Self> {
                match name { $($numpy => Some(Self::$dtype),)* _ => None }
            }

            /// One element, from its little-endian bytes.
            pub(super) fn value(self, bytes: &[u8]) -> Value {
                use private::Raw;
                match self { $(Self::$dtype => $type::read_le(bytes).to_value(),)* }
            }
        }

        $(
            impl Element for $type {
                const DTYPE: DType = DType::$dtype;
            }

            impl private::Raw for $type {
                fn read_le(bytes: &[u8]) -> Self {
                    bytes.try_into().map_or($type::default(), $type::from_le_bytes)
                }

                fn append_le(self, out: &mut Vec<u8>) {
                    out.extend_from_slice(&self.to_le_bytes());
                }

                fn to_value(self) -> Value {
                    Value::from(self)
                }
            }
        )*
    };
}

elements! {
    F32 f32 1 "float32",
    F64 f64 2 "float64",
    I32 i32 3 "int32",
    I64 i64 4 "int64",
    U8 u8 5 "uint8",
    U16 u16 6 "uint16",
    U32 u32 7 "uint32",
    U64 u64 8 "uint64",
    I8 i8 9 "int8",
    I16 i16 10 "int16",
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
