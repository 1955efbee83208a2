//! The memory that a load through the write cache takes, measured in a process that does nothing
//! else: what an allocator has got it rarely gives back.

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use kvault::{CacheOptions, KVault};

use crate::args::Args;
use crate::error::Result;
use crate::rounds::Scratch;
use crate::row::Row;

/// How often the memory is looked at.
const LOOK: Duration = Duration::from_millis(2);

/// What a load took, in KiB of anonymous memory.
pub(crate) struct Memory {
    /// With the vault open and nothing in it.
    pub(crate) empty: u64,
    /// The most while the rows came, and after the last flush.
    pub(crate) most: u64,
}

/// Runs a load in a process of its own. `None` where the system does not say what memory is used.
pub(crate) fn of_load(directory: &Path, rows: u64) -> Result<Option<Memory>> {
    if anonymous()?.is_none() {
        return Ok(None);
    }
    let output = Command::new(std::env::current_exe()?)
        .args(["--memory", "--rows", &rows.to_string(), "--dir"])
        .arg(directory)
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    let text = String::from_utf8(output.stdout)?;
    let mut figures = text.split_whitespace().map(str::parse);
    match (figures.next(), figures.next()) {
        (Some(empty), Some(most)) => Ok(Some(Memory { empty: empty?, most: most? })),
        _ => Err(format!("no memory in {text:?}").into()),
    }
}

/// What that process does: prints the two figures.
pub(crate) fn report(args: &Args, scratch: &Scratch) -> Result<()> {
    let memory = scratch.fresh(|directory| load(directory, args.rows_or(0)))?;
    println!("{} {}", memory.empty, memory.most);
    Ok(())
}

fn load(directory: &Path, rows: u64) -> Result<Memory> {
    let vault = KVault::open(directory.join("bench.db"))?;
    vault.enable_cache(CacheOptions::default())?;
    let look = || -> Result<u64> { Ok(anonymous()?.ok_or("no RssAnon here")?) };
    let empty = look()?;
    let done = AtomicBool::new(false);
    let most = thread::scope(|scope| {
        let watch = scope.spawn(|| -> Result<u64> {
            let mut most = 0;
            while !done.load(Ordering::Acquire) {
                most = most.max(look()?);
                thread::sleep(LOOK);
            }
            Ok(most.max(look()?))
        });
        let put = |number| {
            let row = Row::at(number);
            vault.put_bytes(row.key, row.value)
        };
        let loaded = (0..rows).try_for_each(put).and_then(|()| vault.flush());
        done.store(true, Ordering::Release);
        let most = watch.join().map_err(|_| "the watch panicked")?;
        loaded?;
        most
    })?;
    vault.close()?;
    Ok(Memory { empty, most })
}

/// `RssAnon` of this process in KiB: what it has allocated, without mapped files.
fn anonymous() -> Result<Option<u64>> {
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else { return Ok(None) };
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    let kib = line.and_then(|line| line.split_whitespace().next());
    Ok(kib.map(str::parse).transpose()?)
}
