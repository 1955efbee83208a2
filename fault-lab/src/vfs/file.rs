//! The functions of an open file.

use std::{
    cell::Cell,
    ffi::{c_int, c_void},
    mem::size_of,
    ptr,
    sync::Arc,
};

use rusqlite::ffi::{self, sqlite3_file, sqlite3_int64, sqlite3_io_methods};

use super::{guarded, system::side};
use crate::{
    fault::{Call, Fault, Role},
    world::{Event, Record, World},
};

/// What SQLite holds for a file of ours. Behind it, in the same piece of memory, lies the file
/// of the usual VFS.
#[repr(C)]
struct File {
    head: sqlite3_file,
    /// Made by [`begin`], freed by [`close`]; null for a file that is in no world.
    opened: *mut Opened,
}

pub(super) const HEAD_BYTES: usize = size_of::<File>();

/// An open file in a world.
pub(super) struct Opened {
    world: Arc<World>,
    role: Role,
    /// None for a temporary file: a crash leaves nothing of it.
    number: Option<usize>,
    /// Whether the next sync also syncs the folder: so it is with the first one of a journal or a
    /// log that may have been made just now.
    sync_folder: Cell<bool>,
}

impl Opened {
    pub(super) fn new(world: Arc<World>, role: Role, number: Option<usize>, flags: c_int) -> Self {
        let made = flags & ffi::SQLITE_OPEN_CREATE != 0;
        let sync_folder = Cell::new(made && matches!(role, Role::Log | Role::Journal));
        Self { world, role, number, sync_folder }
    }
}

/// The file of the usual VFS behind ours.
pub(super) fn inner(file: *mut sqlite3_file) -> *mut sqlite3_file {
    // SAFETY: SQLite made room for `szOsFile` bytes, which are ours and then those of the other.
    unsafe { file.cast::<u8>().add(HEAD_BYTES).cast() }
}

/// The file behind `file` was opened.
pub(super) fn begin(file: *mut sqlite3_file, opened: Option<Opened>) {
    let mapped = opened.as_ref().is_none_or(|opened| opened.world.mapped);
    let methods = if mapped { &MAPPED } else { &READ };
    let opened = opened.map_or(ptr::null_mut(), |opened| Box::into_raw(Box::new(opened)));
    // SAFETY: SQLite made room for a `File`; it is written whole.
    unsafe { file.cast::<File>().write(File { head: sqlite3_file { pMethods: methods }, opened }) };
}

/// Calls a function of the usual VFS on the file behind `$file`.
macro_rules! pass {
    ($file:expr, $name:ident $(, $argument:expr)*) => {{
        let inner = inner($file);
        // SAFETY: the file behind ours was opened, since only then ours got methods; on Unix it
        // has all of them. The arguments are those that SQLite gave to the same function of ours.
        unsafe { (*(*inner).pMethods).$name.unwrap()(inner $(, $argument)*) }
    }};
}

/// Does `work` in the file's world, where it has one, unless it is to fail.
fn call(
    file: *mut sqlite3_file,
    call: Call,
    work: impl FnOnce(Option<Fault>, Option<(&Opened, &mut Record<'_>)>) -> c_int,
) -> c_int {
    guarded(|| {
        // SAFETY: `file` was opened by us and not closed yet; `opened` lives until then, and is
        // only looked at. SQLite uses a file on one thread at a time.
        let opened = unsafe { (*file.cast::<File>()).opened.as_ref() };
        let Some(opened) = opened else { return work(None, None) };
        opened
            .world
            .call(side(), call, opened.role, |fault, record| work(fault, Some((opened, record))))
    })
}

/// As [`call`], for what changes no file.
fn plain(file: *mut sqlite3_file, kind: Call, work: impl FnOnce() -> c_int) -> c_int {
    call(file, kind, |fault, _| fault.map_or_else(work, |fault| kind.code(fault)))
}

extern "C" fn close(file: *mut sqlite3_file) -> c_int {
    guarded(|| {
        // SAFETY: SQLite closes an open file once and does not use it afterwards: what was leaked
        // when it was opened is taken back once.
        drop(unsafe {
            let opened = (*file.cast::<File>()).opened;
            (!opened.is_null()).then(|| Box::from_raw(opened))
        });
        pass!(file, xClose)
    })
}

extern "C" fn read(
    file: *mut sqlite3_file,
    to: *mut c_void,
    bytes: c_int,
    at: sqlite3_int64,
) -> c_int {
    call(file, Call::Read, |fault, _| match fault {
        None => pass!(file, xRead, to, bytes, at),
        Some(fault) => {
            // SAFETY: SQLite gives room for so many bytes. A read that falls short leaves zeros.
            unsafe { ptr::write_bytes(to.cast::<u8>(), 0, usize::try_from(bytes).unwrap()) };
            Call::Read.code(fault)
        }
    })
}

extern "C" fn write(
    file: *mut sqlite3_file,
    from: *const c_void,
    bytes: c_int,
    at: sqlite3_int64,
) -> c_int {
    call(file, Call::Write, |fault, place| {
        let fits = match fault {
            None => bytes,
            Some(Fault::ShortWrite) => bytes / 2,
            Some(fault) => return Call::Write.code(fault),
        };
        let code = pass!(file, xWrite, from, fits, at);
        if let Some((opened, record)) = place
            && let Some(file) = opened.number
            && code == ffi::SQLITE_OK
        {
            // SAFETY: SQLite gives so many bytes, which live through the call.
            let bytes = unsafe {
                std::slice::from_raw_parts(from.cast::<u8>(), usize::try_from(fits).unwrap())
            };
            let at = u64::try_from(at).unwrap();
            record.push(Event::Write { file, at, bytes: bytes.into() });
        }
        fault.map_or(code, |fault| Call::Write.code(fault))
    })
}

extern "C" fn truncate(file: *mut sqlite3_file, length: sqlite3_int64) -> c_int {
    call(file, Call::Truncate, |fault, place| {
        if let Some(fault) = fault {
            return Call::Truncate.code(fault);
        }
        let code = pass!(file, xTruncate, length);
        if code == ffi::SQLITE_OK {
            note_length(place, length);
        }
        code
    })
}

fn note_length(place: Option<(&Opened, &mut Record<'_>)>, length: sqlite3_int64) {
    if let Some((opened, record)) = place
        && let Some(file) = opened.number
    {
        record.push(Event::Length { file, length: u64::try_from(length).unwrap() });
    }
}

/// Nothing here outlives the machine: a sync is a line in the record.
extern "C" fn sync(file: *mut sqlite3_file, _flags: c_int) -> c_int {
    call(file, Call::Sync, |fault, place| {
        if let Some((opened, record)) = place
            && let Some(file) = opened.number
            && fault.is_none()
        {
            record.push(Event::Sync { file, folder: opened.sync_folder.replace(false) });
        }
        fault.map_or(ffi::SQLITE_OK, |fault| Call::Sync.code(fault))
    })
}

extern "C" fn file_size(file: *mut sqlite3_file, result: *mut sqlite3_int64) -> c_int {
    plain(file, Call::Size, || pass!(file, xFileSize, result))
}

extern "C" fn lock(file: *mut sqlite3_file, level: c_int) -> c_int {
    plain(file, Call::Lock, || pass!(file, xLock, level))
}

extern "C" fn unlock(file: *mut sqlite3_file, level: c_int) -> c_int {
    plain(file, Call::Unlock, || pass!(file, xUnlock, level))
}

extern "C" fn check_reserved_lock(file: *mut sqlite3_file, result: *mut c_int) -> c_int {
    plain(file, Call::Reserved, || pass!(file, xCheckReservedLock, result))
}

extern "C" fn file_control(file: *mut sqlite3_file, what: c_int, argument: *mut c_void) -> c_int {
    let code = pass!(file, xFileControl, what, argument);
    // SAFETY: as in `call`.
    let opened = unsafe { (*file.cast::<File>()).opened.as_ref() };
    if let Some(opened) = opened.filter(|opened| opened.world.mapped)
        && what == ffi::SQLITE_FCNTL_SIZE_HINT
    {
        // A mapped file is made longer right here, and no other call says so.
        let mut length = 0;
        pass!(file, xFileSize, &raw mut length);
        opened.world.note(|record| note_length(Some((opened, record)), length));
    }
    code
}

extern "C" fn sector_size(file: *mut sqlite3_file) -> c_int {
    pass!(file, xSectorSize)
}

extern "C" fn characteristics(file: *mut sqlite3_file) -> c_int {
    pass!(file, xDeviceCharacteristics)
}

extern "C" fn shm_map(
    file: *mut sqlite3_file,
    region: c_int,
    bytes: c_int,
    extend: c_int,
    result: *mut *mut c_void,
) -> c_int {
    plain(file, Call::ShmMap, || pass!(file, xShmMap, region, bytes, extend, result))
}

extern "C" fn shm_lock(file: *mut sqlite3_file, first: c_int, count: c_int, flags: c_int) -> c_int {
    let given_back = flags & ffi::SQLITE_SHM_UNLOCK != 0;
    let kind = if given_back { Call::ShmUnlock } else { Call::ShmLock };
    plain(file, kind, || pass!(file, xShmLock, first, count, flags))
}

extern "C" fn shm_barrier(file: *mut sqlite3_file) {
    pass!(file, xShmBarrier);
}

extern "C" fn shm_unmap(file: *mut sqlite3_file, delete: c_int) -> c_int {
    pass!(file, xShmUnmap, delete)
}

extern "C" fn fetch(
    file: *mut sqlite3_file,
    at: sqlite3_int64,
    bytes: c_int,
    result: *mut *mut c_void,
) -> c_int {
    pass!(file, xFetch, at, bytes, result)
}

extern "C" fn unfetch(file: *mut sqlite3_file, at: sqlite3_int64, page: *mut c_void) -> c_int {
    pass!(file, xUnfetch, at, page)
}

const METHODS: sqlite3_io_methods = sqlite3_io_methods {
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};

/// Without the functions of version 3: every read is a call.
static READ: sqlite3_io_methods = METHODS;
/// With them.
static MAPPED: sqlite3_io_methods =
    sqlite3_io_methods { iVersion: 3, xFetch: Some(fetch), xUnfetch: Some(unfetch), ..METHODS };
