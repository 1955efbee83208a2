//! Errors as a caller meets them: what they say, and what lies under them.

use std::error::Error as _;

use kvault::{Cause, Error, KVault};

use crate::support::Place;

#[test]
fn the_message_says_what_and_the_source_says_why() {
    let place = Place::new();
    let missing = place.dir().join("missing.db");
    let error = KVault::options().create(false).open(&missing).unwrap_err();
    assert_eq!(error.to_string(), format!("cannot open {}", missing.display()));
    let cause: &Cause = error.source().unwrap().downcast_ref().unwrap();
    let io: &std::io::Error = cause.downcast_ref().unwrap();
    assert_eq!(io.kind(), std::io::ErrorKind::NotFound);

    let vault = place.open();
    place.raw().execute_batch("DROP TABLE kv").unwrap();
    let error = vault.put_bytes("key", "value").unwrap_err();
    assert_eq!(error.to_string(), "cannot store a value (SQLite code 1)");
    assert!(error.source().unwrap().to_string().contains("no such table: kv"));
}

#[test]
fn an_error_can_be_kept_and_handed_on() {
    let place = Place::new();
    let error = KVault::open(place.dir()).unwrap_err();
    let copy = error.clone();
    let boxed: Box<dyn std::error::Error + Send + Sync + 'static> = Box::new(error);
    let from_thread = std::thread::spawn(move || boxed.to_string()).join().unwrap();
    assert_eq!(from_thread, copy.to_string());
    assert_eq!(
        copy.to_string(),
        format!("path = {}: is a folder, not a file", place.dir().display())
    );
}

#[test]
fn what_a_caller_asks_first() {
    let place = Place::new();
    let vault = place.open();
    vault.close().unwrap();
    let closed = vault.len().unwrap_err();
    assert!(closed.is_closed() && !closed.is_retryable() && !closed.is_corruption());
    let busy = Error::DatabaseBusy { attempts: 4 };
    assert!(busy.is_retryable() && !busy.is_closed() && !busy.is_corruption());
    std::fs::write(place.dir().join("text"), "text").unwrap();
    let text = KVault::open(place.dir().join("text")).unwrap_err();
    assert!(text.is_corruption() && !text.is_retryable() && !text.is_closed());
}
