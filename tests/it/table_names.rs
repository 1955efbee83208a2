//! What a table may be called.

use kvault::KVault;

use crate::support::{Place, invalid};

/// Names that break what is pasted into SQL, or that SQL has a use for.
const ODD: &[&str] = &[
    " ",
    "two words",
    "quote\"s",
    "\"",
    "\"\"",
    "it's",
    "a;b--c/*d*/",
    "DROP TABLE kv",
    "[kv]",
    "`kv`",
    "main.kv",
    "line\nbreak\ttab\r",
    "naïve ☃ 🦀",
    "\u{feff}\u{202e}\u{0301}",
    "%s?1:x@y$z",
    "SELECT",
    "table",
    "key",
    "value",
    "rowid",
    "excluded",
    "EXCLUDED",
    "new",
    "old",
    "temp",
    "main",
    "pragma_table_xinfo",
    "pragma_table_list",
    "json_each",
    "dbstat",
    "sqlite",
    "kvault",
    "kvaultrs",
    "kohakuvault",
    "vec_kv",
    "_",
    "-1",
];

#[test]
fn odd_names_work_like_any_other() {
    let place = Place::new();
    let vault = place.open();
    let long = "x".repeat(10_000);
    let names: Vec<&str> = ODD.iter().copied().chain([long.as_str()]).collect();
    // Not two that differ in nothing but the case: they would be one.
    let names: Vec<&str> = names
        .into_iter()
        .filter(|name| *name != "EXCLUDED")
        .collect();
    for name in &names {
        let table = vault
            .table(name)
            .unwrap_or_else(|e| panic!("{name:?}: {e:?}"));
        assert_eq!(table.table_name(), *name);
        works(&table);
        table.put_bytes("mark", *name).unwrap();
    }
    // None of them got in the way of another.
    let mut expected = [&names[..], &["kv"]].concat();
    expected.sort_unstable();
    assert_eq!(vault.tables().unwrap(), expected);
    for name in &names {
        let table = vault.table(name).unwrap();
        assert_eq!(table.get_bytes("mark").unwrap().unwrap(), name.as_bytes());
        assert_eq!(table.len().unwrap(), 1, "{name:?}");
    }
    assert!(vault.is_empty().unwrap());
    vault.close().unwrap();
}

/// Every statement once, in a table that is empty before and after.
fn works(table: &KVault) {
    let name = table.table_name();
    let get = |key: &str| table.get_bytes(key).unwrap();
    table.put_bytes("a", "1").unwrap();
    assert_eq!(get("a").as_deref(), Some(&b"1"[..]), "{name:?}");
    table.put_bytes("a", "2").unwrap();
    assert_eq!(
        get("a").as_deref(),
        Some(&b"2"[..]),
        "the second put into {name:?}"
    );
    assert_eq!(table.put_many_bytes([("a", "3"), ("b", "4")]).unwrap(), 2);
    assert_eq!(
        get("a").as_deref(),
        Some(&b"3"[..]),
        "put_many into {name:?}"
    );
    assert!(table.contains_key("b").unwrap());
    assert_eq!(table.len().unwrap(), 2);
    assert!(table.delete("b").unwrap());
    assert!(!table.delete("b").unwrap());
    table.clear().unwrap();
    assert!(table.is_empty().unwrap(), "{name:?}");
}

#[test]
fn odd_names_can_be_opened_with() {
    for name in ODD {
        let place = Place::new();
        // The second open finds the file as the first one left it.
        for round in 0..2 {
            let vault = place
                .try_open(|options| options.table(*name))
                .unwrap_or_else(|e| panic!("{name:?}, round {round}: {e:?}"));
            works(&vault);
            assert_eq!(vault.tables().unwrap(), [*name]);
            vault.close().unwrap();
        }
    }
}

#[test]
fn names_that_are_not_ours_to_give() {
    let place = Place::new();
    let vault = place.open();
    let names = [
        "",
        "\0",
        "a\0b",
        "kv\0",
        "sqlite_",
        "sqlite_schema",
        "SQLITE_Master",
        "sQLite_x",
        "kvaultrs_",
        "KvaultRS_x",
        "kvault_col_",
        "KVAULT_COL_blocks",
        "vec_kvault",
        "Vec_KVault_x",
        "kohakuvault_meta",
        "KOHAKUVAULT_x",
    ];
    for name in names {
        let expected = ("table".to_owned(), format!("{name:?}"));
        assert_eq!(invalid(vault.table(name)), expected);
        assert_eq!(
            invalid(place.try_open(|options| options.table(name))),
            expected
        );
    }
    assert_eq!(vault.tables().unwrap(), ["kv"]);
}

#[test]
fn case_does_not_make_another_table() {
    let place = Place::new();
    let vault = place.open();
    vault.put_bytes("key", "value").unwrap();
    let same = vault.table("KV").unwrap();
    assert_eq!(same.get_bytes("key").unwrap().unwrap(), b"value");
    // But only ASCII's case: SQLite knows no other.
    let (small, large) = (vault.table("é").unwrap(), vault.table("É").unwrap());
    small.put_bytes("key", "value").unwrap();
    assert!(large.is_empty().unwrap());
    assert_eq!(vault.tables().unwrap(), ["kv", "É", "é"]);
}
