//! Whether there is an order in which a history makes sense.
//!
//! A history is linearizable if each operation can be given one instant between its call and its
//! end, so that, done one after the other at these instants on a plain map, each sees what it
//! saw. That covers all that is promised at once: no read is stale, no write is lost, nothing
//! deleted comes back, `delete` tells the truth, `get_many` is of one instant, and of a batch all
//! or nothing is seen, by one read, by several in a row, and by several threads.
//!
//! The search is that of Wing and Gong, made breadth-first as Lowe does it ("Testing for
//! linearizability", 2017): go through the calls and ends in order of time, and keep all *worlds*
//! that are possible so far: what the map holds, and which of the operations that are under way
//! have been done already. An operation is done as late as possible: only when one ends that was
//! not done yet are those under way done, in every order that leads there. If no world is left,
//! there is no order.
//!
//! Four things keep the worlds few, and none loses one that matters:
//! - What only reads is done as soon as it fits: that changes nothing for anybody else.
//! - Who must be done now drags in only those who share keys with it, directly or by way of
//!   others under way. The rest is as well done later.
//! - A value that nobody sees again might as well be any other: it becomes [`UNSEEN`].
//! - Worlds that are equal are one. Who has ended is forgotten.

use std::{
    collections::{HashMap, HashSet},
    hash::{Hash, Hasher},
};

use super::history::{Contents, Key, NOTHING, Op, Seen, Value};

/// As many operations can be under way at once.
const SLOTS: usize = 64;
/// With more worlds than this nobody waits for the end of the search.
const MANY: usize = 500_000;

/// In the place of a value that nobody sees again.
pub(super) const UNSEEN: Value = Value::MAX;

/// A way in which things may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct World {
    contents: Contents,
    /// Which of the operations that are under way have been done, by their slots.
    done: u64,
}

impl Hash for World {
    /// One number is hashed faster than many, and this is where the time goes.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let mix =
            |all: u64, value: u64| (all.rotate_left(5) ^ value).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let contents =
            self.contents.iter().fold(self.done, |all, value| mix(all, u64::from(*value)));
        state.write_u64(contents);
    }
}

/// Why there is no order.
#[derive(Debug, Clone)]
pub(super) struct Violation {
    /// The operation that cannot have been done by the time it ended.
    pub(super) op: usize,
    /// What there may have been just before.
    pub(super) before: Vec<Contents>,
}

#[derive(Clone, Copy)]
struct UnderWay<'a> {
    op: &'a Op,
    keys: u32,
}

struct Search<'a> {
    /// By slot.
    under_way: Vec<Option<UnderWay<'a>>>,
    worlds: HashSet<World>,
    /// The end of the last operation that saw a value.
    seen_until: HashMap<(Key, Value), u64>,
    now: u64,
}

/// Goes through a history that began with `start`. Returns the largest number of worlds.
pub(super) fn check(start: Contents, history: &[Op]) -> Result<usize, Violation> {
    let mut events: Vec<(u64, usize, bool)> = Vec::with_capacity(history.len() * 2);
    for (op, Op { call, end, .. }) in history.iter().enumerate() {
        events.push((*call, op, false));
        events.push((*end, op, true));
    }
    events.sort_unstable();

    let mut search = Search {
        under_way: Vec::new(),
        worlds: HashSet::from([World { contents: start, done: 0 }]),
        seen_until: HashMap::new(),
        now: 0,
    };
    for op in history {
        for seen in &op.sees {
            if let Seen::Is(key, value) = *seen {
                let until = search.seen_until.entry((key, value)).or_default();
                *until = op.end.max(*until);
            }
        }
    }
    let mut slots = vec![0; history.len()];
    let mut most = 1;
    for (now, op, ends) in events {
        search.now = now;
        if !ends {
            slots[op] = search.call(&history[op]);
        } else if let Err(before) = search.end(slots[op]) {
            return Err(Violation { op, before });
        }
        most = most.max(search.worlds.len());
        assert!(most <= MANY, "too much happens at once to be understood: {most} worlds");
    }
    Ok(most)
}

impl<'a> Search<'a> {
    fn call(&mut self, op: &'a Op) -> usize {
        let free = self.under_way.iter().position(Option::is_none);
        let slot = free.unwrap_or_else(|| {
            assert!(self.under_way.len() < SLOTS, "too many operations under way");
            self.under_way.push(None);
            self.under_way.len() - 1
        });
        self.under_way[slot] = Some(UnderWay { op, keys: op.keys() });
        if op.only_reads() {
            let worlds = std::mem::take(&mut self.worlds);
            self.worlds = worlds.into_iter().map(|world| self.with_reads(world)).collect();
        }
        slot
    }

    fn end(&mut self, slot: usize) -> Result<(), Vec<Contents>> {
        let worlds = std::mem::take(&mut self.worlds);
        let perhaps = self.under_way[slot].is_some_and(|ending| ending.op.perhaps);
        let mut met = HashSet::new();
        for world in &worlds {
            self.finish(*world, slot, &mut met);
            if perhaps {
                self.worlds.insert(World { done: world.done & !(1 << slot), ..*world });
            }
        }
        if self.worlds.is_empty() {
            return Err(worlds.into_iter().map(|world| world.contents).collect());
        }
        let ended = self.under_way[slot].take();
        self.forget(ended.map_or(&[], |ended| &ended.op.sees));
        Ok(())
    }

    /// Adds all worlds that this one may become by the time the operation in `slot` is done.
    fn finish(&mut self, world: World, slot: usize, met: &mut HashSet<World>) {
        if world.done & 1 << slot != 0 {
            self.worlds.insert(World { done: world.done & !(1 << slot), ..world });
            return;
        }
        let involved = self.involved(world, slot);
        let mut open = vec![world];
        while let Some(world) = open.pop() {
            if world.done & 1 << slot != 0 {
                self.worlds.insert(World { done: world.done & !(1 << slot), ..world });
                continue;
            }
            for (next, UnderWay { op, .. }) in self.not_done(world) {
                if involved & 1 << next == 0 || op.only_reads() || !op.fits(&world.contents) {
                    continue;
                }
                let mut after = World { done: world.done | 1 << next, ..world };
                for (key, value) in &op.writes {
                    after.contents[*key] = self.kept(*key, *value, self.now);
                }
                let after = self.with_reads(after);
                if met.insert(after) {
                    open.push(after);
                }
            }
        }
    }

    /// Who is under way, was not done yet, and shares keys with the operation in `slot`, directly
    /// or by way of others.
    fn involved(&self, world: World, slot: usize) -> u64 {
        let (mut involved, mut keys) = (1 << slot, self.under_way[slot].map_or(0, |op| op.keys));
        loop {
            let before = involved;
            for (other, op) in self.not_done(world) {
                if op.keys & keys != 0 {
                    involved |= 1 << other;
                    keys |= op.keys;
                }
            }
            if involved == before {
                return involved;
            }
        }
    }

    /// Does all reads that fit.
    fn with_reads(&self, mut world: World) -> World {
        for (slot, UnderWay { op, .. }) in self.not_done(world) {
            if op.only_reads() && op.fits(&world.contents) {
                world.done |= 1 << slot;
            }
        }
        world
    }

    /// Some of these values may have been seen for the last time.
    fn forget(&mut self, seen: &[Seen]) {
        let last = |seen: &Seen| match *seen {
            Seen::Is(key, value) if self.kept(key, value, self.now + 1) != value => {
                Some((key, value))
            }
            _ => None,
        };
        let last: Vec<(Key, Value)> = seen.iter().filter_map(last).collect();
        if last.is_empty() {
            return;
        }
        let without = |mut world: World| {
            for (key, value) in &last {
                if world.contents[*key] == *value {
                    world.contents[*key] = UNSEEN;
                }
            }
            world
        };
        self.worlds = std::mem::take(&mut self.worlds).into_iter().map(without).collect();
    }

    /// What a value is for those who end at `since` or later.
    fn kept(&self, key: Key, value: Value, since: u64) -> Value {
        let seen = self.seen_until.get(&(key, value)).is_some_and(|until| *until >= since);
        if seen || value == NOTHING { value } else { UNSEEN }
    }

    fn not_done(&self, world: World) -> impl Iterator<Item = (usize, UnderWay<'a>)> + use<'_, 'a> {
        let of_slot = move |(slot, op): (usize, &Option<UnderWay<'a>>)| {
            op.filter(|_| world.done & 1 << slot == 0).map(|op| (slot, op))
        };
        self.under_way.iter().enumerate().filter_map(of_slot)
    }
}
