//! The same work on every kind of vault: with a log, without one, and without a file of its own.

use std::collections::BTreeMap;

use kvault::{CheckpointMode, CheckpointPolicy, Durability, KVault, OptimizeOptions, Stored};

use crate::{
    lifecycle::entries,
    support::{Place, invalid},
};

/// Every kind, by name.
fn kinds(place: &Place) -> Vec<(&'static str, KVault)> {
    let external = CheckpointPolicy::External;
    let file = |name: &str| place.dir().join(name);
    vec![
        ("file", KVault::open(file("log.db")).unwrap()),
        ("no log", KVault::options().enable_wal(false).open(file("journal.db")).unwrap()),
        ("external", KVault::options().checkpoint(external).open(file("external.db")).unwrap()),
        ("memory", KVault::open(":memory:").unwrap()),
        ("memory, no log", KVault::options().enable_wal(false).open(":memory:").unwrap()),
    ]
}

/// Numbers that look like chance and are the same every time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    fn key(&mut self) -> Vec<u8> {
        self.below(60).to_string().into_bytes()
    }

    fn value(&mut self) -> Vec<u8> {
        let byte = u8::try_from(self.below(256)).unwrap();
        vec![byte; usize::try_from(self.below(3) * self.below(4_000)).unwrap()]
    }
}

type Model = BTreeMap<Vec<u8>, Vec<u8>>;

fn change(vault: &KVault, model: &mut Model, chance: &mut Chance) {
    let (key, value) = (chance.key(), chance.value());
    match chance.below(20) {
        0..9 => {
            vault.put_bytes(&key, &value).unwrap();
            model.insert(key, value);
        }
        9..12 => {
            let rows: Vec<_> = (0..10).map(|_| (chance.key(), chance.value())).collect();
            let keys: Model = rows.iter().cloned().collect();
            assert_eq!(vault.put_many_bytes(rows).unwrap(), keys.len() as u64);
            model.extend(keys);
        }
        12..16 => assert_eq!(vault.delete(&key).unwrap(), model.remove(&key).is_some()),
        16..18 => {
            vault.discard(&key).unwrap();
            model.remove(&key);
        }
        18 => {
            vault.flush().unwrap();
            vault.with_durability(Durability::Power).put_bytes(&key, &value).unwrap();
            model.insert(key, value);
        }
        _ if chance.below(4) == 0 => {
            vault.clear().unwrap();
            model.clear();
        }
        _ => {
            vault.optimize(OptimizeOptions::default().vacuum(chance.below(2) == 0)).unwrap();
        }
    }
}

fn compare(vault: &KVault, reader: &kvault::Reader, model: &Model, chance: &mut Chance) {
    assert_eq!(vault.len().unwrap(), model.len() as u64);
    assert_eq!(reader.len().unwrap(), model.len() as u64);
    assert_eq!(vault.is_empty().unwrap(), model.is_empty());
    assert_eq!(reader.is_empty().unwrap(), model.is_empty());
    let keys: Vec<Vec<u8>> = (0..5).map(|_| chance.key()).collect();
    for key in &keys {
        let expected = model.get(key);
        assert_eq!(vault.get_bytes(key).unwrap().as_ref(), expected);
        assert_eq!(reader.get_bytes(key).unwrap().as_ref(), expected);
        let stored = expected.cloned().map(Stored::raw);
        assert_eq!(vault.get_stored(key).unwrap(), stored);
        assert_eq!(reader.get_stored(key).unwrap(), stored);
        assert_eq!(vault.contains_key(key).unwrap(), expected.is_some());
        assert_eq!(reader.contains_key(key).unwrap(), expected.is_some());
    }
    let expected: Vec<_> =
        keys.iter().map(|key| model.get(key).cloned().map(Stored::raw)).collect();
    assert_eq!(vault.get_many_stored(&keys).unwrap(), expected);
    assert_eq!(reader.get_many_stored(&keys).unwrap(), expected);
}

#[test]
fn every_kind_does_what_a_map_does() {
    let place = Place::new();
    for (kind, vault) in kinds(&place) {
        eprintln!("{kind}");
        let other = vault.table("other").unwrap();
        let tables = [&vault, &other].map(|table| (table.clone(), table.reader().unwrap()));
        let mut models = [Model::new(), Model::new()];
        let mut chance = Chance(1);
        for _ in 0..300 {
            let which = usize::from(chance.below(3) == 0);
            let (table, reader) = &tables[which];
            change(table, &mut models[which], &mut chance);
            compare(table, reader, &models[which], &mut chance);
        }
        assert_eq!(vault.tables().unwrap(), ["kv", "other"]);
        assert!(vault.health().is_good());
        vault.close().unwrap();
        if !kind.starts_with("memory") {
            let vault = KVault::open(vault.path()).unwrap();
            for (table, model) in ["kv", "other"].iter().zip(&models) {
                let table = vault.table(table).unwrap();
                compare(&table, &table.reader().unwrap(), model, &mut chance);
            }
        }
    }
}

#[test]
fn every_kind_has_its_journal() {
    let place = Place::new();
    for (kind, vault) in kinds(&place) {
        vault.put_bytes("key", "value").unwrap();
        let log = !kind.ends_with("no log");
        assert_eq!(vault.stats().journal_mode, if log { "wal" } else { "delete" }, "{kind}");
        assert_eq!(vault.stats().wal_bytes > 0, log, "{kind}");
        let report = vault.checkpoint(CheckpointMode::Truncate);
        assert_eq!(report.is_err(), kind == "external", "{kind}");
    }
    let both = KVault::options().enable_wal(false).checkpoint(CheckpointPolicy::External);
    for path in [place.file(), ":memory:".as_ref()] {
        assert_eq!(invalid(both.clone().open(path)), ("checkpoint".into(), "External".into()));
    }
}

#[test]
fn a_vault_in_memory_is_nobody_elses() {
    let (one, two) = (KVault::open(":memory:").unwrap(), KVault::open(":memory:").unwrap());
    assert_ne!(one.path(), two.path());
    one.put_bytes("key", "one").unwrap();
    assert!(two.is_empty().unwrap());
    two.put_bytes("key", "two").unwrap();
    assert_eq!(one.get_bytes("key").unwrap().unwrap(), b"one");
    assert_eq!(one.table("other").unwrap().len().unwrap(), 0);
    assert_eq!(two.tables().unwrap(), ["kv"]);

    // Options of one are not the other's business.
    let three = KVault::options().page_size(4_096).open(":memory:").unwrap();
    assert_eq!(three.stats().page_size, 4_096);
    let read_only = KVault::options().read_only(true).open(":memory:");
    assert_eq!(invalid(read_only), ("path".into(), ":memory:".into()));
}

#[test]
fn a_vault_in_memory_leaves_no_folder() {
    use std::os::unix::fs::MetadataExt;
    for closed in [true, false] {
        let vault = KVault::open(":memory:").unwrap();
        let folder = vault.path().parent().unwrap().to_owned();
        let (table, reader) = (vault.table("other").unwrap(), vault.reader().unwrap());
        vault.put_bytes("key", [7; 100_000]).unwrap();
        assert_eq!(reader.len().unwrap(), 1);
        assert!(!entries(&folder).is_empty());
        assert_eq!(folder.metadata().unwrap().mode() & 0o077, 0, "others could look into it");
        if closed {
            vault.close().unwrap();
            assert!(!folder.exists(), "it is gone with the vault, not with the last handle");
        }
        drop((vault, table, reader));
        assert!(!folder.exists());
    }
}
