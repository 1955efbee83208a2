//! One engine per file and process.
//!
//! Two engines on one file would each have a writer, and later a cache, that the other does not
//! know of. So an open looks here first, and the entry stays until the engine is really gone:
//! who opens while it closes waits.

use std::{collections::HashMap, path::Path, sync::OnceLock};

use crate::{
    Error, Result,
    engine::Engine,
    files::{FileId, create_if_missing},
    fork::Process,
    options::EngineOptions,
    retry::Policy,
    sync::{Arc, Condvar, Deadline, Mutex},
};

/// The engines of one process. A forked child has a table of its own: the locks and engines in
/// the parent's are of no use to it.
#[derive(Default)]
struct Registry {
    entries: Mutex<HashMap<FileId, Arc<Entry>>>,
}

struct Entry {
    path: Arc<Path>,
    state: Mutex<State>,
    changed: Condvar,
}

enum State {
    Opening,
    /// With how many opens share it.
    Open(Arc<Engine>, usize),
    Closing,
    /// Not in the table any more.
    Gone,
}

/// A share in an engine. It, or a clone of it, has to be [released](Self::release).
#[derive(Clone)]
pub(crate) struct Share {
    pub(crate) engine: Arc<Engine>,
    file: FileId,
    entry: Arc<Entry>,
}

/// Generations of forks that each get a table. Deeper ones share the last.
const GENERATIONS: usize = 64;
static TABLES: [OnceLock<Registry>; GENERATIONS] = [const { OnceLock::new() }; GENERATIONS];

fn registry() -> &'static Registry {
    let [.., last] = &TABLES;
    TABLES.get(Process::current().generation()).unwrap_or(last).get_or_init(Registry::default)
}

/// Refuses to open anything in a child whose parent had a vault open when it forked.
///
/// SQLite keeps a list of the files that its process has open and locked, under mutexes. A child
/// inherits the list and not the locks: on such a file it would take none, and believe that it
/// has them. And a mutex that another thread of the parent held stays held for ever.
fn refuse_inherited() -> Result<()> {
    let parents = TABLES.iter().take(Process::current().generation());
    // A table whose lock was held at the fork was in use.
    let unused = |table: &Registry| table.entries.try_lock().is_some_and(|all| all.is_empty());
    if parents.filter_map(OnceLock::get).all(unused) { Ok(()) } else { Err(Error::Forked) }
}

/// The databases of the engines of this process.
pub(crate) fn open_files() -> Vec<(FileId, Arc<Path>)> {
    while_none_opens(<[_]>::to_vec)
}

/// The same for something that takes a moment in which none may be added.
pub(crate) fn while_none_opens<T>(run: impl FnOnce(&[(FileId, Arc<Path>)]) -> T) -> T {
    let entries = registry().entries.lock();
    let open: Vec<_> =
        entries.iter().map(|(file, entry)| (*file, Arc::clone(&entry.path))).collect();
    run(&open)
}

/// The engine of the file at `path`: a new one, or the one that others use already.
pub(crate) fn open(path: &Arc<Path>, options: &EngineOptions, retry: Policy) -> Result<Share> {
    loop {
        retry.run(Deadline::NEVER, || end_engines_of_moved_files(path))?;
        let (file, entry, first) = enter(path, options)?;
        if first {
            return start(path, options, retry, file, entry);
        }
        if let Some(share) = join(options, file, entry)? {
            return Ok(share);
        }
        // It was closed meanwhile: from the beginning.
    }
}

/// Finds or makes the entry of the file; whether it was made, and the engine is still to start.
fn enter(path: &Arc<Path>, options: &EngineOptions) -> Result<(FileId, Arc<Entry>, bool)> {
    let failed = |error| Error::io(format!("open {}", path.display()), error);
    refuse_inherited()?;
    // Held while the file is looked at and made: nobody may open it in between.
    let mut entries = registry().entries.lock();
    if options.create && !options.read_only {
        create_if_missing(path).map_err(failed)?;
    }
    let file = FileId::of(path).map_err(failed)?;
    if let Some(entry) = entries.get(&file) {
        return Ok((file, Arc::clone(entry), false));
    }
    let entry = Arc::new(Entry {
        path: Arc::clone(path),
        state: Mutex::new(State::Opening),
        changed: Condvar::new(),
    });
    entries.insert(file, Arc::clone(&entry));
    Ok((file, entry, true))
}

fn start(
    path: &Arc<Path>,
    options: &EngineOptions,
    retry: Policy,
    file: FileId,
    entry: Arc<Entry>,
) -> Result<Share> {
    match Engine::start(path, file, options, retry) {
        Ok(engine) => {
            entry.set(State::Open(Arc::clone(&engine), 1));
            Ok(Share { engine, file, entry })
        }
        Err(error) => {
            entry.remove(file);
            Err(error)
        }
    }
}

/// Takes a share in an engine that is there; `None` if it went away.
fn join(options: &EngineOptions, file: FileId, entry: Arc<Entry>) -> Result<Option<Share>> {
    let mut state = entry.state.lock();
    let engine = loop {
        match &mut *state {
            State::Opening | State::Closing => entry.changed.wait(&mut state),
            State::Gone => return Ok(None),
            State::Open(engine, opens) => {
                engine.accept(options)?;
                *opens += 1;
                break Arc::clone(engine);
            }
        }
    };
    drop(state);
    Ok(Some(Share { engine, file, entry }))
}

/// Ends engines whose file was moved away, where that is in the way of opening `path`.
///
/// The log and index of such an engine still go by the old name, and would be taken for those of
/// the file that is there now: SQLite's documentation calls this a way to corrupt a database. The
/// handles of that engine are closed, with everything they were told is stored in the file that
/// was moved.
fn end_engines_of_moved_files(path: &Arc<Path>) -> Result<()> {
    while let Some((file, entry)) = moved_file(path) {
        let mut state = entry.state.lock();
        let (engine, opens) = loop {
            match &*state {
                State::Opening | State::Closing => entry.changed.wait(&mut state),
                // Another open was faster.
                State::Gone => break (None, 0),
                State::Open(engine, opens) => break (Some(Arc::clone(engine)), *opens),
            }
        };
        let Some(engine) = engine else { continue };
        *state = State::Closing;
        drop(state);
        if let Err(error) = engine.close_moved() {
            entry.set(State::Open(engine, opens));
            return Err(error);
        }
        entry.remove(file);
    }
    Ok(())
}

/// An engine whose file is not at its path any more, while `path` is that path or leads to that
/// file by another name.
fn moved_file(path: &Arc<Path>) -> Option<(FileId, Arc<Entry>)> {
    let entries = registry().entries.lock();
    // Under the lock under which files are made: what was made just now was not moved.
    let here = FileId::of(path).ok();
    let mut all = entries.iter();
    all.find(|(file, entry)| {
        let concerned = entry.path == *path || Some(**file) == here;
        concerned && FileId::of(&entry.path).ok() != Some(**file)
    })
    .map(|(file, entry)| (*file, Arc::clone(entry)))
}

impl Entry {
    fn set(&self, state: State) {
        *self.state.lock() = state;
        self.changed.notify_all();
    }

    /// Leaves the table first: who finds the entry gone looks there again.
    fn remove(self: &Arc<Self>, file: FileId) {
        let mut entries = registry().entries.lock();
        if entries.get(&file).is_some_and(|entry| Arc::ptr_eq(entry, self)) {
            entries.remove(&file);
        }
        drop(entries);
        self.set(State::Gone);
    }
}

impl Share {
    /// Gives the share back; the last one closes the engine. If that fails the engine stays open,
    /// and so does the share.
    pub(crate) fn release(&self) -> Result<()> {
        if self.leave() { self.end(true) } else { Ok(()) }
    }

    /// Whether nobody else has a share just now.
    pub(crate) fn is_last(&self) -> bool {
        matches!(&*self.entry.state.lock(), State::Open(_, opens) if *opens <= 1)
    }

    /// Takes up an end that failed, unless somebody opened the file meanwhile. Whether it is to be
    /// [ended](Self::end) again.
    pub(crate) fn leave_again(&self) -> bool {
        let mut state = self.entry.state.lock();
        let left = matches!(&*state, State::Open(_, 0));
        if left {
            *state = State::Closing;
        }
        left
    }

    /// Gives the share back. Whether it was the last one: then whoever opens the file waits, and
    /// the engine has to be [ended](Self::end).
    pub(crate) fn leave(&self) -> bool {
        let mut state = self.entry.state.lock();
        loop {
            match &mut *state {
                State::Open(_, opens) if *opens > 1 => {
                    *opens -= 1;
                    return false;
                }
                State::Open(..) => {
                    *state = State::Closing;
                    return true;
                }
                // Being ended by an open of another file under its name, which may fail.
                State::Opening | State::Closing => self.entry.changed.wait(&mut state),
                State::Gone => return false,
            }
        }
    }

    /// Closes the engine after the last one has [left](Self::leave). If that fails the engine
    /// stays open, for this share if it is `kept`, and in any case for the next open.
    pub(crate) fn end(&self, kept: bool) -> Result<()> {
        // Whoever keeps nothing cannot wait for others to give up their hold on the cache.
        if let Err(error) = self.engine.close(!kept) {
            self.entry.set(State::Open(Arc::clone(&self.engine), usize::from(kept)));
            return Err(error);
        }
        self.entry.remove(self.file);
        Ok(())
    }
}

impl std::fmt::Debug for Share {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Share").field("engine", &self.engine).finish_non_exhaustive()
    }
}
