//! The lab at work. In its short form it takes a minute or two; with `FAULT_LAB_MINUTES` each
//! experiment goes on for so long, with other seeds each time it is given `FAULT_LAB_SEED`.

use std::{
    env,
    time::{Duration, Instant},
};

use crate::{
    fault::Span,
    lab::{self, Count},
    workload::{COVERING, Workload},
};

/// Of the faults of a workload that was drawn by lot, one in so many.
const SAMPLE: usize = 8;

fn number(name: &str) -> Option<usize> {
    env::var(name).ok().map(|number| number.parse().unwrap())
}

/// The short form has `short` seeds.
fn experiment(name: &str, short: usize, job: impl Fn(u64) -> Result<Count, String> + Sync) {
    let began = Instant::now();
    let first = number("FAULT_LAB_SEED").unwrap_or(0);
    let time = number("FAULT_LAB_MINUTES").map(|minutes| Duration::from_mins(minutes as u64));
    let seeds = if time.is_some() { usize::MAX } else { short };
    let outcome = lab::on_all_cores(seeds, |at| match time {
        Some(time) if began.elapsed() > time => Ok(None),
        _ => job((first + at) as u64).map(Some),
    });
    let count = outcome.unwrap_or_else(|why| panic!("{why}"));
    println!("{name}: {count} in {:?}", began.elapsed());
}

#[test]
fn every_instant_can_be_the_last() {
    experiment("every instant a crash", 8, |seed| {
        let workload = Workload::drawn(seed, 20);
        let trace = lab::calm(&workload)?;
        let count = lab::crash(&workload, &trace, None, 0);
        count.map_err(|why| lab::again("crash", seed, &why))
    });
}

/// Every verb with every call that it makes, once for each way in which that can fail.
#[test]
fn every_call_of_every_verb_can_fail() {
    for seed in COVERING.rev() {
        let workload = Workload::covering(seed);
        let trace = lab::calm(&workload).unwrap_or_else(|why| panic!("{why}"));
        let mut plans = lab::plans(&trace);
        // For as long as the operation lasts: the sampled ones below, and the long form.
        let long = number("FAULT_LAB_MINUTES").is_some();
        plans.retain(|plan| long || plan.span == Span::Once);
        let began = Instant::now();
        let count =
            lab::on_all_cores(plans.len(), |at| lab::fail_one(&workload, plans[at]).map(Some))
                .unwrap_or_else(|why| panic!("{why}"));
        println!("every call of every verb, {seed}: {count} in {:?}", began.elapsed());
    }
}

#[test]
fn calls_of_any_workload_can_fail() {
    experiment("calls that fail", 8, |seed| {
        let workload = Workload::steady(seed, 8);
        let trace = lab::calm(&workload)?;
        let mut count = Count::default();
        let plans = lab::plans(&trace);
        // Others for each seed.
        for plan in plans.iter().skip(usize::try_from(seed).unwrap() % SAMPLE).step_by(SAMPLE) {
            count += lab::fail_one(&workload, *plan)?;
        }
        Ok(count)
    });
}

#[test]
fn long_workloads_agree_with_the_model() {
    experiment("without a fault", 30, |seed| {
        let trace = lab::calm(&Workload::drawn(seed, 150))?;
        Ok(Count { calls: trace.count, ..Count::default() })
    });
}

/// Does once more what failed: `FAULT_LAB_AGAIN` is what the failure said.
#[test]
fn again() {
    let Ok(what) = env::var("FAULT_LAB_AGAIN") else { return };
    match what.split(' ').collect::<Vec<_>>()[..] {
        ["crash", seed] => {
            let mut workload = Workload::drawn(seed.parse().unwrap(), 20);
            let fails = |workload: &Workload| {
                let trace = lab::calm(workload)?;
                lab::crash(workload, &trace, None, 0)
            };
            let Err(mut why) = fails(&workload) else { panic!("it does not fail") };
            // As short as it can be.
            for at in (0..workload.ops.len()).rev() {
                let mut shorter = workload.clone();
                shorter.ops.remove(at);
                if let Err(still) = fails(&shorter) {
                    (workload, why) = (shorter, still);
                }
            }
            panic!("{why}");
        }
        ["fault", workload, seed, plan] => {
            let seed = seed.parse().unwrap();
            let workload = match workload {
                "covering" => Workload::covering(seed),
                _ => Workload::steady(seed, 8),
            };
            let trace = lab::calm(&workload).unwrap_or_else(|why| panic!("{why}"));
            let plans = lab::plans(&trace);
            let plan = plans.iter().find(|other| other.tell() == plan).expect("such a call");
            let count = lab::fail_one(&workload, *plan).unwrap_or_else(|why| panic!("{why}"));
            println!("it does not fail: {count}");
        }
        _ => panic!("crash SEED, or fault WORKLOAD SEED PLAN"),
    }
}
