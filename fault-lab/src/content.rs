//! Keys and values that say where they come from: a value that is torn, or another key's, shows.

use kvault::Stored;

use crate::chance::Chance;

/// What is stored under a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Held {
    Bytes(Mark),
    Count(i64),
}

impl Held {
    pub(crate) fn stored(self, key: u8) -> Vec<u8> {
        match self {
            Self::Bytes(mark) => mark.value(key),
            Self::Count(count) => Stored::pack(&count).unwrap().into_bytes(),
        }
    }

    pub(crate) fn of(key: u8, stored: &[u8]) -> Option<Self> {
        if key == COUNTER {
            Stored::raw(stored).decode().ok().map(Self::Count)
        } else {
            Mark::of(key, stored).map(Self::Bytes)
        }
    }
}

/// Who wrote a value, and how long it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Mark {
    pub(crate) step: u32,
    pub(crate) row: u32,
    pub(crate) len: u32,
}

/// A mark is written at the beginning of its value.
pub(crate) const SHORTEST: u32 = 12;

impl Mark {
    pub(crate) fn value(self, key: u8) -> Vec<u8> {
        let words = [self.step, self.row, self.len];
        let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        let mut filling = Chance::of(u64::from(self.step) << 32 | u64::from(self.row), key.into());
        let len = usize::try_from(self.len).unwrap();
        while bytes.len() < len {
            bytes.extend_from_slice(&filling.next().to_le_bytes());
        }
        bytes.truncate(len);
        bytes
    }

    /// The mark of a value, if it is whole and belongs to this key.
    pub(crate) fn of(key: u8, value: &[u8]) -> Option<Self> {
        let word = |at: usize| {
            let bytes = value.get(at * 4..at * 4 + 4)?;
            Some(u32::from_le_bytes(bytes.try_into().ok()?))
        };
        let mark = Self { step: word(0)?, row: word(1)?, len: word(2)? };
        // Looked at first: what is torn may claim any length.
        let whole = usize::try_from(mark.len) == Ok(value.len()) && mark.value(key) == value;
        whole.then_some(mark)
    }
}

/// Every table has one key that holds a number; keys before it hold bytes.
pub(crate) const COUNTER: u8 = 10;

/// The bytes of a key. Some are long, so that the inner pages of the tree have something to hold.
pub(crate) fn key(number: u8) -> Vec<u8> {
    let mut bytes = group(number / GROUP);
    bytes.push(number);
    bytes.resize(3 + usize::from(number % 3) * 30, b'.');
    bytes
}

/// So many neighbours begin with the same bytes.
const GROUP: u8 = 4;

/// The groups that there are keys of.
pub(crate) const GROUPS: u8 = COUNTER / GROUP + 1;

pub(crate) fn group(number: u8) -> Vec<u8> {
    vec![b'k', number]
}

/// Whether a key is in a group.
pub(crate) fn is_in(key: u8, group: u8) -> bool {
    key / GROUP == group
}

pub(crate) fn number_of(key: &[u8]) -> Option<u8> {
    let number = *key.get(2)?;
    (self::key(number) == key).then_some(number)
}

pub(crate) fn table(number: u8) -> String {
    format!("t{number}")
}

pub(crate) fn table_number(name: &str) -> Option<u8> {
    name.strip_prefix('t')?.parse().ok()
}
