//! Measures kvault beside its peers. `README.md` says what, and how to read the answer.

mod args;
mod check;
mod disk;
mod error;
mod figures;
/// The crate's core itself: what is measured here has no public API.
#[path = "../../src/handoff/mod.rs"]
#[allow(
    dead_code,
    unused_imports,
    unfulfilled_lint_expectations,
    reason = "the core is for the crate: a part of it is measured"
)]
mod handoff;
mod histogram;
mod host;
mod median;
mod memory;
mod rounds;
mod row;
#[path = "../../src/sync.rs"]
#[allow(dead_code, unused_imports, reason = "what the core does not use here")]
mod sync;
mod system;
mod systems;
mod table;
mod threads;
mod versions;
mod workload;
mod workloads;

use std::process::ExitCode;

use args::{Args, USAGE};
use error::Result;
use rounds::Scratch;

fn main() -> ExitCode {
    let args = match Args::parse() {
        Ok(args) if args.help => {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        Ok(args) => args,
        Err(error) => {
            eprint!("error: {error}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<()> {
    let scratch = Scratch::new(args.dir())?;
    if args.memory {
        return memory::report(args, &scratch);
    }
    print_header(args, &scratch)?;
    for workload in workloads::all() {
        if args.wants(workload.name()) {
            workload.run(args, &scratch)?;
        }
    }
    println!(
        "At the end the CPU loop does {:.2} times as much on two threads as on one.",
        host::scaling(),
    );
    Ok(())
}

/// States what a reader needs in order to compare these figures with others.
fn print_header(args: &Args, scratch: &Scratch) -> Result<()> {
    let asked: Vec<String> = std::env::args().skip(1).collect();
    let sync = host::sync_cost(scratch)?;
    println!("# kvault-bench\n");
    println!("- Command: `kvault-bench {}`", asked.join(" "));
    println!("- Versions: {}", versions::line());
    println!(
        "- Host: {} CPUs, {} {}; a pure CPU loop does {:.2} times as much on two threads as on one",
        host::cpus(),
        std::env::consts::OS,
        std::env::consts::ARCH,
        host::scaling(),
    );
    println!("- Disk: a 4 KiB append with fdatasync takes {} us", sync.as_micros());
    println!(
        "- Rounds: {}, systems alternating; each figure is the median of that figure over the rounds",
        args.rounds(),
    );
    if cfg!(debug_assertions) {
        println!("- **Built without optimisation: the figures mean nothing**");
    }
    println!();
    Ok(())
}
