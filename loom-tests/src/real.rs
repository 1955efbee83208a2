//! The models over the core as it is.

use crate::{handoff as core, model};

#[path = "../../tests/models/mod.rs"]
mod models;

include!(concat!(env!("OUT_DIR"), "/models.rs"));
