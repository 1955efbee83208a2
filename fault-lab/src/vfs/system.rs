//! The functions that are about names: opening, deleting, looking whether something is there.

use std::{
    cell::RefCell,
    ffi::{CStr, OsStr, c_char, c_int},
    os::unix::ffi::OsStrExt,
    path::Path,
    ptr,
    sync::Arc,
    time::Duration,
};

use rusqlite::ffi::{self, sqlite3_file, sqlite3_int64, sqlite3_vfs};

use super::{
    file::{self, Opened},
    guarded,
};
use crate::{
    fault::{Call, Role, Side},
    world::{World, world_of},
};

/// The longest that SQLite really waits when it asks for a pause: it counts the pauses that it
/// asked for, and gives up after as many as in real life.
const LONGEST_SLEEP: Duration = Duration::from_micros(100);

thread_local! {
    /// Where this thread last opened a file: a temporary one, which has no name, belongs there.
    static LAST: RefCell<Option<Arc<World>>> = const { RefCell::new(None) };
}

/// Which side the calling thread is on.
pub(super) fn side() -> Side {
    thread_local!(static SIDE: Side = match std::thread::current().name() {
        Some("kvault-keeper") => Side::Keeper,
        _ => Side::Front,
    });
    SIDE.with(|side| *side)
}

pub(super) fn stand_before_the_usual_one() -> *mut sqlite3_vfs {
    // SAFETY: asks for the default VFS, which is there on every Unix and stays for ever; the
    // table may be copied, it holds plain values.
    let (usual, copy) = unsafe {
        let usual = ffi::sqlite3_vfs_find(ptr::null());
        (usual, *usual)
    };
    let file_bytes = file::HEAD_BYTES + usize::try_from(copy.szOsFile).unwrap();
    Box::into_raw(Box::new(sqlite3_vfs {
        iVersion: 2,
        szOsFile: c_int::try_from(file_bytes).unwrap(),
        pNext: ptr::null_mut(),
        zName: c"fault-lab".as_ptr(),
        pAppData: usual.cast(),
        xOpen: Some(open),
        xDelete: Some(delete),
        xAccess: Some(access),
        xFullPathname: Some(full_pathname),
        // Nothing here loads extensions.
        xDlOpen: None,
        xDlError: None,
        xDlSym: None,
        xDlClose: None,
        xRandomness: Some(randomness),
        xSleep: Some(sleep),
        xCurrentTime: Some(current_time),
        xGetLastError: Some(last_error),
        xCurrentTimeInt64: Some(current_time_64),
        xSetSystemCall: None,
        xGetSystemCall: None,
        xNextSystemCall: None,
        ..copy
    }))
}

/// The VFS that ours stands before.
fn usual(vfs: *mut sqlite3_vfs) -> *mut sqlite3_vfs {
    // SAFETY: SQLite hands our own table to our functions, which was made above.
    unsafe { (*vfs).pAppData.cast() }
}

/// Calls a function of the usual VFS: `$vfs` is ours, and takes its place.
macro_rules! pass {
    ($vfs:expr, $name:ident, $($argument:expr),*) => {{
        let usual = usual($vfs);
        // SAFETY: the arguments are those that SQLite gave to the same function of ours, with
        // the usual VFS in place of ours; on Unix it has all functions of version 2.
        unsafe { (*usual).$name.unwrap()(usual, $($argument),*) }
    }};
}

/// # Safety
///
/// `name` is null or a C string that lives as long as the result is used.
unsafe fn path<'a>(name: *const c_char) -> Option<&'a Path> {
    // SAFETY: as promised.
    let name = unsafe { (!name.is_null()).then(|| CStr::from_ptr(name)) };
    name.map(|name| Path::new(OsStr::from_bytes(name.to_bytes())))
}

fn role(flags: c_int) -> Role {
    if flags & ffi::SQLITE_OPEN_MAIN_DB != 0 {
        Role::Database
    } else if flags & ffi::SQLITE_OPEN_WAL != 0 {
        Role::Log
    } else if flags & (ffi::SQLITE_OPEN_MAIN_JOURNAL | ffi::SQLITE_OPEN_SUPER_JOURNAL) != 0 {
        Role::Journal
    } else {
        Role::Temporary
    }
}

/// What a file is, by the end of its name.
fn role_of(path: &Path) -> Role {
    let name = path.as_os_str().as_bytes();
    if name.ends_with(b"-wal") {
        Role::Log
    } else if name.ends_with(b"-journal") {
        Role::Journal
    } else {
        Role::Database
    }
}

extern "C" fn open(
    vfs: *mut sqlite3_vfs,
    name: *const c_char,
    file: *mut sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    guarded(|| {
        // SAFETY: SQLite gives a C string or null, and it lives through the call.
        let path = unsafe { path(name) };
        // SAFETY: SQLite gives room for `szOsFile` bytes. A file without methods need not be
        // closed where opening fails.
        unsafe { (*file).pMethods = ptr::null() };
        let role = role(flags);
        let place = match path {
            Some(path) => world_of(path).map(|(world, name)| (world, Some(name))),
            None => LAST.with_borrow(Clone::clone).map(|world| (world, None)),
        };
        let work = || pass!(vfs, xOpen, name, file::inner(file), flags, out_flags);
        let Some((world, name)) = place else {
            let code = work();
            if code == ffi::SQLITE_OK {
                file::begin(file, None);
            }
            return code;
        };
        LAST.set(Some(Arc::clone(&world)));
        world.call(side(), Call::Open, role, |fault, record| {
            if let Some(fault) = fault {
                return Call::Open.code(fault);
            }
            let code = work();
            if code == ffi::SQLITE_OK {
                let number = name.as_ref().map(|name| record.opened(name));
                let opened = Opened::new(Arc::clone(&world), role, number, flags);
                file::begin(file, Some(opened));
            }
            code
        })
    })
}

extern "C" fn delete(vfs: *mut sqlite3_vfs, name: *const c_char, sync_folder: c_int) -> c_int {
    guarded(|| {
        // SAFETY: SQLite gives a C string that lives through the call.
        let Some(path) = (unsafe { path(name) }) else { return ffi::SQLITE_MISUSE };
        // The folder is synced in the record only: nothing here outlives the machine.
        let work = || pass!(vfs, xDelete, name, 0);
        let Some((world, name)) = world_of(path) else { return work() };
        world.call(side(), Call::Delete, role_of(path), |fault, record| {
            if let Some(fault) = fault {
                return Call::Delete.code(fault);
            }
            let code = work();
            if code == ffi::SQLITE_OK {
                record.deleted(&name, sync_folder != 0);
            }
            code
        })
    })
}

extern "C" fn access(
    vfs: *mut sqlite3_vfs,
    name: *const c_char,
    flags: c_int,
    result: *mut c_int,
) -> c_int {
    guarded(|| {
        // SAFETY: SQLite gives a C string that lives through the call.
        let Some(path) = (unsafe { path(name) }) else { return ffi::SQLITE_MISUSE };
        let work = || pass!(vfs, xAccess, name, flags, result);
        let Some((world, _)) = world_of(path) else { return work() };
        world.call(side(), Call::Access, role_of(path), |fault, _| {
            fault.map_or_else(work, |fault| Call::Access.code(fault))
        })
    })
}

extern "C" fn full_pathname(
    vfs: *mut sqlite3_vfs,
    name: *const c_char,
    room: c_int,
    result: *mut c_char,
) -> c_int {
    pass!(vfs, xFullPathname, name, room, result)
}

extern "C" fn randomness(vfs: *mut sqlite3_vfs, bytes: c_int, result: *mut c_char) -> c_int {
    pass!(vfs, xRandomness, bytes, result)
}

extern "C" fn sleep(_vfs: *mut sqlite3_vfs, micros: c_int) -> c_int {
    let asked = Duration::from_micros(u64::try_from(micros).unwrap_or(0));
    std::thread::sleep(asked.min(LONGEST_SLEEP));
    micros
}

extern "C" fn current_time(vfs: *mut sqlite3_vfs, result: *mut f64) -> c_int {
    pass!(vfs, xCurrentTime, result)
}

extern "C" fn current_time_64(vfs: *mut sqlite3_vfs, result: *mut sqlite3_int64) -> c_int {
    pass!(vfs, xCurrentTimeInt64, result)
}

extern "C" fn last_error(vfs: *mut sqlite3_vfs, room: c_int, result: *mut c_char) -> c_int {
    pass!(vfs, xGetLastError, room, result)
}
