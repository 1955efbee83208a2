//! What the actor can be asked for.

use super::{batch::Batch, room::Crowded};
use crate::{
    CacheOptions, CheckpointMode, CheckpointReport, OptimizeReport, Result,
    handoff::{
        Reply, Weigh,
        cache::{Spool, Ticket},
    },
    store::Table,
    sync::{Arc, Bytes},
};

/// A message to the actor. It owns what it needs and never a handle: a queued command must not
/// keep a vault open.
#[derive(Debug)]
pub(crate) enum Command {
    Write(Write),
    Flush(Flush),
    EnableCache {
        options: CacheOptions,
        reply: Reply<Result<()>>,
    },
    /// From one who uses the cache: answers how many keys were flushed.
    DisableCache {
        reply: Reply<Result<u64>>,
    },
    /// The first half of an end: flushes, and refuses what is put from then on. `forced`: although
    /// the cache is held.
    CloseCache {
        forced: bool,
        reply: Reply<Result<()>>,
    },
    Checkpoint {
        mode: CheckpointMode,
        reply: Reply<Result<CheckpointReport>>,
    },
    Optimize {
        vacuum: bool,
        reply: Reply<Result<OptimizeReport>>,
    },
    /// Has the log shortened for a long value; answers at once whether it is short enough.
    MakeRoom {
        reply: Reply<Result<Option<Crowded>>>,
    },
    /// The last one: answers when the connection is closed, or that it could not be and all goes
    /// on. `moved` says that the log's name may belong to another file by now.
    Close {
        moved: bool,
        reply: Reply<Result<()>>,
    },
    /// Makes the actor panic.
    #[cfg(test)]
    Panic(&'static str),
    /// Makes it panic while somebody waits for what it is at.
    #[cfg(test)]
    PanicInIt(&'static str, Reply<Result<()>>),
}

/// Answers when everything before it is committed, and synced if asked, with how many keys that
/// were.
#[derive(Debug)]
pub(crate) struct Flush {
    pub(crate) power: bool,
    /// What was put into the cache and is waited for; everything, if that is not said.
    pub(crate) ticket: Option<Ticket>,
    pub(crate) reply: Reply<Result<u64>>,
}

/// One logical change of one table. It happens wholly or not at all.
#[derive(Debug)]
pub(crate) struct Write {
    pub(crate) table: Arc<Table>,
    pub(crate) op: Op,
    /// Whether the answer waits until the disk has it.
    pub(crate) power: bool,
    pub(crate) reply: Reply<Result<Answer>>,
}

/// What became of a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// So many keys or tables were changed.
    Changed(u64),
    /// Nothing was: a key holds this, and not what it was thought to hold.
    Conflict(Option<Vec<u8>>),
}

#[derive(Debug)]
pub(crate) enum Op {
    Put(Row),
    /// A value that does not lie in memory.
    PutLong(LongRow),
    Delete(Box<[u8]>),
    /// Shared with the caller, who may have to send it again.
    PutMany(Arc<[Row]>),
    /// Shared likewise.
    Batch(Arc<Batch>),
    Clear,
    CreateTable,
    /// Notes in the file that a feature is used.
    Register(Feature),
}

/// What the Python package keeps a list of in the file.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Feature {
    AutoPack,
    Headers,
}

impl Feature {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::AutoPack => "auto_pack_v1",
            Self::Headers => "headers_v1",
        }
    }
}

/// A key and what is stored under it.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) key: Box<[u8]>,
    pub(crate) value: Bytes,
}

/// A key and what is to be copied to it.
#[derive(Debug, Clone)]
pub(crate) struct LongRow {
    pub(crate) key: Box<[u8]>,
    pub(crate) value: Spool,
}

impl Op {
    /// Whether it takes so long that it shares no transaction: the others' callers would wait.
    pub(crate) fn is_long(&self) -> bool {
        matches!(self, Self::PutLong(_))
    }

    /// Whether it changes what is stored under keys: its place among what the cache holds matters.
    pub(crate) fn changes_keys(&self) -> bool {
        match self {
            Self::Put(_)
            | Self::PutLong(_)
            | Self::Delete(_)
            | Self::PutMany(_)
            | Self::Batch(_)
            | Self::Clear => true,
            Self::CreateTable | Self::Register(_) => false,
        }
    }
}

impl Row {
    fn bytes(&self) -> usize {
        self.key.len() + self.value.len()
    }
}

impl Weigh for Command {
    fn bytes(&self) -> usize {
        let Self::Write(write) = self else { return 0 };
        match &write.op {
            Op::Put(row) => row.bytes(),
            Op::PutLong(row) => row.key.len(),
            Op::Delete(key) => key.len(),
            Op::PutMany(rows) => rows.iter().map(Row::bytes).sum(),
            Op::Batch(batch) => batch.bytes(),
            Op::Clear | Op::CreateTable | Op::Register(_) => 0,
        }
    }
}
