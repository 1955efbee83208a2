//! Ends the process when something hangs: nothing here may.

use std::{
    collections::BTreeMap,
    sync::{LazyLock, Mutex, Once},
    thread,
    time::{Duration, Instant},
};

/// Longer than anything takes on a slow and busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

static GOING_ON: LazyLock<Mutex<BTreeMap<u64, (Instant, String)>>> = LazyLock::new(Mutex::default);

/// Something that must come to its end.
#[derive(Debug)]
pub(crate) struct Watch(u64);

/// `what` says how to do it again.
pub(crate) fn watch(what: String) -> Watch {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| drop(thread::spawn(look)));
    let mut all = GOING_ON.lock().unwrap();
    let number = all.last_key_value().map_or(0, |(number, _)| number + 1);
    all.insert(number, (Instant::now(), what));
    Watch(number)
}

impl Drop for Watch {
    fn drop(&mut self) {
        GOING_ON.lock().unwrap().remove(&self.0);
    }
}

fn look() {
    loop {
        thread::sleep(Duration::from_secs(1));
        for (began, what) in GOING_ON.lock().unwrap().values() {
            if began.elapsed() > PATIENCE {
                eprintln!("hangs: {what}");
                std::process::abort();
            }
        }
    }
}
