//! Ranges of keys: what users say, and the one form that everything inside works with.

use std::ops::{
    Bound, Range, RangeBounds, RangeFrom, RangeFull, RangeInclusive, RangeTo, RangeToInclusive,
};

use serde::{Deserialize, Serialize};

/// A range of keys: every range of the standard library over what is bytes, such as `"a".."b"`,
/// `[1, 0]..=[1, 9]`, `..` or a pair of [`Bound`]s.
///
/// Keys are compared as bytes. A range that ends before it starts holds nothing.
///
/// # Examples
///
/// ```
/// use std::ops::Bound;
///
/// # let dir = tempfile::tempdir()?;
/// # let vault = kvault::KVault::open(dir.path().join("app.db"))?;
/// vault.put_many_bytes([("a", "1"), ("b", "2"), ("c", "3")])?;
/// assert_eq!(vault.count_range("a".."c")?, 2);
/// assert_eq!(vault.count_range("b".to_owned()..)?, 2);
/// assert_eq!(vault.count_range((Bound::Excluded(b"a"), Bound::Unbounded))?, 2);
/// assert_eq!(vault.count_range("c".."a")?, 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait KeyRange {
    /// Where it starts, and where it ends.
    fn bounds(&self) -> (Bound<&[u8]>, Bound<&[u8]>);
}

macro_rules! ranges {
    ($($range:ty),+) => {
        $(impl<K: AsRef<[u8]>> KeyRange for $range {
            fn bounds(&self) -> (Bound<&[u8]>, Bound<&[u8]>) {
                (self.start_bound().map(AsRef::as_ref), self.end_bound().map(AsRef::as_ref))
            }
        })+
    };
}

ranges!(
    Range<K>,
    RangeFrom<K>,
    RangeTo<K>,
    RangeInclusive<K>,
    RangeToInclusive<K>,
    std::range::RangeInclusive<K>,
    (Bound<K>, Bound<K>)
);

impl KeyRange for RangeFull {
    fn bounds(&self) -> (Bound<&[u8]>, Bound<&[u8]>) {
        (Bound::Unbounded, Bound::Unbounded)
    }
}

impl<R: KeyRange + ?Sized> KeyRange for &R {
    fn bounds(&self) -> (Bound<&[u8]>, Bound<&[u8]>) {
        R::bounds(self)
    }
}

/// The keys from `start` on that come before `end`.
///
/// Every range has this form: the key that comes right after another one is that key and a zero.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Span {
    pub(crate) start: Vec<u8>,
    /// `None`: up to the last key.
    pub(crate) end: Option<Vec<u8>>,
}

impl Span {
    /// All keys.
    pub(crate) fn all() -> Self {
        Self::default()
    }

    pub(crate) fn of(range: &impl KeyRange) -> Self {
        let (start, end) = range.bounds();
        Self {
            start: match start {
                Bound::Unbounded => Vec::new(),
                Bound::Included(key) => key.to_vec(),
                Bound::Excluded(key) => after(key),
            },
            end: match end {
                Bound::Unbounded => None,
                Bound::Included(key) => Some(after(key)),
                Bound::Excluded(key) => Some(key.to_vec()),
            },
        }
    }

    /// The keys that begin with `prefix`.
    pub(crate) fn prefix(prefix: &[u8]) -> Self {
        // The first key behind them: without the bytes at the end that cannot be raised, the last
        // one raised. Behind a prefix of nothing but FF there is no key at all.
        let end = prefix.iter().rposition(|byte| *byte != 0xFF).map(|at| {
            let mut end: Vec<u8> = prefix.iter().copied().take(at + 1).collect();
            if let Some(last) = end.last_mut() {
                *last += 1;
            }
            end
        });
        Self { start: prefix.to_vec(), end }
    }

    pub(crate) fn is_all(&self) -> bool {
        self.start.is_empty() && self.end.is_none()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.end.as_ref().is_some_and(|end| *end <= self.start)
    }

    #[cfg(test)]
    pub(crate) fn contains(&self, key: &[u8]) -> bool {
        *self.start <= *key && self.end.as_ref().is_none_or(|end| *key < **end)
    }

    /// Takes away what is not behind `key`.
    pub(crate) fn start_after(&mut self, key: &[u8]) {
        if *key >= *self.start {
            self.start = after(key);
        }
    }

    /// Takes away what is not before `key`.
    pub(crate) fn end_before(&mut self, key: &[u8]) {
        if self.end.as_ref().is_none_or(|end| *key < **end) {
            self.end = Some(key.to_vec());
        }
    }
}

/// The key that comes right after this one.
pub(crate) fn after(key: &[u8]) -> Vec<u8> {
    let mut next = Vec::with_capacity(key.len() + 1);
    next.extend_from_slice(key);
    next.push(0);
    next
}

#[cfg(test)]
mod tests;
