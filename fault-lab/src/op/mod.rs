//! What can be asked of a vault: done to the vault and to its model, side by side.

mod read;
mod write;

use kvault::{CacheOptions, CheckpointMode, Durability, KVault, OptimizeOptions, Result};

pub(crate) use self::{read::Read, write::Write};
use crate::model::{Promise, State};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Op {
    /// Opens the vault. The driver does this where none is open.
    Open,
    /// Makes a table. Likewise.
    Table(u8),
    Write {
        table: u8,
        what: Write,
        as_: Durability,
    },
    Read {
        table: u8,
        what: Read,
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
            Self::Open | Self::Table(_) => None,
            Self::Write { table, .. } | Self::Read { table, .. } => Some(*table),
            _ => Some(0),
        }
    }

    /// What it makes of the tables, and says of them. `step` is its number in the history.
    pub(crate) fn apply(&self, step: u32, state: &mut State) -> Option<Seen> {
        match self {
            Self::Open => state.make_table(0),
            Self::Table(table) => state.make_table(*table),
            Self::Write { table, what, .. } => return Some(what.apply(*table, step, state)),
            Self::Read { table, what } => return Some(what.look(*table, state)),
            _ => {}
        }
        None
    }

    /// Whether it is several transactions, as many as it likes.
    pub(crate) fn is_gradual(&self) -> bool {
        // What is removed key by key in the cache may be flushed in between. Elsewhere `retain` and
        // the deletions of ranges are one transaction for a thousand keys: here there are fewer.
        matches!(self, Self::Write { what: Write::Retain { .. }, as_: Durability::Buffered, .. })
    }

    /// What the tables hold at each of the moments in which it can stop.
    pub(crate) fn passes(&self, step: u32, before: &State) -> Vec<State> {
        let mut state = before.clone();
        match self {
            Self::Write { table, what: Write::Retain { by }, .. } if self.is_gradual() => {
                let mut passed = vec![state.clone()];
                for key in state.keys(*table, |key| key % by != 0) {
                    state.delete(*table, key);
                    passed.push(state.clone());
                }
                passed
            }
            _ => {
                drop(self.apply(step, &mut state));
                vec![state]
            }
        }
    }

    /// The same where there is no cache to buffer in.
    pub(crate) fn without_a_cache(&self) -> Self {
        let mut op = self.clone();
        if let Self::Write { as_, .. } | Self::Flush { as_ } = &mut op
            && *as_ == Durability::Buffered
        {
            *as_ = Durability::Process;
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
            Self::Write { what, as_, .. } => return what.run(step, &vault.with_durability(*as_)),
            Self::Read { what, .. } => return what.run(vault),
            Self::EnableCache { cap, threshold } => {
                let options = CacheOptions::default().cap_bytes(*cap);
                vault.enable_cache(options.flush_threshold(*threshold))?;
            }
            Self::DisableCache => drop(vault.disable_cache()?),
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

    /// Whether what was seen can be true where the tables were `before`.
    pub(crate) fn expects(&self, step: u32, before: &State, seen: &Seen) -> bool {
        self.apply(step, &mut before.clone()).is_none_or(|expected| expected == *seen)
    }

    /// What is promised of it, and of everything before it, when it has returned.
    pub(crate) fn promise(&self, seen: &Seen) -> Promise {
        match self {
            Self::Flush { as_: Durability::Buffered } => Promise::Process,
            // It is as lasting as whoever put it made it.
            Self::Write { .. } if matches!(seen, Seen::Found(_)) => Promise::Nothing,
            Self::Write { as_, .. } | Self::Flush { as_ } => match as_ {
                Durability::Power => Promise::Power,
                Durability::Buffered => Promise::Nothing,
                _ => Promise::Process,
            },
            // What is in the database was synced on its way there.
            Self::Checkpoint(_) if *seen == Seen::Moved(true) => Promise::Moved,
            Self::Open | Self::Table(_) | Self::Close | Self::DisableCache => Promise::Process,
            Self::Read { .. }
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
        matches!(self, Self::Write { what: Write::Put { .. } | Write::PutMany { .. }, .. })
    }
}

/// What an operation said of the tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Seen {
    Nothing,
    There(bool),
    Value(Option<Vec<u8>>),
    /// What was there already, and is all that was done.
    Found(Vec<u8>),
    /// Keys and what is stored there, in their order.
    Rows(Vec<(u8, Vec<u8>)>),
    Count(u64),
    Sum(i64),
    /// Whether the whole log was moved.
    Moved(bool),
}
