//! The view that a connection keeps for its next read must not keep the log from being cleared.

use std::{
    sync::{
        Barrier,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::Instant,
};

use kvault::{CheckpointPolicy, Health, KVault, Reader};
use rusqlite::Connection;

use crate::{
    child::{self, Child},
    support::{Place, connect, wait_until},
};

const PAGE: u32 = 4_096;
const LIMIT: u64 = 1 << 20;
/// More than one put ever writes.
const GROUP: u64 = 64 << 10;

/// A child process: keeps a view, and says how many keys are in it, until the next line.
pub(crate) fn hold_a_view(args: &[String]) {
    let conn = connect(&args[0]);
    conn.execute_batch("BEGIN").unwrap();
    let keys: u32 = conn.query_row("SELECT COUNT(*) FROM kv", [], |row| row.get(0)).unwrap();
    child::say(&keys.to_string());
    child::order();
}

/// Tries to clear the log, as another program would, without waiting.
fn cut(raw: &Connection) -> bool {
    raw.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
        .is_ok_and(|busy: bool| !busy)
}

fn impatient(place: &Place) -> Connection {
    let raw = connect(place.file());
    raw.pragma_update(None, "busy_timeout", 0).unwrap();
    raw
}

/// One get by each of several threads at once, so that there are several connections; then they
/// are idle.
fn use_the_pool(vault: &KVault) {
    let start = Barrier::new(4);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                start.wait();
                assert!(vault.contains_key("key").unwrap());
            });
        }
    });
}

fn sleeping_views(pages: u32, puts: u32) {
    let place = Place::new();
    let auto = CheckpointPolicy::Auto { pages, wal_limit: LIMIT };
    let vault = place.open_with(|options| options.page_size(PAGE).checkpoint(auto));
    vault.put_bytes("key", "value").unwrap();
    let sleeper = vault.reader().unwrap();
    assert!(sleeper.contains_key("key").unwrap());
    // One that is in the middle of a walk, over more than it reads at a time.
    vault.put_many_bytes((0..1_000_u32).map(|i| (format!("walk:{i:04}"), "x"))).unwrap();
    let mut walk = vault.prefix("walk:");
    walk.next().unwrap().unwrap();
    let readers: Vec<Reader> = (0..3).map(|_| vault.reader().unwrap()).collect();
    let started = Instant::now();
    let mut longest = 0;
    for i in 0..puts {
        // They look once more at different times, and sleep on.
        if i % 500 == 0 {
            assert!(readers[i as usize / 500 % 3].contains_key("key").unwrap());
            use_the_pool(&vault);
        }
        vault.put_bytes(i.wrapping_mul(0x9E37_79B1).to_le_bytes(), [7; 100]).unwrap();
        longest = longest.max(vault.stats().wal_bytes);
        assert!(longest <= LIMIT + GROUP, "the log has {longest} bytes after {i} puts");
    }
    println!(
        "{puts} puts in {:?}, at most {longest} bytes of log, limit {LIMIT}",
        started.elapsed()
    );
    assert!(sleeper.contains_key("key").unwrap());
    assert_eq!(walk.map(Result::unwrap).count(), 999);
}

/// How often with the environment variable that asks for long tests, and how often without.
fn puts() -> u32 {
    if std::env::var_os("KVAULT_LONG").is_some() { 1_000_000 } else { 10_000 }
}

#[test]
fn sleeping_views_beside_a_keeper_that_clears_the_log() {
    sleeping_views(50, puts());
}

/// Nobody clears the log before it is at its limit.
#[test]
fn sleeping_views_at_the_limit_of_the_log() {
    sleeping_views(1_000_000, puts());
}

#[test]
fn idle_views_end_by_themselves() {
    let place = Place::new();
    let vault = place.open_with(|options| options.checkpoint(CheckpointPolicy::External));
    let reader = vault.reader().unwrap();
    let raw = impatient(&place);
    for round in 0..6 {
        vault.put_bytes("key", [round]).unwrap();
        // The keeper has found nothing to do, in some of these rounds for a while.
        if round % 2 == 0 {
            wait_until("nobody has a view", || cut(&raw));
            vault.put_bytes("key", [round, round]).unwrap();
        }
        match round % 3 {
            0 => assert!(reader.contains_key("key").unwrap()),
            1 => use_the_pool(&vault),
            _ => {
                assert!(reader.contains_key("key").unwrap());
                use_the_pool(&vault);
            }
        }
        assert!(place.beside("-wal").metadata().unwrap().len() > 0);
        wait_until("idle views are ended", || cut(&raw));
        assert_eq!(place.beside("-wal").metadata().unwrap().len(), 0);
    }
}

/// The same reads over and over, of something that nobody changes: even so no view is for ever.
#[test]
fn views_in_use_are_renewed() {
    let place = Place::new();
    let vault = place.open_with(|options| options.checkpoint(CheckpointPolicy::External));
    vault.put_bytes("key", "value").unwrap();
    let (done, reads) = (AtomicBool::new(false), AtomicU64::new(0));
    let raw = impatient(&place);
    thread::scope(|scope| {
        for own in [true, false] {
            let (vault, done, reads) = (&vault, &done, &reads);
            scope.spawn(move || {
                let reader = vault.reader().unwrap();
                while !done.load(Ordering::Relaxed) {
                    let there =
                        if own { reader.contains_key("key") } else { vault.contains_key("key") };
                    assert!(there.unwrap());
                    reads.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        for round in 0..3_u8 {
            let before = reads.load(Ordering::Relaxed);
            wait_until("they read", || reads.load(Ordering::Relaxed) > before + 1_000);
            wait_until("the log can be cleared", || cut(&raw));
            vault.put_bytes("key", [round]).unwrap();
        }
        done.store(true, Ordering::Relaxed);
    });
}

/// A process that holds a view for ever keeps the log, and writes go on.
#[test]
fn a_foreign_view_slows_writes_and_does_not_stop_them() {
    let place = Place::new();
    let auto = CheckpointPolicy::Auto { pages: 10, wal_limit: LIMIT };
    let vault = place.open_with(|options| options.page_size(PAGE).checkpoint(auto));
    let reader = vault.reader().unwrap();
    let mut holder = Child::start("hold a view", &[place.file()]);
    holder.expect("0");
    for i in 0..500_u32 {
        vault.put_bytes(i.to_le_bytes(), [7; 2_000]).unwrap();
        assert_eq!(reader.len().unwrap(), u64::from(i) + 1);
    }
    assert!(vault.stats().wal_bytes > LIMIT + GROUP, "is the view still in the way?");
    assert!(matches!(vault.health(), Health::Degraded { .. }), "{:?}", vault.health());
    holder.tell("enough");
    holder.finish();
    vault.put_bytes("after", "value").unwrap();
    wait_until("the log is short again", || {
        vault.put_bytes("after", "value").unwrap();
        vault.stats().wal_bytes <= LIMIT + GROUP && vault.health().is_good()
    });
    assert_eq!(vault.len().unwrap(), 501);
}
