//! What waits for the disk, and what does not.

use std::path::PathBuf;

use kvault::{CheckpointPolicy, Durability, KVault};

use crate::{
    support::Place,
    syncs::{count, set_broken},
};

/// A vault that has written before: the first write into a new log syncs its header. Nobody else
/// syncs that log.
fn vault(durability: Durability) -> (Place, KVault, PathBuf) {
    let place = Place::new();
    let vault = place
        .open_with(|options| options.durability(durability).checkpoint(CheckpointPolicy::External));
    vault.put_bytes("warm", "up").unwrap();
    let log = place.beside("-wal");
    (place, vault, log)
}

#[test]
fn process_does_not_wait_and_power_does() {
    let (_place, vault, log) = vault(Durability::Process);
    let power = vault.with_durability(Durability::Power);
    let start = count(&log);
    for i in 0..10_u8 {
        vault.put_bytes([i], "value").unwrap();
        vault.delete([i]).unwrap();
        vault.put_many_bytes([([i], "value")]).unwrap();
    }
    vault.flush().unwrap();
    assert_eq!(count(&log), start);
    for i in 0..10_u8 {
        let before = count(&log);
        power.put_bytes([i], "other").unwrap();
        assert!(count(&log) > before, "acknowledged before it was on the disk");
        let before = count(&log);
        power.put_many_bytes([([i], "value")]).unwrap();
        assert!(count(&log) > before);
        let before = count(&log);
        assert!(power.delete([i]).unwrap());
        assert!(count(&log) > before);
    }
    // And back.
    let before = count(&log);
    vault.put_bytes("key", "value").unwrap();
    assert_eq!(count(&log), before);
}

/// An answer that rests on a commit of somebody who did not ask for the disk.
#[test]
fn power_waits_even_if_it_has_nothing_to_write() {
    let (_place, vault, log) = vault(Durability::Process);
    let power = vault.with_durability(Durability::Power);
    let none: [(&str, &str); 0] = [];
    let nothing: [(&str, &dyn Fn()); 13] = [
        // SQLite writes nothing where an equal value is.
        ("put of the same value", &|| {
            power.put_bytes("key", "value").unwrap();
        }),
        ("put_many of the same value", &|| {
            assert_eq!(power.put_many_bytes([("key", "value")]).unwrap(), 1);
        }),
        ("flush", &|| assert_eq!(power.flush().unwrap(), 0)),
        ("delete", &|| assert!(!power.delete("missing").unwrap())),
        ("discard", &|| power.discard("missing").unwrap()),
        ("clear", &|| power.table("empty").unwrap().clear().unwrap()),
        ("put_many", &|| {
            assert_eq!(power.put_many_bytes(none).unwrap(), 0);
        }),
        ("remove", &|| assert_eq!(power.remove::<String>("missing").unwrap(), None)),
        ("update", &|| {
            let none = |_: Option<String>| None::<String>;
            assert_eq!(power.update("missing", none).unwrap(), None);
        }),
        ("entry", &|| {
            let entry = power.entry("missing").and_modify(String::clear);
            assert_eq!(entry.run().unwrap(), None);
        }),
        ("insert_if_absent", &|| assert!(!power.insert_if_absent("key", "").unwrap())),
        ("delete_range", &|| assert_eq!(power.delete_range("x"..).unwrap(), 0)),
        ("retain", &|| assert_eq!(power.retain(|_, _| true).unwrap(), 0)),
    ];
    vault.table("empty").unwrap();
    for (what, call) in nothing {
        vault.delete("key").unwrap();
        vault.put_bytes("key", "value").unwrap();
        let before = count(&log);
        call();
        assert!(count(&log) > before, "{what}");
    }
}

#[test]
fn flush_with_power_on_a_vault_that_has_written_nothing() {
    let place = Place::new();
    let vault = place.open_with(|options| options.durability(Durability::Power));
    assert_eq!(vault.flush().unwrap(), 0);
    vault.close().unwrap();
    // No log is there yet.
    let vault = place.open_with(|options| options.durability(Durability::Power));
    assert_eq!(vault.flush().unwrap(), 0);
    assert_eq!(vault.flush().unwrap(), 0);
}

#[test]
fn the_option_counts_for_every_write() {
    let (_place, vault, log) = vault(Durability::Power);
    let before = (count(&log), vault.stats().synced_commits);
    vault.put_bytes("key", "value").unwrap();
    assert!(count(&log) > before.0);
    assert_eq!(vault.stats().synced_commits, before.1 + 1);
    let before = count(&log);
    vault.with_durability(Durability::Process).put_bytes("key", "value").unwrap();
    assert_eq!(count(&log), before);
}

/// A rollback journal that is not synced can tear the file: there everything waits.
#[test]
fn without_a_log_every_write_waits() {
    let place = Place::new();
    let vault = place.open_with(|options| options.enable_wal(false));
    for i in 0..5_u8 {
        let before = count(place.file());
        vault.put_bytes([i], "value").unwrap();
        assert!(count(place.file()) > before);
    }
    assert_eq!(vault.with_durability(Durability::Power).flush().unwrap(), 0);
}

/// That the counting counts: a sync that is not done fails nobody.
#[test]
fn a_write_that_does_not_wait_does_not_see_a_broken_disk() {
    let (_place, vault, log) = vault(Durability::Process);
    set_broken(&log, true);
    vault.put_bytes("key", "value").unwrap();
    assert!(vault.health().is_good());
    vault.with_durability(Durability::Power).put_bytes("key", "value").unwrap_err();
    set_broken(&log, false);
}

/// A journal whose end is not on the disk comes back after a power failure, and undoes what was
/// acknowledged. Found by the fault lab.
#[test]
fn a_rollback_journal_is_synced_and_so_is_its_end() {
    let place = Place::new();
    let folder = place.dir();
    let transactions = |work: &dyn Fn()| {
        let (journal, both) = (place.beside("-journal"), || count(folder));
        let before = (count(&journal), both());
        work();
        (count(&journal) - before.0, both() - before.1)
    };
    let vault = std::cell::OnceCell::new();
    // Opening makes two tables. A journal is synced with its rows and again with their number.
    let open = || vault.set(place.open_with(|options| options.enable_wal(false))).unwrap();
    assert_eq!(transactions(&open), (4, 4));
    let vault = vault.get().unwrap();
    let power = vault.with_durability(Durability::Power);
    assert_eq!(transactions(&|| vault.put_bytes("a", "1").unwrap()), (2, 2));
    assert_eq!(transactions(&|| power.put_bytes("b", "2").unwrap()), (2, 2));
    assert_eq!(transactions(&|| assert!(power.delete("a").unwrap())), (2, 2));
}
