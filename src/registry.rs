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
    sync::{Arc, Condvar, Mutex},
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

/// A share in an engine. It has to be [released](Self::release).
pub(crate) struct Share {
    pub(crate) engine: Arc<Engine>,
    file: FileId,
    entry: Arc<Entry>,
}

/// Generations of forks that each get a table. Deeper ones share the last.
const GENERATIONS: usize = 64;

fn registry() -> &'static Registry {
    static TABLES: [OnceLock<Registry>; GENERATIONS] = [const { OnceLock::new() }; GENERATIONS];
    let [.., last] = &TABLES;
    TABLES.get(Process::current().generation()).unwrap_or(last).get_or_init(Registry::default)
}

/// The databases of the engines of this process.
pub(crate) fn open_files() -> Vec<(FileId, Arc<Path>)> {
    let entries = registry().entries.lock();
    entries.iter().map(|(file, entry)| (*file, Arc::clone(&entry.path))).collect()
}

/// The engine of the file at `path`: a new one, or the one that others use already.
pub(crate) fn open(path: &Arc<Path>, options: &EngineOptions, retry: Policy) -> Result<Share> {
    loop {
        end_engine_of_moved_file(path)?;
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

/// Ends the engine of a file that was moved away from `path`.
///
/// Its log and index still go by that name, and would be taken for those of the file that is
/// there now: SQLite's documentation calls this a way to corrupt a database. The handles of that
/// engine are closed, with everything they were told is stored in the file that was moved.
fn end_engine_of_moved_file(path: &Arc<Path>) -> Result<()> {
    let here = FileId::of(path).ok();
    let moved = {
        let entries = registry().entries.lock();
        let mut all = entries.iter();
        all.find(|(file, entry)| entry.path == *path && Some(**file) != here)
            .map(|(file, entry)| (*file, Arc::clone(entry)))
    };
    let Some((file, entry)) = moved else { return Ok(()) };
    let mut state = entry.state.lock();
    while matches!(*state, State::Opening | State::Closing) {
        entry.changed.wait(&mut state);
    }
    let State::Open(engine, opens) = std::mem::replace(&mut *state, State::Closing) else {
        return Ok(());
    };
    drop(state);
    match engine.close_moved() {
        Ok(()) => entry.remove(file),
        Err(error) => {
            entry.set(State::Open(engine, opens));
            return Err(error);
        }
    }
    Ok(())
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
    /// Gives the share back; the last one closes the engine with `close`. If that fails the
    /// engine stays open, and so does the share.
    pub(crate) fn release(&self, close: impl FnOnce(&Arc<Engine>) -> Result<()>) -> Result<()> {
        let engine = {
            let mut state = self.entry.state.lock();
            match &mut *state {
                State::Open(_, opens) if *opens > 1 => {
                    *opens -= 1;
                    return Ok(());
                }
                State::Open(engine, _) => {
                    let engine = Arc::clone(engine);
                    *state = State::Closing;
                    engine
                }
                // Ended by an open of another file under the same name.
                State::Opening | State::Closing | State::Gone => return Ok(()),
            }
        };
        match close(&engine) {
            Ok(()) => self.entry.remove(self.file),
            Err(error) => {
                self.entry.set(State::Open(engine, 1));
                return Err(error);
            }
        }
        Ok(())
    }
}

impl std::fmt::Debug for Share {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Share").field("engine", &self.engine).finish_non_exhaustive()
    }
}
