//! Several tables in one file.

use kvault::{Durability, Error};

use crate::support::{Place, assert_err};

#[test]
fn a_table_is_made_when_it_is_asked_for() {
    let place = Place::new();
    let vault = place.open();
    assert_eq!(vault.table_name(), "kv");
    assert_eq!(vault.tables().unwrap(), ["kv"]);
    let photos = vault.table("photos").unwrap();
    assert_eq!(photos.table_name(), "photos");
    assert_eq!(photos.path(), vault.path());
    assert_eq!(vault.tables().unwrap(), ["kv", "photos"]);
    photos.put_bytes("cat", "jpeg").unwrap();
    vault.close().unwrap();

    // It is there when the file is opened again, with either of them.
    for name in ["kv", "photos"] {
        let vault = place.open_with(|options| options.table(name));
        assert_eq!(vault.tables().unwrap(), ["kv", "photos"]);
        let cat = vault.table("photos").unwrap().get_bytes("cat").unwrap();
        assert_eq!(cat.unwrap(), b"jpeg");
    }
}

#[test]
fn what_is_done_to_one_leaves_the_others_alone() {
    let place = Place::new();
    let vault = place.open();
    let (a, b) = (vault.table("a").unwrap(), vault.table("b").unwrap());
    for (i, table) in [&vault, &a, &b].into_iter().enumerate() {
        let rows = (0..=i).map(|j| (format!("key {j}"), table.table_name().to_owned()));
        table.put_many_bytes(rows).unwrap();
    }
    let lens = || [&vault, &a, &b].map(|table| table.len().unwrap());
    assert_eq!(lens(), [1, 2, 3]);
    assert_eq!(a.get_bytes("key 0").unwrap().unwrap(), b"a");
    assert_eq!(b.get_bytes("key 0").unwrap().unwrap(), b"b");

    assert!(a.delete("key 0").unwrap());
    b.discard("key 1").unwrap();
    assert_eq!(lens(), [1, 1, 2]);
    b.clear().unwrap();
    assert_eq!(lens(), [1, 1, 0]);
    assert!(b.is_empty().unwrap() && !a.is_empty().unwrap());
    b.clear().unwrap();
    assert_eq!(lens(), [1, 1, 0]);
    assert_eq!(vault.get_bytes("key 0").unwrap().unwrap(), b"kv");
}

#[test]
fn clear_leaves_a_table_that_can_be_filled_again() {
    let place = Place::new();
    let vault = place.open();
    for _ in 0..3 {
        vault
            .put_many_bytes((0..5_000).map(|i| (format!("{i}"), [7; 100])))
            .unwrap();
        assert_eq!(vault.len().unwrap(), 5_000);
        vault.clear().unwrap();
        assert_eq!(vault.len().unwrap(), 0);
        assert_eq!(vault.get_bytes("17").unwrap(), None);
    }
}

#[test]
fn a_table_has_the_settings_of_the_handle_that_it_came_from() {
    let place = Place::new();
    let vault = place.open();
    let synced = || vault.stats().synced_commits;
    let table = vault
        .with_durability(Durability::Power)
        .table("ledger")
        .unwrap();
    let before = synced();
    table.put_bytes("key", "value").unwrap();
    assert_eq!(synced() - before, 1);
    vault
        .table("other")
        .unwrap()
        .put_bytes("key", "value")
        .unwrap();
    assert_eq!(synced() - before, 1);
}

#[test]
fn a_table_that_another_program_dropped() {
    let place = Place::new();
    let vault = place.open();
    let table = vault.table("photos").unwrap();
    table.put_bytes("cat", "jpeg").unwrap();
    let reader = table.reader().unwrap();
    place.raw().execute_batch("DROP TABLE photos").unwrap();

    assert_err!(table.put_bytes("dog", "jpeg"), Error::Sqlite { .. });
    assert_err!(table.get_bytes("cat"), Error::Sqlite { .. });
    assert_err!(reader.len(), Error::Sqlite { .. });
    assert_eq!(vault.tables().unwrap(), ["kv"]);
    vault.put_bytes("key", "value").unwrap();
    assert!(vault.health().is_good());

    // And made again, by us.
    vault.table("photos").unwrap();
    assert_eq!(table.get_bytes("cat").unwrap(), None);
    table.put_bytes("dog", "jpeg").unwrap();
    assert_eq!(reader.get_bytes("dog").unwrap().unwrap(), b"jpeg");
}
