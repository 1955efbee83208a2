//! What can be asked of a vault: done to the vault and to its model, side by side.

use kvault::{
    CacheOptions, Cas, CheckpointMode, Durability, Iter, KVault, OptimizeOptions, Result, Stored,
    WriteBatch,
};

use crate::{
    content::{Mark, key, number_of, table as name},
    model::{Promise, State},
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Op {
    /// Opens the vault. The driver does this where none is open.
    Open,
    /// Makes a table. Likewise.
    Table(u8),
    Put {
        table: u8,
        key: u8,
        len: u32,
        as_: Durability,
    },
    PutMany {
        table: u8,
        rows: Vec<(u8, u32)>,
        as_: Durability,
    },
    Delete {
        table: u8,
        key: u8,
        as_: Durability,
    },
    Discard {
        table: u8,
        key: u8,
        as_: Durability,
    },
    Clear {
        table: u8,
        as_: Durability,
    },
    /// Deletes a span of keys and puts others, in several tables at once.
    Batch {
        table: u8,
        gone: (u8, u8),
        /// Table, key, length.
        rows: Vec<(u8, u8, u32)>,
        as_: Durability,
    },
    /// Puts a value if the one that is there is the one that was read.
    Swap {
        table: u8,
        key: u8,
        len: u32,
        as_: Durability,
    },
    /// Reads two keys and puts both.
    Transact {
        table: u8,
        key: u8,
        /// Table, key.
        other: (u8, u8),
        len: u32,
        as_: Durability,
    },
    Get {
        table: u8,
        key: u8,
    },
    /// All rows, in order; in a snapshot, or as they come.
    Scan {
        table: u8,
        snapshot: bool,
    },
    Flush {
        as_: Durability,
    },
    Checkpoint(CheckpointMode),
    Optimize {
        vacuum: bool,
    },
    EnableCache {
        cap: usize,
        threshold: usize,
    },
    DisableCache,
    /// The driver holds the lock, until it closes the vault at the latest.
    Lock,
    Unlock,
    Close,
}

impl Op {
    /// The table that it needs a handle of.
    pub(crate) fn table(&self) -> Option<u8> {
        match self {
            Self::Put { table, .. }
            | Self::PutMany { table, .. }
            | Self::Delete { table, .. }
            | Self::Discard { table, .. }
            | Self::Clear { table, .. }
            | Self::Batch { table, .. }
            | Self::Swap { table, .. }
            | Self::Transact { table, .. }
            | Self::Scan { table, .. }
            | Self::Get { table, .. } => Some(*table),
            Self::Flush { .. }
            | Self::Checkpoint(_)
            | Self::Optimize { .. }
            | Self::EnableCache { .. }
            | Self::DisableCache
            | Self::Lock
            | Self::Unlock
            | Self::Close => Some(0),
            Self::Open | Self::Table(_) => None,
        }
    }

    /// What it makes of the tables. `step` is its number in the history.
    pub(crate) fn apply(&self, step: u32, state: &mut State) {
        match self {
            Self::Open => state.make_table(0),
            Self::Table(table) => state.make_table(*table),
            Self::Put { table, key, len, .. } => {
                state.put(*table, *key, Mark { step, row: 0, len: *len });
            }
            Self::PutMany { table, rows, .. } => {
                for ((key, len), row) in rows.iter().zip(0..) {
                    state.put(*table, *key, Mark { step, row, len: *len });
                }
            }
            Self::Delete { table, key, .. } | Self::Discard { table, key, .. } => {
                state.delete(*table, *key);
            }
            Self::Clear { table, .. } => state.clear(*table),
            Self::Batch { table, gone: (first, end), rows, .. } => {
                (*first..*end).for_each(|key| state.delete(*table, key));
                for ((table, key, len), row) in rows.iter().zip(0..) {
                    state.put(*table, *key, Mark { step, row, len: *len });
                }
            }
            Self::Swap { table, key, len, .. } => {
                state.put(*table, *key, Mark { step, row: 0, len: *len });
            }
            Self::Transact { table, key, other, len, .. } => {
                state.put(*table, *key, Mark { step, row: 0, len: *len });
                state.put(other.0, other.1, Mark { step, row: 1, len: *len });
            }
            Self::Get { .. }
            | Self::Scan { .. }
            | Self::Flush { .. }
            | Self::Checkpoint(_)
            | Self::Optimize { .. }
            | Self::EnableCache { .. }
            | Self::DisableCache
            | Self::Lock
            | Self::Unlock
            | Self::Close => {}
        }
    }

    /// The same where there is no cache to buffer in.
    pub(crate) fn without_a_cache(&self) -> Self {
        let mut op = self.clone();
        match &mut op {
            Self::Put { as_, .. }
            | Self::PutMany { as_, .. }
            | Self::Delete { as_, .. }
            | Self::Discard { as_, .. }
            | Self::Clear { as_, .. }
            | Self::Batch { as_, .. }
            | Self::Swap { as_, .. }
            | Self::Transact { as_, .. }
            | Self::Flush { as_ }
                if *as_ == Durability::Buffered =>
            {
                *as_ = Durability::Process;
            }
            _ => {}
        }
        op
    }

    /// Does it to the vault, through a handle of its table. The answer says what was seen, where
    /// that can be compared: see [`Self::expects`].
    pub(crate) fn run(&self, step: u32, vault: &KVault) -> Result<Seen> {
        match self {
            Self::Open | Self::Table(_) | Self::Close | Self::Lock | Self::Unlock => {
                unreachable!("the driver does {self:?}")
            }
            Self::EnableCache { cap, threshold } => {
                let options = CacheOptions::default().cap_bytes(*cap);
                vault.enable_cache(options.flush_threshold(*threshold))?;
            }
            Self::DisableCache => drop(vault.disable_cache()?),
            Self::Put { key: number, len, as_, .. } => {
                let value = Mark { step, row: 0, len: *len }.value(*number);
                vault.with_durability(*as_).put_bytes(key(*number), value)?;
            }
            Self::PutMany { rows, as_, .. } => {
                let rows = rows.iter().zip(0..).map(|((number, len), row)| {
                    (key(*number), Mark { step, row, len: *len }.value(*number))
                });
                vault.with_durability(*as_).put_many_bytes(rows)?;
            }
            Self::Delete { key: number, as_, .. } => {
                let there = vault.with_durability(*as_).delete(key(*number))?;
                return Ok(Seen::There(there));
            }
            Self::Discard { key: number, as_, .. } => {
                vault.with_durability(*as_).discard(key(*number))?;
            }
            Self::Clear { as_, .. } => vault.with_durability(*as_).clear()?,
            Self::Batch { table, gone, rows, as_ } => {
                let mut batch = WriteBatch::new();
                batch.table(&name(*table)).delete_range([b'k', gone.0]..[b'k', gone.1]);
                for ((table, number, len), row) in rows.iter().zip(0..) {
                    let value = Mark { step, row, len: *len }.value(*number);
                    batch.table(&name(*table)).put_bytes(key(*number), value);
                }
                vault.with_durability(*as_).write(&batch)?;
            }
            Self::Swap { key: number, len, as_, .. } => {
                let old = vault.get_stored(key(*number))?;
                let new = Stored::raw(Mark { step, row: 0, len: *len }.value(*number));
                let vault = vault.with_durability(*as_);
                let outcome = vault.compare_and_swap(key(*number), old.as_ref(), Some(&new))?;
                assert_eq!(outcome, Cas::Swapped, "nobody else is there");
            }
            Self::Transact { key: number, other, len, as_, .. } => {
                vault.with_durability(*as_).transact(|tx| {
                    drop(tx.get::<Vec<u8>>(key(*number))?);
                    tx.put(key(*number), &Mark { step, row: 0, len: *len }.value(*number))?;
                    let mut tx = tx.table(&name(other.0))?;
                    drop(tx.get::<Vec<u8>>(key(other.1))?);
                    tx.put(key(other.1), &Mark { step, row: 1, len: *len }.value(other.1))
                })?;
            }
            Self::Scan { snapshot: true, .. } => {
                return Ok(Seen::Rows(rows(vault.snapshot()?.iter())?));
            }
            Self::Scan { snapshot: false, .. } => return Ok(Seen::Rows(rows(vault.iter())?)),
            Self::Get { key: number, .. } => {
                return Ok(Seen::Value(vault.get_bytes(key(*number))?));
            }
            Self::Flush { as_ } => drop(vault.with_durability(*as_).flush()?),
            Self::Checkpoint(mode) => {
                let report = vault.checkpoint(*mode)?;
                return Ok(Seen::Moved(report.is_complete()));
            }
            Self::Optimize { vacuum } => {
                vault.optimize(OptimizeOptions::default().vacuum(*vacuum))?;
            }
        }
        Ok(Seen::Nothing)
    }

    /// Whether what was seen can be true before it where the tables were `state`.
    pub(crate) fn expects(&self, state: &State, seen: &Seen) -> bool {
        match (self, seen) {
            (Self::Delete { table, key, .. }, Seen::There(there)) => {
                state.get(*table, *key).is_some() == *there
            }
            (Self::Scan { table, .. }, Seen::Rows(rows)) => state.rows(*table) == *rows,
            (Self::Get { table, key }, Seen::Value(value)) => {
                state.get(*table, *key).map(|mark| mark.value(*key)) == *value
            }
            _ => true,
        }
    }

    /// What is promised of it, and of everything before it, when it has returned.
    pub(crate) fn promise(&self, seen: &Seen) -> Promise {
        match self {
            Self::Flush { as_: Durability::Buffered } => Promise::Process,
            Self::Put { as_, .. }
            | Self::PutMany { as_, .. }
            | Self::Delete { as_, .. }
            | Self::Discard { as_, .. }
            | Self::Clear { as_, .. }
            | Self::Batch { as_, .. }
            | Self::Swap { as_, .. }
            | Self::Transact { as_, .. }
            | Self::Flush { as_ } => match as_ {
                Durability::Power => Promise::Power,
                Durability::Buffered => Promise::Nothing,
                _ => Promise::Process,
            },
            // What is in the database was synced on its way there.
            Self::Checkpoint(_) if *seen == Seen::Moved(true) => Promise::Moved,
            Self::Open | Self::Table(_) | Self::Close | Self::DisableCache => Promise::Process,
            Self::Get { .. }
            | Self::Scan { .. }
            | Self::Optimize { .. }
            | Self::Checkpoint(_)
            | Self::EnableCache { .. }
            | Self::Lock
            | Self::Unlock => Promise::Nothing,
        }
    }

    /// Whether it always writes pages, when it succeeds: then nothing is left of what failed
    /// before it.
    pub(crate) fn always_writes(&self) -> bool {
        matches!(self, Self::Put { .. } | Self::PutMany { .. })
    }
}

/// What an operation said of the tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Seen {
    Nothing,
    There(bool),
    Value(Option<Vec<u8>>),
    /// Keys and values, in their order.
    Rows(Vec<(u8, Vec<u8>)>),
    /// Whether the whole log was moved.
    Moved(bool),
}

fn rows(all: Iter) -> Result<Vec<(u8, Vec<u8>)>> {
    all.map(|row| {
        let (key, stored) = row?;
        Ok((number_of(&key).expect("a key of ours"), stored.payload()?.to_vec()))
    })
    .collect()
}
