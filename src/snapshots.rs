//! Views of the file that stay what they are, and who keeps them from staying for ever.

use std::{
    sync::Weak,
    time::{Duration, Instant},
};

use crate::{
    Error, Result,
    handoff::cache::{Cache, Overlay},
    readers::Readers,
    store::{Fault, ReadConn},
    sync::{Arc, AtomicU64, Mutex, Ordering},
};

/// The vault at one instant: a transaction on a connection of its own, and what was dirty then.
///
/// It keeps the log from being begun anew, so it ends at a certain age, whoever still has it.
pub(crate) struct View {
    state: Mutex<State>,
    born: Instant,
    max_age: Duration,
    /// Pages in the log when it began, and those that came since, as far as somebody looked.
    first: AtomicU64,
    since: AtomicU64,
}

enum State {
    Open { conn: ReadConn, overlay: Option<Overlay> },
    Ended(Error),
}

/// Those of an engine.
pub(crate) struct Snapshots {
    readers: Arc<Readers>,
    max_age: Duration,
    all: Mutex<Vec<Weak<View>>>,
}

/// A transaction that ends with this, unless it is kept.
struct Begun<'a> {
    conn: &'a ReadConn,
    kept: bool,
}

impl Snapshots {
    pub(crate) fn new(readers: &Arc<Readers>, max_age: Duration) -> Self {
        Self { readers: Arc::clone(readers), max_age, all: Mutex::new(Vec::new()) }
    }

    /// A view of what is in the file and in the cache now.
    pub(crate) fn begin(&self, cache: Option<&Arc<Cache<Error>>>) -> Result<Arc<View>> {
        let view = self.readers.while_open(|| {
            let state = State::Open { conn: self.readers.open()?, overlay: None };
            let view = Arc::new(View {
                state: Mutex::new(state),
                born: Instant::now(),
                max_age: self.max_age,
                first: AtomicU64::new(0),
                since: AtomicU64::new(0),
            });
            let mut all = self.all.lock();
            all.retain(|view| view.strong_count() > 0);
            // Known before it has begun: who closes the engine must find it.
            all.push(Arc::downgrade(&view));
            Ok(view)
        })?;
        view.begin(cache)?;
        Ok(view)
    }

    /// Ends those that are too old; whether there are others.
    pub(crate) fn expire(&self) -> bool {
        // Every one of them, also after one that lives.
        self.each().into_iter().fold(false, |live, view| view.is_live() | live)
    }

    pub(crate) fn close(&self) {
        for view in self.each() {
            view.end(Error::Closed);
        }
    }

    /// The age of each that lives and the pages of the log that it holds back, oldest first.
    pub(crate) fn list(&self) -> Vec<(Duration, u64)> {
        let live = self.each().into_iter().filter(|view| view.is_live());
        live.map(|view| (view.born.elapsed(), view.pages())).collect()
    }

    fn each(&self) -> Vec<Arc<View>> {
        self.all.lock().iter().filter_map(Weak::upgrade).collect()
    }
}

impl View {
    /// Looks at what was dirty and what was in the file.
    pub(crate) fn look<T>(
        &self,
        look: impl FnOnce(Option<&Overlay>, &ReadConn) -> Result<T, Fault>,
    ) -> Result<T> {
        let mut state = self.state.lock();
        self.expire(&mut state);
        let (outcome, lost) = match &*state {
            State::Ended(error) => return Err(error.clone()),
            State::Open { conn, overlay } => {
                let outcome = look(overlay.as_ref(), conn).map_err(Error::from);
                (outcome, !conn.is_within())
            }
        };
        if let (Err(error), true) = (&outcome, lost) {
            // Some errors end the transaction. What is read from then on is of another instant.
            *state = State::Ended(error.clone());
        }
        outcome
    }

    /// What was dirty; none if there was nothing, or the view has ended.
    pub(crate) fn overlay(&self) -> Option<Overlay> {
        match &*self.state.lock() {
            State::Open { overlay, .. } => overlay.clone(),
            State::Ended(_) => None,
        }
    }

    fn begin(&self, cache: Option<&Arc<Cache<Error>>>) -> Result<()> {
        let mut state = self.state.lock();
        let State::Open { conn, overlay } = &mut *state else { return Err(Error::Closed) };
        let enter = || {
            conn.begin()?;
            Ok::<_, Fault>(Begun { conn, kept: false })
        };
        let mut begun = match cache {
            None => enter()?,
            Some(cache) => {
                let (begun, dirty) = cache.snapshot(enter)?;
                *overlay = Some(dirty);
                begun
            }
        };
        begun.kept = true;
        drop(begun);
        self.first.store(conn.pages_in_log(), Ordering::Relaxed);
        Ok(())
    }

    fn end(&self, why: Error) {
        let mut state = self.state.lock();
        if let State::Open { .. } = &*state {
            *state = State::Ended(why);
        }
    }

    fn is_live(&self) -> bool {
        // Somebody reads in it just now: it is looked at again soon.
        let Some(mut state) = self.state.try_lock() else { return true };
        self.expire(&mut state);
        matches!(&*state, State::Open { .. })
    }

    fn expire(&self, state: &mut State) {
        let age = self.born.elapsed();
        if age > self.max_age && matches!(state, State::Open { .. }) {
            crate::log::warning!("a snapshot was ended after {age:?}");
            *state = State::Ended(Error::SnapshotExpired { age });
        }
    }

    /// The pages that came to the log since it began: none of them can be moved out of it.
    fn pages(&self) -> u64 {
        if let Some(state) = self.state.try_lock()
            && let State::Open { conn, .. } = &*state
        {
            let (first, now) = (self.first.load(Ordering::Relaxed), conn.pages_in_log());
            // A log that has been begun anew since is all of it newer.
            let since = now.checked_sub(first).unwrap_or(now);
            self.since.store(since, Ordering::Relaxed);
        }
        self.since.load(Ordering::Relaxed)
    }
}

impl Drop for Begun<'_> {
    fn drop(&mut self) {
        if !self.kept {
            self.conn.end();
        }
    }
}

impl std::fmt::Debug for View {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("View").field("age", &self.born.elapsed()).finish_non_exhaustive()
    }
}
