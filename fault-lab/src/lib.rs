//! Breaks the disk under a vault, one call at a time, and looks at what is left.
//!
//! SQLite reaches the disk through a table of functions, its VFS. `vfs` stands before the usual
//! one, for all of this process, so that the engine runs unchanged: it counts what is asked of
//! the disk, fails a call on wish, and notes what was written. From those notes `disk` builds the
//! files as a crash of the process or of the machine could have left them at any instant.
//! `run` puts a vault to work beside a model of what it has promised (`model`), and `check` opens
//! what is left and compares. See the README beside this crate.
#![cfg(test)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop right there"
)]
#![allow(clippy::match_same_arms, reason = "tables are read line by line")]

mod bites;
mod chance;
mod check;
mod content;
mod cut;
mod disk;
mod experiments;
mod fault;
mod lab;
mod model;
mod op;
mod places;
mod run;
mod scarce;
mod vfs;
mod watch;
mod workload;
mod world;
