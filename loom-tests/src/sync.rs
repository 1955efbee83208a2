//! The twin of the crate's `sync.rs`: the same names, on loom's primitives.
//!
//! Loom has no clock, so a [`Deadline`] has either passed or never will; nothing is gained by
//! looking twice, so [`spin`] looks once. The channel is written out here, because loom's own
//! does not notice that the other side is gone: it follows the rules of crossbeam's `unbounded`.

pub(crate) use loom::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
};

/// Nothing for loom to see: what is shared by it does not change.
pub(crate) use std::sync::Arc as StdArc;
pub(crate) use std::sync::OnceLock;

pub(crate) type Bytes = StdArc<[u8]>;

/// papaya's trait, without papaya.
pub(crate) trait Equivalent<K> {
    fn equivalent(&self, key: &K) -> bool;
}

/// Stands for the concurrent map. A read is one step, and so is a write.
pub(crate) struct Map<K, V>(Mutex<Vec<(K, V)>>);

/// What was in the map when it was pinned.
pub(crate) struct Pinned<'a, K, V>(Vec<(K, V)>, std::marker::PhantomData<&'a ()>);

impl<K: Clone + Eq, V: Clone> Map<K, V> {
    #[track_caller]
    pub(crate) fn with_capacity(_: usize) -> Self {
        Self(Mutex::new(Vec::new()))
    }

    #[track_caller]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.lock().is_empty()
    }

    #[track_caller]
    pub(crate) fn get<Q: Equivalent<K>, T>(
        &self,
        key: &Q,
        seen: impl FnOnce(&V) -> T,
    ) -> Option<T> {
        let entries = self.0.lock();
        entries.iter().find(|(k, _)| key.equivalent(k)).map(|(_, value)| seen(value))
    }

    #[track_caller]
    pub(crate) fn insert<R>(&self, key: K, value: V, replaced: impl FnOnce(&V) -> R) -> Option<R> {
        let mut entries = self.0.lock();
        match entries.iter_mut().find(|(k, _)| *k == key) {
            Some((_, old)) => Some(replaced(&std::mem::replace(old, value))),
            None => {
                entries.push((key, value));
                None
            }
        }
    }

    #[track_caller]
    pub(crate) fn pin(&self) -> Pinned<'_, K, V> {
        Pinned(self.0.lock().clone(), std::marker::PhantomData)
    }
}

impl<'a, K, V> IntoIterator for &'a Pinned<'_, K, V> {
    type Item = (&'a K, &'a V);
    type IntoIter = std::iter::Map<std::slice::Iter<'a, (K, V)>, fn(&'a (K, V)) -> (&'a K, &'a V)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter().map(|(key, value)| (key, value))
    }
}

impl<K, V> Pinned<'_, K, V> {
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.0.iter().map(|(key, value)| (key, value))
    }
}

/// Stands for arc-swap's: a load is one step, and so is a store.
pub(crate) struct ArcSwap<T>(Mutex<StdArc<T>>);

impl<T> ArcSwap<T> {
    #[track_caller]
    pub(crate) fn new(value: StdArc<T>) -> Self {
        Self(Mutex::new(value))
    }

    #[track_caller]
    pub(crate) fn load(&self) -> StdArc<T> {
        StdArc::clone(&self.0.lock())
    }

    #[track_caller]
    pub(crate) fn store(&self, value: StdArc<T>) {
        let old = std::mem::replace(&mut *self.0.lock(), value);
        // Outside of the lock: it may be the last to hold generations.
        drop(old);
    }
}

#[derive(Debug, Default)]
pub(crate) struct Mutex<T>(loom::sync::Mutex<T>);

/// Empty only while its condition variable has it.
#[derive(Debug)]
pub(crate) struct MutexGuard<'a, T>(Option<loom::sync::MutexGuard<'a, T>>);

#[derive(Debug, Default)]
pub(crate) struct Condvar(loom::sync::Condvar);

#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline {
    passed: bool,
}

impl<T> Mutex<T> {
    #[track_caller]
    pub(crate) fn new(value: T) -> Self {
        Self(loom::sync::Mutex::new(value))
    }

    #[track_caller]
    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        MutexGuard(Some(self.0.lock().unwrap()))
    }
}

impl<T> Mutex<T> {
    #[track_caller]
    pub(crate) fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        self.0.try_lock().ok().map(|guard| MutexGuard(Some(guard)))
    }
}

impl<T> std::ops::Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_ref().unwrap()
    }
}

impl<T> std::ops::DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.0.as_mut().unwrap()
    }
}

impl Condvar {
    #[track_caller]
    pub(crate) fn new() -> Self {
        Self(loom::sync::Condvar::new())
    }

    #[track_caller]
    pub(crate) fn wait<T>(&self, guard: &mut MutexGuard<'_, T>) {
        guard.0 = guard.0.take().map(|inner| self.0.wait(inner).unwrap());
    }

    #[track_caller]
    pub(crate) fn notify_one(&self) {
        self.0.notify_one();
    }

    #[track_caller]
    pub(crate) fn notify_all(&self) {
        self.0.notify_all();
    }
}

impl Deadline {
    pub(crate) const NEVER: Self = Self { passed: false };
    pub(crate) const NOW: Self = Self { passed: true };
}

#[track_caller]
pub(crate) fn wait_until<T>(
    condvar: &Condvar,
    guard: &mut MutexGuard<'_, T>,
    deadline: Deadline,
) -> bool {
    if !deadline.passed {
        condvar.wait(guard);
    }
    !deadline.passed
}

pub(crate) fn spin(mut there: impl FnMut() -> bool) -> bool {
    there()
}

pub(crate) mod channel {
    use std::collections::VecDeque;

    use super::{Arc, Condvar, Deadline, Mutex, wait_until};

    #[derive(Debug)]
    pub(crate) enum Received<T> {
        Message(T),
        TimedOut,
        Disconnected,
    }

    #[derive(Debug)]
    pub(crate) struct Sender<T>(Arc<Queue<T>>);

    #[derive(Debug)]
    pub(crate) struct Receiver<T>(Arc<Queue<T>>);

    #[derive(Debug)]
    struct Queue<T> {
        state: Mutex<State<T>>,
        changed: Condvar,
    }

    #[derive(Debug)]
    struct State<T> {
        messages: VecDeque<T>,
        senders: usize,
        receiver: bool,
    }

    pub(crate) fn unbounded<T>() -> (Sender<T>, Receiver<T>) {
        let state = State { messages: VecDeque::new(), senders: 1, receiver: true };
        let queue = Arc::new(Queue { state: Mutex::new(state), changed: Condvar::new() });
        (Sender(Arc::clone(&queue)), Receiver(queue))
    }

    #[track_caller]
    pub(crate) fn recv<T>(receiver: &Receiver<T>, deadline: Deadline) -> Received<T> {
        let mut state = receiver.0.state.lock();
        loop {
            if let Some(message) = state.messages.pop_front() {
                return Received::Message(message);
            }
            if state.senders == 0 {
                return Received::Disconnected;
            }
            if !wait_until(&receiver.0.changed, &mut state, deadline) {
                return Received::TimedOut;
            }
        }
    }

    impl<T> Sender<T> {
        /// Gives the message back when nobody will take it.
        #[track_caller]
        pub(crate) fn send(&self, message: T) -> Result<(), T> {
            let mut state = self.0.state.lock();
            if !state.receiver {
                return Err(message);
            }
            state.messages.push_back(message);
            self.0.changed.notify_one();
            Ok(())
        }
    }

    impl<T> Receiver<T> {
        #[track_caller]
        pub(crate) fn try_recv(&self) -> Result<T, ()> {
            self.0.state.lock().messages.pop_front().ok_or(())
        }
    }

    impl<T> Drop for Sender<T> {
        fn drop(&mut self) {
            self.0.state.lock().senders -= 1;
            if !crate::mutation::on("last_sender_goes_unnoticed") {
                self.0.changed.notify_one();
            }
        }
    }

    impl<T> Drop for Receiver<T> {
        fn drop(&mut self) {
            let mut state = self.0.state.lock();
            state.receiver = false;
            let trap = ["queue_outlives_its_receiver", "put_behind_a_close_is_forgotten"];
            if !trap.into_iter().any(crate::mutation::on) {
                let queued = std::mem::take(&mut state.messages);
                // Outside of the lock: a message may do anything when it is dropped.
                drop(state);
                drop(queued);
            }
        }
    }
}
