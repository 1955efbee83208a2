//! Many keys, in order.

use serde::de::DeserializeOwned;

use super::KVault;
use crate::{
    Cursor, Items, Iter, KeyRange, Keys, Result, Stored, Values,
    iter::{Pages, Scan},
    range::Span,
};

impl KVault {
    /// All entries, in the order of their keys.
    ///
    /// # Examples
    ///
    /// ```
    /// # let dir = tempfile::tempdir()?;
    /// # let vault = kvault::KVault::open(dir.path().join("app.db"))?;
    /// vault.put_many_bytes([("b", "2"), ("a", "1")])?;
    /// for entry in &vault {
    ///     let (key, value) = entry?;
    ///     println!("{} is {:?}", key.escape_ascii(), value.payload()?);
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "__iter__")]
    pub fn iter(&self) -> Iter {
        self.range(..)
    }

    /// The entries whose keys are in a range.
    ///
    /// # Examples
    ///
    /// ```
    /// # let dir = tempfile::tempdir()?;
    /// # let vault = kvault::KVault::open(dir.path().join("app.db"))?;
    /// vault.put_many_bytes([("2024-01", "a"), ("2024-06", "b"), ("2025-01", "c")])?;
    /// assert_eq!(vault.range("2024-02"..).count(), 2);
    /// assert_eq!(vault.range("2024-01"..="2024-06").count(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn range(&self, range: impl KeyRange) -> Iter {
        Iter::new(self.scan(Span::of(&range)))
    }

    /// The entries whose keys begin with these bytes.
    ///
    /// # Examples
    ///
    /// ```
    /// # let dir = tempfile::tempdir()?;
    /// # let vault = kvault::KVault::open(dir.path().join("app.db"))?;
    /// vault.put_many_bytes([("user:1", "ada"), ("user:2", "grace"), ("item:1", "tea")])?;
    /// let keys: Vec<Vec<u8>> = vault.prefix("user:").keys().collect::<kvault::Result<_>>()?;
    /// assert_eq!(keys, [b"user:1", b"user:2"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn prefix(&self, prefix: impl AsRef<[u8]>) -> Iter {
        Iter::new(self.scan(Span::prefix(prefix.as_ref())))
    }

    /// All keys, in order. Reads no value.
    pub fn keys(&self) -> Keys {
        self.iter().keys()
    }

    /// All values as they are stored, in the order of their keys.
    pub fn values(&self) -> Values {
        self.iter().values()
    }

    /// All keys and values, decoded as `T`, in the order of the keys.
    ///
    /// # Examples
    ///
    /// ```
    /// # let dir = tempfile::tempdir()?;
    /// # let vault = kvault::KVault::open(dir.path().join("app.db"))?;
    /// vault.put_many([("a", 1), ("b", 2)])?;
    /// vault.put("c", "three")?;
    /// // What is no number is an error, and does not end it.
    /// let sum: i64 = vault.items::<i64>().flatten().map(|(_, n)| n).sum();
    /// assert_eq!(sum, 3);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn items<T: DeserializeOwned + 'static>(&self) -> Items<T> {
        self.iter().items()
    }

    /// The entry with the smallest key.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn first(&self) -> Result<Option<(Vec<u8>, Stored)>> {
        Iter::new(self.scan(Span::all()).for_one()).next().transpose()
    }

    /// The entry with the largest key.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn last(&self) -> Result<Option<(Vec<u8>, Stored)>> {
        Iter::new(self.scan(Span::all()).for_one()).next_back().transpose()
    }

    /// How many keys are in a range. It looks at every row of it, as [`len`](Self::len) does.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn count_range(&self, range: impl KeyRange) -> Result<u64> {
        self.scan(Span::of(&range)).count()
    }

    /// How many keys begin with these bytes. It looks at every row of them, as
    /// [`len`](Self::len) does.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn count_prefix(&self, prefix: impl AsRef<[u8]>) -> Result<u64> {
        self.scan(Span::prefix(prefix.as_ref())).count()
    }

    /// Goes on with an iteration where its cursor was taken, from either end.
    ///
    /// # Examples
    ///
    /// ```
    /// # let dir = tempfile::tempdir()?;
    /// # let vault = kvault::KVault::open(dir.path().join("app.db"))?;
    /// vault.put_many_bytes((0..10_u8).map(|n| ([n], "value")))?;
    /// let mut page = vault.iter();
    /// assert_eq!(page.by_ref().take(4).count(), 4);
    /// let cursor = page.cursor();
    /// drop(page);
    /// assert_eq!(vault.resume(&cursor).count(), 6);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn resume(&self, cursor: &Cursor) -> Iter {
        Iter::new(Scan::new(Pages::shared(&self.handle), cursor.clone()))
    }

    pub(super) fn scan(&self, span: Span) -> Scan {
        Scan::new(Pages::shared(&self.handle), Cursor::new(span))
    }
}

impl IntoIterator for &KVault {
    type Item = Result<(Vec<u8>, Stored)>;
    type IntoIter = Iter;

    fn into_iter(self) -> Iter {
        self.iter()
    }
}
