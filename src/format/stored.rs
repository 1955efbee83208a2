//! A value as it lies in the file.

use super::{Encoding, header::Header};
use crate::{Error, Result};

/// A value exactly as it is stored: an optional header and the payload.
///
/// Making one never fails, whatever the bytes are; looking at its parts may.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Stored {
    bytes: Vec<u8>,
}

impl Stored {
    /// Takes bytes to be stored just as they are, header included if they have one.
    ///
    /// # Examples
    ///
    /// ```
    /// let stored = kvault::Stored::raw("plain");
    /// assert_eq!(stored.as_bytes(), b"plain");
    /// ```
    #[must_use]
    pub fn raw(bytes: impl Into<Vec<u8>>) -> Self {
        Self { bytes: bytes.into() }
    }

    /// All stored bytes, header included.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// All stored bytes, header included, without a copy.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// The bytes behind the header, or all of them if there is none.
    ///
    /// # Errors
    ///
    /// [`Error::Decode`] if both magics of a header are there but its version, encoding, flags or
    /// reserved bytes are not ones this library may read.
    ///
    /// # Examples
    ///
    /// ```
    /// use kvault::Stored;
    ///
    /// let text = Stored::raw(*b"\x89K\x01\x06\x00\x00\x00\x00VKhello");
    /// assert_eq!(text.payload()?, b"hello");
    /// # Ok::<(), kvault::Error>(())
    /// ```
    pub fn payload(&self) -> Result<&[u8]> {
        self.split().map(|(_, payload)| payload)
    }

    /// How the payload is encoded. Bytes without a header are [`Encoding::Raw`].
    ///
    /// # Errors
    ///
    /// As [`payload`](Self::payload).
    pub fn encoding(&self) -> Result<Encoding> {
        Ok(self.split()?.0.map_or(Encoding::Raw, |header| header.encoding))
    }

    /// The payload without a copy where there is no header.
    pub(crate) fn into_payload(mut self) -> Result<Vec<u8>> {
        let header = self.bytes.len() - self.payload()?.len();
        self.bytes.drain(..header);
        Ok(self.bytes)
    }

    fn split(&self) -> Result<(Option<Header>, &[u8])> {
        Header::split(&self.bytes).map_err(|bad| Error::decode(None, "a payload", bad))
    }
}

impl std::fmt::Debug for Stored {
    /// Values may be huge: shows the length and what the header says.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut out = f.debug_struct("Stored");
        out.field("len", &self.bytes.len());
        match Header::split(&self.bytes) {
            Ok((header, _)) => out.field("header", &header),
            Err(bad) => out.field("header", &bad),
        };
        out.finish()
    }
}
