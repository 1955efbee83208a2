use std::path::Path;

use rusqlite::ffi;

use super::{Class, Fault};
use crate::Error;

/// What each code makes of an operation, and what its caller is told.
const CODES: &[(i32, Class, &str)] = &[
    (ffi::SQLITE_BUSY, Class::Transient, "DatabaseBusy"),
    (ffi::SQLITE_BUSY_SNAPSHOT, Class::Transient, "DatabaseBusy"),
    (ffi::SQLITE_BUSY_RECOVERY, Class::Transient, "DatabaseBusy"),
    (ffi::SQLITE_LOCKED, Class::Transient, "DatabaseBusy"),
    (ffi::SQLITE_PROTOCOL, Class::Transient, "DatabaseBusy"),
    (ffi::SQLITE_FULL, Class::Resource, "Full"),
    (ffi::SQLITE_NOMEM, Class::Resource, "Sqlite"),
    (ffi::SQLITE_IOERR_NOMEM, Class::Resource, "Io"),
    (ffi::SQLITE_CANTOPEN, Class::Resource, "Io"),
    (ffi::SQLITE_IOERR_WRITE, Class::Resource, "Io"),
    (ffi::SQLITE_IOERR_READ, Class::Resource, "Io"),
    (ffi::SQLITE_IOERR_FSYNC, Class::Damage, "Io"),
    (ffi::SQLITE_IOERR_DIR_FSYNC, Class::Damage, "Io"),
    (ffi::SQLITE_CORRUPT, Class::Damage, "Corrupt"),
    (ffi::SQLITE_CORRUPT_INDEX, Class::Damage, "Corrupt"),
    (ffi::SQLITE_NOTADB, Class::Damage, "NotADatabase"),
    (ffi::SQLITE_READONLY, Class::Operation, "ReadOnly"),
    (ffi::SQLITE_READONLY_DBMOVED, Class::Operation, "ReadOnly"),
    (ffi::SQLITE_ERROR, Class::Operation, "Sqlite"),
    (ffi::SQLITE_CONSTRAINT_CHECK, Class::Operation, "Sqlite"),
    (ffi::SQLITE_TOOBIG, Class::Operation, "Sqlite"),
];

fn fault(code: i32) -> Fault {
    let error = rusqlite::Error::SqliteFailure(ffi::Error::new(code), Some("its words".into()));
    Fault::new(error, Path::new("/x/y.db"), "store a value")
}

#[test]
fn every_code() {
    for (code, class, variant) in CODES {
        let fault = fault(*code);
        assert_eq!(fault.class, *class, "{code}");
        let shown = format!("{:?}", fault.error);
        assert!(shown.starts_with(variant), "{code}: {shown}");
    }
}

#[test]
fn the_path_is_named_where_the_file_is_the_matter() {
    for code in [ffi::SQLITE_CORRUPT, ffi::SQLITE_NOTADB, ffi::SQLITE_CANTOPEN, ffi::SQLITE_IOERR] {
        let text = fault(code).error.to_string();
        assert!(text.contains("/x/y.db"), "{text}");
    }
}

#[test]
fn the_code_is_the_extended_one() {
    let error = fault(ffi::SQLITE_CONSTRAINT_CHECK).error;
    assert!(matches!(error, Error::Sqlite { code: ffi::SQLITE_CONSTRAINT_CHECK, .. }), "{error:?}");
    // Not every error of rusqlite's comes from SQLite.
    let error = Fault::new(rusqlite::Error::QueryReturnedNoRows, Path::new("/x"), "look").error;
    assert!(matches!(error, Error::Sqlite { code: ffi::SQLITE_ERROR, .. }), "{error:?}");
}
