//! A value as it lies in the file.

use serde::{Serialize, de::DeserializeOwned};

use super::{Encoding, PackSettings, TensorView, Value, header::Header, pack, unpack};
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

    /// What `KVault::put` stores for a value with the default settings.
    ///
    /// # Errors
    ///
    /// [`Error::Encode`] if the value is nested over 128 levels deep, holds an integer over 64
    /// bits and the feature `pickle` is off, or refuses to be serialized.
    ///
    /// # Examples
    ///
    /// ```
    /// use kvault::{Encoding, Stored};
    ///
    /// assert_eq!(Stored::pack("text")?.encoding()?, Encoding::Utf8);
    /// assert_eq!(Stored::pack(&7)?.encoding()?, Encoding::DataPacker);
    /// assert_eq!(Stored::pack(&["a", "b"])?.encoding()?, Encoding::MsgPack);
    /// // Bytes have no header at all.
    /// assert_eq!(Stored::pack(b"bytes")?.as_bytes(), b"bytes");
    /// # Ok::<(), kvault::Error>(())
    /// ```
    #[inline]
    pub fn pack<T: Serialize + ?Sized>(value: &T) -> Result<Self> {
        pack(value, PackSettings::default()).map(Self::raw)
    }

    /// All stored bytes, header included.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(kvault::Stored::pack("a")?.as_bytes(), b"\x89K\x01\x06\0\0\0\0VKa");
    /// # Ok::<(), kvault::Error>(())
    /// ```
    #[must_use]
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// All stored bytes, header included, without a copy.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(kvault::Stored::raw("a").into_bytes(), b"a");
    /// ```
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
    ///
    /// # Examples
    ///
    /// ```
    /// use kvault::{Encoding, Stored};
    ///
    /// assert_eq!(Stored::pack("a")?.encoding()?, Encoding::Utf8);
    /// assert_eq!(Stored::raw("a").encoding()?, Encoding::Raw);
    /// # Ok::<(), kvault::Error>(())
    /// ```
    pub fn encoding(&self) -> Result<Encoding> {
        Ok(self.split()?.0.map_or(Encoding::Raw, |header| header.encoding))
    }

    /// Reads the value as a type. Numbers are converted only where nothing is lost; a payload
    /// that the Python package wrote without saying what it is, is read as what the type asks for.
    ///
    /// # Errors
    ///
    /// [`Error::Decode`] if the value is of another type or damaged.
    ///
    /// # Examples
    ///
    /// ```
    /// use kvault::Stored;
    ///
    /// let stored = Stored::pack(&300)?;
    /// assert_eq!(stored.decode::<u16>()?, 300);
    /// assert_eq!(stored.decode::<f64>()?, 300.0);
    /// assert_eq!(stored.decode::<Option<i64>>()?, Some(300));
    ///
    /// let error = stored.decode::<u8>().unwrap_err();
    /// assert_eq!(error.to_string(), "cannot read a stored value (stored as DataPacker) as u8");
    /// # Ok::<(), kvault::Error>(())
    /// ```
    #[inline]
    pub fn decode<T: DeserializeOwned + 'static>(&self) -> Result<T> {
        unpack::unpack(&self.bytes, PackSettings::default())
    }

    /// Reads the value as whatever it is.
    ///
    /// # Errors
    ///
    /// [`Error::Decode`] if the value is damaged, or holds what a [`Value`] cannot: a pickle that
    /// would import something, an unknown extension of `MessagePack`.
    ///
    /// # Examples
    ///
    /// ```
    /// use kvault::{Stored, Value};
    ///
    /// let stored = Stored::pack(&("a", 1.5, true))?;
    /// assert_eq!(stored.value()?.to_string(), r#"["a", 1.5, true]"#);
    /// # Ok::<(), kvault::Error>(())
    /// ```
    pub fn value(&self) -> Result<Value> {
        unpack::unpack_value(&self.bytes, PackSettings::default())
    }

    /// The tensor that the value is, without a copy.
    ///
    /// # Errors
    ///
    /// [`Error::Decode`] if the value is none.
    ///
    /// # Examples
    ///
    /// ```
    /// use kvault::{Stored, Tensor};
    ///
    /// let stored = Stored::pack(&Tensor::from([1u8, 2, 3]))?;
    /// assert_eq!(stored.tensor()?.as_slice::<u8>(), Some(&[1, 2, 3][..]));
    /// # Ok::<(), kvault::Error>(())
    /// ```
    pub fn tensor(&self) -> Result<TensorView<'_>> {
        unpack::view(&self.bytes)
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
