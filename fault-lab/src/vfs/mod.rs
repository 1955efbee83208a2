//! A VFS of SQLite that stands before the usual one for the whole process.
//!
//! What it does is described in "The SQLite OS Interface or VFS" and in the header `sqlite3.h`.
//! The index of the log is shared memory of the usual VFS: it is passed through, and a crash
//! leaves none of it. Most worlds have the database read call by call; in a
//! [mapped](crate::world::World::mapped) one SQLite may map it instead, as it does in real life:
//! then those reads are not seen.
#![allow(unsafe_code, reason = "a table of functions for C, made of pointers to the usual one")]

mod file;
mod system;

use std::{ffi::c_int, sync::Once};

use rusqlite::ffi;

/// Makes it the VFS of every connection that is opened from now on.
pub(crate) fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let vfs = system::stand_before_the_usual_one();
        // SAFETY: the table is complete, and leaked: it lives as long as the process.
        let code = unsafe { ffi::sqlite3_vfs_register(vfs, 1) };
        assert_eq!(code, ffi::SQLITE_OK);
    });
}

/// A panic must not pass through C: it ends the process, after its message was printed.
fn guarded(work: impl FnOnce() -> c_int) -> c_int {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(work))
        .unwrap_or_else(|_| std::process::abort())
}
