//! How a housekeeping thread is woken, and how it goes to sleep without missing anything.

use crate::sync::{AtomicBool, Condvar, Deadline, Mutex, Ordering, wait_until};

/// Rung by whoever makes work, heard by one thread.
///
/// Most of the time the keeper looks around now and then by itself, and nobody needs to call it.
/// Only when it found nothing to look after does it [`doze`](Self::doze), and then the next one
/// who makes work calls it. To miss nobody it says that it dozes *before* it looks around: who
/// made work before that is found, who makes it later sees that the bell has to be rung.
#[derive(Debug)]
pub(crate) struct Bell {
    dozing: AtomicBool,
    state: Mutex<State>,
    rang: Condvar,
}

#[derive(Debug, Default)]
struct State {
    rung: bool,
    stopped: bool,
}

/// Why a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Woken {
    Rung,
    TimedOut,
    /// Housekeeping is over.
    Stopped,
}

impl Bell {
    pub(crate) fn new() -> Self {
        Self {
            dozing: AtomicBool::new(false),
            state: Mutex::new(State::default()),
            rang: Condvar::new(),
        }
    }

    /// To be called before looking around for work.
    pub(crate) fn doze(&self) {
        self.dozing.store(true, Ordering::SeqCst);
    }

    /// Work was found: the keeper will look again by itself.
    pub(crate) fn keep_awake(&self) {
        self.dozing.store(false, Ordering::SeqCst);
    }

    pub(crate) fn wait(&self, deadline: Deadline) -> Woken {
        let mut state = self.state.lock();
        loop {
            if state.stopped {
                return Woken::Stopped;
            }
            if std::mem::take(&mut state.rung) {
                return Woken::Rung;
            }
            if !wait_until(&self.rang, &mut state, deadline) {
                return Woken::TimedOut;
            }
        }
    }

    /// There is work that should not wait.
    pub(crate) fn ring(&self) {
        self.state.lock().rung = true;
        self.rang.notify_one();
    }

    /// There is work that can wait until the keeper comes by. Costs one load nearly always. To be
    /// called after the work can be seen.
    pub(crate) fn ring_if_dozing(&self) {
        if self.dozing.load(Ordering::SeqCst) {
            self.ring();
        }
    }

    pub(crate) fn stop(&self) {
        self.state.lock().stopped = true;
        self.rang.notify_one();
    }

    /// Undoes [`stop`](Self::stop), for a new keeper.
    pub(crate) fn restart(&self) {
        *self.state.lock() = State::default();
    }
}
