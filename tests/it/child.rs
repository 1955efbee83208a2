//! Other processes: this binary once more, in a role.
//!
//! A child speaks in lines on its output that begin with `@`, and is told what to do in lines on
//! its input: nothing here waits by sleeping. When the test dies, the input ends, and so does
//! the child.

use std::{
    ffi::OsStr,
    io::{BufRead, BufReader, Write},
    process::{ChildStdout, Command, Stdio},
};

const ROLE: &str = "KVAULT_TEST_ROLE";
const ARGS: &str = "KVAULT_TEST_ARGS";

/// What a child finds its feet with.
pub(crate) type Role = fn(&[String]);

/// Every role, and who plays it.
const ROLES: &[(&str, Role)] = &[
    ("hold the write lock", crate::locks::hold_the_write_lock),
    ("hold the file", crate::locks::hold_the_file),
    ("count", crate::atomic::count_in_another_process),
    ("open and write", crate::processes::open_and_write),
    ("put until killed", crate::crash::put_until_killed),
    ("leave a transaction", crate::crash::leave_a_transaction),
    ("write on demand", crate::reader::write_on_demand),
    ("change the folder", crate::paths::change_the_folder),
    ("scribble", crate::damage::scribble),
    #[cfg(target_os = "linux")]
    ("leave no thread", crate::closing::leave_no_thread),
    #[cfg(target_os = "linux")]
    ("unwritable places", crate::unwritable::inside),
    #[cfg(target_os = "linux")]
    ("as nobody", crate::unwritable::as_nobody),
    #[cfg(target_os = "linux")]
    ("full disk", crate::full_disk::inside),
    #[cfg(target_os = "linux")]
    ("full disk under a cache", crate::cache::inside),
    ("two caches", crate::cache::two_caches),
    ("stream until killed", crate::streams::stream_until_killed),
    #[cfg(target_os = "linux")]
    ("hold a view", crate::views::hold_a_view),
    #[cfg(target_os = "linux")]
    ("write for ever", crate::endless::write_for_ever),
    #[cfg(target_os = "linux")]
    ("fork often", crate::forks::fork_often),
    #[cfg(target_os = "linux")]
    ("fork in a crowd", crate::forks::fork_in_a_crowd),
    #[cfg(target_os = "linux")]
    ("open in forked children", crate::forks::open_in_forked_children),
    #[cfg(target_os = "linux")]
    ("open and close often", crate::leftovers::open_and_close_often),
    #[cfg(target_os = "linux")]
    ("return from main", crate::leftovers::return_from_main),
    #[cfg(target_os = "linux")]
    ("commit numbers", crate::freshness::commit_numbers),
    #[cfg(target_os = "linux")]
    ("commit and say", crate::freshness::commit_and_say),
    #[cfg(target_os = "linux")]
    ("cut the log", crate::freshness::cut_the_log),
    #[cfg(target_os = "linux")]
    ("work until killed", crate::killed::work_until_killed),
    #[cfg(target_os = "linux")]
    ("ingest until killed", crate::killed_cache::ingest_until_killed),
    #[cfg(target_os = "linux")]
    ("optimize without room", crate::optimizing::without_room),
];

/// The way into every child. It does nothing when it is run as a test.
#[test]
fn entry() {
    let Ok(role) = std::env::var(ROLE) else {
        return;
    };
    let args = std::env::var(ARGS).unwrap();
    let args: Vec<String> = args.lines().map(str::to_owned).collect();
    let (_, play) = ROLES.iter().find(|(name, _)| *name == role).unwrap();
    play(&args);
}

/// Tells the test something.
pub(crate) fn say(line: &str) {
    // On a line of its own: the test harness writes to the same output.
    println!("\n@{line}");
}

/// Waits for the test's next line. `None`: it wants no more, or is gone.
pub(crate) fn order() -> Option<String> {
    std::io::stdin().lines().next().map(Result::unwrap)
}

/// A process that ends when the value does.
pub(crate) struct Child {
    process: std::process::Child,
    output: BufReader<ChildStdout>,
}

impl Child {
    pub(crate) fn start<A: AsRef<OsStr>>(role: &str, args: &[A]) -> Self {
        Self::start_by(Command::new(std::env::current_exe().unwrap()), role, args)
    }

    /// As [`Self::start`], by a command that already names the binary, after whatever it does
    /// before.
    pub(crate) fn start_by<A: AsRef<OsStr>>(mut command: Command, role: &str, args: &[A]) -> Self {
        let args: Vec<&str> = args.iter().map(|arg| arg.as_ref().to_str().unwrap()).collect();
        let mut process = command
            .args(["child::entry", "--exact", "--nocapture", "--test-threads=1"])
            .env(ROLE, role)
            .env(ARGS, args.join("\n"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        Self { process, output }
    }

    /// The next thing that it says; `None` at its end.
    pub(crate) fn hear(&mut self) -> Option<String> {
        let mut line = String::new();
        while self.output.read_line(&mut line).unwrap() > 0 {
            if let Some(said) = line.strip_prefix('@') {
                return Some(said.trim_end().to_owned());
            }
            line.clear();
        }
        None
    }

    #[track_caller]
    pub(crate) fn expect(&mut self, line: &str) {
        assert_eq!(self.hear().as_deref(), Some(line), "of a child process");
    }

    pub(crate) fn tell(&mut self, line: &str) {
        let input = self.process.stdin.as_mut().unwrap();
        writeln!(input, "{line}").unwrap();
    }

    /// Ends it the hard way, in the middle of whatever it does.
    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Lets it come to its end, and checks that it was a good one.
    #[track_caller]
    pub(crate) fn finish(mut self) {
        drop(self.process.stdin.take());
        while self.hear().is_some() {}
        let status = self.process.wait().unwrap();
        assert!(status.success(), "a child process failed: {status}");
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}
