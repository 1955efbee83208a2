//! The lab at work.

use crate::{
    lab::{self, Count},
    workload::Workload,
};

#[test]
fn calm_workloads_agree_with_the_model() {
    let count = lab::on_all_cores(50, |seed| {
        let workload = Workload::drawn(seed as u64, 60);
        let trace = lab::calm(&workload)?;
        Ok(Count { calls: trace.count, ..Count::default() })
    });
    println!("{:?}", count.unwrap_or_else(|why| panic!("{why}")));
}

#[test]
fn crashes() {
    let count = lab::on_all_cores(50, |seed| {
        let workload = Workload::drawn(seed as u64, 20);
        let trace = lab::calm(&workload)?;
        lab::crash(&workload, &trace, None, 0).map_err(|why| format!("seed {seed}: {why}"))
    });
    println!("{:?}", count.unwrap_or_else(|why| panic!("{why}")));
}

#[test]
fn faults() {
    let mut jobs = Vec::new();
    for seed in 0..3 {
        let workload = Workload::steady(seed, 8);
        let trace = lab::calm(&workload).unwrap_or_else(|why| panic!("{why}"));
        jobs.extend(lab::plans(&trace).into_iter().map(|plan| (workload.clone(), plan)));
    }
    if let Ok(only) = std::env::var("LAB_ONLY") {
        jobs.retain(|(workload, plan)| {
            format!("{},{},{:?},{:?}", workload.seed, plan.nth, plan.fault, plan.span) == only
        });
    }
    println!("{} faults", jobs.len());
    let count = lab::on_all_cores(jobs.len(), |at| lab::fail_one(&jobs[at].0, jobs[at].1));
    println!("{:?}", count.unwrap_or_else(|why| panic!("{why}")));
}
