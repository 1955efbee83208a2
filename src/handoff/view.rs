//! A reading connection that keeps its view of the store open from one read to the next.
//!
//! Taking and dropping a view costs more than a read. So it is kept, as long as nobody committed
//! anything; whether somebody did is told by a token that changes with every commit. Housekeeping
//! takes back a view that nobody uses: it keeps the store from cleaning up.

use crate::sync::{AtomicBool, Mutex, MutexGuard, Ordering};

/// A connection that can hold a view of the store.
pub(crate) trait Viewer {
    type Token: Copy + PartialEq;
    type Error;

    /// What changes with every commit of anybody; `None` if this connection cannot tell.
    fn token(&self) -> Option<Self::Token>;
    /// Fixes the view: what is read until [`end`](Self::end) is the store at this moment.
    fn begin(&self) -> Result<(), Self::Error>;
    fn end(&self);
}

/// A connection and the view it holds, shared between who reads and who keeps house.
pub(crate) struct Lease<V: Viewer> {
    state: Mutex<State<V>>,
    /// Asks the next read for a fresh view although nothing was committed.
    recalled: AtomicBool,
}

struct State<V: Viewer> {
    /// Gone when the lease was revoked.
    viewer: Option<V>,
    /// What the token was before the view was begun; `None` while there is no view.
    view: Option<V::Token>,
    /// Whether there was a read since housekeeping last came by.
    used: bool,
}

/// Several reads in one view.
pub(crate) struct Reading<'a, V: Viewer> {
    state: MutexGuard<'a, State<V>>,
    /// Whether the view may be kept afterwards.
    kept: bool,
}

/// The connection was taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Revoked;

impl<V: Viewer> Lease<V> {
    pub(crate) fn new(viewer: V) -> Self {
        Self {
            state: Mutex::new(State { viewer: Some(viewer), view: None, used: false }),
            recalled: AtomicBool::new(false),
        }
    }

    /// Runs one read, in a view in which every commit is seen that was there when it began.
    /// `begun` hears of a view that was not there before.
    pub(crate) fn read<T, E: From<V::Error>>(
        &self,
        begun: impl FnOnce(),
        operation: impl FnOnce(&V) -> Result<T, E>,
    ) -> Result<Result<T, E>, Revoked> {
        let mut state = self.state.lock();
        if let Err(error) = self.look(&mut state, begun)? {
            return Ok(Err(error.into()));
        }
        let State { viewer, view, .. } = &mut *state;
        let viewer = viewer.as_ref().ok_or(Revoked)?;
        let outcome = operation(viewer);
        if outcome.is_err() && view.take().is_some() {
            viewer.end();
        }
        Ok(outcome)
    }

    /// As [`read`](Self::read), for several reads: the view is held until what is returned ends.
    pub(crate) fn enter(
        &self,
        begun: impl FnOnce(),
    ) -> Result<Result<Reading<'_, V>, V::Error>, Revoked> {
        let mut state = self.state.lock();
        if let Err(error) = self.look(&mut state, begun)? {
            return Ok(Err(error));
        }
        let kept = state.view.is_some();
        if !kept && let Err(error) = state.viewer.as_ref().ok_or(Revoked)?.begin() {
            return Ok(Err(error));
        }
        Ok(Ok(Reading { state, kept }))
    }

    /// Renews the view if there may be a newer one.
    fn look(
        &self,
        state: &mut State<V>,
        begun: impl FnOnce(),
    ) -> Result<Result<(), V::Error>, Revoked> {
        let State { viewer, view, used } = state;
        let viewer = viewer.as_ref().ok_or(Revoked)?;
        *used = true;
        if view.is_some() && (viewer.token() != *view || self.recalled.load(Ordering::Relaxed)) {
            viewer.end();
            *view = None;
        }
        if view.is_none() {
            // Before the view is begun: what is committed in between is then noticed next time.
            // The other way round it would pass for seen.
            let token = viewer.token();
            if token.is_some() {
                if let Err(error) = viewer.begin() {
                    return Ok(Err(error));
                }
                *view = token;
                self.recalled.store(false, Ordering::Relaxed);
                begun();
            }
        }
        Ok(Ok(()))
    }

    /// Ends a view that was not used since the last call, and asks for a fresh one where it was.
    /// Returns whether there still is a view. Never waits for a read.
    pub(crate) fn tidy(&self) -> bool {
        let Some(mut state) = self.state.try_lock() else {
            self.recalled.store(true, Ordering::Relaxed);
            return true;
        };
        if std::mem::take(&mut state.used) {
            self.recalled.store(true, Ordering::Relaxed);
        } else {
            state.end();
        }
        state.view.is_some()
    }

    /// Ends the view, unless a read goes on in it just now.
    pub(crate) fn recall(&self) {
        match self.state.try_lock() {
            Some(mut state) => state.end(),
            None => self.recalled.store(true, Ordering::Relaxed),
        }
    }

    /// Takes the connection away, after the read that goes on.
    pub(crate) fn revoke(&self) -> Option<V> {
        let mut state = self.state.lock();
        state.end();
        state.viewer.take()
    }
}

impl<V: Viewer> Reading<'_, V> {
    pub(crate) fn read<T, E>(
        &mut self,
        operation: impl FnOnce(&V) -> Result<T, E>,
    ) -> Result<Result<T, E>, Revoked> {
        let outcome = operation(self.state.viewer.as_ref().ok_or(Revoked)?);
        if outcome.is_err() {
            self.state.end();
        }
        Ok(outcome)
    }
}

impl<V: Viewer> Drop for Reading<'_, V> {
    fn drop(&mut self) {
        if !self.kept
            && let Some(viewer) = &self.state.viewer
        {
            viewer.end();
        }
    }
}

impl<V: Viewer> State<V> {
    fn end(&mut self) {
        if let (Some(viewer), Some(_)) = (&self.viewer, self.view.take()) {
            viewer.end();
        }
    }
}

impl<V: Viewer> std::fmt::Debug for Lease<V> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lease").finish_non_exhaustive()
    }
}
