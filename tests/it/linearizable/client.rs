//! One thread's way to the vault: does something, and writes down what came of it.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use kvault::{Error, KVault, Reader, Stored};

use super::{
    dice::Dice,
    history::{Clock, KEYS, Key, NOTHING, Op, Seen, TABLES, Value},
};

/// A handle for each table.
pub(super) type Tables = [KVault; TABLES];

/// What all clients of a history share.
pub(super) struct Scene {
    pub(super) clock: Clock,
    pub(super) next: AtomicU32,
    pub(super) opens: [KVault; 2],
    /// Handles of every kind, and how often each is used.
    pub(super) handles: Vec<(usize, Tables)>,
    pub(super) refused: fn(&Error) -> bool,
    /// So many rows more are in each batch, between those that are looked at.
    pub(super) ballast: usize,
}

pub(super) struct Client {
    pub(super) scene: Arc<Scene>,
    pub(super) thread: usize,
    pub(super) dice: Dice,
    pub(super) readers: [Reader; TABLES],
    pub(super) history: Vec<Op>,
}

/// Where a key is: the name is the same in all tables.
fn name(number: usize) -> String {
    format!("k{number}")
}

/// The bytes of a value: from a few to a few thousand, and all of them tell which it is.
fn bytes(value: Value) -> Vec<u8> {
    let mix = value.wrapping_mul(0x9E37_79B1) >> 8;
    let len = 12 + mix % if mix.is_multiple_of(16) { 3_000 } else { 40 };
    let filler = value.to_le_bytes()[0];
    let mut bytes = format!("{value}.").into_bytes();
    bytes.resize(len as usize, filler);
    bytes
}

/// Which value these bytes are.
pub(super) fn value(bytes: Option<&[u8]>) -> Value {
    let Some(found) = bytes else { return NOTHING };
    let digits = found.split(|byte| *byte == b'.').next().unwrap();
    let value = std::str::from_utf8(digits).unwrap().parse().unwrap();
    assert_eq!(found, self::bytes(value), "bytes that nobody wrote");
    value
}

fn of_stored(stored: Option<&Stored>) -> Value {
    value(stored.map(|stored| stored.payload().unwrap()))
}

/// What says that a key was there, or was not.
fn was(key: Key, there: bool) -> Seen {
    if there { Seen::There(key) } else { Seen::Is(key, NOTHING) }
}

impl Client {
    pub(super) fn new(scene: &Arc<Scene>, thread: usize, seed: u64) -> Self {
        let readers = std::array::from_fn(|table| scene.handles[0].1[table].reader().unwrap());
        Self {
            scene: Arc::clone(scene),
            thread,
            dice: Dice::new(seed, thread),
            readers,
            history: Vec::new(),
        }
    }

    pub(super) fn new_value(&self) -> Value {
        self.scene.next.fetch_add(1, Ordering::Relaxed)
    }

    /// Any handle of a table, and the number of the table.
    pub(super) fn any(&mut self) -> (usize, KVault) {
        let table = self.dice.throw(TABLES);
        let mut at = self.dice.throw(self.scene.handles.iter().map(|(often, _)| often).sum());
        let any = self.scene.handles.iter().find(|(often, _)| {
            let here = at < *often;
            at = at.saturating_sub(*often);
            here
        });
        (table, any.unwrap().1[table].clone())
    }

    /// Reads, often by this client's own reader, and writes down what the answer says was seen.
    fn read<T>(
        &mut self,
        name: &'static str,
        table: usize,
        work: impl FnOnce(Option<&Reader>) -> Result<T, Error>,
        sees: impl FnOnce(T) -> Vec<Seen>,
    ) {
        let own = self.dice.once_in(3).then(|| &self.readers[table]);
        let call = self.scene.clock.now();
        let answer = work(own);
        let end = self.scene.clock.now();
        let sees = match answer {
            Ok(answer) => sees(answer),
            Err(error) if (self.scene.refused)(&error) => return,
            Err(error) => panic!("{name} failed: {error:?}"),
        };
        let (thread, writes) = (self.thread, Vec::new());
        self.history.push(Op { name, thread, call, end, perhaps: false, sees, writes });
    }

    /// The same for what writes, and may fail.
    fn write<T>(
        &mut self,
        name: &'static str,
        writes: Vec<(Key, Value)>,
        work: impl FnOnce() -> Result<T, Error>,
        sees: impl FnOnce(T) -> Vec<Seen>,
    ) {
        let call = self.scene.clock.now();
        let outcome = work();
        let end = self.scene.clock.now();
        let mut perhaps = false;
        let sees = match outcome {
            Ok(answer) => sees(answer),
            Err(error) if (self.scene.refused)(&error) => return,
            Err(Error::DatabaseBusy { .. }) => {
                perhaps = true;
                Vec::new()
            }
            Err(error) => panic!("{name} failed: {error:?}"),
        };
        let thread = self.thread;
        self.history.push(Op { name, thread, call, end, perhaps, sees, writes });
    }

    pub(super) fn get(&mut self, (table, vault): (usize, &KVault), number: usize) {
        let (key, at) = (name(number), table * KEYS + number);
        let sees = |value| vec![Seen::Is(at, value)];
        if self.dice.once_in(2) {
            let get = |own: Option<&Reader>| match own {
                Some(own) => own.get_bytes(key),
                None => vault.get_bytes(key),
            };
            self.read("get_bytes", table, get, |found| sees(value(found.as_deref())));
        } else {
            let get = |own: Option<&Reader>| match own {
                Some(own) => own.get_stored(key),
                None => vault.get_stored(key),
            };
            self.read("get_stored", table, get, |found| sees(of_stored(found.as_ref())));
        }
    }

    pub(super) fn contains(&mut self, (table, vault): (usize, &KVault), number: usize) {
        let key = name(number);
        let contains = |own: Option<&Reader>| match own {
            Some(own) => own.contains_key(key),
            None => vault.contains_key(key),
        };
        self.read("contains_key", table, contains, |there| vec![was(table * KEYS + number, there)]);
    }

    pub(super) fn get_many(&mut self, (table, vault): (usize, &KVault), numbers: &[usize]) {
        let keys = numbers.iter().map(|number| name(*number));
        let get_many = |own: Option<&Reader>| match own {
            Some(own) => own.get_many_stored(keys),
            None => vault.get_many_stored(keys),
        };
        self.read("get_many_stored", table, get_many, |found| {
            assert_eq!(found.len(), numbers.len());
            let keys = numbers.iter().map(|number| table * KEYS + number);
            let found = found.iter().map(|found| of_stored(found.as_ref()));
            keys.zip(found).map(|(key, value)| Seen::Is(key, value)).collect()
        });
    }

    pub(super) fn len(&mut self, (table, vault): (usize, &KVault)) {
        let len = |own: Option<&Reader>| match own {
            Some(own) => own.len(),
            None => vault.len(),
        };
        self.read("len", table, len, |len| vec![Seen::Len(table, usize::try_from(len).unwrap())]);
    }

    pub(super) fn is_empty(&mut self, (table, vault): (usize, &KVault)) {
        let is_empty = |own: Option<&Reader>| match own {
            Some(own) => own.is_empty(),
            None => vault.is_empty(),
        };
        self.read("is_empty", table, is_empty, |empty| {
            vec![if empty { Seen::Len(table, 0) } else { Seen::NotEmpty(table) }]
        });
    }

    pub(super) fn put(&mut self, (table, vault): (usize, &KVault), number: usize) {
        let value = self.new_value();
        let work = || vault.put_bytes(name(number), bytes(value));
        self.write("put", vec![(table * KEYS + number, value)], work, |()| Vec::new());
    }

    pub(super) fn put_many(&mut self, (table, vault): (usize, &KVault), numbers: &[usize]) {
        let values: Vec<Value> = numbers.iter().map(|_| self.new_value()).collect();
        let keys = numbers.iter().map(|number| table * KEYS + number);
        let writes = keys.zip(values.iter().copied()).collect();
        let mut rows: Vec<(String, Vec<u8>)> = Vec::new();
        for (number, value) in numbers.iter().zip(&values) {
            let key = name(*number);
            let ballast = self.scene.ballast / numbers.len();
            rows.extend((0..ballast).map(|row| (format!("{key}+{row}"), vec![0; 8])));
            rows.push((key, bytes(*value)));
        }
        let all = rows.len() as u64;
        let count = |count| {
            assert_eq!(count, all);
            Vec::new()
        };
        self.write("put_many", writes, || vault.put_many_bytes(rows), count);
    }

    pub(super) fn delete(&mut self, (table, vault): (usize, &KVault), number: usize) {
        let key = table * KEYS + number;
        self.write(
            "delete",
            vec![(key, NOTHING)],
            || vault.delete(name(number)),
            |there| vec![was(key, there)],
        );
    }

    pub(super) fn discard(&mut self, (table, vault): (usize, &KVault), number: usize) {
        let writes = vec![(table * KEYS + number, NOTHING)];
        self.write("discard", writes, || vault.discard(name(number)), |()| Vec::new());
    }

    pub(super) fn clear(&mut self, (table, vault): (usize, &KVault)) {
        let writes = (table * KEYS..(table + 1) * KEYS).map(|key| (key, NOTHING)).collect();
        self.write("clear", writes, || vault.clear(), |()| Vec::new());
    }
}
