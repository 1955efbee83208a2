//! Which line of the mutated core is broken at present, and seeing a model fail over it.

use std::{cell::Cell, process::Command};

const NAME: &str = "KVAULT_MUTATION";
/// What the child says before it starts, so that a child that fails for another reason is noticed.
const STARTED: &str = "running over the broken core";

thread_local! {
    // Loom runs all threads of a model on the thread of its test.
    static ON: Cell<&'static str> = const { Cell::new("") };
}

pub(crate) fn on(name: &str) -> bool {
    ON.get() == name
}

/// Runs `models` over the broken core in a process of its own: a deadlock that loom reports often
/// aborts, because destructors of the model meet loom once more while it unwinds.
pub(crate) fn must_fail(name: &str) {
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "mutants::a_broken_core", "--nocapture"])
        .env(NAME, name)
        .env("RUST_BACKTRACE", "0")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout).into_owned()
        + &String::from_utf8_lossy(&child.stderr);
    assert!(said.contains(STARTED), "the child did not get as far as its model:\n{said}");
    assert!(!child.status.success(), "no schedule of the model noticed {name}");
    let why = said.lines().find(|line| line.contains("deadlock") || line.contains("assertion"));
    println!("{name}: {}", why.unwrap_or("the child was ended"));
}

/// The child's side of [`must_fail`].
pub(crate) fn run_broken(models: &[(&'static str, fn())]) {
    let Ok(wanted) = std::env::var(NAME) else {
        return;
    };
    let (name, model) = models.iter().find(|(name, _)| *name == wanted).unwrap();
    ON.set(name);
    println!("{STARTED}");
    model();
}
