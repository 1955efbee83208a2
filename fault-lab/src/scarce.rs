//! What runs out in the process itself, for one operation each: descriptors, and SQLite's memory.
#![allow(unsafe_code, reason = "the limits are the system's and SQLite's, and C's")]

use std::{
    process::Command,
    sync::atomic::{AtomicI64, AtomicUsize, Ordering},
};

use rusqlite::ffi;

use crate::{
    lab,
    run::run,
    watch::watch,
    workload::{COVERING, Workload},
};

const CHILD: &str = "FAULT_LAB_SCARCE";

/// Before which operation there is little left.
static STEP: AtomicUsize = AtomicUsize::new(usize::MAX);
/// How little: descriptors, or bytes.
static LEFT: AtomicI64 = AtomicI64::new(0);

#[test]
fn no_descriptor_is_left() {
    in_a_child("descriptors");
}

#[test]
fn sqlite_has_no_memory_left() {
    in_a_child("memory");
}

/// The limits are those of a process.
fn in_a_child(what: &str) {
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "scarce::child", "--nocapture"])
        .env(CHILD, what)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success(), "{told}{}", String::from_utf8_lossy(&child.stderr));
    let failed = told.lines().find(|line| line.contains("operations failed")).unwrap();
    println!("{what}: {failed}");
}

#[test]
fn child() {
    let Ok(what) = std::env::var(CHILD) else { return };
    let (limit, scarce): (fn(usize), &[i64]) = match what.as_str() {
        "descriptors" => (limit_descriptors, &[0, 1, 2]),
        _ => (limit_memory, &[0, 500, 3_000, 20_000, 60_000]),
    };
    let mut failed = 0;
    for seed in COVERING {
        let workload = Workload::covering(seed);
        let wal = workload.setup.wal;
        let steps = lab::calm(&workload).unwrap_or_else(|why| panic!("{why}")).history.len();
        // The last one is the close: everything is read before it.
        for step in (0..steps - 1).step_by(if wal { 1 } else { 3 }) {
            for left in scarce {
                let _watch = watch(format!("{what}, part {seed}, {left} left before {step}"));
                LEFT.store(*left, Ordering::SeqCst);
                STEP.store(step, Ordering::SeqCst);
                let folder = lab::folder();
                let trace = run(&workload, folder.path(), None, false, limit)
                    .unwrap_or_else(|why| panic!("part {seed}, {left} left before {step}: {why}"));
                failed += trace.history.failed();
            }
        }
    }
    println!("\n{failed} operations failed");
    assert!(failed > 5);
}

fn limit_memory(ended: usize) {
    let scarce = ended + 1 == STEP.load(Ordering::SeqCst);
    // SAFETY: both touch counters of SQLite only. A limit of 0 is none.
    unsafe {
        let limit = ffi::sqlite3_memory_used() + LEFT.load(Ordering::SeqCst);
        ffi::sqlite3_hard_heap_limit64(if scarce { limit.max(1) } else { 0 });
    }
}

fn limit_descriptors(ended: usize) {
    let scarce = ended + 1 == STEP.load(Ordering::SeqCst);
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the struct lives through the calls, which fill it and read it.
    unsafe {
        assert_eq!(libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit), 0);
        limit.rlim_cur = if scarce { highest_descriptor() } else { limit.rlim_max };
        assert_eq!(libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit), 0);
    }
}

/// The limit is on the number of the next descriptor, and that is the lowest that is free.
fn highest_descriptor() -> u64 {
    let left = usize::try_from(LEFT.load(Ordering::SeqCst)).unwrap();
    let there = |number: &u64| std::fs::symlink_metadata(format!("/proc/self/fd/{number}")).is_ok();
    (0..).filter(|number| !there(number)).nth(left).unwrap()
}
