//! What the actor can be asked for.

use super::batch::Batch;
use crate::{
    CheckpointMode, CheckpointReport, OptimizeReport, Result,
    handoff::{Reply, Weigh},
    store::Table,
    sync::Arc,
};

/// A message to the actor. It owns what it needs and never a handle: a queued command must not
/// keep a vault open.
#[derive(Debug)]
pub(crate) enum Command {
    Write(Write),
    /// Answers when everything before it is committed, and synced if asked.
    Flush {
        power: bool,
        reply: Reply<Result<u64>>,
    },
    Checkpoint {
        mode: CheckpointMode,
        reply: Reply<Result<CheckpointReport>>,
    },
    Optimize {
        vacuum: bool,
        reply: Reply<Result<OptimizeReport>>,
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
    pub(crate) value: Box<[u8]>,
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
            Op::Delete(key) => key.len(),
            Op::PutMany(rows) => rows.iter().map(Row::bytes).sum(),
            Op::Batch(batch) => batch.bytes(),
            Op::Clear | Op::CreateTable | Op::Register(_) => 0,
        }
    }
}
