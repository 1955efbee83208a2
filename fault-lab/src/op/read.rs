//! The verbs that look at a table.

use std::io::Write as _;

use kvault::{Error, KVault, Result, Stored, Value};

use super::{Seen, write::in_chunks};
use crate::{
    content::{group, is_in, key, number_of},
    model::State,
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Read {
    Get {
        key: u8,
    },
    /// Piece by piece.
    OpenBlob {
        key: u8,
    },
    /// A stream that is given up half way.
    GiveUp {
        key: u8,
        len: u32,
    },
    /// All rows, in order; in a snapshot, or as they come.
    Scan {
        snapshot: bool,
    },
    /// All rows, decoded.
    Items,
    /// A group of keys, from both ends.
    Prefix {
        group: u8,
    },
    First,
    Last,
    CountRange {
        keys: (u8, u8),
    },
    CountPrefix {
        group: u8,
    },
}

impl Read {
    /// What is there to be seen.
    pub(super) fn look(&self, table: u8, state: &State) -> Seen {
        let count = |keys: Vec<u8>| Seen::Count(keys.len() as u64);
        let one = |key: Option<&u8>| Seen::Rows(state.rows(table, |other| Some(&other) == key));
        match self {
            Self::GiveUp { .. } => Seen::Nothing,
            Self::Get { key } | Self::OpenBlob { key } => Seen::Value(state.stored(table, *key)),
            Self::Scan { .. } | Self::Items => Seen::Rows(state.rows(table, |_| true)),
            Self::Prefix { group } => Seen::Rows(state.rows(table, |key| is_in(key, *group))),
            Self::First => one(state.keys(table, |_| true).first()),
            Self::Last => one(state.keys(table, |_| true).last()),
            Self::CountRange { keys: (first, end) } => {
                count(state.keys(table, |key| (*first..*end).contains(&key)))
            }
            Self::CountPrefix { group } => count(state.keys(table, |key| is_in(key, *group))),
        }
    }

    pub(super) fn run(&self, vault: &KVault) -> Result<Seen> {
        Ok(match self {
            Self::Get { key: number } => {
                Seen::Value(vault.get_stored(key(*number))?.map(Stored::into_bytes))
            }
            Self::OpenBlob { key: number } => match vault.open_blob(key(*number)) {
                Ok(blob) => {
                    let mut value = vec![0; usize::try_from(blob.len()).unwrap()];
                    for (piece, at) in value.chunks_mut(1_000).zip((0..).step_by(1_000)) {
                        blob.read_at(piece, at)?;
                    }
                    Seen::Value(Some(value))
                }
                Err(Error::NotFound { .. }) => Seen::Value(None),
                Err(error) => return Err(error),
            },
            Self::GiveUp { key: number, len } => {
                let mut blob = vault.create_blob(key(*number), in_chunks())?;
                let _ = blob.write_all(&vec![0; usize::try_from(*len).unwrap()]);
                Seen::Nothing
            }
            Self::Scan { snapshot: true } => rows(vault.snapshot()?.iter())?,
            Self::Scan { snapshot: false } => rows(vault.iter())?,
            Self::Items => rows(vault.items::<Value>().map(|item| {
                let (key, value) = item?;
                Ok((key, Stored::pack(&value)?))
            }))?,
            Self::Prefix { group: number } => {
                let mut both_ends = vault.prefix(group(*number));
                let (mut front, mut back) = (Vec::new(), Vec::new());
                while let Some(row) = both_ends.next() {
                    front.push(row);
                    back.extend(both_ends.next_back());
                }
                rows(front.into_iter().chain(back.into_iter().rev()))?
            }
            Self::First => rows(vault.first()?.map(Ok).into_iter())?,
            Self::Last => rows(vault.last()?.map(Ok).into_iter())?,
            Self::CountRange { keys: (first, end) } => {
                Seen::Count(vault.count_range(key(*first)..key(*end))?)
            }
            Self::CountPrefix { group: number } => Seen::Count(vault.count_prefix(group(*number))?),
        })
    }
}

fn rows(all: impl Iterator<Item = Result<(Vec<u8>, Stored)>>) -> Result<Seen> {
    let row = |row: Result<(Vec<u8>, Stored)>| {
        let (key, stored) = row?;
        Ok((number_of(&key).expect("a key of ours"), stored.into_bytes()))
    };
    all.map(row).collect::<Result<_>>().map(Seen::Rows)
}
