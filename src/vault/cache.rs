//! The write cache, as users see it.

use std::ops::Deref;

use super::{
    Handle, KVault,
    buffering::{Buffering, CacheUse},
};
use crate::{
    CacheOptions, Error, Result,
    fork::Process,
    handoff::cache::{Cache, Hold},
    writer::Command,
};

impl KVault {
    /// Has this handle and its clones write to a cache in memory, which is flushed in the
    /// background: a write is acknowledged before it is in the file, and a crash of the process
    /// takes what was not flushed yet, and so does its end, unless [`close`](Self::close) is called or
    /// the last handle dropped before. Every read sees it at once. Puts, batches, `delete` and
    /// `discard` go to it; `clear` flushes it first. Handles that are derived from this one
    /// afterwards do the same, also if this one is [`Durability::Power`](crate::Durability), but not
    /// one from [`with_durability`](Self::with_durability); other handles of the file go on as
    /// before, and what they write is in the file before they are told so.
    ///
    /// All handles of a file share one cache and its budget. Enabling it twice is fine. It goes with
    /// the last of the handles that buffer; to change its options disable it first.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] names an option that makes no sense, or in which the cache that
    /// others use already differs.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use kvault::{CacheOptions, KVault};
    ///
    /// # let dir = tempfile::tempdir()?;
    /// # let vault = KVault::open(dir.path().join("app.db"))?;
    /// vault.enable_cache(CacheOptions::default().flush_interval(Some(Duration::from_secs(5))))?;
    /// for i in 0..1000_u32 {
    ///     vault.put(format!("log:{i}"), &i)?;
    /// }
    /// assert_eq!(vault.get("log:7")?, Some(7));
    /// assert_eq!(vault.disable_cache()?, 1000);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn enable_cache(&self, options: CacheOptions) -> Result<()> {
        let cache_use = self.handle.use_cache(options)?;
        self.handle.buffering.begin(cache_use);
        Ok(())
    }

    /// Flushes the cache, and has this handle, its clones and what was derived from it write to the
    /// file again. The cache is switched off if nobody else uses it. Returns how many keys were
    /// flushed, whoever put them.
    ///
    /// # Errors
    ///
    /// [`Error::CacheLocked`] while it is locked, or why it cannot be flushed. Everything is as
    /// before then.
    pub fn disable_cache(&self) -> Result<u64> {
        let handle = &self.handle;
        handle.open.check()?;
        let group = handle.buffering.group();
        let cache_use = group.take();
        let outcome = match &cache_use {
            Some(_) => handle.call("disable the cache", |reply| Command::DisableCache { reply }),
            None => handle.flush(None),
        };
        match outcome {
            Ok(_) => group.end(),
            Err(_) => group.give_back(cache_use),
        }
        outcome
    }

    /// Calls `f` with a handle that writes to the cache, and flushes the cache afterwards, also if
    /// `f` fails or panics. This handle goes on as it is. Where `f` has errors of its own, use
    /// [`cache`](Self::cache).
    ///
    /// # Errors
    ///
    /// What `f` fails with, else what the flush fails with. What is not flushed then stays in the
    /// cache, and is flushed in the background when that works again.
    ///
    /// # Examples
    ///
    /// ```
    /// use kvault::{CacheOptions, KVault};
    ///
    /// # let dir = tempfile::tempdir()?;
    /// # let vault = KVault::open(dir.path().join("app.db"))?;
    /// vault.cached(CacheOptions::default(), |buffered| {
    ///     (0..1000_u32).try_for_each(|i| buffered.put(format!("log:{i}"), &i))
    /// })?;
    /// assert_eq!(vault.len()?, 1000);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn cached<R>(
        &self,
        options: CacheOptions,
        f: impl FnOnce(&Self) -> Result<R>,
    ) -> Result<R> {
        let scope = self.cache(options)?;
        let value = f(&scope)?;
        scope.finish()?;
        Ok(value)
    }

    /// A handle that writes to the cache until it is [finished](CacheScope::finish) or dropped.
    /// This one goes on as it is.
    ///
    /// # Errors
    ///
    /// As [`enable_cache`](Self::enable_cache).
    ///
    /// # Examples
    ///
    /// ```
    /// use kvault::{CacheOptions, KVault};
    ///
    /// # let dir = tempfile::tempdir()?;
    /// # let vault = KVault::open(dir.path().join("app.db"))?;
    /// let buffered = vault.cache(CacheOptions::default())?;
    /// buffered.put("a", &1)?;
    /// buffered.put("b", &2)?;
    /// assert_eq!(buffered.finish()?, 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn cache(&self, options: CacheOptions) -> Result<CacheScope> {
        let flush_on_exit = options.flush_on_exit;
        let cache_use = self.handle.use_cache(options)?;
        let handle = Handle { buffering: Buffering::default(), ..Handle::clone(&self.handle) };
        handle.buffering.begin(cache_use);
        Ok(CacheScope { vault: handle.into(), open: true, flush_on_exit })
    }

    /// Holds the cache back: nothing that is put from now on is committed while the lock lives,
    /// and then all of it is committed in one transaction. Several locks may live at once; the last one counts.
    ///
    /// Meanwhile [`flush`](Self::flush), [`close`](Self::close) and writes that do not go to the
    /// cache return [`Error::CacheLocked`], and a put that finds the cache full
    /// [`Error::CacheFull`]: a lock never makes anybody wait.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] if there is no cache to lock.
    ///
    /// # Examples
    ///
    /// ```
    /// use kvault::{CacheOptions, KVault};
    ///
    /// # let dir = tempfile::tempdir()?;
    /// # let vault = KVault::open(dir.path().join("app.db"))?;
    /// vault.enable_cache(CacheOptions::default())?;
    /// let lock = vault.lock_cache()?;
    /// vault.put("debit", &-5)?;
    /// vault.put("credit", &5)?;
    /// lock.unlock()?;
    /// assert_eq!(vault.flush()?, 2); // both at once
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn lock_cache(&self) -> Result<CacheLock> {
        self.handle.open.check()?;
        let engine = self.handle.open.engine();
        if let Some(panicked) = engine.poisoned() {
            return Err(panicked);
        }
        let buffer = engine.buffer().filter(|buffer| buffer.is_on());
        let off = || Error::invalid("cache", "off", "there is no write cache to lock");
        let buffer = buffer.ok_or_else(off)?;
        let hold = Cache::hold(&buffer.cache);
        if !buffer.cache.is_on() {
            // It was being switched off. From now on it could not be.
            return Err(off());
        }
        Ok(CacheLock { hold: Some(hold), made_in: Process::current() })
    }
}

impl Handle {
    /// Has the writer switch the cache on, or count one more user of it.
    fn use_cache(&self, options: CacheOptions) -> Result<CacheUse> {
        options.validate()?;
        self.call("enable the cache", move |reply| {
            let options = options.clone();
            Command::EnableCache { options, reply }
        })?;
        Ok(CacheUse::counted(&self.open))
    }
}

/// A handle that writes to the cache: from [`KVault::cache`]. Its end flushes what is in the cache,
/// but only [`finish`](Self::finish) can say whether that worked.
#[derive(Debug)]
#[must_use = "the cache is flushed when this is dropped"]
pub struct CacheScope {
    vault: KVault,
    open: bool,
    flush_on_exit: bool,
}

impl CacheScope {
    /// Flushes the cache, and switches it off if nobody else uses it. Returns how many keys were
    /// flushed. Without [`flush_on_exit`](CacheOptions::flush_on_exit) that is left to the
    /// background, and this returns 0.
    ///
    /// # Errors
    ///
    /// Why the cache cannot be flushed. What is in it stays there, and is flushed in the background
    /// when that works again.
    pub fn finish(mut self) -> Result<u64> {
        self.end()
    }

    fn end(&mut self) -> Result<u64> {
        if !std::mem::take(&mut self.open) {
            return Ok(0);
        }
        let group = self.vault.handle.buffering.group();
        group.end();
        // Counted down when this is over, whatever comes of it. None: it was disabled.
        let Some(_cache_use) = group.take() else { return Ok(0) };
        if !self.flush_on_exit {
            return Ok(0);
        }
        self.vault.handle.call("flush the cache", |reply| Command::DisableCache { reply })
    }
}

impl Deref for CacheScope {
    type Target = KVault;

    fn deref(&self) -> &KVault {
        &self.vault
    }
}

impl Drop for CacheScope {
    fn drop(&mut self) {
        match self.end() {
            // The end of the vault has flushed it, or says why not.
            Ok(_) | Err(Error::Closed | Error::Forked) => {}
            Err(error) => crate::log::warning!("the cache was not flushed: {error}"),
        }
    }
}

/// Keeps what is put from being committed, until it is dropped: from [`KVault::lock_cache`].
///
/// It does not keep the vault open: when the last handle is dropped, what was put is flushed.
#[must_use = "the cache is locked for as long as this lives"]
pub struct CacheLock {
    hold: Option<Hold<Error>>,
    made_in: Process,
}

impl CacheLock {
    /// Ends the lock, as dropping it does. What was put meanwhile is committed with the next
    /// flush; a flush that became due meanwhile begins now.
    ///
    /// # Errors
    ///
    /// [`Error::Forked`] in a child of the process that made it: there the lock is not released.
    pub fn unlock(self) -> Result<()> {
        if self.made_in.is_forked() { Err(Error::Forked) } else { Ok(()) }
    }
}

impl Drop for CacheLock {
    fn drop(&mut self) {
        if self.made_in.is_forked() {
            // Another thread of the parent may have held the cache's mutex.
            std::mem::forget(self.hold.take());
        }
    }
}

impl std::fmt::Debug for CacheLock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CacheLock").finish_non_exhaustive()
    }
}
