//! Whether all threads can agree on what happened.
//!
//! Threads do whatever the vault offers, on few keys so that they meet, while others flush and get
//! in the way. Each notes when it called and when it got its answer, and what that was. Then
//! [`checker`] looks for an order in which all of it makes sense.
//!
//! A failure prints its seed. `KVAULT_LIN_SEED=<seed>` throws the same dice again; the threads meet as
//! chance has it, so it may take more than one try. `KVAULT_LIN_OPS=<count>` sets how much each of
//! these tests does. A million each, for example:
//!
//! ```text
//! KVAULT_LIN_OPS=1000000 cargo test --release --test it linearizable -- --nocapture
//! ```

mod checker;
mod checker_tests;
mod client;
mod dice;
mod disturb;
mod history;
mod report;
mod work;

use std::{
    hash::{BuildHasher, RandomState},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use kvault::{Durability, Error, KVault};

use self::{
    client::{Client, Scene, Tables},
    dice::Dice,
    disturb::{Disturbance, Disturber, OTHER},
    history::{Clock, Contents, KEYS, NOTHING, Op, Seen, TABLES},
    report::assert_linearizable,
};
use crate::support::{Place, ends};

/// Operations of one history. Longer ones find no more, and are harder to read.
const ROUND: usize = 1_500;
/// How much each test does when nobody says otherwise.
const USUAL: usize = 6_000;

#[derive(Clone)]
struct Setup {
    name: &'static str,
    handles: fn(&KVault) -> Vec<(usize, Tables)>,
    disturb: &'static [Disturbance],
    refused: fn(&Error) -> bool,
    /// Whether a table's rows are counted while others write.
    counts: bool,
}

fn tables(vault: &KVault) -> Tables {
    [vault.clone(), vault.table(OTHER).unwrap()]
}

fn plain_handles(vault: &KVault) -> Vec<(usize, Tables)> {
    // Waiting for the disk takes long.
    vec![(30, tables(vault)), (1, tables(&vault.with_durability(Durability::Power)))]
}

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

fn run(setup: &Setup) {
    let seed = number("KVAULT_LIN_SEED").unwrap_or_else(|| RandomState::new().hash_one(0));
    let volume = number("KVAULT_LIN_OPS").map_or(USUAL, |ops| usize::try_from(ops).unwrap());
    eprintln!("{}: KVAULT_LIN_SEED={seed}", setup.name);
    let (started, mut done, mut worlds, mut checking) = (Instant::now(), 0, 0, Duration::ZERO);
    let place = Arc::new(Place::new());
    let vault = place.open_with(|options| options.page_size(4_096));
    let handles = (setup.handles)(&vault);
    let scene = Arc::new(Scene {
        clock: Clock::new(),
        next: AtomicU32::new(NOTHING + 1),
        handles,
        refused: setup.refused,
    });
    let mut start = [NOTHING; TABLES * KEYS];
    for round in 0.. {
        let seed = Dice::new(seed, round).bits();
        let (setup, place) = (setup.clone(), Arc::clone(&place));
        let (scene, vault) = (Arc::clone(&scene), vault.clone());
        let history = ends("a history", move || play(&setup, &place, &scene, &vault, seed));
        let check = Instant::now();
        worlds = worlds.max(assert_linearizable(start, &history));
        checking += check.elapsed();
        start = end_of(&history);
        done += history.len();
        if done >= volume {
            break;
        }
    }
    vault.close().unwrap();
    let (whole, name) = (started.elapsed(), setup.name);
    eprintln!(
        "{name}: {done} operations in {whole:.1?}, {checking:.1?} of it to check, {worlds} worlds"
    );
}

/// Lets threads loose until they have done enough, and then looks at what they left.
fn play(setup: &Setup, place: &Place, scene: &Arc<Scene>, vault: &KVault, seed: u64) -> Vec<Op> {
    let workers = 4 + Dice::new(seed, 0).throw(5);
    let over = &AtomicBool::new(false);
    let disturber = |lane| Disturber {
        client: Client::new(scene, lane, seed),
        vault: vault.clone(),
        raw: place.raw(),
    };
    let mut history = thread::scope(|scope| {
        let disturbers: Vec<_> = setup
            .disturb
            .iter()
            .enumerate()
            .map(|(lane, disturb)| {
                let mut disturber = disturber(workers + 1 + lane);
                scope.spawn(move || {
                    while !over.load(Ordering::Relaxed) {
                        disturb(&mut disturber);
                        thread::sleep(Duration::from_micros(disturber.client.dice.bits() % 3_000));
                    }
                    disturber.client.history
                })
            })
            .collect();
        let workers: Vec<_> = (1..=workers)
            .map(|lane| {
                let mut client = Client::new(scene, lane, seed);
                let counts = setup.counts;
                scope.spawn(move || {
                    while client.history.len() < ROUND / workers {
                        client.step(counts);
                    }
                    client.history
                })
            })
            .collect();
        let done: Vec<_> = workers.into_iter().map(thread::ScopedJoinHandle::join).collect();
        over.store(true, Ordering::Relaxed);
        let done =
            done.into_iter().chain(disturbers.into_iter().map(thread::ScopedJoinHandle::join));
        done.flat_map(|done| done.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect::<Vec<Op>>()
    });
    let mut last = disturber(0);
    last.client.look_around();
    last.flush_and_look();
    history.append(&mut last.client.history);
    history
}

/// What the last look at everything found.
fn end_of(history: &[Op]) -> Contents {
    let mut contents = [NOTHING; TABLES * KEYS];
    for seen in &history.last().unwrap().sees {
        if let Seen::Is(key, value) = *seen {
            contents[key] = value;
        }
    }
    contents
}

const FLUSHES: Disturbance = Disturber::flush_and_look;
const CHECKPOINTS: Disturbance = Disturber::checkpoint;

#[test]
fn without_a_cache() {
    run(&Setup {
        name: "without a cache",
        handles: plain_handles,
        disturb: &[FLUSHES, CHECKPOINTS],
        refused: |_| false,
        counts: true,
    });
}
