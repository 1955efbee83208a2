//! A read sees every commit that was there when it began, whoever made it, although connections
//! keep their view from one read to the next.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
};

use kvault::KVault;
use rusqlite::Connection;

use crate::{
    child::{self, Child},
    support::{Place, connect},
};

const ROUNDS: u64 = 5_000;

/// Whoever waits for a lock here asks again at once: SQLite itself sleeps longer every time.
fn eager(path: &str) -> Connection {
    let mut conn = connect(path);
    conn.busy_handler(Some(|_| {
        thread::yield_now();
        true
    }))
    .unwrap();
    conn
}

/// A child process: commits the number that it is told, and says so.
pub(crate) fn commit_numbers(args: &[String]) {
    let conn = eager(&args[0]);
    let update = "UPDATE kv SET value = CAST(?1 AS BLOB) WHERE key = CAST('n' AS BLOB)";
    let mut update = conn.prepare(update).unwrap();
    while let Some(number) = child::order() {
        assert_eq!(update.execute([&number]).unwrap(), 1);
        child::say(&number);
    }
}

/// A child process: commits numbers through a vault of its own and says each one, as fast as it
/// can.
pub(crate) fn commit_and_say(args: &[String]) {
    let vault = KVault::open(&args[0]).unwrap();
    for number in 1..=ROUNDS {
        vault.put_bytes("n", number.to_string()).unwrap();
        child::say(&number.to_string());
    }
}

/// A child process: cuts the log whenever it is told, and counts how often.
pub(crate) fn cut_the_log(args: &[String]) {
    let conn = eager(&args[0]);
    child::say("ready");
    let mut cuts = 0_u32;
    while child::order().is_some_and(|order| order == "cut") {
        let cut = "PRAGMA wal_checkpoint(TRUNCATE)";
        let busy: bool = conn.query_row(cut, [], |row| row.get(0)).unwrap();
        cuts += u32::from(!busy);
    }
    child::say(&cuts.to_string());
}

fn number(value: Option<Vec<u8>>) -> u64 {
    String::from_utf8(value.unwrap()).unwrap().parse().unwrap()
}

/// A third process, which cuts the log while others write and read.
struct Cutter(Child);

impl Cutter {
    fn start(place: &Place) -> Self {
        let mut process = Child::start("cut the log", &[place.file()]);
        process.expect("ready");
        Self(process)
    }

    /// Does not wait for it.
    fn cut(&mut self) {
        self.0.tell("cut");
    }

    fn finish(mut self) {
        self.0.tell("how often?");
        let cuts: u32 = self.0.hear().unwrap().parse().unwrap();
        assert!(cuts > 10, "only {cuts} cuts");
        self.0.finish();
    }
}

fn turn_by_turn(rounds: u64, mut cutter: impl FnMut(&Place) -> Option<Cutter>) {
    let place = Place::new();
    let vault = place.open();
    vault.put_bytes("n", "0").unwrap();
    let reader = vault.reader().unwrap();
    let mut other = Child::start("commit numbers", &[place.file()]);
    let mut cutter = cutter(&place);
    for round in 1..=rounds {
        if let Some(cutter) = cutter.as_mut().filter(|_| round % 50 == 0) {
            cutter.cut();
        }
        other.tell(&round.to_string());
        other.expect(&round.to_string());
        assert_eq!(number(vault.get_bytes("n").unwrap()), round, "by the vault");
        assert_eq!(number(reader.get_bytes("n").unwrap()), round, "by the reader");
        // Now and then a commit of our own in between.
        if round % 50 == 0 {
            vault.put_bytes("other", round.to_le_bytes()).unwrap();
        }
    }
    other.finish();
    if let Some(cutter) = cutter {
        cutter.finish();
    }
}

#[test]
fn what_another_process_committed_is_seen() {
    turn_by_turn(4_000, |_| None);
}

#[test]
fn what_another_process_committed_is_seen_while_a_third_cuts_the_log() {
    turn_by_turn(1_000, |place| Some(Cutter::start(place)));
}

/// Nobody waits for the other: commits fall into the middle of everything that a read does.
#[test]
fn what_another_process_has_said_is_seen() {
    let place = Place::new();
    let vault = place.open();
    vault.put_bytes("n", "0").unwrap();
    let reader = vault.reader().unwrap();
    let mut other = Child::start("commit and say", &[place.file()]);
    let mut cutter = Cutter::start(&place);
    let mut last = 0;
    while let Some(said) = other.hear() {
        let said: u64 = said.parse().unwrap();
        if said.is_multiple_of(200) {
            cutter.cut();
        }
        for found in [reader.get_bytes("n"), vault.get_bytes("n"), reader.get_bytes("n")] {
            let found = number(found.unwrap());
            assert!(found >= said && found >= last, "{said} was said, {last} seen, now {found}");
            last = found;
        }
    }
    assert_eq!(last, ROUNDS);
    other.finish();
    cutter.finish();
}

/// The same between threads, on one engine: of each put that returned, a get knows.
#[test]
fn what_another_thread_put_is_seen() {
    let place = Place::new();
    let vault = place.open();
    vault.put_bytes("n", "0").unwrap();
    let (acknowledged, done) = (AtomicU64::new(0), AtomicBool::new(false));
    thread::scope(|scope| {
        let (vault, acknowledged, done) = (&vault, &acknowledged, &done);
        for own in [true, false] {
            scope.spawn(move || {
                let reader = vault.reader().unwrap();
                let mut last = 0;
                while !done.load(Ordering::Relaxed) {
                    let before = acknowledged.load(Ordering::SeqCst);
                    let found = if own { reader.get_bytes("n") } else { vault.get_bytes("n") };
                    let found = number(found.unwrap());
                    assert!(found >= before, "{before} was acknowledged, {found} found");
                    assert!(found >= last, "back in time from {last} to {found}");
                    last = found;
                    // The writer needs a core too.
                    thread::yield_now();
                }
            });
        }
        for round in 1..=ROUNDS {
            vault.put_bytes("n", round.to_string()).unwrap();
            acknowledged.store(round, Ordering::SeqCst);
        }
        done.store(true, Ordering::Relaxed);
    });
}
