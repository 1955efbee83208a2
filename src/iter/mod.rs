//! Iterators over a table. They own what they need, read in pages, and hold nothing in between.

mod cursor;
mod layer;
mod pages;
mod scan;
mod verbs;

use std::{iter::FusedIterator, marker::PhantomData};

use serde::de::DeserializeOwned;

pub use cursor::{Cursor, Direction};
pub(crate) use pages::Pages;
pub(crate) use scan::Scan;
pub(crate) use verbs::scanning_verbs;

use crate::{
    Result, Stored,
    store::{Found, Way},
};

/// The entries of a range in the order of their keys, from either end.
///
/// It reads in pages, and holds neither a connection nor a view of the file between them: it may
/// be kept, sent to another thread, and slept on. In exchange it is no snapshot: every key that is
/// there all the time is found exactly once and in order, and what others put or delete
/// meanwhile may be found or not. For one instant use a snapshot.
///
/// An entry is an error if the file cannot be read; that ends the iteration. To go on from there,
/// [`resume`](crate::KVault::resume) its [`cursor`](Self::cursor).
///
/// # Examples
///
/// ```
/// # let dir = tempfile::tempdir()?;
/// # let vault = kvault::KVault::open(dir.path().join("app.db"))?;
/// vault.put_many((1..=9).map(|n| (format!("n:{n}"), n)))?;
/// let newest: Vec<u32> = vault.prefix("n:").items().rev().take(2)
///     .map(|item| item.map(|(_, n)| n))
///     .collect::<kvault::Result<_>>()?;
/// assert_eq!(newest, [9, 8]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "iterators read nothing until they are asked for an entry"]
pub struct Iter {
    scan: Scan,
}

/// The keys of a range, in order, from either end. See [`Iter`] for what it sees.
///
/// It reads the index of the keys and no value: with values of any size, in the order in which they
/// happen to lie in the file, that is many times faster. So it cannot leave out a row that another
/// program put there with a value that is not a BLOB, which [`Iter`] does.
#[must_use = "iterators read nothing until they are asked for an entry"]
pub struct Keys {
    scan: Scan,
}

/// The values of a range, in the order of their keys, from either end. See [`Iter`] for what it
/// sees.
#[must_use = "iterators read nothing until they are asked for an entry"]
pub struct Values {
    scan: Scan,
}

/// The keys and decoded values of a range, in order, from either end. See [`Iter`] for what it
/// sees.
///
/// A value that is not a `T` is [`Error::Decode`](crate::Error::Decode), and the iteration goes on.
#[must_use = "iterators read nothing until they are asked for an entry"]
pub struct Items<T> {
    scan: Scan,
    wanted: PhantomData<fn() -> T>,
}

impl Iter {
    pub(crate) fn new(scan: Scan) -> Self {
        Self { scan }
    }

    /// Only the keys of what is left.
    pub fn keys(self) -> Keys {
        Keys { scan: self.scan.without_values() }
    }

    /// Only the values of what is left.
    pub fn values(self) -> Values {
        Values { scan: self.scan }
    }

    /// What is left, with values decoded as `T`.
    pub fn items<T: DeserializeOwned + 'static>(self) -> Items<T> {
        Items { scan: self.scan, wanted: PhantomData }
    }
}

macro_rules! iterator {
    ($name:ident $(<$type:ident: $bound:path>)?, $item:ty, $of:expr) => {
        impl $(<$type: $bound + 'static>)? $name $(<$type>)? {
            /// Passes over every key up to this one, and this one.
            pub fn start_after(mut self, key: impl AsRef<[u8]>) -> Self {
                self.scan.start_after(key.as_ref());
                self
            }

            /// Where the iteration stands.
            #[must_use]
            pub fn cursor(&self) -> Cursor {
                self.scan.cursor()
            }

            fn step(&mut self, way: Way) -> Option<Result<$item>> {
                let of: fn(&Scan, Found) -> Result<$item> = $of;
                Some(self.scan.next(way)?.and_then(|found| of(&self.scan, found)))
            }
        }

        impl $(<$type: $bound + 'static>)? Iterator for $name $(<$type>)? {
            type Item = Result<$item>;

            fn next(&mut self) -> Option<Self::Item> {
                self.step(Way::Up)
            }
        }

        impl $(<$type: $bound + 'static>)? DoubleEndedIterator for $name $(<$type>)? {
            fn next_back(&mut self) -> Option<Self::Item> {
                self.step(Way::Down)
            }
        }

        impl $(<$type: $bound + 'static>)? FusedIterator for $name $(<$type>)? {}

        impl $(<$type>)? std::fmt::Debug for $name $(<$type>)? {
            /// What it has read is nobody's business but the caller's.
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let table = &self.scan.handle().table.name;
                f.debug_struct(stringify!($name)).field("table", table).finish_non_exhaustive()
            }
        }
    };
}

iterator!(Iter, (Vec<u8>, Stored), |_, (key, value)| Ok((key, Stored::raw(value))));
iterator!(Keys, Vec<u8>, |_, (key, _)| Ok(key));
iterator!(Values, Stored, |_, (_, value)| Ok(Stored::raw(value)));
iterator!(Items<T: DeserializeOwned>, (Vec<u8>, T), |scan, (key, value)| {
    let value = scan.handle().unpack_found(&key, value)?;
    Ok((key, value))
});
