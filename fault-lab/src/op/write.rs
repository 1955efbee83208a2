//! The verbs that change tables.

use std::io::Write as _;

use kvault::{Cas, KVault, Result, Stored, StreamOptions, WriteBatch};

use super::Seen;
use crate::{
    content::{COUNTER, Held, Mark, group, is_in, key, number_of, table as name},
    model::State,
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Write {
    Put {
        key: u8,
        len: u32,
    },
    PutMany {
        rows: Vec<(u8, u32)>,
    },
    Delete {
        key: u8,
    },
    Discard {
        key: u8,
    },
    Clear,
    /// Deletes a span of keys and puts others, in several tables at once.
    Batch {
        gone: (u8, u8),
        /// Table, key, length.
        rows: Vec<(u8, u8, u32)>,
    },
    /// Puts a value if the one that is there is the one that was read.
    Swap {
        key: u8,
        len: u32,
    },
    /// Reads two keys and puts both.
    Transact {
        key: u8,
        /// Table, key.
        other: (u8, u8),
        len: u32,
    },
    Update {
        key: u8,
        len: u32,
    },
    GetOrInsert {
        key: u8,
        len: u32,
    },
    InsertIfAbsent {
        key: u8,
        len: u32,
    },
    Remove {
        key: u8,
    },
    /// Puts one value where there is one, and another where there is none.
    Entry {
        key: u8,
        len: u32,
    },
    /// Adds to the counter of the table.
    Increment {
        by: i64,
    },
    DeleteRange {
        gone: (u8, u8),
    },
    DeletePrefix {
        group: u8,
    },
    /// From a source that says nothing of its size.
    PutReader {
        key: u8,
        len: u32,
    },
    /// From a file.
    PutPath {
        key: u8,
        len: u32,
    },
    /// Piece by piece.
    CreateBlob {
        key: u8,
        len: u32,
    },
    /// Keeps the keys whose numbers can be divided.
    Retain {
        by: u8,
    },
}

impl Write {
    pub(super) fn apply(&self, table: u8, step: u32, state: &mut State) -> Seen {
        let mark = |row, len: u32| Held::Bytes(Mark { step, row, len });
        match self {
            Self::Put { key, len }
            | Self::Swap { key, len }
            | Self::PutReader { key, len }
            | Self::PutPath { key, len }
            | Self::CreateBlob { key, len } => {
                state.put(table, *key, mark(0, *len));
            }
            Self::PutMany { rows } => {
                for ((key, len), row) in rows.iter().zip(0..) {
                    state.put(table, *key, mark(row, *len));
                }
            }
            Self::Delete { key } => return Seen::There(state.delete(table, *key)),
            Self::Discard { key } => drop(state.delete(table, *key)),
            Self::Clear => drop(state.delete_all(table, |_| true)),
            Self::Batch { gone: (first, end), rows } => {
                state.delete_all(table, |key| (*first..*end).contains(&key));
                for ((table, key, len), row) in rows.iter().zip(0..) {
                    state.put(*table, *key, mark(row, *len));
                }
            }
            Self::Transact { key, other, len } => {
                state.put(table, *key, mark(0, *len));
                state.put(other.0, other.1, mark(1, *len));
            }
            Self::Update { key, len } => {
                let before = state.stored(table, *key);
                state.put(table, *key, mark(0, *len));
                return Seen::Value(before);
            }
            Self::GetOrInsert { key, len } => {
                if let Some(there) = state.stored(table, *key) {
                    return Seen::Found(there);
                }
                state.put(table, *key, mark(0, *len));
                return Seen::Value(state.stored(table, *key));
            }
            Self::InsertIfAbsent { key, len } => {
                let free = state.get(table, *key).is_none();
                if free {
                    state.put(table, *key, mark(0, *len));
                }
                return Seen::There(!free);
            }
            Self::Remove { key } => {
                let before = state.stored(table, *key);
                state.delete(table, *key);
                return Seen::Value(before);
            }
            Self::Entry { key, len } => {
                let row = u32::from(state.get(table, *key).is_some());
                state.put(table, *key, mark(row, *len));
                return Seen::Value(state.stored(table, *key));
            }
            Self::Increment { by } => {
                let before = match state.get(table, COUNTER) {
                    Some(Held::Count(count)) => count,
                    _ => 0,
                };
                state.put(table, COUNTER, Held::Count(before + by));
                return Seen::Sum(before + by);
            }
            Self::DeleteRange { gone: (first, end) } => {
                return Seen::Count(state.delete_all(table, |key| (*first..*end).contains(&key)));
            }
            Self::DeletePrefix { group } => {
                return Seen::Count(state.delete_all(table, |key| is_in(key, *group)));
            }
            Self::Retain { by } => {
                return Seen::Count(state.delete_all(table, |key| key % by != 0));
            }
        }
        Seen::Nothing
    }

    pub(super) fn run(&self, step: u32, vault: &KVault) -> Result<Seen> {
        let value = |number: u8, row, len: u32| Mark { step, row, len }.value(number);
        Ok(match self {
            Self::Put { key: number, len } => {
                vault.put_bytes(key(*number), value(*number, 0, *len))?;
                Seen::Nothing
            }
            Self::PutMany { rows } => {
                let row = |((number, len), row): (&(u8, u32), u32)| {
                    (key(*number), value(*number, row, *len))
                };
                vault.put_many_bytes(rows.iter().zip(0..).map(row))?;
                Seen::Nothing
            }
            Self::Delete { key: number } => Seen::There(vault.delete(key(*number))?),
            Self::Discard { key: number } => {
                vault.discard(key(*number))?;
                Seen::Nothing
            }
            Self::Clear => {
                vault.clear()?;
                Seen::Nothing
            }
            Self::Batch { gone: (first, end), rows } => {
                let mut batch = WriteBatch::new();
                batch.delete_range(key(*first)..key(*end));
                for ((table, number, len), row) in rows.iter().zip(0..) {
                    let value = value(*number, row, *len);
                    batch.table(&name(*table)).put_bytes(key(*number), value);
                }
                vault.write(&batch)?;
                Seen::Nothing
            }
            Self::Swap { key: number, len } => {
                let old = vault.get_stored(key(*number))?;
                let new = Stored::raw(value(*number, 0, *len));
                let outcome = vault.compare_and_swap(key(*number), old.as_ref(), Some(&new))?;
                assert_eq!(outcome, Cas::Swapped, "nobody else is there");
                Seen::Nothing
            }
            Self::Transact { key: number, other, len } => {
                vault.transact(|tx| {
                    drop(tx.get::<Vec<u8>>(key(*number))?);
                    tx.put(key(*number), &value(*number, 0, *len))?;
                    let mut tx = tx.table(&name(other.0))?;
                    drop(tx.get::<Vec<u8>>(key(other.1))?);
                    tx.put(key(other.1), &value(other.1, 1, *len))
                })?;
                Seen::Nothing
            }
            Self::Update { key: number, len } => {
                let mut before = None;
                vault.update(key(*number), |found: Option<Vec<u8>>| {
                    before = found;
                    Some(value(*number, 0, *len))
                })?;
                Seen::Value(before)
            }
            Self::GetOrInsert { key: number, len } => {
                let mut put = false;
                let there = vault.get_or_insert_with(key(*number), || {
                    put = true;
                    value(*number, 0, *len)
                })?;
                if put { Seen::Value(Some(there)) } else { Seen::Found(there) }
            }
            Self::InsertIfAbsent { key: number, len } => {
                Seen::There(!vault.insert_if_absent(key(*number), &value(*number, 0, *len))?)
            }
            Self::Remove { key: number } => Seen::Value(vault.remove(key(*number))?),
            Self::Entry { key: number, len } => {
                let entry = vault.entry(key(*number));
                let entry = entry.and_modify(|there| *there = value(*number, 1, *len));
                Seen::Value(Some(entry.or_insert(value(*number, 0, *len))?))
            }
            Self::Increment { by } => Seen::Sum(vault.increment(key(COUNTER), *by)?),
            Self::DeleteRange { gone: (first, end) } => {
                Seen::Count(vault.delete_range(key(*first)..key(*end))?)
            }
            Self::DeletePrefix { group: number } => {
                Seen::Count(vault.delete_prefix(group(*number))?)
            }
            Self::PutReader { key: number, len } => {
                let value = value(*number, 0, *len);
                vault.put_reader(key(*number), &value[..], in_chunks())?;
                Seen::Nothing
            }
            Self::PutPath { key: number, len } => {
                put_path(vault, &key(*number), &value(*number, 0, *len))?;
                Seen::Nothing
            }
            Self::CreateBlob { key: number, len } => {
                create_blob(vault, &key(*number), &value(*number, 0, *len))?;
                Seen::Nothing
            }
            Self::Retain { by } => {
                let keep =
                    |key: &[u8], _: &Stored| number_of(key).is_some_and(|number| number % by == 0);
                Seen::Count(vault.retain(keep)?)
            }
        })
    }
}

fn put_path(vault: &KVault, key: &[u8], value: &[u8]) -> Result<u64> {
    // Where no descriptor is left, the lab has none either.
    let Ok(mut file) = tempfile::NamedTempFile::new() else {
        return vault.put_bytes(key, value).map(|()| value.len() as u64);
    };
    file.write_all(value).expect("room for it");
    vault.put_path(key, file.path())
}

fn create_blob(vault: &KVault, key: &[u8], value: &[u8]) -> Result<u64> {
    let mut blob = vault.create_blob(key, in_chunks())?;
    // What fails is said again by the end.
    let _ = blob.write_all(value);
    blob.finish()
}

/// So small that what is longer than a kibibyte goes through a file.
pub(super) fn in_chunks() -> StreamOptions {
    StreamOptions::default().chunk_size(200)
}
