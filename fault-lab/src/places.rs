//! The engine's own places: a panic at each, and the process killed at each.

use std::{
    os::unix::process::ExitStatusExt,
    path::Path,
    process::{Command, Output},
    sync::atomic::{AtomicUsize, Ordering},
};

use crate::{check, disk::Image, lab, model::Crash, run::run, watch::watch, workload::Workload};

const PLACES: [&str; 8] = [
    "sealed, not committed",
    "committed, not retired",
    "retired, not answered",
    "before a checkpoint",
    "after a checkpoint",
    "mid-optimize",
    "mid-close",
    "mid-copy",
];

/// On the thread of who called: a panic there is the caller's own.
const CALLERS_PLACE: &str = "mid-spool";

/// At the first time that a place is reached, and at later ones.
const PASSED: [usize; 4] = [0, 1, 3, 8];

/// What a child is to do: in one of its own, because a failpoint is there for all of a process.
const CHILD: &str = "FAULT_LAB_PLACE";

#[test]
fn a_panic_at_every_place() {
    for place in PLACES {
        let panicked = PASSED.iter().filter(|passed| {
            let folder = lab::folder();
            let child = start("panic", place, **passed, folder.path());
            let told = String::from_utf8_lossy(&child.stderr);
            assert!(child.status.success(), "{place}: {told}");
            told.contains("failpoint")
        });
        assert!(panicked.count() > 0, "{place} is never reached");
    }
}

#[test]
fn killed_at_every_place() {
    let workload = Workload::covering(1);
    // Nothing of what it does depends on time: the child does the same until it is killed.
    let calm = lab::calm(&workload).unwrap_or_else(|why| panic!("{why}"));
    for place in PLACES.into_iter().chain([CALLERS_PLACE]) {
        let killed = PASSED.iter().filter(|passed| {
            let (folder, other) = (lab::folder(), lab::folder());
            let child = start("kill", place, **passed, folder.path());
            let ended = String::from_utf8_lossy(&child.stdout).matches("ended").count();
            let allowed = calm.history.allowed(Crash::Process, ended, true);
            let left = image(folder.path());
            check::recovers(&left, workload.setup, &allowed, other.path()).unwrap_or_else(|why| {
                panic!("{place}, {ended} ended: {why}\n{}", calm.history.tell())
            });
            child.status.signal() == Some(libc::SIGKILL)
        });
        assert!(killed.count() > 0, "{place} is never reached");
    }
}

fn image(folder: &Path) -> Image {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        (name.into(), std::fs::read(entry.path()).unwrap())
    });
    // Memory, which was not there any more if nobody else had the file open.
    Image(files.filter(|(name, _): &(std::sync::Arc<str>, _)| !name.ends_with("-shm")).collect())
}

fn start(end: &str, place: &str, passed: usize, folder: &Path) -> Output {
    let _watch = watch(format!("{end} at {place} after {passed}"));
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "places::child", "--nocapture"])
        .env(CHILD, format!("{end};{place};{passed};{}", folder.display()))
        .env("RUST_BACKTRACE", "0")
        .output()
        .unwrap()
}

#[test]
fn child() {
    let Ok(what) = std::env::var(CHILD) else { return };
    let [end, place, passed, folder] = what.split(';').collect::<Vec<_>>().try_into().unwrap();
    let passed: usize = passed.parse().unwrap();
    let kill = end == "kill";
    let seen = AtomicUsize::new(0);
    let reached = move || {
        if seen.fetch_add(1, Ordering::SeqCst) == passed {
            if kill {
                end_here();
            }
            panic!("failpoint");
        }
    };
    fail::cfg_callback(place, reached).unwrap();
    let heard = |_| println!("ended");
    run(&Workload::covering(1), Path::new(folder), None, false, heard)
        .unwrap_or_else(|why| panic!("{why}"));
}

#[allow(unsafe_code, reason = "nothing safe ends a process so hard")]
fn end_here() {
    // SAFETY: asks for the end of this very process.
    unsafe { libc::kill(libc::getpid(), libc::SIGKILL) };
}
