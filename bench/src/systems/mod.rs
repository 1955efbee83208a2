//! The engines. Each file adapts one of them; this list gives them their names.

mod fjall;
mod group;
mod heed;
mod kvault;
mod kvault_cached;
mod mutex;
mod redb;
mod sled;
mod sqlite;
mod sqlite_file;

use crate::args::Args;
use crate::error::Result;
use crate::rounds::Contender;
use crate::system::System;

/// Memory that each peer may use as its cache, where it has such a setting: as much as the
/// memory map that kvault and SQLite are given.
const CACHE_BYTES: usize = 256 << 20;

/// Every engine, in the order of the tables.
pub(crate) fn all() -> Vec<Contender<Box<dyn System>>> {
    vec![
        contender("kvault", kvault::Kvault),
        contender("kvault-cached", kvault_cached::Cached { producers: 1 }),
        contender("kvault-cached-2", kvault_cached::Cached { producers: 2 }),
        contender("mutex", mutex::Mutexed { sorted: false }),
        contender("group", group::Grouped),
        contender("sqlite", sqlite::PerThread),
        contender("sqlite-sorted", mutex::Mutexed { sorted: true }),
        contender("redb", redb::Redb),
        contender("fjall", fjall::Fjall),
        contender("heed", heed::Heed),
        contender("sled", sled::Sled),
    ]
}

/// The names that `--systems` knows.
pub(crate) fn names() -> Vec<&'static str> {
    all().iter().map(|contender| contender.name).collect()
}

/// The systems that `--systems` asks for, or else those that the workload names.
pub(crate) fn chosen(args: &Args, by_default: &[&str]) -> Result<Vec<Contender<Box<dyn System>>>> {
    let mut chosen = all();
    chosen.retain(|contender| {
        args.wants_system(contender.name, by_default.contains(&contender.name))
    });
    if chosen.is_empty() {
        return Err("no system is left to measure".into());
    }
    Ok(chosen)
}

fn contender(name: &'static str, system: impl System + 'static) -> Contender<Box<dyn System>> {
    Contender { name, what: Box::new(system) }
}
