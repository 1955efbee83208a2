//! What the tables hold, and which of their pasts a crash may leave.

use std::{
    collections::{BTreeMap, HashSet},
    fmt,
    sync::Arc,
};

use crate::{
    content::Held,
    op::{Op, Seen},
};

/// What all tables hold.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct State {
    tables: BTreeMap<u8, BTreeMap<u8, Held>>,
}

/// Short enough to compare by eye: for each table the keys, each with the step that wrote it.
impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (table, rows) in &self.tables {
            write!(f, " t{table}[")?;
            for (key, held) in rows {
                match held {
                    Held::Bytes(mark) => write!(f, " {key}@{}", mark.step)?,
                    Held::Count(count) => write!(f, " {key}={count}")?,
                }
            }
            write!(f, " ]")?;
        }
        Ok(())
    }
}

impl State {
    pub(crate) fn make_table(&mut self, table: u8) {
        self.tables.entry(table).or_default();
    }

    pub(crate) fn put(&mut self, table: u8, key: u8, held: Held) {
        self.tables.entry(table).or_default().insert(key, held);
    }

    /// Whether it was there.
    pub(crate) fn delete(&mut self, table: u8, key: u8) -> bool {
        self.tables.entry(table).or_default().remove(&key).is_some()
    }

    /// The keys of a table of which `is_one` says so, in their order.
    pub(crate) fn keys(&self, table: u8, is_one: impl Fn(u8) -> bool) -> Vec<u8> {
        let rows = self.tables.get(&table).into_iter().flatten();
        rows.map(|(key, _)| *key).filter(|key| is_one(*key)).collect()
    }

    /// Deletes those keys; how many there were.
    pub(crate) fn delete_all(&mut self, table: u8, is_one: impl Fn(u8) -> bool) -> u64 {
        let gone = self.keys(table, is_one);
        gone.iter().filter(|key| self.delete(table, **key)).count() as u64
    }

    /// Those keys, each with what is stored there.
    pub(crate) fn rows(&self, table: u8, is_one: impl Fn(u8) -> bool) -> Vec<(u8, Vec<u8>)> {
        let row = |key| Some((key, self.stored(table, key)?));
        self.keys(table, is_one).into_iter().filter_map(row).collect()
    }

    pub(crate) fn get(&self, table: u8, key: u8) -> Option<Held> {
        self.tables.get(&table)?.get(&key).copied()
    }

    pub(crate) fn stored(&self, table: u8, key: u8) -> Option<Vec<u8>> {
        self.get(table, key).map(|held| held.stored(key))
    }
}

/// What an operation that has returned survives, with all that was acknowledged before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Promise {
    Nothing,
    Process,
    Power,
    /// What was in the file is on the disk: not what is in the cache.
    Moved,
}

/// What became of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Done(Promise),
    /// It returned an error: it happened, or it did not.
    Failed,
    /// Refused by a vault that takes no writes any more: it did not happen.
    Refused,
}

/// A crash, of the process or of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Crash {
    Process,
    Power,
}

#[derive(Debug, Clone)]
struct Step {
    op: Op,
    outcome: Outcome,
    /// What the tables can hold after it.
    after: Arc<HashSet<State>>,
}

/// The operations in their order. One thread gave them, one after the other.
#[derive(Debug, Clone)]
pub(crate) struct History {
    start: Arc<HashSet<State>>,
    steps: Vec<Step>,
}

impl History {
    pub(crate) fn new() -> Self {
        Self { start: Arc::new(HashSet::from([State::default()])), steps: Vec::new() }
    }

    pub(crate) fn len(&self) -> usize {
        self.steps.len()
    }

    /// Whether of the first operations none did anything: there is not even a vault.
    pub(crate) fn is_all_in_vain(&self, ended: usize) -> bool {
        !self.steps.iter().take(ended).any(|step| matches!(step.outcome, Outcome::Done(_)))
    }

    /// How many operations returned an error.
    pub(crate) fn failed(&self) -> usize {
        self.steps.iter().filter(|step| step.outcome == Outcome::Failed).count()
    }

    pub(crate) fn push(&mut self, op: &Op, outcome: Outcome) {
        let number = u32::try_from(self.steps.len()).unwrap();
        let before = self.now();
        let after = match outcome {
            Outcome::Done(_) => Arc::new(applied(&before, op, number)),
            Outcome::Failed => Arc::new(&on_the_way(&before, op, number) | &before),
            Outcome::Refused => Arc::clone(&before),
        };
        assert!(after.len() < 5_000, "too many operations failed to keep track of");
        self.steps.push(Step { op: op.clone(), outcome, after });
    }

    /// What the tables can hold now.
    pub(crate) fn now(&self) -> Arc<HashSet<State>> {
        Arc::clone(self.steps.last().map_or(&self.start, |step| &step.after))
    }

    /// The operation saw something: it must have been so before it.
    pub(crate) fn saw(&self, op: &Op, seen: &Seen) -> Result<(), String> {
        let before = self.now();
        let number = u32::try_from(self.steps.len()).unwrap();
        if before.iter().any(|state| op.expects(number, state, seen)) {
            return Ok(());
        }
        Err(format!("{op:?} saw {seen:?}, but it was {before:?}"))
    }

    /// The vault shows `state`. What failed before can still come back with a crash, as long as
    /// nothing was written over it.
    pub(crate) fn shows(&mut self, state: State) {
        if let Some(step) = self.steps.last_mut()
            && matches!(step.outcome, Outcome::Done(Promise::Process | Promise::Power))
            && step.op.always_writes()
        {
            step.after = Arc::new(HashSet::from([state]));
        }
    }

    /// What a crash may leave when `ended` operations have returned and the next one, if it was
    /// begun, has not: any past that holds all that was promised.
    pub(crate) fn allowed(&self, crash: Crash, ended: usize, begun: bool) -> HashSet<State> {
        let last = |upto: usize, promises: &[Promise]| {
            let kept = |step: &Step| matches!(step.outcome, Outcome::Done(promise) if promises.contains(&promise));
            self.steps[..upto].iter().rposition(kept)
        };
        let committed = [Promise::Process, Promise::Power];
        let promised = match crash {
            Crash::Process => last(ended, &committed),
            Crash::Power => {
                let moved = last(ended, &[Promise::Moved]);
                let moved = moved.and_then(|moved| last(moved, &committed));
                last(ended, &[Promise::Power]).max(moved)
            }
        };
        let first = promised.map_or(0, |step| step + 1);
        let mut allowed = HashSet::clone(self.before(first));
        for (at, step) in self.steps.iter().enumerate().take(ended).skip(first) {
            allowed.extend(step.after.iter().cloned());
            if step.op.is_gradual() {
                allowed.extend(on_the_way(self.before(at), &step.op, u32::try_from(at).unwrap()));
            }
        }
        if begun && let Some(next) = self.steps.get(ended) {
            let number = u32::try_from(ended).unwrap();
            allowed.extend(on_the_way(self.before(ended), &next.op, number));
        }
        allowed
    }

    /// What the tables can hold before a step.
    fn before(&self, step: usize) -> &HashSet<State> {
        step.checked_sub(1).map_or(&self.start, |last| &self.steps[last].after)
    }

    /// For people: the operations and what became of them.
    pub(crate) fn tell(&self) -> String {
        let steps = self.steps.iter().enumerate();
        let line =
            |(at, step): (usize, &Step)| format!("  {at:3} {:?} -> {:?}", step.op, step.outcome);
        let mut lines: Vec<String> = steps.map(line).collect();
        lines.push(String::new());
        lines.join("\n")
    }
}

fn applied(before: &HashSet<State>, op: &Op, step: u32) -> HashSet<State> {
    let apply = |state: &State| {
        let mut state = state.clone();
        drop(op.apply(step, &mut state));
        state
    };
    before.iter().map(apply).collect()
}

/// What an operation can have made of the tables when it stops.
fn on_the_way(before: &HashSet<State>, op: &Op, step: u32) -> HashSet<State> {
    before.iter().flat_map(|state| op.passes(step, state)).collect()
}
