//! What a vault is put to: a list of operations, written down or drawn by lot, and how it is
//! opened.

use std::time::Duration;

use kvault::{AutoVacuum, CheckpointMode, CheckpointPolicy, Durability, KVault, Options};

use crate::{
    chance::Chance,
    content::{COUNTER, GROUPS, SHORTEST},
    op::{Op, Read, Write},
};

#[derive(Debug, Clone)]
pub(crate) struct Workload {
    /// How it came to be.
    pub(crate) kind: &'static str,
    pub(crate) seed: u64,
    pub(crate) setup: Setup,
    pub(crate) ops: Vec<Op>,
}

/// The options of the vault that matter to what is written when.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setup {
    pub(crate) wal: bool,
    pub(crate) page_size: u32,
    pub(crate) cache_kb: u32,
    /// After how many pages the keeper moves the log.
    pub(crate) pages: u32,
    pub(crate) wal_limit: u64,
    pub(crate) auto_vacuum: AutoVacuum,
    pub(crate) mapped: bool,
}

/// The keeper leaves the log alone, so that the calls come in the same order each time.
const NEVER: u32 = 1_000_000;

impl Setup {
    pub(crate) fn options(self) -> Options {
        KVault::options()
            .table("t0")
            .enable_wal(self.wal)
            .page_size(self.page_size)
            .cache_kb(self.cache_kb)
            .reader_cache_kb(100)
            .checkpoint(CheckpointPolicy::Auto { pages: self.pages, wal_limit: self.wal_limit })
            .auto_vacuum(self.auto_vacuum)
            .mmap_size(if self.mapped { 1 << 20 } else { 0 })
            // Pauses are cut short here: see `vfs::system`.
            .busy_timeout(Duration::from_millis(200))
            .backoff_base(Duration::from_millis(1))
            .write_timeout(Duration::from_millis(300))
    }

    fn drawn(chance: &mut Chance) -> Self {
        let pages = *chance.pick(&[NEVER, NEVER, 3, 10]);
        Self {
            wal: !chance.percent(15),
            page_size: *chance.pick(&[512, 512, 1_024, 4_096]),
            // So little that pages are written before their transaction ends.
            cache_kb: *chance.pick(&[4, 1_000]),
            pages,
            wal_limit: *chance.pick(&[20_000, 1 << 30, 1 << 30]),
            auto_vacuum: *chance.pick(&[AutoVacuum::None, AutoVacuum::None, AutoVacuum::Full]),
            mapped: chance.percent(25),
        }
    }
}

/// Of bytes.
const KEYS: usize = COUNTER as usize;
pub(crate) const TABLES: usize = 3;
/// The seeds of [`Workload::covering`]: two halves of the verbs, each without a log and with one. Two,
/// because each call that fails takes another run of all of it.
pub(crate) const COVERING: std::ops::Range<u64> = 0..4;

impl Workload {
    /// `len` operations, drawn by lot.
    pub(crate) fn drawn(seed: u64, len: usize) -> Self {
        let mut chance = Chance::of(seed, 1);
        let setup = Setup::drawn(&mut chance);
        let mut ops: Vec<Op> = (0..len).map(|_| draw(&mut chance)).collect();
        if chance.percent(60) {
            ops.insert(0, Op::EnableCache { cap: 100_000, threshold: 2_000 });
        }
        Self { kind: "drawn", seed, setup, ops }
    }

    /// Half of the verbs, in every durability: see [`COVERING`].
    pub(crate) fn covering(seed: u64) -> Self {
        let wal = seed % 2 == 1;
        let mut workload = Self::steady(u64::from(wal), 0);
        workload.setup = Setup { wal, mapped: false, ..workload.setup };
        workload.seed = seed;
        workload.kind = "covering";
        let verbs = if seed < 2 { plain_verbs } else { conditional_verbs };
        let all = |as_| -> Vec<Op> {
            let write = |(table, what)| Op::Write { table, what, as_ };
            verbs().into_iter().map(write).chain([Op::Flush { as_ }]).collect()
        };
        let [buffered, process, power] =
            [Durability::Buffered, Durability::Process, Durability::Power].map(all);
        let (uncached, cached) = if wal {
            ([&process[..], &power].concat(), [&buffered[..], &process, &power].concat())
        } else {
            // Every commit is synced: `Process` is `Power`.
            (process, [&buffered[..], &power].concat())
        };
        let mut rest =
            vec![Op::Checkpoint(CheckpointMode::Truncate), Op::Optimize { vacuum: true }];
        rest.extend(reads(wal).map(|what| Op::Read { table: 1, what }));
        let cache = Op::EnableCache { cap: 100_000, threshold: 100_000 };
        let locked = [&[Op::Lock], &buffered[..4], &[Op::Unlock]].concat();
        workload.ops = [uncached, vec![cache], cached, locked, rest].concat();
        let get = Op::Read { table: 1, what: Read::Get { key: 1 } };
        workload.ops.extend([Op::DisableCache, Op::Close, get]);
        workload
    }

    /// A short one that the keeper does not meddle with.
    pub(crate) fn steady(seed: u64, len: usize) -> Self {
        let mut workload = Self::drawn(seed, len);
        workload.kind = "steady";
        workload.setup.pages = NEVER;
        workload.setup.wal_limit = 1 << 30;
        for op in &mut workload.ops {
            if let Op::EnableCache { cap, threshold } = op {
                // Flushed when it is asked for, and not at some time.
                (*cap, *threshold) = (100_000, 100_000);
            }
        }
        workload
    }
}

fn plain_verbs() -> Vec<(u8, Write)> {
    vec![
        (1, Write::Put { key: 1, len: 30 }),
        (1, Write::PutMany { rows: vec![(1, 50), (2, 700), (3, 20)] }),
        (1, Write::Delete { key: 2 }),
        (1, Write::Discard { key: 3 }),
        (2, Write::Put { key: 4, len: 3_000 }),
        (2, Write::Clear),
        (1, Write::Batch { gone: (1, 3), rows: vec![(1, 5, 40), (2, 2, 90)] }),
        (1, Write::Swap { key: 5, len: 60 }),
        (1, Write::Transact { key: 1, other: (2, 1), len: 40 }),
        (1, Write::PutReader { key: 7, len: 2_500 }),
        (1, Write::PutPath { key: 1, len: 1_500 }),
        (1, Write::CreateBlob { key: 7, len: 1_300 }),
    ]
}

/// Those that look first, and those that delete many keys.
fn conditional_verbs() -> Vec<(u8, Write)> {
    vec![
        (1, Write::Increment { by: 3 }),
        (1, Write::Entry { key: 1, len: 30 }),
        (1, Write::Update { key: 1, len: 700 }),
        (1, Write::GetOrInsert { key: 4, len: 40 }),
        (1, Write::InsertIfAbsent { key: 6, len: 50 }),
        (1, Write::Remove { key: 1 }),
        (1, Write::DeleteRange { gone: (5, 7) }),
        (1, Write::PutMany { rows: vec![(1, 50), (7, 20), (8, 20), (9, 30)] }),
        (1, Write::Retain { by: 2 }),
        (1, Write::DeletePrefix { group: 1 }),
        (2, Write::Remove { key: 1 }),
        (2, Write::DeleteRange { gone: (0, 9) }),
    ]
}

fn reads(snapshot: bool) -> impl Iterator<Item = Read> {
    [
        Read::Get { key: 1 },
        Read::OpenBlob { key: 7 },
        Read::GiveUp { key: 7, len: 1_500 },
        Read::Scan { snapshot: false },
        Read::Scan { snapshot },
        Read::Items,
        Read::Prefix { group: 0 },
        Read::First,
        Read::Last,
        Read::CountRange { keys: (1, 9) },
        Read::CountPrefix { group: 1 },
    ]
    .into_iter()
}

fn draw(chance: &mut Chance) -> Op {
    let table = u8::try_from(chance.below(TABLES)).unwrap();
    let key = u8::try_from(chance.below(KEYS)).unwrap();
    let as_ = durability(chance);
    match chance.below(100) {
        0..74 => Op::Write { table, what: write(key, chance), as_ },
        74..77 => Op::Read { table, what: read(key, chance) },
        77..84 => Op::Flush { as_ },
        84..87 => Op::EnableCache {
            cap: *chance.pick(&[3_000, 100_000]),
            threshold: *chance.pick(&[500, 100_000]),
        },
        87 => Op::DisableCache,
        88..90 => Op::Lock,
        90 => Op::Unlock,
        91..95 => Op::Checkpoint(*chance.pick(&[
            CheckpointMode::Passive,
            CheckpointMode::Full,
            CheckpointMode::Restart,
            CheckpointMode::Truncate,
        ])),
        95..97 => Op::Optimize { vacuum: chance.percent(70) },
        _ => Op::Close,
    }
}

fn write(key: u8, chance: &mut Chance) -> Write {
    match chance.below(83) {
        80 => Write::PutReader { key, len: len(chance) },
        81 => Write::PutPath { key, len: len(chance) },
        82 => Write::CreateBlob { key, len: len(chance) },
        0..28 => Write::Put { key, len: len(chance) },
        28..44 => {
            let rows = 2 + chance.below(6);
            // In the order of the keys, each once: as the vault makes them.
            let first = chance.below(KEYS);
            let mut keys: Vec<u8> =
                (first..first + rows).map(|key| u8::try_from(key % KEYS).unwrap()).collect();
            keys.sort_unstable();
            Write::PutMany { rows: keys.into_iter().map(|key| (key, len(chance))).collect() }
        }
        44..50 => Write::Delete { key },
        50..54 => Write::Discard { key },
        54..57 => Write::Clear,
        57..59 => Write::Batch {
            gone: span(key, chance),
            rows: (0..=chance.below(3)).map(|_| other(chance)).collect(),
        },
        59 => Write::Swap { key, len: len(chance) },
        60 => {
            let (to, at, len) = other(chance);
            Write::Transact { key, other: (to, at), len }
        }
        61..63 => Write::Update { key, len: len(chance) },
        63..65 => Write::GetOrInsert { key, len: len(chance) },
        65..67 => Write::InsertIfAbsent { key, len: len(chance) },
        67..69 => Write::Remove { key },
        69..71 => Write::Entry { key, len: len(chance) },
        71..74 => Write::Increment { by: i64::from(key) - 3 },
        74..76 => Write::DeleteRange { gone: span(key, chance) },
        76..78 => Write::DeletePrefix { group: key % GROUPS },
        _ => Write::Retain { by: 2 + key % 3 },
    }
}

fn read(key: u8, chance: &mut Chance) -> Read {
    match chance.below(11) {
        9 => Read::OpenBlob { key },
        10 => Read::GiveUp { key, len: len(chance) },
        0..2 => Read::Get { key },
        2 => Read::Scan { snapshot: chance.percent(50) },
        3 => Read::Items,
        4 => Read::Prefix { group: key % GROUPS },
        5 => Read::First,
        6 => Read::Last,
        7 => Read::CountRange { keys: span(key, chance) },
        _ => Read::CountPrefix { group: key % GROUPS },
    }
}

/// A few keys, from this one on.
fn span(key: u8, chance: &mut Chance) -> (u8, u8) {
    (key, key + u8::try_from(chance.below(3)).unwrap())
}

/// Another table, key and length.
fn other(chance: &mut Chance) -> (u8, u8, u32) {
    let table = u8::try_from(chance.below(TABLES)).unwrap();
    (table, u8::try_from(chance.below(KEYS)).unwrap(), len(chance))
}

fn durability(chance: &mut Chance) -> Durability {
    *chance.pick(&[Durability::Power, Durability::Process, Durability::Buffered])
}

/// Mostly short, sometimes a few pages long.
fn len(chance: &mut Chance) -> u32 {
    let longest = *chance.pick(&[40, 200, 700, 6_000]);
    SHORTEST + u32::try_from(chance.below(longest)).unwrap()
}

/// A verb that is not drawn, or of which not every call is failed, would be known to no experiment.
#[test]
fn what_is_drawn_is_covered() {
    fn verbs(workloads: impl Iterator<Item = Workload>) -> std::collections::BTreeSet<String> {
        let ops = workloads.flat_map(|workload| workload.ops).map(|op| match op {
            Op::Write { what, .. } => format!("{what:?}"),
            Op::Read { what, .. } => format!("{what:?}"),
            op => format!("{op:?}"),
        });
        ops.map(|told| told.split([' ', '(']).next().unwrap().to_owned()).collect()
    }
    let covered = verbs(COVERING.map(Workload::covering));
    assert_eq!(covered, verbs((0..50).map(|seed| Workload::drawn(seed, 100))));
    assert!(covered.len() > 30, "{covered:?}");
}
