//! What the threads of a history do.

use kvault::KVault;

use super::{client::Client, history::KEYS, tables};

impl Client {
    /// Does one thing, or a few that belong together.
    pub(super) fn step(&mut self) {
        let (table, vault) = self.any();
        let at = (table, &vault);
        let key = self.dice.throw(KEYS);
        if self.scene.ballast > 0 && self.dice.once_in(2) {
            // It is about batches then.
            return if self.dice.once_in(3) { self.batch(at) } else { self.walk(at) };
        }
        match self.dice.throw(100) {
            0..30 => self.get(at, key),
            30..35 => self.contains(at, key),
            35..47 => {
                let keys = self.dice.some(1, KEYS, KEYS);
                self.get_many(at, &keys);
            }
            47..53 => self.walk(at),
            53..76 => self.put(at, key),
            76..86 => self.batch(at),
            86..92 => self.delete(at, key),
            92..96 => self.discard(at, key),
            96 => self.clear(at),
            97 if self.scene.ballast == 0 => self.len(at),
            98 if self.scene.ballast == 0 => self.is_empty(at),
            _ => std::thread::yield_now(),
        }
    }

    /// A batch is whole for who reads its keys one by one, too.
    fn walk(&mut self, at: (usize, &KVault)) {
        for key in self.dice.some(2, KEYS, KEYS) {
            self.get(at, key);
        }
    }

    fn batch(&mut self, at: (usize, &KVault)) {
        let keys = self.dice.some(2, KEYS, KEYS);
        self.put_many(at, &keys);
    }

    /// Looks at everything in every way while nothing else happens.
    pub(super) fn look_around(&mut self) {
        for (_, tables) in self.scene.handles.clone() {
            for (table, vault) in tables.iter().enumerate() {
                let at = (table, vault);
                for key in 0..KEYS {
                    self.get(at, key);
                    self.contains(at, key);
                }
                if self.scene.ballast == 0 {
                    self.len(at);
                    self.is_empty(at);
                }
                self.get_many(at, &(0..KEYS).collect::<Vec<_>>());
            }
        }
    }

    /// All keys of each table at once.
    pub(super) fn look_at_all(&mut self) {
        let all: Vec<usize> = (0..KEYS).collect();
        for (table, vault) in tables(&self.scene.opens[0]).iter().enumerate() {
            self.get_many((table, vault), &all);
        }
    }
}
