//! Several changes as one.

use crate::{range::Span, store::Table, sync::Arc};

/// Changes of one or more tables that happen together, if the keys hold what they are thought to
/// hold.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) tables: Vec<Arc<Table>>,
    /// The first one that does not hold stops it all.
    pub(crate) checks: Vec<Check>,
    /// Shared with the caller, who may write them again.
    pub(crate) changes: Arc<Vec<Change>>,
    /// Which of the changes to make, in which order.
    pub(crate) order: Vec<usize>,
}

/// What a key of a table is thought to hold.
#[derive(Debug, Clone)]
pub(crate) struct Check {
    pub(crate) table: usize,
    pub(crate) key: Vec<u8>,
    pub(crate) value: Option<Vec<u8>>,
}

/// One change of one table.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    /// The number of the table in the batch.
    pub(crate) table: usize,
    pub(crate) what: What,
}

#[derive(Debug, Clone)]
pub(crate) enum What {
    Put {
        key: Vec<u8>,
        value: Vec<u8>,
    },
    Delete {
        key: Vec<u8>,
    },
    /// Deletes the key if it still holds this.
    DeleteSame {
        key: Vec<u8>,
        value: Vec<u8>,
    },
    DeleteSpan(Span),
}

impl Batch {
    /// All changes as they come.
    pub(crate) fn new(tables: Vec<Arc<Table>>, checks: Vec<Check>, changes: Vec<Change>) -> Self {
        let order = (0..changes.len()).collect();
        Self { tables, checks, changes: Arc::new(changes), order }
    }

    pub(super) fn bytes(&self) -> usize {
        let check = |check: &Check| check.key.len() + check.value.as_ref().map_or(0, Vec::len);
        let checks: usize = self.checks.iter().map(check).sum();
        let changes: usize = self.changes.iter().map(|change| change.what.bytes()).sum();
        checks + changes
    }
}

impl What {
    /// The key, if it is about one.
    pub(crate) fn key(&self) -> Option<&[u8]> {
        match self {
            Self::Put { key, .. } | Self::Delete { key } | Self::DeleteSame { key, .. } => {
                Some(key)
            }
            Self::DeleteSpan(_) => None,
        }
    }

    /// Whether it is what it is, whatever else is there.
    pub(crate) fn is_point(&self) -> bool {
        matches!(self, Self::Put { .. } | Self::Delete { .. })
    }

    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Put { key, value } | Self::DeleteSame { key, value } => key.len() + value.len(),
            Self::Delete { key } => key.len(),
            Self::DeleteSpan(span) => span.start.len() + span.end.as_ref().map_or(0, Vec::len),
        }
    }
}
