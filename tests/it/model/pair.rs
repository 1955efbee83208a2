//! Two tables of a vault, and beside each a map to which the same is done.

use kvault::{
    CacheLock, CacheOptions, CacheScope, Error, KVault, Result, Snapshot, Stored, WriteBatch,
};

use super::{
    Model,
    reads::{inside, snapshot_shows, take, vault_shows, within},
    steps::{At, Change, Key, Read, Step, Write},
    writes,
};
use crate::support::{Place, assert_err, invalid};

pub(super) const NAMES: [&str; 2] = ["kv", "other"];

/// What the handles do with the write cache.
#[derive(Debug, Clone)]
pub(super) enum Cached {
    /// There is none.
    No,
    Buffered(CacheOptions),
    /// Others have one.
    Through(CacheOptions),
}

pub(super) struct Pair {
    place: Place,
    cached: Cached,
    open: Vec<KVault>,
    models: [Model; 2],
    scope: Option<CacheScope>,
    kept: Option<(Snapshot, [Model; 2])>,
    locks: Vec<CacheLock>,
}

impl Pair {
    pub(super) fn new(cached: Cached) -> Self {
        let place = Place::new();
        let (models, locks) = (Default::default(), Vec::new());
        let mut pair =
            Self { place, cached, open: Vec::new(), models, scope: None, kept: None, locks };
        pair.open();
        pair
    }

    fn open(&mut self) {
        let vault = self.place.open();
        match self.cached.clone() {
            Cached::No => {}
            Cached::Buffered(options) => vault.enable_cache(options).unwrap(),
            Cached::Through(options) => self.scope = Some(vault.cache(options).unwrap()),
        }
        self.open = NAMES.map(|name| vault.table(name).unwrap()).into();
    }

    /// A sequence from its beginning. One vault is for all of them: to open it takes longer than
    /// most sequences.
    pub(super) fn run_all(&mut self, steps: &[Step]) {
        self.locks.clear();
        self.kept = None;
        self.open.iter().for_each(|vault| vault.clear().unwrap());
        self.models = Default::default();
        for step in steps {
            self.run(step);
        }
        self.locks.clear();
        for at in 0..NAMES.len() {
            self.read(at, &Read::Scan(super::steps::ALL, vec![false, true]));
        }
    }

    fn run(&mut self, step: &Step) {
        let outcome = match step {
            Step::Read(at, read) => return self.read(*at, read),
            Step::Write(at, write) => writes::run(&self.open[*at], &mut self.models[*at], write),
            Step::Batch(changes) => self.batch(changes),
            Step::Transact(a, b) => self.change_places(a, b),
            Step::Flush => self.open[0].flush().map(drop),
            Step::Snapshot => {
                self.kept = Some((self.open[0].snapshot().unwrap(), self.models.clone()));
                return;
            }
            Step::Lock => return self.lock(),
            Step::Unlock => return self.locks.pop().into_iter().for_each(|l| l.unlock().unwrap()),
            Step::Reopen { at, range, turns, close } => {
                let mut iter = self.open[*at].range(range);
                let (front, back) = take(&mut iter, turns, turns.len());
                let cursor = iter.cursor();
                drop(iter);
                self.reopen(*close);
                let mut wanted = within(&self.models[*at], range);
                wanted.truncate(wanted.len() - back.len());
                let rest = wanted.split_off(front.len());
                assert!(self.open[*at].resume(&cursor).map(Result::unwrap).eq(rest));
                return;
            }
        };
        match outcome {
            Ok(()) => assert!(!self.must_be_refused(step), "{step:?} under a lock"),
            // A lock never makes anybody wait, and what it refuses has changed nothing.
            Err(Error::CacheLocked | Error::CacheFull { .. }) if !self.locks.is_empty() => {}
            Err(error) => panic!("{step:?}: {error:?}"),
        }
    }

    /// What has to be committed, while somebody keeps the cache from being committed.
    fn must_be_refused(&self, step: &Step) -> bool {
        let Cached::Buffered(_) = self.cached else {
            // They may find that there is nothing to write.
            let may_not_write =
                matches!(step, Step::Write(_, Write::GetOrInsert(..) | Write::Increment(..)));
            return !self.locks.is_empty() && !may_not_write;
        };
        let beside = match step {
            Step::Flush | Step::Transact(..) | Step::Write(_, Write::Clear) => true,
            Step::Batch(changes) => changes
                .iter()
                .any(|(_, change)| matches!(change, Change::Range(_) | Change::Prefix(_))),
            _ => false,
        };
        beside && !self.locks.is_empty()
    }

    fn lock(&mut self) {
        let lock = self.open[0].lock_cache();
        match self.cached {
            Cached::No => assert_eq!(invalid(lock).0, "cache"),
            _ => self.locks.push(lock.unwrap()),
        }
    }

    fn reopen(&mut self, close: bool) {
        // Who has one of them has the vault.
        self.kept = None;
        if close {
            if !self.locks.is_empty() {
                assert_err!(self.open[0].close(), Error::CacheLocked);
                self.locks.clear();
            }
            self.open[0].close().unwrap();
        }
        self.scope = None;
        self.open.clear();
        // Nor does one that was forgotten lose anything.
        self.locks.clear();
        self.open();
    }

    fn batch(&mut self, changes: &[(At, Change)]) -> Result<()> {
        let mut batch = WriteBatch::new();
        let mut after = self.models.clone();
        for (at, change) in changes {
            let (batch, model) = (batch.table(NAMES[*at]), &mut after[*at]);
            match change {
                Change::Put(key, n) => {
                    batch.put_bytes(key, [*n]);
                    model.insert(key.clone(), Stored::raw([*n]));
                }
                Change::Delete(key) => {
                    batch.delete(key);
                    model.remove(key);
                }
                Change::Range(range) => {
                    batch.delete_range(range);
                    model.retain(|key, _| !inside(range, key));
                }
                Change::Prefix(prefix) => {
                    batch.delete_prefix(prefix);
                    model.retain(|key, _| !key.starts_with(prefix));
                }
            }
        }
        self.open[0].write(&batch)?;
        self.models = after;
        Ok(())
    }

    fn change_places(&mut self, a: &(At, Key), b: &(At, Key)) -> Result<()> {
        self.open[0].transact(|tx| {
            let mut found = Vec::new();
            for (at, key) in [a, b] {
                found.push(tx.table(NAMES[*at])?.get::<kvault::Value>(key)?);
            }
            for ((at, key), value) in [b, a].into_iter().zip(found) {
                let mut tx = tx.table(NAMES[*at])?;
                match value {
                    Some(value) => tx.put(key, &value)?,
                    None => drop(tx.delete(key)?),
                }
            }
            Ok(())
        })?;
        let found = [a, b].map(|(at, key)| self.models[*at].get(key).cloned());
        for ((at, key), value) in [b, a].into_iter().zip(found) {
            writes::set(&mut self.models[*at], key, value);
        }
        Ok(())
    }

    fn read(&self, at: At, read: &Read) {
        vault_shows(&self.open[at], &self.models[at], read);
        if let Some((snapshot, then)) = &self.kept {
            // Of one instant, whichever of the tables is looked at.
            for (name, then) in NAMES.into_iter().zip(then) {
                snapshot_shows(&snapshot.table(name).unwrap(), then, read);
            }
        }
    }
}
