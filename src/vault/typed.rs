//! Values of types: packed on the way in, unpacked on the way out.

use serde::{Serialize, de::DeserializeOwned};

use super::{KVault, Reads};
use crate::{
    Encoding, Result, Stored, Value, format,
    writer::{Feature, Row},
};

impl KVault {
    /// Stores a value under a key, in place of what was there.
    ///
    /// The type decides the encoding: bytes are stored as they are, text as UTF-8, numbers in
    /// eight bytes, a [`Tensor`](crate::Tensor) as one, everything else as MessagePack, with struct
    /// fields by name, or as a pickle where the Python package could not read that. To choose
    /// another one use [`put_as`](Self::put_as) or a wrapper such as [`Json`](crate::Json).
    ///
    /// # Errors
    ///
    /// [`Error::Encode`](crate::Error::Encode) for a value that cannot be stored; else as
    /// [`put_bytes`](Self::put_bytes).
    ///
    /// # Examples
    ///
    /// ```
    /// use serde::{Deserialize, Serialize};
    ///
    /// #[derive(Debug, PartialEq, Serialize, Deserialize)]
    /// struct Config {
    ///     timeout: u32,
    ///     retries: u8,
    /// }
    ///
    /// # let dir = tempfile::tempdir()?;
    /// # let vault = kvault::KVault::open(dir.path().join("app.db"))?;
    /// vault.put("config", &Config { timeout: 30, retries: 3 })?;
    /// vault.put("name", "kvault")?;
    /// vault.put("image", b"\x89PNG".as_slice())?; // bytes stay bytes
    ///
    /// assert_eq!(vault.get("config")?, Some(Config { timeout: 30, retries: 3 }));
    /// assert_eq!(vault.get::<String>("name")?.as_deref(), Some("kvault"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "__setitem__")]
    pub fn put<T: Serialize + ?Sized>(&self, key: impl AsRef<[u8]>, value: &T) -> Result<()> {
        self.put_packed(key.as_ref(), &format::pack(value, self.handle.pack.settings())?)
    }

    /// Stores a value in an encoding of your choice.
    ///
    /// # Errors
    ///
    /// [`Error::Encode`](crate::Error::Encode) if the encoding cannot hold the value; else as
    /// [`put_bytes`](Self::put_bytes).
    ///
    /// # Examples
    ///
    /// ```
    /// use kvault::Encoding;
    ///
    /// # let dir = tempfile::tempdir()?;
    /// # let vault = kvault::KVault::open(dir.path().join("app.db"))?;
    /// vault.put_as("point", &[1, 2], Encoding::Json)?;
    /// assert_eq!(vault.get_bytes("point")?.as_deref(), Some(&b"[1,2]"[..]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn put_as<T: Serialize + ?Sized>(
        &self,
        key: impl AsRef<[u8]>,
        value: &T,
        encoding: Encoding,
    ) -> Result<()> {
        let packed = format::pack_as(value, encoding, self.handle.pack.settings())?;
        self.put_packed(key.as_ref(), &packed)
    }

    /// The value under a key, as a type.
    ///
    /// Numbers are converted between types where nothing is lost, and only there. The Python
    /// package does not store whether its number is an integer or a float: of those the type that
    /// is asked for decides, and it has to be the right one.
    ///
    /// # Errors
    ///
    /// [`Error::Decode`](crate::Error::Decode) names the key, what is stored and what was wanted.
    ///
    /// # Examples
    ///
    /// ```
    /// # let dir = tempfile::tempdir()?;
    /// # let vault = kvault::KVault::open(dir.path().join("app.db"))?;
    /// vault.put("count", &300)?;
    /// assert_eq!(vault.get::<u64>("count")?, Some(300));
    /// assert!(vault.get::<u8>("count").is_err());
    /// assert_eq!(vault.get::<u64>("nothing")?, None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "__getitem__")]
    pub fn get<T: DeserializeOwned + 'static>(&self, key: impl AsRef<[u8]>) -> Result<Option<T>> {
        self.handle.unpack(key.as_ref(), self.stored_bytes(key.as_ref())?)
    }

    /// The value under a key that has to be there.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`](crate::Error::NotFound) if it is not; else as [`get`](Self::get).
    pub fn fetch<T: DeserializeOwned + 'static>(&self, key: impl AsRef<[u8]>) -> Result<T> {
        let key = key.as_ref();
        self.get(key)?.ok_or_else(|| self.handle.not_found(key))
    }

    /// The value under a key, whatever it is.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    ///
    /// # Examples
    ///
    /// ```
    /// use kvault::Value;
    ///
    /// # let dir = tempfile::tempdir()?;
    /// # let vault = kvault::KVault::open(dir.path().join("app.db"))?;
    /// vault.put("name", "kvault")?;
    /// assert_eq!(vault.get_value("name")?, Some(Value::from("kvault")));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn get_value(&self, key: impl AsRef<[u8]>) -> Result<Option<Value>> {
        self.handle.unpack_value(key.as_ref(), self.stored_bytes(key.as_ref())?)
    }

    /// What [`put`](Self::put) would store for a value, header and all. Not for
    /// [`put_bytes`](Self::put_bytes), which would take the header for a part of the bytes.
    ///
    /// # Errors
    ///
    /// [`Error::Encode`](crate::Error::Encode) for a value that cannot be stored.
    pub fn pack<T: Serialize + ?Sized>(&self, value: &T) -> Result<Stored> {
        format::pack(value, self.handle.pack.settings())
            .map(|packed| Stored::raw(packed.into_owned()))
    }

    /// Stores many values at once: all of them or none. Of a key that comes twice the last value
    /// counts. Returns how many keys were written.
    ///
    /// # Errors
    ///
    /// As [`put`](Self::put).
    ///
    /// # Examples
    ///
    /// ```
    /// # let dir = tempfile::tempdir()?;
    /// # let vault = kvault::KVault::open(dir.path().join("app.db"))?;
    /// vault.put_many((0..100).map(|n| (format!("square:{n}"), n * n)))?;
    /// assert_eq!(vault.get_many(["square:3", "cube:3"])?, [Some(9), None]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn put_many<Q: AsRef<[u8]>, V: Serialize>(
        &self,
        items: impl IntoIterator<Item = (Q, V)>,
    ) -> Result<u64> {
        let settings = self.handle.pack.settings();
        let mut rows = Vec::new();
        for (key, value) in items {
            let packed = format::pack(&value, settings)?;
            self.handle.check_len(&packed)?;
            rows.push(Row { key: key.as_ref().into(), value: packed.into_owned().into() });
        }
        self.put_rows(rows)
    }

    /// The values under many keys at one instant, in the order of the keys.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get), for the first value that is not of the type.
    pub fn get_many<T: DeserializeOwned + 'static, Q: AsRef<[u8]>>(
        &self,
        keys: impl IntoIterator<Item = Q>,
    ) -> Result<Vec<Option<T>>> {
        let keys: Vec<Q> = keys.into_iter().collect();
        // Here, and not while a connection is held: it is the caller's code.
        let wanted: Vec<&[u8]> = keys.iter().map(AsRef::as_ref).collect();
        let found = self.handle.get_many(&wanted)?;
        keys.iter()
            .zip(found)
            .map(|(key, stored)| self.handle.unpack(key.as_ref(), stored))
            .collect()
    }

    /// Has values encoded by what they are from now on, with headers. Holds for this handle and
    /// its clones, and notes in the file that it is used. `use_pickle` says whether a value that
    /// the Python package could not read otherwise is pickled.
    ///
    /// # Errors
    ///
    /// If the note cannot be written.
    pub fn enable_auto_pack(&self, use_pickle: bool) -> Result<()> {
        self.handle.register(Feature::AutoPack)?;
        self.handle.pack.change(|settings| {
            settings.auto_pack = true;
            settings.use_pickle = use_pickle;
            settings.headers = true;
        });
        Ok(())
    }

    /// [`put`](Self::put) only takes bytes from now on, and [`get`](Self::get) returns what is
    /// stored untouched. Holds for this handle and its clones; the bytes verbs stay as they are.
    pub fn disable_auto_pack(&self) {
        self.handle.pack.change(|settings| settings.auto_pack = false);
    }

    /// Whether values are encoded by what they are.
    #[must_use]
    pub fn auto_pack_enabled(&self) -> bool {
        self.handle.pack.settings().auto_pack
    }

    /// Puts a header in front of encoded values from now on. Holds for this handle and its
    /// clones, and notes in the file that it is used.
    ///
    /// # Errors
    ///
    /// If the note cannot be written.
    pub fn enable_headers(&self) -> Result<()> {
        self.handle.register(Feature::Headers)?;
        self.handle.pack.change(|settings| settings.headers = true);
        Ok(())
    }

    /// Stores nothing but bytes and text from now on, and no header with them. Holds for this
    /// handle and its clones.
    pub fn disable_headers(&self) {
        self.handle.pack.change(|settings| settings.headers = false);
    }

    /// Whether encoded values get a header.
    #[must_use]
    pub fn headers_enabled(&self) -> bool {
        self.handle.pack.settings().headers
    }

    fn put_packed(&self, key: &[u8], packed: &[u8]) -> Result<()> {
        self.handle.check_len(packed)?;
        self.handle.put(key, packed)
    }

    fn stored_bytes(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        self.handle.get(key)
    }
}
