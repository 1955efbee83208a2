//! Every primitive that threads meet on, in one place.
//!
//! The core (`handoff`) takes them from here and from nowhere else, so that `loom-tests` can put
//! its own twin of this file in its place and run the very files of the core under a model
//! checker. Whoever adds a name here adds it there.

use std::{
    hash::Hash,
    time::{Duration, Instant},
};

pub(crate) use std::sync::Arc;
pub(crate) use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

pub(crate) use arc_swap::ArcSwap;
pub(crate) use papaya::Equivalent;
pub(crate) use parking_lot::{Condvar, Mutex, MutexGuard};

/// Shares what does not change. The twin has the very same: nobody waits for a count.
pub(crate) use std::sync::Arc as StdArc;
/// Set once. Nobody makes its value while others wait: who needs it makes it and sets it.
pub(crate) use std::sync::OnceLock;

/// Bytes that are shared and never copied.
pub(crate) type Bytes = StdArc<[u8]>;

/// A map that is read without a lock. Iterating sees all there is once nobody writes any more.
pub(crate) struct Map<K, V>(papaya::HashMap<K, V, Hasher>);

/// A map whose entries are not freed for the moment.
pub(crate) type Pinned<'a, K, V> = papaya::HashMapRef<'a, K, V, Hasher, papaya::LocalGuard<'a>>;

/// Seeded at random, since keys come from anywhere; several times as fast as std's.
type Hasher = foldhash::fast::RandomState;

impl<K: Hash + Eq, V> Map<K, V> {
    pub(crate) fn with_capacity(entries: usize) -> Self {
        // Values that were replaced are freed one by one: thirty of them may be half a gigabyte.
        let collector = seize::Collector::new().batch_size(1);
        let map = papaya::HashMap::builder().capacity(entries).collector(collector);
        Self(map.hasher(Hasher::default()).build())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What `seen` makes of the value.
    pub(crate) fn get<Q: Hash + Equivalent<K>, T>(
        &self,
        key: &Q,
        seen: impl FnOnce(&V) -> T,
    ) -> Option<T> {
        self.0.pin().get(key).map(seen)
    }

    /// Returns what `replaced` says of the value that was there before.
    pub(crate) fn insert<R>(&self, key: K, value: V, replaced: impl FnOnce(&V) -> R) -> Option<R> {
        self.0.pin().insert(key, value).map(replaced)
    }

    pub(crate) fn pin(&self) -> Pinned<'_, K, V> {
        self.0.pin()
    }
}

/// A queue without a bound of its own: [`crate::handoff::Mailbox`] counts what is in it.
///
/// Not crossbeam's `bounded`: that one keeps messages which were queued when the receiver went
/// away alive until the last *sender* goes, and with them the callers who wait for an answer.
pub(crate) mod channel {
    pub(crate) use crossbeam_channel::{Receiver, Sender, unbounded};

    use super::{Deadline, When};

    /// What a receive that waits came back with.
    #[derive(Debug)]
    pub(crate) enum Received<T> {
        Message(T),
        TimedOut,
        /// The queue is empty and every sender is gone.
        Disconnected,
    }

    pub(crate) fn recv<T>(receiver: &Receiver<T>, deadline: Deadline) -> Received<T> {
        use crossbeam_channel::{RecvTimeoutError as E, TryRecvError};
        let outcome = match deadline.0 {
            When::Never => receiver.recv().map_err(|_| E::Disconnected),
            When::At(at) => receiver.recv_deadline(at),
            When::Passed => receiver.try_recv().map_err(|error| match error {
                TryRecvError::Empty => E::Timeout,
                TryRecvError::Disconnected => E::Disconnected,
            }),
        };
        match outcome {
            Ok(message) => Received::Message(message),
            Err(E::Timeout) => Received::TimedOut,
            Err(E::Disconnected) => Received::Disconnected,
        }
    }
}

/// When to stop waiting. The core passes it on and never looks inside: it has no clock.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline(When);

#[derive(Debug, Clone, Copy)]
enum When {
    Never,
    At(Instant),
    Passed,
}

impl Deadline {
    pub(crate) const NEVER: Self = Self(When::Never);
    /// Does not wait at all.
    pub(crate) const NOW: Self = Self(When::Passed);

    /// A wait so long that the clock cannot express its end is a wait without one.
    pub(crate) fn after(wait: Duration) -> Self {
        if wait.is_zero() {
            return Self::NOW;
        }
        Self(Instant::now().checked_add(wait).map_or(When::Never, When::At))
    }

    pub(crate) fn at(at: Instant) -> Self {
        Self(When::At(at))
    }

    pub(crate) fn passed(self) -> bool {
        match self.0 {
            When::Never => false,
            When::At(at) => at <= Instant::now(),
            When::Passed => true,
        }
    }
}

/// Waits on `condvar`; false when the deadline passed first.
pub(crate) fn wait_until<T>(
    condvar: &Condvar,
    guard: &mut MutexGuard<'_, T>,
    deadline: Deadline,
) -> bool {
    match deadline.0 {
        When::Never => {
            condvar.wait(guard);
            true
        }
        When::At(at) => !condvar.wait_until(guard, at).timed_out(),
        When::Passed => false,
    }
}

/// How long to look for something before going to sleep for it.
///
/// A hand-over between two running threads costs a fraction of a microsecond, one that wakes a
/// sleeper tens. So both sides look for a little while first, if there is a second core to run
/// the other side at all.
pub(crate) fn spin(mut there: impl FnMut() -> bool) -> bool {
    const PATIENCE: Duration = Duration::from_micros(40);
    const LOOKS: u32 = 64;

    if there() {
        return true;
    }
    if !many_cores() {
        return false;
    }
    for _ in 0..LOOKS {
        std::hint::spin_loop();
        if there() {
            return true;
        }
    }
    // The other side may be waiting for this very core: let it have it between looks.
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        std::thread::yield_now();
        if there() {
            return true;
        }
    }
    false
}

fn many_cores() -> bool {
    use std::sync::OnceLock;
    static MANY: OnceLock<bool> = OnceLock::new();
    *MANY.get_or_init(|| std::thread::available_parallelism().is_ok_and(|n| n.get() > 1))
}
