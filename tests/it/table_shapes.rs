//! Tables that are not ours: which look it, and which have a name that was asked for.

use rusqlite::Connection;

use crate::support::{Place, invalid};

/// What must not be taken for a vault, and made without any extension.
const OTHERS: &[(&str, &str)] = &[
    ("one", "CREATE TABLE one (key BLOB PRIMARY KEY NOT NULL)"),
    (
        "three",
        "CREATE TABLE three (key BLOB PRIMARY KEY NOT NULL, value BLOB NOT NULL, more)",
    ),
    (
        "turned",
        "CREATE TABLE turned (value BLOB NOT NULL, key BLOB PRIMARY KEY NOT NULL)",
    ),
    (
        "texts",
        "CREATE TABLE texts (key TEXT PRIMARY KEY NOT NULL, value BLOB NOT NULL)",
    ),
    (
        "typeless",
        "CREATE TABLE typeless (key PRIMARY KEY NOT NULL, value NOT NULL)",
    ),
    (
        "keyless",
        "CREATE TABLE keyless (key BLOB NOT NULL, value BLOB NOT NULL)",
    ),
    (
        "both",
        "CREATE TABLE both (key BLOB NOT NULL, value BLOB NOT NULL, PRIMARY KEY (key, value))",
    ),
    (
        "renamed",
        "CREATE TABLE renamed (k BLOB PRIMARY KEY NOT NULL, value BLOB NOT NULL)",
    ),
    (
        "rowless",
        "CREATE TABLE rowless (key BLOB PRIMARY KEY NOT NULL, value BLOB NOT NULL) WITHOUT ROWID",
    ),
    (
        "hidden",
        "CREATE TABLE hidden (key BLOB PRIMARY KEY NOT NULL, value BLOB NOT NULL, \
         size INTEGER GENERATED ALWAYS AS (length(value)) VIRTUAL)",
    ),
    ("view", "CREATE VIEW view AS SELECT key, value FROM kv"),
    (
        "virtual",
        "CREATE VIRTUAL TABLE virtual USING fts5(key, value)",
    ),
    ("index", "CREATE INDEX \"index\" ON kv (value)"),
];

fn schema(conn: &Connection) -> Vec<String> {
    conn.prepare("SELECT coalesce(sql, name) FROM sqlite_schema ORDER BY 1")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect()
}

#[test]
fn they_are_not_listed_and_not_opened() {
    let place = Place::new();
    let vault = place.open();
    vault.put_bytes("key", "value").unwrap();
    let raw = place.raw();
    for (_, sql) in OTHERS {
        raw.execute_batch(sql).unwrap();
    }
    let before = schema(&raw);
    assert_eq!(vault.tables().unwrap(), ["kv"]);
    for (name, _) in OTHERS {
        for name in [(*name).to_owned(), name.to_uppercase()] {
            let expected = ("table".to_owned(), format!("{name:?}"));
            assert_eq!(invalid(vault.table(&name)), expected);
            for read_only in [false, true] {
                let open = place.try_open(|o| o.table(name.clone()).read_only(read_only));
                assert_eq!(invalid(open), expected);
            }
        }
    }
    assert_eq!(schema(&raw), before);
    assert_eq!(vault.len().unwrap(), 1);
}

#[test]
fn a_table_of_our_shape_is_ours_whoever_made_it() {
    let place = Place::new();
    // As the Python package writes it, as the shell of SQLite might, and with what does no harm.
    let made = "
        CREATE TABLE kv (
            key BLOB PRIMARY KEY NOT NULL,
            value BLOB NOT NULL
        );
        create table 'lower' (key blob primary key not null, value blob not null);
        CREATE TABLE checked (
            key BLOB PRIMARY KEY NOT NULL,
            value BLOB NOT NULL CHECK (length(value) < 100)
        );
        CREATE INDEX by_size ON kv (length(value));
        INSERT INTO kv VALUES (x'00', x'01');";
    place.raw().execute_batch(made).unwrap();
    let vault = place.open();
    assert_eq!(vault.tables().unwrap(), ["checked", "kv", "lower"]);
    assert_eq!(vault.get_bytes([0]).unwrap().unwrap(), [1]);
    for name in ["checked", "lower"] {
        let table = vault.table(name).unwrap();
        table.put_bytes("key", "value").unwrap();
        assert_eq!(table.len().unwrap(), 1);
    }
}

/// A name of another program's, in a table of exactly our shape.
#[test]
fn reserved_names_are_not_listed_whatever_their_shape() {
    let place = Place::new();
    let shape = "(key BLOB PRIMARY KEY NOT NULL, value BLOB NOT NULL)";
    let raw = place.raw();
    for name in [
        "kvault_col_x",
        "vec_kvault_x",
        "kohakuvault_x",
        "kvaultrs_x",
    ] {
        raw.execute_batch(&format!("CREATE TABLE {name} {shape}"))
            .unwrap();
    }
    assert_eq!(place.open().tables().unwrap(), ["kv"]);
}

#[test]
fn the_schema_is_that_of_the_file_format() {
    let place = Place::new();
    let vault = place.open_with(|options| options.table("a \"b\""));
    vault.close().unwrap();
    let found = schema(&place.raw());
    assert_eq!(
        found,
        [
            "CREATE TABLE \"a \"\"b\"\"\" (key BLOB PRIMARY KEY NOT NULL, value BLOB NOT NULL)",
            "CREATE TABLE kohakuvault_meta (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
            "sqlite_autoindex_a \"b\"_1",
            "sqlite_autoindex_kohakuvault_meta_1",
        ]
    );
}
