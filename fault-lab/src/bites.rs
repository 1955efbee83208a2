//! The engine is broken on purpose, and the lab must see it.

use std::process::Command;

use crate::{
    lab::{self, Count},
    workload::Workload,
};

/// Ways to break it, as the engine's sources name them.
const WAYS: [&str; 5] = [
    "retire before commit",
    "answer before commit",
    "skip a sync",
    "drop a tombstone",
    "split a batch",
];

/// In a child process: what is broken is broken for all of a process.
const CHILD: &str = "FAULT_LAB_CHILD";

/// How much of the lab has to see it: a small part.
const SEEDS: usize = 12;

#[test]
fn every_broken_engine_is_seen() {
    for way in WAYS {
        let told = run_child(way);
        let seen = told.lines().find_map(|line| line.strip_prefix("seen: "));
        println!("{way}: {}", seen.unwrap_or_else(|| panic!("{way} is not seen:\n{told}")));
    }
}

#[test]
fn an_engine_that_is_not_broken_is_not_accused() {
    let told = run_child("nothing");
    assert!(told.contains("not seen"), "{told}");
}

fn run_child(way: &str) -> String {
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "bites::child", "--nocapture"])
        .env(CHILD, way)
        .output()
        .unwrap();
    String::from_utf8(child.stdout).unwrap() + &String::from_utf8_lossy(&child.stderr)
}

#[test]
fn child() {
    let Ok(way) = std::env::var(CHILD) else { return };
    fail::cfg(way.as_str(), "return").unwrap();
    match look() {
        Ok(count) => println!("\nnot seen: {count}"),
        Err(why) => {
            let what = why.lines().find(|line| !line.starts_with("FAULT_LAB_AGAIN"));
            println!("\nseen: {}", what.unwrap());
        }
    }
}

fn look() -> Result<Count, String> {
    let mut all = lab::on_all_cores(SEEDS, |seed| {
        let workload = Workload::drawn(seed as u64, 25);
        let trace = lab::calm(&workload)?;
        lab::crash(&workload, &trace, Some(10), 0).map(Some)
    })?;
    all += lab::on_all_cores(SEEDS, |seed| {
        let workload = Workload::steady(seed as u64, 12);
        let mut count = Count::default();
        // Writes to the log that fail: the transaction is not committed then.
        let trace = lab::calm(&workload)?;
        let plans = lab::plans(&trace);
        for plan in plans.iter().filter(|plan| plan.fault == crate::fault::Fault::Full).step_by(4) {
            count += lab::fail_one(&workload, *plan)?;
        }
        Ok(Some(count))
    })?;
    Ok(all)
}
