//! The few things of SQLite's C interface that rusqlite does not wrap. The only unsafe code here.
#![allow(unsafe_code)]

use std::ptr;

use rusqlite::{Connection, ffi};

/// The version of the library that is really linked, as in 3.51.3 = 3051003.
pub(crate) fn library_version() -> i32 {
    // SAFETY: takes no argument, touches no state.
    unsafe { ffi::sqlite3_libversion_number() }
}

/// Syncs the write-ahead log of `conn`: what was committed before is on the disk afterwards.
///
/// A checkpoint syncs the log before it copies from it and the database before it starts the
/// log anew, so whatever is not in the log any more has been synced already.
pub(super) fn sync_wal(conn: &Connection) -> Result<(), rusqlite::Error> {
    let mut file: *mut ffi::sqlite3_file = ptr::null_mut();
    // SAFETY: `conn` is open for as long as it is borrowed, and no other thread uses it: the
    // type is not `Sync`. The opcode writes one pointer to where its argument points, and that
    // pointer is good until the connection closes its log, which this thread does not do here.
    let code = unsafe {
        ffi::sqlite3_file_control(
            conn.handle(),
            c"main".as_ptr(),
            ffi::SQLITE_FCNTL_JOURNAL_POINTER,
            (&raw mut file).cast(),
        )
    };
    check(code)?;
    // SAFETY: the pager hands out its own file object: null before the log was first opened,
    // and with null methods when it is not open. A file with methods has all those of version 1.
    let code = unsafe {
        match file.as_ref().and_then(|file| file.pMethods.as_ref()) {
            Some(methods) => match methods.xSync {
                Some(sync) => sync(file, ffi::SQLITE_SYNC_NORMAL),
                None => ffi::SQLITE_OK,
            },
            // No log, so nothing in it.
            None => ffi::SQLITE_OK,
        }
    };
    check(code)
}

/// Pages that `conn` has written so far, to the log or to the database. It goes round at 2^31.
pub(super) fn pages_written(conn: &Connection) -> Result<i32, rusqlite::Error> {
    let (mut pages, mut highest) = (0, 0);
    // SAFETY: `conn` is open for as long as it is borrowed; both results are written to where
    // the arguments point.
    let code = unsafe {
        ffi::sqlite3_db_status(
            conn.handle(),
            ffi::SQLITE_DBSTATUS_CACHE_WRITE,
            &raw mut pages,
            &raw mut highest,
            0,
        )
    };
    check(code)?;
    Ok(pages)
}

fn check(code: i32) -> Result<(), rusqlite::Error> {
    if code == ffi::SQLITE_OK {
        return Ok(());
    }
    Err(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None))
}
