//! Loom models over the very files of kvault's concurrency core.
//!
//! `handoff` below is `src/handoff` of the crate, taken by path; `sync` stands in for
//! `src/sync.rs`. `mutants` is a second copy of the core in which every line of
//! `mutations` can be switched on: each model must then fail. See the README beside this crate.
#![cfg(test)]
// What the core offers is for the crate: the models use a part of it. And what is spliced into
// its copy is not how a person would write it.
#![allow(dead_code, unused_imports, unused_parens, missing_debug_implementations)]
#![allow(clippy::all, clippy::pedantic, reason = "the core is linted where it lives")]

mod example;
#[path = "../../src/handoff/mod.rs"]
mod handoff;
mod model;
mod mutants;
mod mutation;
mod mutations;
mod real;
mod sync;
