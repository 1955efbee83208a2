//! Where an iteration stands, to be gone on with later.

use serde::{Deserialize, Serialize};

use crate::{range::Span, store::Way};

/// Where an iteration stands: its range, and the last key that was taken from each end.
///
/// It holds nothing but keys: it can be stored, sent elsewhere, and given to
/// [`KVault::resume`](crate::KVault::resume) days later. It does not know its table.
///
/// # Examples
///
/// ```
/// use kvault::Cursor;
///
/// # let dir = tempfile::tempdir()?;
/// # let vault = kvault::KVault::open(dir.path().join("app.db"))?;
/// vault.put_many_bytes([("a", "1"), ("b", "2"), ("c", "3")])?;
/// let mut iter = vault.iter();
/// iter.next().transpose()?;
/// vault.put("progress", &iter.cursor())?;
///
/// let cursor: Cursor = vault.fetch("progress")?;
/// assert_eq!(cursor.last_key(), Some(&b"a"[..]));
/// let (key, _) = vault.resume(&cursor).next().expect("there is more")?;
/// assert_eq!(key, b"b");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    range: Span,
    /// The last key that came from each end.
    front: Option<Vec<u8>>,
    back: Option<Vec<u8>>,
    direction: Direction,
}

/// From which end an iteration took its last entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Direction {
    /// From the front, with `next`; so it is also before the first entry.
    Forward,
    /// From the back, with `next_back`.
    Backward,
}

impl Cursor {
    pub(crate) fn new(range: Span) -> Self {
        Self { range, front: None, back: None, direction: Direction::Forward }
    }

    /// The last key that the iteration returned; none if it has not begun.
    #[must_use]
    pub fn last_key(&self) -> Option<&[u8]> {
        match self.direction {
            Direction::Forward => self.front.as_deref(),
            Direction::Backward => self.back.as_deref(),
        }
    }

    /// From which end that key came. What is left can be taken from either end again.
    #[must_use]
    pub fn direction(&self) -> Direction {
        self.direction
    }

    /// What is left.
    pub(crate) fn rest(&self) -> Span {
        let mut rest = self.range.clone();
        if let Some(key) = &self.front {
            rest.start_after(key);
        }
        if let Some(key) = &self.back {
            rest.end_before(key);
        }
        rest
    }

    pub(crate) fn start_after(&mut self, key: &[u8]) {
        self.range.start_after(key);
    }

    /// Every key goes by here: the place for it is there from the second one on.
    pub(crate) fn passed(&mut self, key: &[u8], way: Way) {
        let (last, direction) = match way {
            Way::Up => (&mut self.front, Direction::Forward),
            Way::Down => (&mut self.back, Direction::Backward),
        };
        let last = last.get_or_insert_default();
        last.clear();
        last.extend_from_slice(key);
        self.direction = direction;
    }
}
