//! Noticing that this process is the child of a fork.
//!
//! A child has the parent's memory, but not its threads, and none of its locks on files: whatever
//! it did with a connection of the parent's would end in a damaged file.

use crate::sync::{AtomicU64, Ordering};

/// Forks between the process that loaded this code and the one that runs it.
static GENERATION: AtomicU64 = AtomicU64::new(0);

/// In which process something was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Process(u64);

impl Process {
    pub(crate) fn current() -> Self {
        Self(GENERATION.load(Ordering::Relaxed))
    }

    /// How many forks lie between the first process and this one.
    pub(crate) fn generation(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }

    /// Whether this is a child of the process that the value was made in.
    pub(crate) fn is_forked(self) -> bool {
        self != Self::current()
    }
}

/// Called in each child, when only async-signal-safe things are allowed.
extern "C" fn in_child() {
    GENERATION.fetch_add(1, Ordering::Relaxed);
}

/// To be called before anything is opened.
pub(crate) fn watch() {
    static WATCHING: std::sync::Once = std::sync::Once::new();
    WATCHING.call_once(|| {
        if let Err(code) = crate::store::call_in_forked_children(in_child) {
            crate::log::warning!("forks will go unnoticed: error {code}");
        }
    });
}
