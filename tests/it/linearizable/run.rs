//! Lets threads loose on a vault, round after round.

use std::{
    hash::{BuildHasher, RandomState},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use kvault::{Error, KVault};

use super::{
    client::{Client, Scene, Tables},
    dice::Dice,
    disturb::{Disturbance, Disturber},
    history::{Clock, Contents, KEYS, NOTHING, Op, Seen, TABLES},
    report::assert_linearizable,
};
use crate::support::{Place, ends};

/// Operations of one history. Longer ones find no more, and are harder to read.
const ROUND: usize = 1_500;
/// How much each test does when nobody says otherwise.
const USUAL: usize = 6_000;

/// A way to use a vault.
#[derive(Clone)]
pub(super) struct Setup {
    pub(super) name: &'static str,
    /// The handles that are used, and how often each is. Those of the first may be switched on and off.
    pub(super) handles: fn(&KVault) -> Vec<(usize, Tables)>,
    /// What gets in the way, each in a thread of its own.
    pub(super) disturb: &'static [Disturbance],
    /// Whether a write that failed was surely not done, and will not be.
    pub(super) refused: fn(&Error) -> bool,
    /// So many rows more are in each batch, between those that are looked at.
    pub(super) ballast: usize,
}

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

pub(super) fn run(setup: &Setup) {
    let seed = number("KVAULT_LIN_SEED").unwrap_or_else(|| RandomState::new().hash_one(0));
    let volume = number("KVAULT_LIN_OPS").map_or(USUAL, |ops| usize::try_from(ops).unwrap());
    eprintln!("{}: KVAULT_LIN_SEED={seed}", setup.name);
    let (started, mut done, mut worlds, mut checking) = (Instant::now(), 0, 0, Duration::ZERO);
    let place = Arc::new(Place::new());
    // Short waits: that others lock the file is to be noticed.
    let vault = place.open_with(|options| {
        let busy = Duration::from_millis(2);
        options.page_size(4_096).busy_timeout(busy).backoff_base(busy)
    });
    let handles = (setup.handles)(&vault);
    let scene = Arc::new(Scene {
        clock: Clock::new(),
        next: AtomicU32::new(NOTHING + 1),
        handles,
        refused: setup.refused,
        ballast: setup.ballast,
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
    let mut dice = Dice::new(seed, 0);
    // From 4 to 8, more often few: with many the checker has a hard time.
    let workers = 4 + dice.throw(5).min(dice.throw(5));
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
                scope.spawn(move || {
                    while client.history.len() < ROUND / workers {
                        client.step();
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
    last.put_and_look();
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
