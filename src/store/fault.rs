//! What SQLite's error codes mean to us: how to go on after one, and what to tell the user.

use std::{path::Path, sync::Arc};

use rusqlite::ffi;

use crate::Error;

/// How the engine goes on after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// Somebody else holds a lock: the same again, later.
    Transient,
    /// Something ran out. Nothing is broken; it works again when there is more.
    Resource,
    /// The file cannot be trusted with more writes.
    Damage,
    /// This operation and no other.
    Operation,
}

/// A failure in SQLite, translated.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    pub(crate) class: Class,
    pub(crate) error: Error,
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        fault.error
    }
}

impl Fault {
    pub(crate) fn operation(error: Error) -> Self {
        Self { class: Class::Operation, error }
    }

    pub(crate) fn busy() -> Self {
        Self { class: Class::Transient, error: Error::DatabaseBusy { attempts: 1 } }
    }

    /// Translates; `action` completes the sentence "cannot …".
    pub(crate) fn new(error: rusqlite::Error, path: &Path, action: &str) -> Self {
        let code = extended_code(&error);
        let class = class(code);
        let action = action.to_owned();
        let source: crate::Cause = Arc::new(error);
        let path = path.to_owned();
        let error = match code & 0xff {
            ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED | ffi::SQLITE_PROTOCOL => {
                Error::DatabaseBusy { attempts: 1 }
            }
            ffi::SQLITE_FULL => Error::Full { action, source },
            ffi::SQLITE_CORRUPT => Error::Corrupt { path, action, source },
            ffi::SQLITE_NOTADB => Error::NotADatabase { path },
            ffi::SQLITE_READONLY => Error::ReadOnly { action },
            ffi::SQLITE_IOERR | ffi::SQLITE_CANTOPEN => {
                Error::Io { action: format!("{action} ({})", path.display()), source }
            }
            _ => Error::Sqlite { action, code, source },
        };
        Self { class, error }
    }
}

fn extended_code(error: &rusqlite::Error) -> i32 {
    match error {
        rusqlite::Error::SqliteFailure(failure, _) => failure.extended_code,
        rusqlite::Error::SqlInputError { error, .. } => error.extended_code,
        _ => ffi::SQLITE_ERROR,
    }
}

fn class(code: i32) -> Class {
    match code & 0xff {
        ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED | ffi::SQLITE_PROTOCOL => Class::Transient,
        ffi::SQLITE_FULL | ffi::SQLITE_NOMEM | ffi::SQLITE_CANTOPEN => Class::Resource,
        ffi::SQLITE_CORRUPT | ffi::SQLITE_NOTADB => Class::Damage,
        ffi::SQLITE_IOERR => match code {
            // What was not synced may be lost although it was written, and a second sync may
            // claim that all is well: nothing more is built on that.
            ffi::SQLITE_IOERR_FSYNC | ffi::SQLITE_IOERR_DIR_FSYNC => Class::Damage,
            _ => Class::Resource,
        },
        _ => Class::Operation,
    }
}

#[cfg(test)]
mod tests;
