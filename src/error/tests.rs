use std::{error::Error as _, sync::Arc, time::Duration};

use super::{Cause, Error};
use crate::Encoding;

fn cause() -> Cause {
    Arc::new(std::io::Error::other("the reason"))
}

fn key() -> Vec<u8> {
    b"user:\xff\"1".to_vec()
}

/// One of each variant, and more where the text depends on what is in it: the error, its text,
/// whether something lies under it.
fn all() -> Vec<(Error, &'static str, bool)> {
    let (table, action) = (|| "kv".to_owned(), || "store a value".to_owned());
    vec![
        (Error::DatabaseBusy { attempts: 4 }, "the database stayed busy through 4 attempts", false),
        (
            Error::NotFound { table: table(), key: key() },
            r#"no key "user:\xff\"1" in table "kv""#,
            false,
        ),
        (
            Error::invalid("page_size", 1000, "must be a power of two"),
            "page_size = 1000: must be a power of two",
            false,
        ),
        (Error::Io { action: "open /x".into(), source: cause() }, "cannot open /x", true),
        (
            Error::Sqlite { action: action(), code: 275, source: cause() },
            "cannot store a value (SQLite code 275)",
            true,
        ),
        (
            Error::Encode { wanted: "JSON".into(), source: cause() },
            "cannot encode a value as JSON",
            true,
        ),
        (
            Error::decode(None, "a payload", std::io::Error::other("the reason")),
            "cannot read a stored value as a payload",
            true,
        ),
        (
            Error::decode(Some(Encoding::Utf8), "i64", std::io::Error::other("x")).at("kv", b"k"),
            r#"cannot read key "k" of table "kv" (stored as UTF-8) as i64"#,
            true,
        ),
        (
            Error::TypeMismatch {
                table: table(),
                key: b"k".to_vec(),
                stored: Some(Encoding::Json),
                wanted: "an integer".into(),
            },
            r#"key "k" of table "kv" (stored as JSON) is not an integer"#,
            false,
        ),
        (
            Error::Overflow { table: table(), key: b"k".to_vec() },
            r#"key "k" of table "kv" would overflow"#,
            false,
        ),
        (
            Error::ValueTooLarge { len: 1001, max: 1000 },
            "a value of 1001 bytes is over the limit of 1000",
            false,
        ),
        (Error::CacheFull { source: None }, "the write cache is full", false),
        (Error::CacheFull { source: Some(cause()) }, "the write cache is full", true),
        (Error::CacheLocked, "the write cache is locked", false),
        (
            Error::Conflict { attempts: 16 },
            "others kept changing the same keys through 16 attempts",
            false,
        ),
        (Error::Full { action: action(), source: cause() }, "no space left to store a value", true),
        (
            Error::Corrupt { path: "/x/y.db".into(), action: action(), source: cause() },
            "the database /x/y.db is damaged: cannot store a value",
            true,
        ),
        (
            Error::NotADatabase { path: "/x/y.db".into() },
            "/x/y.db is not an SQLite database",
            false,
        ),
        (
            Error::ReadOnly { action: action() },
            "cannot store a value: the vault is read-only",
            false,
        ),
        (
            Error::SnapshotExpired { age: Duration::from_mins(5) },
            "the snapshot expired after 300s",
            false,
        ),
        (
            Error::Poisoned { panic: "index out of bounds".into() },
            "the writer panicked: index out of bounds",
            false,
        ),
        (Error::Cancelled { action: action() }, "cancelled: cannot store a value", false),
        (Error::Closed, "the vault is closed", false),
        (Error::Forked, "the vault was opened before this process was forked off", false),
    ]
}

/// A number for each variant. Whoever adds one is sent here by the compiler, and to [`all`].
fn variant(error: &Error) -> usize {
    match error {
        Error::DatabaseBusy { .. } => 0,
        Error::NotFound { .. } => 1,
        Error::InvalidArgument { .. } => 2,
        Error::Io { .. } => 3,
        Error::Sqlite { .. } => 4,
        Error::Encode { .. } => 5,
        Error::Decode { .. } => 6,
        Error::TypeMismatch { .. } => 7,
        Error::Overflow { .. } => 8,
        Error::ValueTooLarge { .. } => 9,
        Error::CacheFull { .. } => 10,
        Error::CacheLocked => 11,
        Error::Conflict { .. } => 12,
        Error::Full { .. } => 13,
        Error::Corrupt { .. } => 14,
        Error::NotADatabase { .. } => 15,
        Error::ReadOnly { .. } => 16,
        Error::SnapshotExpired { .. } => 17,
        Error::Poisoned { .. } => 18,
        Error::Closed => 19,
        Error::Forked => 20,
        Error::Cancelled { .. } => 21,
    }
}

const VARIANTS: usize = 22;

#[test]
fn every_text() {
    let mut seen = [false; VARIANTS];
    for (error, text, _) in all() {
        assert_eq!(error.to_string(), text);
        assert_eq!(error.clone().to_string(), text);
        seen[variant(&error)] = true;
    }
    assert_eq!(seen, [true; VARIANTS]);
}

#[test]
fn the_reason_is_in_the_source_and_not_in_the_text() {
    for (error, text, has_source) in all() {
        assert_eq!(error.source().is_some(), has_source, "{text}");
        assert!(!text.contains("the reason"));
    }
    let full = Error::Full { action: String::new(), source: cause() };
    assert_eq!(full.source().unwrap().to_string(), "the reason");
}

#[test]
fn who_asks_gets_one_answer() {
    for (error, text, _) in all() {
        let retryable = [0, 10, 11, 12, 13].contains(&variant(&error));
        let closed = [18, 19, 20].contains(&variant(&error));
        let corruption = [14, 15].contains(&variant(&error));
        assert_eq!(error.is_retryable(), retryable, "{text}");
        assert_eq!(error.is_closed(), closed, "{text}");
        assert_eq!(error.is_corruption(), corruption, "{text}");
    }
}

#[test]
fn a_long_key_is_shown_in_part() {
    let text = |len: usize| {
        let (table, key) = ("kv".to_owned(), vec![b'x'; len]);
        Error::Overflow { table, key }.to_string()
    };
    assert_eq!(text(64), format!("key \"{}\" of table \"kv\" would overflow", "x".repeat(64)));
    let shown = "x".repeat(64);
    assert_eq!(text(65), format!("key \"{shown}…\" (65 bytes) of table \"kv\" would overflow"));
    assert!(text(1 << 20).contains("(1048576 bytes)"));
    assert_eq!(text(0), "key \"\" of table \"kv\" would overflow");
}

#[test]
fn only_what_could_not_be_decoded_is_told_its_place() {
    assert!(matches!(Error::Closed.at("kv", b"k"), Error::Closed));
}
