//! The encodings that a header can name.

use std::fmt;

/// How the payload of a stored value is encoded.
///
/// The numbers are those of the file format and of the Python package.
///
/// # Examples
///
/// ```
/// use kvault::{Encoding, Stored};
///
/// assert_eq!(Stored::pack(&1.5)?.encoding()?, Encoding::DataPacker);
/// assert_eq!(Encoding::MsgPack.to_string(), "MessagePack");
/// # Ok::<(), kvault::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Encoding {
    /// Bytes as they are.
    Raw,
    /// A Python pickle.
    Pickle,
    /// An 8-byte integer or float, or a tensor, little-endian.
    DataPacker,
    /// JSON text in UTF-8.
    Json,
    /// `MessagePack`.
    MsgPack,
    /// CBOR (RFC 8949).
    Cbor,
    /// Text in UTF-8.
    Utf8,
}

impl Encoding {
    /// The byte that stands for this encoding in a header.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Raw => 0x00,
            Self::Pickle => 0x01,
            Self::DataPacker => 0x02,
            Self::Json => 0x03,
            Self::MsgPack => 0x04,
            Self::Cbor => 0x05,
            Self::Utf8 => 0x06,
        }
    }

    #[inline]
    pub(crate) const fn from_code(code: u8) -> Option<Self> {
        Some(match code {
            0x00 => Self::Raw,
            0x01 => Self::Pickle,
            0x02 => Self::DataPacker,
            0x03 => Self::Json,
            0x04 => Self::MsgPack,
            0x05 => Self::Cbor,
            0x06 => Self::Utf8,
            _ => return None,
        })
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Raw => "raw",
            Self::Pickle => "pickle",
            Self::DataPacker => "DataPacker",
            Self::Json => "JSON",
            Self::MsgPack => "MessagePack",
            Self::Cbor => "CBOR",
            Self::Utf8 => "UTF-8",
        })
    }
}
