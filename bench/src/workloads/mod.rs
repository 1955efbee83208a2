//! The workloads. Each file answers one question; this list gives them their order.

mod core;
mod get;
mod ingest;
mod ingest_cached;
mod ingest_ratio;
mod put;
mod put_ratio;
mod scan;
mod stream;

use crate::workload::Workload;

/// Every workload, in the order they run.
pub(crate) fn all() -> Vec<Box<dyn Workload>> {
    vec![
        Box::new(put::Put),
        Box::new(get::Get),
        Box::new(ingest::Ingest),
        Box::new(scan::Scan),
        Box::new(stream::Stream),
        Box::new(core::Core),
    ]
}

/// The names that `--only` knows.
pub(crate) fn names() -> Vec<&'static str> {
    all().iter().map(|workload| workload.name()).collect()
}
