//! The few things of C's interface that nothing else wraps. The only unsafe code here.
#![allow(unsafe_code)]

use std::{
    ffi::{c_int, c_void},
    mem::ManuallyDrop,
    ptr::{self, NonNull},
    sync::atomic::{AtomicU32, Ordering},
};

use rusqlite::{Connection, ffi};

use crate::fork::Process;

/// The version of the library that is really linked, as in 3.51.3 = 3051003.
pub(crate) fn library_version() -> i32 {
    // SAFETY: takes no argument, touches no state.
    unsafe { ffi::sqlite3_libversion_number() }
}

/// Whether the library was built with an option such as `ENABLE_MEMORY_MANAGEMENT`.
pub(crate) fn library_has(option: &std::ffi::CStr) -> bool {
    // SAFETY: reads a C string that lives through the call.
    unsafe { ffi::sqlite3_compileoption_used(option.as_ptr()) != 0 }
}

/// Syncs the write-ahead log of `conn`: what was committed before is on the disk afterwards.
///
/// A checkpoint syncs the log before it copies from it and the database before it starts the
/// log anew, so whatever is not in the log any more has been synced already.
pub(super) fn sync_wal(conn: &Connection) -> Result<(), rusqlite::Error> {
    sync(conn, ffi::SQLITE_FCNTL_JOURNAL_POINTER)
}

/// Syncs the database file of `conn`: what checkpoints moved into it.
pub(super) fn sync_database(conn: &Connection) -> Result<(), rusqlite::Error> {
    sync(conn, ffi::SQLITE_FCNTL_FILE_POINTER)
}

fn sync(conn: &Connection, which: c_int) -> Result<(), rusqlite::Error> {
    let file = file_pointer(conn, which)?;
    // SAFETY: the pager hands out its own file object: null before the log was first opened,
    // and with null methods when it is not open. A file with methods has all those of version 1.
    let code = unsafe {
        match file.as_ref().and_then(|file| file.pMethods.as_ref()) {
            Some(methods) => match methods.xSync {
                // As SQLite syncs with `fullfsync`, where a plain sync does not reach the disk.
                Some(sync) => sync(file, ffi::SQLITE_SYNC_FULL),
                None => ffi::SQLITE_OK,
            },
            // Not open, so nothing was written to it.
            None => ffi::SQLITE_OK,
        }
    };
    check(code)
}

/// A look at the index of the write-ahead log, which every process that has the file open maps.
///
/// Its first bytes change with every commit of anybody, and reading them is free. Their layout is
/// documented in "WAL-mode File Format" of the SQLite documentation: a header of 48 bytes, the
/// same once more, and then how far the log was copied into the database.
///
/// Lives beside the connection it came from and must not outlive it.
#[derive(Debug)]
pub(super) struct WalIndex(NonNull<AtomicU32>);

// SAFETY: the memory is shared between processes by nature and only read here, atomically.
unsafe impl Send for WalIndex {}

const HEADER_WORDS: usize = 12;
/// A salt that grows by one whenever the log is begun anew.
const SALT_WORD: usize = 8;
const MAX_FRAME_WORD: usize = 4;
const BACKFILLED_WORD: usize = 2 * HEADER_WORDS;
const REGION_BYTES: c_int = 32_768;

/// The header of the log's index: the counter of changes, the length of the log, salts and
/// checksums. The counter alone would not do: it starts anew when a log is recovered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WalToken([u32; HEADER_WORDS]);

impl WalIndex {
    /// `None` where there is no log, or no way to look at its index. The log must have been read
    /// by this connection before.
    pub(super) fn of(conn: &Connection) -> Option<Self> {
        let file = file_pointer(conn, ffi::SQLITE_FCNTL_FILE_POINTER).ok()?;
        let mut region: *mut c_void = ptr::null_mut();
        // SAFETY: the file object is the pager's own and open as long as the connection. The
        // call maps nothing new (`bExtend` is 0), it hands out the first region of what the
        // connection mapped when it first read the log. That stays mapped until the connection
        // leaves WAL mode or closes, and others cannot make it leave while it has the file open.
        let code = unsafe {
            let file = file.as_ref()?;
            let methods = file.pMethods.as_ref()?;
            if methods.iVersion < 2 {
                return None;
            }
            (methods.xShmMap?)(ptr::from_ref(file).cast_mut(), 0, REGION_BYTES, 0, &raw mut region)
        };
        if code != ffi::SQLITE_OK {
            return None;
        }
        NonNull::new(region.cast()).map(Self)
    }

    pub(super) fn token(&self) -> WalToken {
        let mut words = [0; HEADER_WORDS];
        for (at, word) in words.iter_mut().enumerate() {
            *word = self.word(at);
        }
        WalToken(words)
    }

    /// Another number for every log that is begun anew.
    pub(super) fn run(&self) -> u32 {
        self.word(SALT_WORD)
    }

    /// Frames in the log, and how many of them are in the database already.
    pub(super) fn frames(&self) -> (u32, u32) {
        (self.word(MAX_FRAME_WORD), self.word(BACKFILLED_WORD))
    }

    fn word(&self, at: usize) -> u32 {
        // SAFETY: a region has 8,192 words, `at` is one of the first 25, and the region is mapped
        // for as long as `self` exists (see `of`). Others write these words, in our process and
        // elsewhere: an atomic load of an aligned word is sound whatever they do, and a header
        // read while it changes differs from both the old and the new one.
        unsafe { self.0.add(at).as_ref() }.load(Ordering::Acquire)
    }
}

/// A value that is read piece by piece.
///
/// Not rusqlite's own, which borrows its connection: this one is kept as long as that. It lives
/// beside the connection it came from and must not outlive it.
#[derive(Debug)]
pub(super) struct Blob(NonNull<ffi::sqlite3_blob>);

// SAFETY: like the connection, it may go to another thread as long as one at a time uses it, and
// it goes there with its connection. It is not `Sync`.
unsafe impl Send for Blob {}

impl Blob {
    /// Opens the value of a row of the main database, to be read.
    pub(super) fn open(
        conn: &Connection,
        table: &std::ffi::CStr,
        row: i64,
    ) -> Result<Self, rusqlite::Error> {
        let mut blob = ptr::null_mut();
        // SAFETY: `conn` is open for as long as it is borrowed, the names live through the call,
        // and the handle is written to where the last argument points; null if that fails.
        let code = unsafe {
            ffi::sqlite3_blob_open(
                conn.handle(),
                c"main".as_ptr(),
                table.as_ptr(),
                c"value".as_ptr(),
                row,
                0,
                &raw mut blob,
            )
        };
        check(code)?;
        NonNull::new(blob)
            .map(Self)
            .ok_or_else(|| rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_ERROR), None))
    }

    pub(super) fn len(&self) -> u64 {
        // SAFETY: the handle is open until it is dropped.
        let len = unsafe { ffi::sqlite3_blob_bytes(self.0.as_ptr()) };
        u64::from(len.unsigned_abs())
    }

    /// Fills all of `into` with what stands from `at` on, which must be there.
    pub(super) fn read(&self, at: u64, into: &mut [u8]) -> Result<(), rusqlite::Error> {
        let range = c_int::try_from(into.len()).ok().zip(c_int::try_from(at).ok());
        let Some((len, at)) = range else { return check(ffi::SQLITE_RANGE) };
        // SAFETY: the handle is open until it is dropped; `into` has room for `len` bytes. A range
        // that is not in the value is refused.
        let code =
            unsafe { ffi::sqlite3_blob_read(self.0.as_ptr(), into.as_mut_ptr().cast(), len, at) };
        check(code)
    }
}

impl Drop for Blob {
    fn drop(&mut self) {
        // SAFETY: it is closed once, and before its connection. What it says is said again by
        // the read that failed.
        unsafe { ffi::sqlite3_blob_close(self.0.as_ptr()) };
    }
}

fn file_pointer(
    conn: &Connection,
    which: c_int,
) -> Result<*mut ffi::sqlite3_file, rusqlite::Error> {
    let mut file: *mut ffi::sqlite3_file = ptr::null_mut();
    // SAFETY: `conn` is open for as long as it is borrowed, and no other thread uses it: the
    // type is not `Sync`. The opcode writes one pointer to where its argument points.
    let code = unsafe {
        ffi::sqlite3_file_control(conn.handle(), c"main".as_ptr(), which, (&raw mut file).cast())
    };
    check(code).map(|()| file)
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

fn check(code: c_int) -> Result<(), rusqlite::Error> {
    if code == ffi::SQLITE_OK {
        return Ok(());
    }
    Err(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None))
}

/// Has `handler` called in every child that this process forks from now on.
pub(crate) fn call_in_forked_children(handler: extern "C" fn()) -> Result<(), c_int> {
    // SAFETY: registers a function that lives as long as the program and allocates nothing.
    match unsafe { libc::pthread_atfork(None, None, Some(handler)) } {
        0 => Ok(()),
        code => Err(code),
    }
}

/// Bytes that the file system of `folder` has left for this user.
pub(crate) fn free_space(folder: &std::path::Path) -> std::io::Result<u64> {
    use std::os::unix::ffi::OsStrExt;
    let path = std::ffi::CString::new(folder.as_os_str().as_bytes())?;
    let mut about = std::mem::MaybeUninit::<libc::statvfs>::uninit();
    // SAFETY: both pointers live through the call, which fills the second if it returns 0.
    let about = unsafe {
        if libc::statvfs(path.as_ptr(), about.as_mut_ptr()) != 0 {
            return Err(std::io::Error::last_os_error());
        }
        about.assume_init()
    };
    // The fields' types differ between systems.
    #[allow(clippy::unnecessary_cast, clippy::cast_lossless)]
    Ok((about.f_bavail as u64).saturating_mul(about.f_frsize as u64))
}

/// Whether a file is on a disk of this machine, or in its memory, as far as that is known: reading it
/// waits for nobody else.
#[cfg(target_os = "linux")]
pub(crate) fn is_local(file: &std::fs::File) -> bool {
    use std::os::fd::AsRawFd;
    /// Magic numbers of `statfs(2)`: ext2 to ext4, XFS, Btrfs, tmpfs, overlayfs, ZFS, F2FS, bcachefs.
    const LOCAL: [u32; 8] = [
        0xEF53,
        0x5846_5342,
        0x9123_683E,
        0x0102_1994,
        0x794C_7630,
        0x2FC1_2FC1,
        0xF2F5_2010,
        0xCA45_1A4E,
    ];
    let mut about = std::mem::MaybeUninit::<libc::statfs>::uninit();
    // SAFETY: the descriptor is open as long as `file` is borrowed; the call fills `about` if it
    // returns 0.
    let about = unsafe {
        if libc::fstatfs(file.as_raw_fd(), about.as_mut_ptr()) != 0 {
            return false;
        }
        about.assume_init()
    };
    // The field's type differs between systems.
    #[allow(clippy::unnecessary_cast, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    LOCAL.contains(&(about.f_type as u32))
}

/// Nobody has looked at other systems.
#[cfg(not(target_os = "linux"))]
pub(crate) fn is_local(_: &std::fs::File) -> bool {
    false
}

/// Something that a forked child must not drop: closing a connection would touch the parent's
/// files. There it leaks.
#[derive(Debug)]
pub(super) struct ForkSafe<T> {
    value: ManuallyDrop<T>,
    made_in: Process,
}

impl<T> ForkSafe<T> {
    pub(super) fn new(value: T) -> Self {
        Self { value: ManuallyDrop::new(value), made_in: Process::current() }
    }
}

impl<T> ForkSafe<T> {
    pub(super) fn into_inner(self) -> T {
        let mut this = ManuallyDrop::new(self);
        // SAFETY: `this` is never dropped, so the value is taken exactly once.
        unsafe { ManuallyDrop::take(&mut this.value) }
    }
}

impl<T> std::ops::Deref for ForkSafe<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> Drop for ForkSafe<T> {
    fn drop(&mut self) {
        if !self.made_in.is_forked() {
            // SAFETY: `drop` runs once, and nothing looks at the value after it.
            unsafe { ManuallyDrop::drop(&mut self.value) }
        }
    }
}
