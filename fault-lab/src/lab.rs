//! The experiments: every call of a workload failed in every way, and every instant of it a crash.

use std::{
    collections::HashSet,
    hash::{BuildHasher, Hash, RandomState},
    path::Path,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use tempfile::TempDir;

use crate::{
    chance::Chance,
    check,
    cut::{STYLES, power_cut},
    disk::{Disk, Image},
    fault::{Call, Plan, Span},
    model::Crash,
    run::{Trace, run},
    watch::watch,
    workload::Workload,
    world::Event,
};

/// How many different things were tried.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Count {
    /// Calls that failed.
    pub(crate) faults: usize,
    /// Files that a crash of the process left, each looked at once.
    pub(crate) crashes: usize,
    /// Files that a power failure left.
    pub(crate) cuts: usize,
    /// Calls of SQLite to the disk, in all runs.
    pub(crate) calls: u64,
}

impl std::fmt::Display for Count {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { faults, crashes, cuts, calls } = self;
        write!(f, "{faults} failed calls, {crashes} crashes, {cuts} power cuts, {calls} calls")
    }
}

impl std::ops::AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        self.faults += other.faults;
        self.crashes += other.crashes;
        self.cuts += other.cuts;
        self.calls += other.calls;
    }
}

/// A folder of its own in memory, if the system has such a thing.
pub(crate) fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { TempDir::new_in(memory).unwrap() } else { TempDir::new().unwrap() }
}

/// Does `job` for each of `count` numbers, on all cores; what went wrong, if anything.
pub(crate) fn on_all_cores(
    count: usize,
    job: impl Fn(usize) -> Result<Option<Count>, String> + Sync,
) -> Result<Count, String> {
    let next = AtomicUsize::new(0);
    let outcome = Mutex::new((Count::default(), Vec::new()));
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count || outcome.lock().unwrap().1.len() >= FAILURES {
                        return;
                    }
                    let new = job(number);
                    let (sum, failures) = &mut *outcome.lock().unwrap();
                    match new {
                        Ok(Some(new)) => *sum += new,
                        // The time is up.
                        Ok(None) => return,
                        Err(why) => failures.push(why),
                    }
                }
            });
        }
    });
    let (sum, failures) = outcome.into_inner().unwrap();
    if failures.is_empty() { Ok(sum) } else { Err(failures.join("\n\n")) }
}

/// After so many there is enough to think about.
const FAILURES: usize = 5;

/// Every call of a workload that can fail, with every way in which it can.
pub(crate) fn plans(trace: &Trace) -> Vec<Plan> {
    let mut counts = std::collections::BTreeMap::new();
    let mut plans = Vec::new();
    for (side, call, role) in &trace.calls {
        let count: &mut u64 = counts.entry(*side).or_default();
        for fault in call.faults(*role) {
            for span in [Span::Once, Span::Operation] {
                // Giving a lock back does not fail for long on any system: who cannot, keeps it.
                if *call == Call::Unlock && span == Span::Operation {
                    continue;
                }
                plans.push(Plan { side: *side, nth: *count, fault: *fault, span });
            }
        }
        *count += 1;
    }
    plans
}

/// Runs a workload with one fault, and then crashes it: at once when it has ended, and at some
/// moments in between.
pub(crate) fn fail_one(workload: &Workload, plan: Plan) -> Result<Count, String> {
    let what = format!("fault {}", workload.kind);
    let told = |why: String| again(&what, workload.seed, &format!("{}\n{why}", plan.tell()));
    let _watch = watch(told(String::new()));
    let folder = folder();
    let trace = run(workload, folder.path(), Some(plan), false, drop).map_err(told)?;
    let mut count = Count {
        faults: usize::from(trace.fired.is_some()),
        calls: trace.count,
        ..Count::default()
    };
    let some = Some(trace.events.len() / 2);
    count += crash(workload, &trace, some, plan.nth).map_err(told)?;
    Ok(count)
}

/// What went wrong, and how to see it once more. The first line of `why` may say more about how.
pub(crate) fn again(what: &str, seed: u64, why: &str) -> String {
    let (first, rest) = why.split_once('\n').unwrap_or((why, ""));
    let command = "cargo test -p fault-lab again -- --nocapture";
    if what.starts_with("fault") {
        format!("FAULT_LAB_AGAIN='{what} {seed} {first}' {command}\n{rest}")
    } else {
        format!("FAULT_LAB_AGAIN='{what} {seed}' {command}\n{why}")
    }
}

/// Crashes a run: after every event, or after some; the process, and the machine.
pub(crate) fn crash(
    workload: &Workload,
    trace: &Trace,
    some: Option<usize>,
    seed: u64,
) -> Result<Count, String> {
    let folder = folder();
    let mut count = Count::default();
    let mut known = Known::default();
    let mut disk = Disk::default();
    let mut chance = Chance::of(workload.seed, seed);
    let (mut ended, mut begun) = (0, false);
    for (at, event) in trace.events.iter().enumerate() {
        disk.replay(event);
        match event {
            Event::Begin => begun = true,
            Event::End(step) => (ended, begun) = (step + 1, false),
            _ => {}
        }
        let last = at + 1 == trace.events.len();
        if !event.matters() || !(last || some.is_none_or(|every| chance.below(every + 1) == 0)) {
            continue;
        }
        let mut look = |crash, image: &Image| {
            let allowed = trace.history.allowed(crash, ended, begun);
            if !known.is_new(&(image, crash, ended, begun)) {
                return Ok(false);
            }
            check::recovers(image, workload.setup, &allowed, folder.path()).map(|()| true).map_err(
                |why| {
                    let moment = format!("{crash:?} crash after event {at}, {ended} ended");
                    format!("{moment}: {why}\nafter\n{}", tell(trace, at, image))
                },
            )
        };
        count.crashes += usize::from(look(Crash::Process, &disk.after_a_crash())?);
        // SQLite takes a database of no bytes for one that has nothing to be undone, and believes in
        // the bytes that a disk shows which has refused to make that last. SAFETY.md says so.
        if trace.refused_a_sync() && trace.history.is_all_in_vain(ended) {
            continue;
        }
        let styles = if some.is_some() { vec![*chance.pick(&STYLES)] } else { STYLES.to_vec() };
        for style in styles {
            let image = power_cut(&disk, style, &mut chance);
            count.cuts += usize::from(look(Crash::Power, &image)?);
        }
    }
    Ok(count)
}

/// For people: what was done, what of it reached the disk last, and what is left.
fn tell(trace: &Trace, at: usize, image: &Image) -> String {
    let mut told = trace.history.tell();
    for event in &trace.events[at.saturating_sub(40)..=at] {
        told += &["    ", &event.tell(), "\n"].concat();
    }
    let left: Vec<_> = image.0.iter().map(|(name, content)| (name, content.len())).collect();
    told + &format!("  left: {left:?}\n  failed: {:?}", trace.fired)
}

/// Which files were looked at already.
#[derive(Debug, Default)]
struct Known {
    hasher: RandomState,
    hashes: HashSet<u64>,
}

impl Known {
    fn is_new(&mut self, what: &impl Hash) -> bool {
        self.hashes.insert(self.hasher.hash_one(what))
    }
}

/// A run without a fault, for what it records.
pub(crate) fn calm(workload: &Workload) -> Result<Trace, String> {
    let _watch = watch(format!("seed {}", workload.seed));
    let folder = folder();
    run(workload, folder.path(), None, true, drop)
        .map_err(|why| format!("seed {}: {why}", workload.seed))
}
