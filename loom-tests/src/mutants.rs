//! The same models over the core with one line broken: each must fail.

/// The core with every mutation in it, all switched off unless [`crate::mutation`] says so.
pub(crate) mod handoff {
    include!(concat!(env!("OUT_DIR"), "/handoff.rs"));
}

use handoff as core;

use crate::model;

#[path = "../../tests/models/mod.rs"]
mod models;

include!(concat!(env!("OUT_DIR"), "/mutations.rs"));

/// With nothing switched on the copy is the core: what fails over it fails because of a mutation.
mod unbroken {
    use super::models;

    include!(concat!(env!("OUT_DIR"), "/models.rs"));
}
