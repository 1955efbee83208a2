//! What gets in the way of the threads of a history.

use std::{thread, time::Duration};

use kvault::{
    CacheOptions,
    CheckpointMode::{Passive, Truncate},
    Error, KVault,
};
use rusqlite::Connection;

use super::{
    client::{Client, value},
    history::{Contents, KEYS, NOTHING, Op, Seen, TABLES},
};
use crate::support::Place;

/// Does one thing that should change nothing.
pub(super) type Disturbance = fn(&mut Disturber);

pub(super) struct Disturber {
    pub(super) client: Client,
    /// A handle on the first table.
    pub(super) vault: KVault,
    /// Plain SQLite on the same file.
    pub(super) raw: Connection,
}

/// The second table. The first has the default's name.
pub(super) const OTHER: &str = "other";

impl Disturber {
    pub(super) fn new(client: Client, place: &Place) -> Self {
        let vault = client.scene.opens[1].clone();
        Self { client, vault, raw: place.raw() }
    }

    /// What the file holds, as another program finds it.
    fn stored(&self) -> Contents {
        let sql =
            format!("SELECT 0, key, value FROM kv UNION ALL SELECT 1, key, value FROM {OTHER}");
        let mut contents = [NOTHING; TABLES * KEYS];
        let mut statement = self.raw.prepare_cached(&sql).unwrap();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let table = usize::from(row.get::<_, u16>(0).unwrap());
            let key: Vec<u8> = row.get(1).unwrap();
            let bytes: Vec<u8> = row.get(2).unwrap();
            // Longer ones are ballast.
            if let [_, digit] = key[..] {
                contents[table * KEYS + usize::from(digit - b'0')] = value(Some(&bytes));
            }
        }
        contents
    }

    /// Writes down what the file holds: at one instant since `call`.
    fn look(&mut self, call: u64) {
        let stored = self.stored();
        let end = self.client.scene.clock.now();
        let sees = stored.iter().enumerate().map(|(key, value)| Seen::Is(key, *value)).collect();
        let (name, thread, writes) = ("another program looks", self.client.thread, Vec::new());
        self.client.history.push(Op { name, thread, call, end, perhaps: false, sees, writes });
    }

    /// Once a flush has returned, the file is not older than its call.
    pub(super) fn flush_and_look(&mut self) {
        let call = self.client.scene.clock.now();
        match self.vault.flush() {
            Ok(_) => self.look(call),
            Err(Error::CacheLocked | Error::DatabaseBusy { .. } | Error::Closed) => {}
            Err(error) => panic!("flush failed: {error:?}"),
        }
    }

    /// What a handle without a cache has acknowledged is in the file, and all that was put
    /// before. Only for when nobody else writes.
    pub(super) fn put_and_look(&mut self) {
        let (vault, done) = (self.vault.clone(), self.client.history.len());
        self.client.put((0, &vault), 0);
        let call = self.client.scene.clock.now();
        if self.client.history[done..].iter().any(|op| !op.perhaps) {
            self.look(call);
        }
    }

    /// Each count seals what is in the cache: generations become many, and are merged.
    pub(super) fn count(&mut self) {
        let vault = self.vault.clone();
        for _ in 0..10 {
            self.client.len((0, &vault));
        }
    }

    pub(super) fn checkpoint(&mut self) {
        let mode = if self.client.dice.once_in(20) { Truncate } else { Passive };
        // Somebody may be reading just now, or making one as well.
        drop(self.vault.checkpoint(mode));
    }

    /// At most so many microseconds.
    pub(super) fn pause(&mut self, most: u64) {
        thread::sleep(Duration::from_micros(self.client.dice.bits() % most));
    }

    /// Keeps the cache from being flushed for a moment. What is put meanwhile stays in it.
    pub(super) fn lock(&mut self) {
        let lock = self.vault.lock_cache().unwrap();
        let (done, buffered) = (self.client.history.len(), self.client.scene.handles[0].1.clone());
        self.client.put((0, &buffered[0]), 0);
        self.pause(3_000);
        // It may have been refused.
        for (key, value) in self.client.history[done..].iter().flat_map(|op| &op.writes) {
            assert_ne!(self.stored()[*key], *value, "committed although the cache is locked");
        }
        lock.unlock().unwrap();
        self.pause(3_000);
    }

    /// Switches the cache off for a moment, for the handles that have switched it on.
    pub(super) fn switch(&mut self) {
        let [one, two, ..] = &self.client.scene.handles[..] else { panic!("both opens have some") };
        let handles: Vec<KVault> = one.1.iter().chain(&two.1).cloned().collect();
        for vault in &handles {
            vault.disable_cache().unwrap();
        }
        self.pause(3_000);
        for vault in &handles {
            vault.enable_cache(CacheOptions::default()).unwrap();
        }
    }

    /// Uses the cache for a few writes.
    pub(super) fn scope(&mut self) {
        let scope = self.vault.cache(CacheOptions::default()).unwrap();
        for key in self.client.dice.some(1, KEYS, KEYS) {
            self.client.put((0, &scope), key);
        }
        self.client.put_many((0, &scope), &[0, 1]);
        if self.client.dice.once_in(2) {
            let call = self.client.scene.clock.now();
            scope.finish().unwrap();
            self.look(call);
        }
    }

    /// Locks the file as another program does, for longer than a flush waits.
    pub(super) fn block(&mut self) {
        self.raw.execute_batch("BEGIN IMMEDIATE").unwrap();
        self.pause(15_000);
        self.raw.execute_batch("COMMIT").unwrap();
        self.pause(3_000);
    }

    /// Closes the vault in the middle of everything: one open after the other, in any order.
    pub(super) fn close(&mut self) {
        for open in self.client.dice.some(2, 2, 2) {
            self.pause(5_000);
            self.client.scene.opens[open].close().unwrap();
        }
    }
}
