//! What gets in the way of the threads of a history.

use kvault::KVault;
use rusqlite::Connection;

use super::{
    client::{Client, value},
    history::{KEYS, Op, Seen, TABLES},
};

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
    /// What the file holds, as another program finds it: at one instant since `call`.
    fn look(&mut self, call: u64) {
        let sql =
            format!("SELECT 0, key, value FROM kv UNION ALL SELECT 1, key, value FROM {OTHER}");
        let mut contents = [0; TABLES * KEYS];
        let mut statement = self.raw.prepare_cached(&sql).unwrap();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let table = usize::from(row.get::<_, u16>(0).unwrap());
            let key: Vec<u8> = row.get(1).unwrap();
            let bytes: Vec<u8> = row.get(2).unwrap();
            let number = usize::from(key[1] - b'0');
            contents[table * KEYS + number] = value(Some(&bytes));
        }
        let sees = contents.iter().enumerate().map(|(key, value)| Seen::Is(key, *value)).collect();
        let end = Some(self.client.scene.clock.now());
        let Client { thread, .. } = self.client;
        let (name, writes) = ("another program looks", Vec::new());
        self.client.history.push(Op { name, thread, call, end, sees, writes });
    }

    /// Once a flush has returned, the file is not older than its call.
    pub(super) fn flush_and_look(&mut self) {
        let call = self.client.scene.clock.now();
        match self.vault.flush() {
            Ok(_) => self.look(call),
            Err(error) => assert!((self.client.scene.refused)(&error), "{error:?}"),
        }
    }

    pub(super) fn checkpoint(&mut self) {
        use kvault::CheckpointMode::{Passive, Truncate};
        let mode = if self.client.dice.once_in(20) { Truncate } else { Passive };
        // Somebody may be reading just now, or making one as well.
        drop(self.vault.checkpoint(mode));
    }
}
