//! What a vault is put to: a list of operations, written down or drawn by lot, and how it is
//! opened.

use std::time::Duration;

use kvault::{AutoVacuum, CheckpointMode, CheckpointPolicy, Durability, KVault, Options};

use crate::{chance::Chance, content::SHORTEST, op::Op};

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

pub(crate) const KEYS: usize = 10;
pub(crate) const TABLES: usize = 3;

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

    /// Every verb, in every durability.
    pub(crate) fn covering(wal: bool) -> Self {
        let mut workload = Self::steady(u64::from(wal), 0);
        workload.setup = Setup { wal, mapped: false, ..workload.setup };
        workload.kind = "covering";
        let mut ops = Vec::new();
        for as_ in [Durability::Buffered, Durability::Process, Durability::Power] {
            ops.push(Op::Put { table: 1, key: 1, len: 30, as_ });
            ops.push(Op::PutMany { table: 1, rows: vec![(1, 50), (2, 700), (3, 20)], as_ });
            ops.push(Op::Delete { table: 1, key: 2, as_ });
            ops.push(Op::Discard { table: 1, key: 3, as_ });
            ops.push(Op::Put { table: 2, key: 4, len: 3_000, as_ });
            ops.push(Op::Clear { table: 2, as_ });
            ops.push(Op::Batch { table: 1, gone: (1, 3), rows: vec![(1, 5, 40), (2, 2, 90)], as_ });
            ops.push(Op::Swap { table: 1, key: 5, len: 60, as_ });
            ops.push(Op::Transact { table: 1, key: 1, other: (2, 1), len: 40, as_ });
            ops.push(Op::Flush { as_ });
        }
        let rest = [
            Op::Checkpoint(CheckpointMode::Truncate),
            Op::Optimize { vacuum: true },
            Op::Get { table: 1, key: 1 },
            Op::Scan { table: 1, snapshot: false },
            Op::Scan { table: 1, snapshot: wal },
        ];
        let cache = Op::EnableCache { cap: 100_000, threshold: 100_000 };
        workload.ops =
            [&ops[ops.len() / 3..], &[cache], &ops, &[Op::Lock], &ops[..4], &[Op::Unlock], &rest]
                .concat();
        workload.ops.extend([Op::DisableCache, Op::Close, Op::Get { table: 1, key: 1 }]);
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

fn draw(chance: &mut Chance) -> Op {
    let table = u8::try_from(chance.below(TABLES)).unwrap();
    let key = u8::try_from(chance.below(KEYS)).unwrap();
    let as_ = durability(chance);
    match chance.below(100) {
        0..35 => Op::Put { table, key, len: len(chance), as_ },
        35..55 => {
            let rows = 2 + chance.below(6);
            // In the order of the keys, each once: as the vault makes them.
            let first = chance.below(KEYS);
            let mut keys: Vec<u8> =
                (first..first + rows).map(|key| u8::try_from(key % KEYS).unwrap()).collect();
            keys.sort_unstable();
            let rows = keys.into_iter().map(|key| (key, len(chance))).collect();
            Op::PutMany { table, rows, as_ }
        }
        55..63 => Op::Delete { table, key, as_ },
        63..67 => Op::Discard { table, key, as_ },
        67..70 => Op::Clear { table, as_ },
        70..72 => Op::Batch {
            table,
            gone: (key, key + u8::try_from(chance.below(3)).unwrap()),
            rows: (0..=chance.below(3)).map(|_| other(chance)).collect(),
            as_,
        },
        72 => Op::Swap { table, key, len: len(chance), as_ },
        73 => {
            let (to, at, len) = other(chance);
            Op::Transact { table, key, other: (to, at), len, as_ }
        }
        74 => Op::Scan { table, snapshot: chance.percent(50) },
        75..77 => Op::Get { table, key },
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
