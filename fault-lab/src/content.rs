//! Keys and values that say where they come from: a value that is torn, or another key's, shows.

use crate::chance::Chance;

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

/// The bytes of a key. Some are long, so that the inner pages of the tree have something to hold.
pub(crate) fn key(number: u8) -> Vec<u8> {
    let mut bytes = vec![b'k', number];
    bytes.resize(2 + usize::from(number % 3) * 30, b'.');
    bytes
}

pub(crate) fn number_of(key: &[u8]) -> Option<u8> {
    let number = *key.get(1)?;
    (self::key(number) == key).then_some(number)
}

pub(crate) fn table(number: u8) -> String {
    format!("t{number}")
}

pub(crate) fn table_number(name: &str) -> Option<u8> {
    name.strip_prefix('t')?.parse().ok()
}
