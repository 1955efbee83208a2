//! Wrappers that say which encoding a value is to be stored in.

use std::ops::{Deref, DerefMut};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Encoding;

/// Stands in front of the name that a wrapper gives itself.
const PREFIX: &str = "$kvault::";

macro_rules! wrappers {
    ($($(#[doc = $doc:literal])* $name:ident $marker:literal,)*) => {
        /// The encoding that a newtype of this name asks for.
        #[inline]
        pub(crate) fn encoding_of(name: &str) -> Option<Encoding> {
            match name.strip_prefix(PREFIX)? {
                $(stringify!($name) => Some(Encoding::$name),)*
                _ => None,
            }
        }

        $(
            $(#[doc = $doc])*
            ///
            /// It counts where it is the whole value; inside another value it is nothing but what
            /// it holds. What was stored with it reads back as the plain type as well, and a
            /// wrapper reads what was stored in any encoding.
            #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
            pub struct $name<T: ?Sized>(pub T);

            impl<T: Serialize + ?Sized> Serialize for $name<T> {
                fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                    serializer.serialize_newtype_struct($marker, &self.0)
                }
            }

            impl<'de, T: Deserialize<'de>> Deserialize<'de> for $name<T> {
                fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    T::deserialize(deserializer).map(Self)
                }
            }

            impl<T: ?Sized> Deref for $name<T> {
                type Target = T;

                fn deref(&self) -> &T {
                    &self.0
                }
            }

            impl<T: ?Sized> DerefMut for $name<T> {
                fn deref_mut(&mut self) -> &mut T {
                    &mut self.0
                }
            }
        )*
    };
}

wrappers! {
    /// Stores what it holds as `MessagePack`, whatever it is.
    ///
    /// Bytes, keys that are not text, floats that are not finite, tensors and integers over 64
    /// bits are all kept; the Python package cannot read those from `MessagePack`. Tensors are the
    /// extension type 75, integers over 64 bits are type 73. Other extension types can be stored
    /// and read as a type that knows them (a newtype called `_ExtStruct`); a
    /// [`Value`](crate::Value) refuses them by their number.
    ///
    /// Structs are maps with their fields' names. A variant of an enum is its name, or a map from
    /// the name to what the variant holds.
    ///
    /// # Examples
    ///
    /// ```
    /// use kvault::{Encoding, MsgPack, Stored};
    ///
    /// let stored = Stored::pack(&MsgPack(7u8))?;
    /// assert_eq!(stored.encoding()?, Encoding::MsgPack);
    /// assert_eq!(stored.payload()?, [7]);
    /// assert_eq!(stored.decode::<u8>()?, 7);
    /// # Ok::<(), kvault::Error>(())
    /// ```
    MsgPack "$kvault::MsgPack",
    /// Stores what it holds as JSON text.
    ///
    /// As always in JSON, bytes become a list of numbers and keys that are numbers or booleans
    /// become text. A NaN or infinity is refused, because JSON has none.
    ///
    /// # Examples
    ///
    /// ```
    /// use kvault::{Json, Stored};
    /// use std::collections::BTreeMap;
    ///
    /// let config = BTreeMap::from([("retries", 3)]);
    /// let stored = Stored::pack(&Json(&config))?;
    /// assert_eq!(stored.payload()?, br#"{"retries":3}"#);
    ///
    /// let back: Json<BTreeMap<String, u8>> = stored.decode()?;
    /// assert_eq!(back["retries"], 3);
    /// # Ok::<(), kvault::Error>(())
    /// ```
    Json "$kvault::Json",
    /// Stores what it holds as CBOR (RFC 8949).
    ///
    /// Tags are passed over when they are read, but for those of integers up to 128 bits;
    /// undefined is read as null, and a float of any size as the equal `f64`. A tensor becomes a
    /// list of the number 75 and its bytes, which only the type [`Tensor`](crate::Tensor) reads
    /// back as one; an integer over 128 bits is refused.
    ///
    /// # Examples
    ///
    /// ```
    /// use kvault::{Cbor, Stored};
    ///
    /// let stored = Stored::pack(&Cbor((1, "two")))?;
    /// assert_eq!(stored.payload()?, b"\x82\x01\x63two");
    /// assert_eq!(stored.decode::<(u8, String)>()?, (1, "two".to_owned()));
    /// # Ok::<(), kvault::Error>(())
    /// ```
    Cbor "$kvault::Cbor",
    /// Stores what it holds as a Python pickle. Needs the feature `pickle`, which is on by
    /// default.
    ///
    /// Sequences and tuples become Python's lists, and tuples where they are a key. A tensor
    /// becomes a list of the number 75 and its bytes, which only the type
    /// [`Tensor`](crate::Tensor) reads back as one.
    ///
    /// Pickles are read as data: `None`, booleans, integers, floats, text, bytes, `bytearray` of
    /// protocol 5, lists, tuples, sets, frozensets and dicts of protocols 2 to 5. What would
    /// import or call something, as a `datetime` or an array inside a pickle does, is refused.
    ///
    /// # Examples
    ///
    /// ```
    /// use kvault::{Pickle, Stored};
    ///
    /// # if cfg!(feature = "pickle") {
    /// let stored = Stored::pack(&Pickle([1u64 << 40, 2]))?;
    /// assert_eq!(stored.decode::<Vec<u64>>()?, [1 << 40, 2]);
    /// # }
    /// # Ok::<(), kvault::Error>(())
    /// ```
    Pickle "$kvault::Pickle",
}
