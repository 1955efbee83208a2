//! What happened: who asked for what and when, and what came of it.

use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering},
};

/// How many tables a history is about, and how many keys there are in each.
pub(super) const TABLES: usize = 2;
pub(super) const KEYS: usize = 6;

/// A key of a table: table times [`KEYS`] plus the number in the table.
pub(super) type Key = usize;
/// What a put writes. No two puts of a history write the same, so that who reads it names its put.
/// [`NOTHING`] is the value of a key that is not there.
pub(super) type Value = u32;
pub(super) const NOTHING: Value = 0;

/// The contents of both tables.
pub(super) type Contents = [Value; TABLES * KEYS];

/// Part of what an operation saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    Is(Key, Value),
    There(Key),
    Len(usize, usize),
    NotEmpty(usize),
}

/// One operation: what it saw and what it wrote, both at one instant between its call and its
/// end. So everything is said: a `delete` that returned true saw [`Seen::There`] and wrote
/// [`NOTHING`], a batch wrote several keys, a `get_many` saw several.
#[derive(Debug, Clone)]
pub(super) struct Op {
    pub(super) name: &'static str,
    pub(super) thread: usize,
    pub(super) call: u64,
    pub(super) end: u64,
    /// It failed in a way that leaves open whether it was done. If it was, then before its end.
    pub(super) perhaps: bool,
    pub(super) sees: Vec<Seen>,
    pub(super) writes: Vec<(Key, Value)>,
}

/// The one clock of a history: no two readings are the same.
pub(super) struct Clock(AtomicU64);

impl Clock {
    pub(super) fn new() -> Self {
        Self(AtomicU64::new(1))
    }

    pub(super) fn now(&self) -> u64 {
        self.0.fetch_add(1, Ordering::SeqCst)
    }
}

impl Seen {
    pub(super) fn fits(self, contents: &Contents) -> bool {
        let table = |table| &contents[table * KEYS..(table + 1) * KEYS];
        match self {
            Self::Is(key, value) => contents[key] == value,
            Self::There(key) => contents[key] != NOTHING,
            Self::Len(of, len) => table(of).iter().filter(|v| **v != NOTHING).count() == len,
            Self::NotEmpty(of) => table(of).iter().any(|v| *v != NOTHING),
        }
    }

    /// The keys that decide whether it fits, as bits.
    fn keys(self) -> u32 {
        match self {
            Self::Is(key, _) | Self::There(key) => 1 << key,
            Self::Len(table, _) | Self::NotEmpty(table) => ((1 << KEYS) - 1) << (table * KEYS),
        }
    }
}

impl Op {
    /// Whether it can be done where this is what there is.
    pub(super) fn fits(&self, contents: &Contents) -> bool {
        self.sees.iter().all(|seen| seen.fits(contents))
    }

    pub(super) fn apply(&self, contents: &mut Contents) {
        for (key, value) in &self.writes {
            contents[*key] = *value;
        }
    }

    pub(super) fn only_reads(&self) -> bool {
        self.writes.is_empty()
    }

    /// The keys that it sees or writes, as bits.
    pub(super) fn keys(&self) -> u32 {
        let seen = self.sees.iter().map(|seen| seen.keys());
        seen.chain(self.writes.iter().map(|(key, _)| 1 << key)).fold(0, |all, key| all | key)
    }

    /// What is left of it if there were only these keys. A history that has an order keeps it
    /// when it is cut down like this.
    pub(super) fn only(&self, keys: u32) -> Option<Self> {
        let mut op = self.clone();
        op.sees.retain(|seen| seen.keys() & !keys == 0);
        op.writes.retain(|(key, _)| 1 << key & keys != 0);
        (!op.sees.is_empty() || !op.writes.is_empty()).then_some(op)
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, thread, call, end, .. } = self;
        let failed = if self.perhaps { " and failed" } else { "" };
        write!(f, "{call:>7} to {end:>7}  thread {thread:>2}  {name}{failed}")?;
        for seen in &self.sees {
            match seen {
                Seen::Is(key, NOTHING) => write!(f, "  saw k{key} gone")?,
                Seen::Is(key, value) => write!(f, "  saw k{key}={value}")?,
                Seen::There(key) => write!(f, "  saw k{key} there")?,
                Seen::Len(table, len) => write!(f, "  saw {len} in table {table}")?,
                Seen::NotEmpty(table) => write!(f, "  saw something in table {table}")?,
            }
        }
        for (key, value) in &self.writes {
            match *value {
                NOTHING => write!(f, "  removed k{key}")?,
                value => write!(f, "  wrote k{key}={value}")?,
            }
        }
        Ok(())
    }
}
