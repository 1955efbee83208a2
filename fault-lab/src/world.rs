//! What happens in one folder: the calls, the fault that is planned for one of them, and a
//! record of everything that changed its files.

use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
    sync::{Arc, LazyLock, Mutex, MutexGuard},
};

use crate::fault::{Call, Fault, Plan, Role, Side, Span};

/// Something that a crash may find done or not done.
#[derive(Debug, Clone)]
pub(crate) enum Event {
    /// A file came to be. Each gets a number of its own: a name can be used again.
    Create {
        file: usize,
        name: Arc<str>,
    },
    /// The name is gone; `lasting` if the folder was synced after it.
    Delete {
        name: Arc<str>,
        lasting: bool,
    },
    Write {
        file: usize,
        at: u64,
        bytes: Arc<[u8]>,
    },
    /// Cut or grown to this length.
    Length {
        file: usize,
        length: u64,
    },
    Sync {
        file: usize,
        folder: bool,
    },
    /// The driver's: an operation of the vault begins, or that of this number has returned.
    Begin,
    End(usize),
}

impl Event {
    /// For people.
    pub(crate) fn tell(&self) -> String {
        match self {
            Self::Write { file, at, bytes } => {
                format!("Write {{ file: {file}, at: {at}, {} bytes }}", bytes.len())
            }
            other => format!("{other:?}"),
        }
    }

    /// Whether a crash before it and one after it leave different files or different promises.
    pub(crate) fn matters(&self) -> bool {
        !matches!(self, Self::Begin)
    }
}

#[derive(Debug, Default)]
pub(crate) struct World {
    /// Whether databases may be read through a map.
    pub(crate) mapped: bool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    counts: BTreeMap<Side, u64>,
    /// Every call, if they are wanted.
    calls: Option<Vec<(Side, Call, Role)>>,
    plan: Option<Plan>,
    /// The kind of call that fails until the operation has returned.
    lasting: Option<(Call, Fault)>,
    fired: Option<(Call, Role)>,
    /// Whether the driver itself looks: that is neither counted nor disturbed.
    unseen: bool,
    events: Vec<Event>,
    names: BTreeMap<Arc<str>, usize>,
    files: usize,
}

static WORLDS: LazyLock<Mutex<HashMap<PathBuf, Arc<World>>>> = LazyLock::new(Mutex::default);

/// A world, for as long as it is wanted.
#[derive(Debug)]
pub(crate) struct Watched {
    pub(crate) world: Arc<World>,
    folder: PathBuf,
}

impl Watched {
    /// From now on what happens in `folder` happens in a world of its own.
    pub(crate) fn new(folder: &Path, mapped: bool) -> Self {
        crate::vfs::install();
        let folder = folder.canonicalize().unwrap();
        let world = Arc::new(World { mapped, ..World::default() });
        let before = WORLDS.lock().unwrap().insert(folder.clone(), Arc::clone(&world));
        assert!(before.is_none(), "{} is watched already", folder.display());
        Self { world, folder }
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        WORLDS.lock().unwrap().remove(&self.folder);
    }
}

/// The world that a file is in, and its name there.
pub(crate) fn world_of(path: &Path) -> Option<(Arc<World>, Arc<str>)> {
    let world = Arc::clone(WORLDS.lock().unwrap().get(path.parent()?)?);
    Some((world, path.file_name()?.to_str()?.into()))
}

impl World {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Notes every call from now on.
    pub(crate) fn record_calls(&self) {
        self.state().calls = Some(Vec::new());
    }

    pub(crate) fn calls(&self) -> Vec<(Side, Call, Role)> {
        self.state().calls.clone().unwrap_or_default()
    }

    pub(crate) fn count(&self) -> u64 {
        self.state().counts.values().sum()
    }

    pub(crate) fn plan(&self, plan: Plan) {
        self.state().plan = Some(plan);
    }

    /// The call that was failed as planned.
    pub(crate) fn fired(&self) -> Option<(Call, Role)> {
        self.state().fired
    }

    pub(crate) fn events(&self) -> Vec<Event> {
        std::mem::take(&mut self.state().events)
    }

    pub(crate) fn begin(&self) {
        self.state().events.push(Event::Begin);
    }

    /// The operation has returned: what failed until then works again.
    pub(crate) fn end(&self, op: usize) {
        let mut state = self.state();
        state.events.push(Event::End(op));
        state.lasting = None;
    }

    /// What `look` does on this thread's behalf is no part of the workload.
    pub(crate) fn unseen<T>(&self, look: impl FnOnce() -> T) -> T {
        self.state().unseen = true;
        let seen = look();
        self.state().unseen = false;
        seen
    }

    /// Notes something that was not asked for by a call.
    pub(crate) fn note(&self, note: impl FnOnce(&mut Record<'_>)) {
        note(&mut Record(&mut self.state()));
    }

    /// A call: does it fail, and how? Else `work` does it, alone: so that the record has the
    /// order in which things happened.
    pub(crate) fn call<T>(
        &self,
        side: Side,
        call: Call,
        role: Role,
        work: impl FnOnce(Option<Fault>, &mut Record<'_>) -> T,
    ) -> T {
        let mut state = self.state();
        if state.unseen && side == Side::Front {
            return work(None, &mut Record(&mut state));
        }
        if let Some(calls) = &mut state.calls {
            calls.push((side, call, role));
        }
        let count = state.counts.entry(side).or_default();
        let nth = *count;
        *count += 1;
        let planned = state.plan.filter(|plan| plan.side == side && plan.nth == nth);
        // The plan was made for an earlier run: here another call may have that number.
        let planned = planned.filter(|plan| call.faults(role).contains(&plan.fault));
        let fault = if let Some(plan) = planned {
            state.fired = Some((call, role));
            if plan.span == Span::Operation {
                state.lasting = Some((call, plan.fault));
            }
            Some(plan.fault)
        } else {
            let lasting = state.lasting.filter(|(kind, _)| *kind == call);
            lasting.map(|(_, fault)| fault).filter(|fault| call.faults(role).contains(fault))
        };
        work(fault, &mut Record(&mut state))
    }
}

/// What the VFS notes while it works.
pub(crate) struct Record<'a>(&'a mut State);

impl Record<'_> {
    /// The number of a file that was opened; a new one if it was not there.
    pub(crate) fn opened(&mut self, name: &Arc<str>) -> usize {
        if let Some(file) = self.0.names.get(name) {
            return *file;
        }
        let file = self.0.files;
        self.0.files += 1;
        self.0.names.insert(Arc::clone(name), file);
        self.0.events.push(Event::Create { file, name: Arc::clone(name) });
        file
    }

    pub(crate) fn deleted(&mut self, name: &Arc<str>, lasting: bool) {
        if self.0.names.remove(name).is_some() {
            self.0.events.push(Event::Delete { name: Arc::clone(name), lasting });
        }
    }

    pub(crate) fn push(&mut self, event: Event) {
        self.0.events.push(event);
    }
}
