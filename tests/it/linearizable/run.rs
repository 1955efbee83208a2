//! Lets threads loose on a vault, round after round.

use std::{
    hash::{BuildHasher, RandomState},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    thread::{self, ScopedJoinHandle},
    time::{Duration, Instant},
};

use kvault::{Error, KVault, Options};

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
const USUAL: usize = 5_000;

/// A way to use a vault.
#[derive(Clone)]
pub(super) struct Setup {
    pub(super) name: &'static str,
    /// How the file is opened.
    pub(super) options: fn(Options) -> Options,
    /// The handles that are used, and how often each is, from two opens of the file.
    pub(super) handles: fn(&[KVault; 2]) -> Vec<(usize, Tables)>,
    /// What gets in the way, each in a thread of its own.
    pub(super) disturb: &'static [Disturbance],
    /// Whether what failed was surely not done, and will not be.
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
    let name = setup.name;
    eprintln!("{name}: KVAULT_LIN_SEED={seed}");
    let (started, mut checking) = (Instant::now(), Duration::ZERO);
    let (mut done, mut perhaps, mut worlds) = (0, 0, 0);
    let place = Arc::new(Place::new());
    let mut scene = Arc::new(open(setup, &place, Clock::new(), AtomicU32::new(NOTHING + 1)));
    let mut start = [NOTHING; TABLES * KEYS];
    for round in 0.. {
        let seed = Dice::new(seed, round).bits();
        let (setup, place) = (setup.clone(), Arc::clone(&place));
        let history;
        (history, scene) = ends("a history", move || play(&setup, &place, scene, seed));
        let check = Instant::now();
        worlds = worlds.max(assert_linearizable(start, &history));
        checking += check.elapsed();
        start = end_of(&history);
        done += history.len();
        perhaps += history.iter().filter(|op| op.perhaps).count();
        if done >= volume {
            break;
        }
    }
    close(&scene);
    let whole = started.elapsed();
    eprintln!(
        "{name}: {done} operations in {whole:.1?}, {checking:.1?} of it to check, {worlds} worlds, \
         {perhaps} done perhaps"
    );
}

fn open(setup: &Setup, place: &Place, clock: Clock, next: AtomicU32) -> Scene {
    // Short waits: that others lock the file is to be noticed.
    let busy = Duration::from_millis(2);
    let opens = std::array::from_fn(|_| {
        let options =
            |options: Options| options.page_size(4_096).busy_timeout(busy).backoff_base(busy);
        place.open_with(|all| (setup.options)(options(all)))
    });
    let handles = (setup.handles)(&opens);
    Scene { clock, next, opens, handles, refused: setup.refused, ballast: setup.ballast }
}

fn is_closed(scene: &Scene) -> bool {
    scene.opens.iter().all(KVault::is_closed)
}

fn close(scene: &Scene) {
    for vault in &scene.opens {
        vault.close().unwrap();
    }
}

/// Lets threads loose until they have done enough, and then looks at what they left; often after
/// the vault was closed and opened again.
fn play(setup: &Setup, place: &Place, mut scene: Arc<Scene>, seed: u64) -> (Vec<Op>, Arc<Scene>) {
    let mut dice = Dice::new(seed, 0);
    // From 4 to 8, more often few: with many the checker has a hard time.
    let workers = 4 + dice.throw(5).min(dice.throw(5));
    let mut history = let_loose(setup, place, &scene, seed, workers);
    if is_closed(&scene) || dice.once_in(2) {
        close(&scene);
        let Scene { clock, next, .. } = Arc::into_inner(scene).expect("all threads have ended");
        scene = Arc::new(open(setup, place, clock, next));
    }
    let mut last = Disturber::new(Client::new(&scene, 0, seed), place);
    last.client.look_around();
    last.put_and_look();
    last.flush_and_look();
    // The cache is not empty when it is closed, or goes on.
    for _ in 0..10 {
        last.client.step();
    }
    last.client.look_at_all();
    history.append(&mut last.client.history);
    drop(last);
    (history, scene)
}

fn let_loose(
    setup: &Setup,
    place: &Place,
    scene: &Arc<Scene>,
    seed: u64,
    workers: usize,
) -> Vec<Op> {
    let over = &AtomicBool::new(false);
    let client = |lane| Client::new(scene, lane, seed);
    // All of them before the first begins: it may close the vault.
    let disturbers: Vec<_> = (workers + 1..)
        .zip(setup.disturb)
        .map(|(lane, disturb)| (disturb, Disturber::new(client(lane), place)))
        .collect();
    let clients: Vec<_> = (1..=workers).map(client).collect();
    let work = |mut client: Client| {
        while client.history.len() < ROUND / workers && !is_closed(&client.scene) {
            client.step();
        }
        client.history
    };
    let disturb = |(disturb, mut disturber): (&Disturbance, Disturber)| {
        while !over.load(Ordering::Relaxed) {
            disturb(&mut disturber);
            disturber.pause(3_000);
        }
        disturber.client.history
    };
    thread::scope(|scope| {
        let spawn = |with| scope.spawn(move || disturb(with));
        let disturbers: Vec<_> = disturbers.into_iter().map(spawn).collect();
        let spawn = |client| scope.spawn(move || work(client));
        let workers: Vec<_> = clients.into_iter().map(spawn).collect();
        let done: Vec<_> = workers.into_iter().map(ScopedJoinHandle::join).collect();
        over.store(true, Ordering::Relaxed);
        let done = done.into_iter().chain(disturbers.into_iter().map(ScopedJoinHandle::join));
        done.flat_map(|done| done.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    })
}

/// What the last looks found, one for each table.
fn end_of(history: &[Op]) -> Contents {
    let mut contents = [NOTHING; TABLES * KEYS];
    for op in &history[history.len() - TABLES..] {
        assert_eq!(op.sees.len(), KEYS);
        for seen in &op.sees {
            if let Seen::Is(key, value) = *seen {
                contents[key] = value;
            }
        }
    }
    contents
}
