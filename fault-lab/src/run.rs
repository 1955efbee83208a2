//! Puts a vault to work beside its model, and keeps the record of what reached the disk.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use kvault::{CacheLock, Error, Health, KVault};

use crate::{
    check,
    fault::{Call, Plan, Role, Side},
    model::{History, Outcome},
    op::{Op, Seen},
    workload::{TABLES, Workload},
    world::{Event, Watched, World},
};

/// What a run leaves.
#[derive(Debug)]
pub(crate) struct Trace {
    pub(crate) history: History,
    pub(crate) events: Vec<Event>,
    pub(crate) calls: Vec<(Side, Call, Role)>,
    /// How many calls there were.
    pub(crate) count: u64,
    /// The call that was failed.
    pub(crate) fired: Option<(Call, Role)>,
}

impl Trace {
    pub(crate) fn refused_a_sync(&self) -> bool {
        matches!(self.fired, Some((Call::Sync, _)))
    }
}

struct Driver<'a> {
    workload: &'a Workload,
    world: Arc<World>,
    file: std::path::PathBuf,
    vault: Option<KVault>,
    tables: BTreeMap<u8, KVault>,
    cached: bool,
    lock: Option<CacheLock>,
    history: History,
    opened_since_the_fault: bool,
    /// Hears of every operation that has returned.
    heard: fn(usize),
}

/// How often the driver tries to open or close a vault: once the fault has passed it must work.
const TRIES: usize = 3;

/// Runs a workload in a new folder, with a call that fails if one is planned.
pub(crate) fn run(
    workload: &Workload,
    folder: &Path,
    plan: Option<Plan>,
    record_calls: bool,
    heard: fn(usize),
) -> Result<Trace, String> {
    let watched = Watched::new(folder, workload.setup.mapped);
    let world = Arc::clone(&watched.world);
    if record_calls {
        world.record_calls();
    }
    if let Some(plan) = plan {
        world.plan(plan);
    }
    let mut driver = Driver {
        workload,
        world: Arc::clone(&world),
        file: folder.canonicalize().unwrap().join("vault.db"),
        vault: None,
        tables: BTreeMap::new(),
        cached: false,
        lock: None,
        history: History::new(),
        opened_since_the_fault: false,
        heard,
    };
    let outcome = driver.work();
    let Driver { vault, tables, lock, history, .. } = driver;
    drop((lock, vault, tables));
    match outcome {
        Ok(()) => Ok(Trace {
            history,
            events: world.events(),
            calls: world.calls(),
            count: world.count(),
            fired: world.fired(),
        }),
        Err(why) => {
            let failed = world.fired();
            Err(format!("{why}\nafter\n{}  failed: {failed:?}", history.tell()))
        }
    }
}

impl Driver<'_> {
    fn work(&mut self) -> Result<(), String> {
        for op in &self.workload.ops {
            self.prepare(op)?;
            match op {
                Op::Close => self.close()?,
                Op::Lock | Op::Unlock => self.lock(op)?,
                op if self.cached => self.step(op)?,
                op => self.step(&op.without_a_cache())?,
            }
        }
        self.prepare(&Op::Close)?;
        self.look()?;
        self.close()
    }

    /// Opens the vault and makes the table, where that is still to be done.
    fn prepare(&mut self, op: &Op) -> Result<(), String> {
        if op.table().is_none() {
            return Ok(());
        }
        for _ in 0..TRIES {
            // It takes no writes until it is opened anew.
            if matches!(self.vault.as_ref().map(KVault::health), Some(Health::Broken { .. })) {
                self.close()?;
            }
            if self.vault.is_none() {
                self.open();
            }
            // All of them, before there is a cache: a table does not wait in it for what was put
            // before.
            for table in 0..u8::try_from(TABLES).unwrap() {
                if let Some(vault) = self.vault.clone()
                    && !self.tables.contains_key(&table)
                {
                    self.make_table(&vault, table);
                }
            }
            if self.tables.len() == TABLES {
                return Ok(());
            }
        }
        Err(format!("{op:?}: the vault cannot be opened, although the fault has passed"))
    }

    fn open(&mut self) {
        let number = self.begin();
        let opened = self.workload.setup.options().open(&self.file);
        let outcome = self.end(number, &Op::Open, opened.as_ref().map(|_| &Seen::Nothing), false);
        if outcome.is_ok()
            && let Ok(vault) = opened
        {
            self.opened_since_the_fault = self.world.fired().is_some();
            self.tables.insert(0, vault.clone());
            self.vault = Some(vault);
        }
    }

    fn make_table(&mut self, vault: &KVault, table: u8) {
        let number = self.begin();
        let made = vault.table(&crate::content::table(table));
        let op = Op::Table(table);
        if self.end(number, &op, made.as_ref().map(|_| &Seen::Nothing), false).is_ok()
            && let Ok(handle) = made
        {
            self.tables.insert(table, handle);
        }
    }

    fn close(&mut self) -> Result<(), String> {
        let Some(vault) = self.vault.clone() else { return Ok(()) };
        drop(self.lock.take());
        for _ in 0..TRIES {
            let number = self.begin();
            let closed = vault.close();
            self.end(number, &Op::Close, closed.as_ref().map(|()| &Seen::Nothing), false)?;
            if closed.is_ok() {
                self.tables.clear();
                self.vault = None;
                self.cached = false;
                return Ok(());
            }
        }
        Err("the vault cannot be closed, although the fault has passed".to_owned())
    }

    fn lock(&mut self, op: &Op) -> Result<(), String> {
        let Some(vault) = self.vault.clone().filter(|_| self.cached) else { return Ok(()) };
        let number = self.begin();
        let done = match op {
            Op::Lock => vault.lock_cache().map(|lock| drop(self.lock.replace(lock))),
            _ => self.lock.take().map_or(Ok(()), CacheLock::unlock),
        };
        self.end(number, op, done.as_ref().map(|()| &Seen::Nothing), false)
    }

    /// One operation, and a look at what it left if it failed.
    fn step(&mut self, op: &Op) -> Result<(), String> {
        let handle = self.tables[&op.table().unwrap()].clone();
        // What meets the cache there stays in it.
        let broken = !self.cached && matches!(handle.health(), Health::Broken { .. });
        let uncertain = self.history.now().len() > 1;
        let number = self.begin();
        let seen = op.run(number, &handle);
        self.end(number, op, seen.as_ref(), broken)?;
        if seen.is_ok() {
            match op {
                Op::EnableCache { .. } => self.cached = true,
                Op::DisableCache => self.cached = false,
                _ => {}
            }
        }
        if seen.is_err() || uncertain {
            self.look()?;
        }
        let failed = self.world.fired().map(|(call, _)| call);
        let broken = matches!(handle.health(), Health::Broken { .. });
        if seen.is_err() && failed == Some(Call::Sync) && !broken && !self.opened_since_the_fault {
            // What the disk did with the rest of what was written, nobody knows.
            return Err(format!("a sync failed, and the vault goes on: {:?}", handle.health()));
        }
        Ok(())
    }

    fn begin(&self) -> u32 {
        self.world.begin();
        u32::try_from(self.history.len()).unwrap()
    }

    fn end(
        &mut self,
        number: u32,
        op: &Op,
        seen: Result<&Seen, &Error>,
        broken: bool,
    ) -> Result<(), String> {
        let outcome = match seen {
            Ok(seen) => {
                self.history.saw(op, seen)?;
                Outcome::Done(op.promise(seen))
            }
            Err(_) if broken => Outcome::Refused,
            // Nothing was put.
            Err(Error::CacheLocked | Error::CacheFull { .. }) if !op.is_gradual() => {
                Outcome::Refused
            }
            Err(error) => {
                acceptable(op, error)?;
                Outcome::Failed
            }
        };
        self.history.push(op, outcome);
        let number = usize::try_from(number).unwrap();
        self.world.end(number);
        (self.heard)(number);
        Ok(())
    }

    /// Reads everything: it must be one of the states that the history allows.
    fn look(&mut self) -> Result<(), String> {
        let Some(vault) = &self.vault else { return Ok(()) };
        let found = self
            .world
            .unseen(|| check::read_through(vault))
            .map_err(|why| format!("cannot be read, although the fault has passed: {why}"))?;
        if !self.history.now().contains(&found) {
            return Err(format!("the vault shows {found:?}\nand not {:?}", self.history.now()));
        }
        self.history.shows(found);
        Ok(())
    }
}

/// No fault of a disk is damage of the file, a panic, or the end of the vault.
fn acceptable(op: &Op, error: &Error) -> Result<(), String> {
    let bad = error.is_corruption()
        || matches!(error, Error::NotADatabase { .. } | Error::Closed)
        || matches!(error, Error::Poisoned { panic } if !panic.starts_with("failpoint"));
    if bad { Err(format!("{op:?} says {error:?}")) } else { Ok(()) }
}
