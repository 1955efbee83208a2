//! The verbs that read many keys, for handles that only read.

/// Writes them for a type that has `fn pages(&self) -> Pages`. Those of
/// [`KVault`](crate::KVault), which say what they do, are in `vault/scanning.rs`.
macro_rules! scanning_verbs {
    ($type:ident) => {
        impl $type {
            /// As [`KVault::iter`](crate::KVault::iter).
            pub fn iter(&self) -> $crate::Iter {
                self.range(..)
            }

            /// As [`KVault::range`](crate::KVault::range).
            pub fn range(&self, range: impl $crate::KeyRange) -> $crate::Iter {
                $crate::Iter::new(self.scan($crate::range::Span::of(&range)))
            }

            /// As [`KVault::prefix`](crate::KVault::prefix).
            pub fn prefix(&self, prefix: impl AsRef<[u8]>) -> $crate::Iter {
                $crate::Iter::new(self.scan($crate::range::Span::prefix(prefix.as_ref())))
            }

            /// As [`KVault::keys`](crate::KVault::keys).
            pub fn keys(&self) -> $crate::Keys {
                self.iter().keys()
            }

            /// As [`KVault::values`](crate::KVault::values).
            pub fn values(&self) -> $crate::Values {
                self.iter().values()
            }

            /// As [`KVault::items`](crate::KVault::items).
            pub fn items<T: serde::de::DeserializeOwned + 'static>(&self) -> $crate::Items<T> {
                self.iter().items()
            }

            /// As [`KVault::first`](crate::KVault::first).
            ///
            /// # Errors
            ///
            /// As there.
            pub fn first(&self) -> $crate::Result<Option<(Vec<u8>, $crate::Stored)>> {
                $crate::Iter::new(self.scan($crate::range::Span::all()).for_one())
                    .next()
                    .transpose()
            }

            /// As [`KVault::last`](crate::KVault::last).
            ///
            /// # Errors
            ///
            /// As there.
            pub fn last(&self) -> $crate::Result<Option<(Vec<u8>, $crate::Stored)>> {
                let scan = self.scan($crate::range::Span::all()).for_one();
                $crate::Iter::new(scan).next_back().transpose()
            }

            /// As [`KVault::count_range`](crate::KVault::count_range).
            ///
            /// # Errors
            ///
            /// As there.
            pub fn count_range(&self, range: impl $crate::KeyRange) -> $crate::Result<u64> {
                self.scan($crate::range::Span::of(&range)).count()
            }

            /// As [`KVault::count_prefix`](crate::KVault::count_prefix).
            ///
            /// # Errors
            ///
            /// As there.
            pub fn count_prefix(&self, prefix: impl AsRef<[u8]>) -> $crate::Result<u64> {
                self.scan($crate::range::Span::prefix(prefix.as_ref())).count()
            }

            /// As [`KVault::resume`](crate::KVault::resume).
            pub fn resume(&self, cursor: &$crate::Cursor) -> $crate::Iter {
                $crate::Iter::new($crate::iter::Scan::new(self.pages(), cursor.clone()))
            }

            fn scan(&self, span: $crate::range::Span) -> $crate::iter::Scan {
                $crate::iter::Scan::new(self.pages(), $crate::Cursor::new(span))
            }
        }

        impl IntoIterator for &$type {
            type Item = $crate::Result<(Vec<u8>, $crate::Stored)>;
            type IntoIter = $crate::Iter;

            fn into_iter(self) -> $crate::Iter {
                self.iter()
            }
        }
    };
}

pub(crate) use scanning_verbs;
