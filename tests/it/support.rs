//! What the tests share: a place for a vault, plain SQLite on its file, and waiting for events.

use std::{
    path::{Path, PathBuf},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use kvault::{CheckpointPolicy, Error, KVault, Options};
use rusqlite::Connection;
use tempfile::TempDir;

/// Longer than anything here takes on a slow and busy machine. Only a hang reaches it.
pub(crate) const FOREVER: Duration = Duration::from_mins(1);

/// A folder of one test's own, gone with the value, and a file in it.
pub(crate) struct Place {
    dir: TempDir,
    file: PathBuf,
}

impl Place {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("vault.db");
        Self { dir, file }
    }

    /// A copy of a file that came with the repository.
    pub(crate) fn copy_of(name: &str) -> Self {
        let place = Self::new();
        std::fs::copy(data(name), &place.file).unwrap();
        place
    }

    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn file(&self) -> &Path {
        &self.file
    }

    pub(crate) fn open(&self) -> KVault {
        KVault::open(&self.file).unwrap()
    }

    pub(crate) fn open_with(&self, options: impl FnOnce(Options) -> Options) -> KVault {
        self.try_open(options).unwrap()
    }

    /// Nobody moves what is in the log, at whatever moment, into the database.
    pub(crate) fn open_alone(&self) -> KVault {
        self.open_with(|options| options.checkpoint(CheckpointPolicy::External))
    }

    pub(crate) fn try_open(
        &self,
        options: impl FnOnce(Options) -> Options,
    ) -> Result<KVault, Error> {
        options(KVault::options()).open(&self.file)
    }

    /// Plain SQLite on the same file: another program, as far as the vault can tell.
    pub(crate) fn raw(&self) -> Connection {
        connect(&self.file)
    }

    /// Plain SQLite, and in the middle of a write transaction.
    pub(crate) fn raw_with_lock(&self) -> Connection {
        let conn = self.raw();
        conn.execute_batch("BEGIN IMMEDIATE").unwrap();
        conn
    }

    /// The file that SQLite keeps beside the database under this ending.
    pub(crate) fn beside(&self, ending: &str) -> PathBuf {
        let mut name = self.file.clone().into_os_string();
        name.push(ending);
        name.into()
    }
}

/// Plain SQLite on a file.
pub(crate) fn connect(path: impl AsRef<Path>) -> Connection {
    let conn = Connection::open(path).unwrap();
    // By its pragma: what rusqlite has for it does not link with a library before 3.44.
    let millis = u32::try_from(FOREVER.as_millis()).unwrap();
    conn.pragma_update(None, "busy_timeout", millis).unwrap();
    conn
}

/// A file that came with the repository.
pub(crate) fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

/// Waits for something that can only be looked at.
#[track_caller]
pub(crate) fn wait_until(what: &str, mut there: impl FnMut() -> bool) {
    let start = Instant::now();
    while !there() {
        assert!(start.elapsed() < FOREVER, "waited in vain until {what}");
        thread::yield_now();
    }
}

/// Runs something that must end: a hang becomes a failure.
#[track_caller]
pub(crate) fn ends<T: Send + 'static>(what: &str, work: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, end) = mpsc::channel();
    let thread = thread::spawn(move || {
        let value = work();
        // Nobody listens any more after a hang.
        let _ = done.send(());
        value
    });
    let hangs = end.recv_timeout(FOREVER) == Err(mpsc::RecvTimeoutError::Timeout);
    assert!(!hangs, "{what} does not end");
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// The name and value that an [`Error::InvalidArgument`] speaks of.
#[track_caller]
pub(crate) fn invalid<T>(outcome: Result<T, Error>) -> (String, String) {
    match outcome.err().expect("an error") {
        Error::InvalidArgument { name, value, why } => {
            assert!(!why.is_empty());
            (name, value)
        }
        other => panic!("not an invalid argument: {other:?}"),
    }
}

/// Checks that an outcome is a certain error.
macro_rules! assert_err {
    ($outcome:expr, $pattern:pat $(if $guard:expr)?) => {
        match $outcome {
            Err($pattern) $(if $guard)? => {}
            other => panic!("{} gave {other:?}", stringify!($outcome)),
        }
    };
}
pub(crate) use assert_err;

pub(crate) fn unhex(text: &str) -> Vec<u8> {
    text.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}
