//! Caches for a while: `cached`, `cache`, `disable_cache`.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

use kvault::{Error, KVault};

use super::{cached, options, stored};
use crate::support::{Place, assert_err, wait_until};

fn off(vault: &KVault) -> bool {
    let stats = vault.stats();
    !stats.cache_enabled && stats.dirty_entries == 0
}

#[test]
fn a_closure_writes_to_the_cache_and_the_handle_does_not() {
    let place = Place::new();
    let vault = place.open();
    let raw = place.raw();
    let answer = vault.cached(options(), |buffered| {
        buffered.put_bytes("a", "1")?;
        assert_eq!(stored(&raw, "a"), None);
        assert_eq!(vault.get_bytes("a")?.unwrap(), b"1");
        buffered.clone().table("other")?.put_bytes("b", "2")?;
        assert!(vault.stats().dirty_entries > 0);
        Ok(7)
    });
    assert_eq!(answer.unwrap(), 7);
    assert_eq!(stored(&raw, "a").unwrap(), b"1");
    assert_eq!(vault.table("other").unwrap().len().unwrap(), 1);
    assert!(off(&vault));
}

#[test]
fn an_error_of_the_closure_comes_first_and_what_it_put_is_kept() {
    let place = Place::new();
    let vault = place.open();
    let outcome: Result<(), _> = vault.cached(options(), |buffered| {
        buffered.put_bytes("a", "1")?;
        Err(Error::Overflow { table: "of mine".into(), key: Vec::new() })
    });
    assert_err!(outcome, Error::Overflow { .. });
    assert_eq!(stored(&place.raw(), "a").unwrap(), b"1");
    assert!(off(&vault));
    let unwound = catch_unwind(AssertUnwindSafe(|| {
        vault.cached(options(), |buffered| -> kvault::Result<()> {
            buffered.put_bytes("b", "1")?;
            panic!("of the user's");
        })
    }));
    assert!(unwound.is_err());
    assert_eq!(stored(&place.raw(), "b").unwrap(), b"1");
    assert!(off(&vault));
}

#[test]
fn a_scope_ends_when_it_is_finished_or_dropped() {
    let place = Place::new();
    let vault = place.open();
    let scope = vault.cache(options()).unwrap();
    scope.put_bytes("a", "1").unwrap();
    let kept = scope.clone();
    assert_eq!(scope.finish().unwrap(), 1);
    assert!(off(&vault));
    // What was cloned from it is as durable as the vault again.
    kept.put_bytes("b", "2").unwrap();
    assert_eq!(stored(&place.raw(), "b").unwrap(), b"2");
    {
        let scope = vault.cache(options()).unwrap();
        scope.put_bytes("c", "3").unwrap();
    }
    assert_eq!(stored(&place.raw(), "c").unwrap(), b"3");
    assert!(off(&vault));
}

#[test]
fn an_end_that_does_not_wait_leaves_it_to_the_background() {
    let place = Place::new();
    let vault = place.open();
    let scope = vault.cache(options().flush_on_exit(false)).unwrap();
    scope.put_bytes("a", "1").unwrap();
    assert_eq!(scope.finish().unwrap(), 0);
    wait_until("it is flushed and off", || off(&vault));
    assert_eq!(stored(&place.raw(), "a").unwrap(), b"1");
}

#[test]
fn disabling_flushes_and_is_fine_twice() {
    let place = Place::new();
    let vault = cached(&place, options());
    let clone = vault.clone();
    let derived = vault.table("other").unwrap();
    clone.put_bytes("a", "1").unwrap();
    derived.put_bytes("a", "1").unwrap();
    assert_eq!(clone.disable_cache().unwrap(), 2);
    assert!(off(&vault));
    assert_eq!(vault.disable_cache().unwrap(), 0);
    for handle in [&vault, &clone, &derived] {
        handle.put_bytes("b", "2").unwrap();
        assert!(off(&vault));
    }
    vault.enable_cache(options()).unwrap();
    vault.enable_cache(options()).unwrap();
    vault.put_bytes("c", "1").unwrap();
    assert_eq!(vault.disable_cache().unwrap(), 1);
    assert!(off(&vault));
}

/// Any of the handles that buffer together keeps the cache on.
#[test]
fn a_derived_handle_keeps_the_cache_on() {
    let place = Place::new();
    let vault = place.open();
    let first = vault.table("other").unwrap();
    first.enable_cache(options()).unwrap();
    let second = first.with_write_timeout(Duration::from_secs(1));
    let third = second.table("third").unwrap();
    drop((first, second));
    // Time for it to be switched off, if it were.
    vault.put_bytes("a", "1").unwrap();
    assert!(vault.stats().cache_enabled);
    third.put_bytes("b", "1").unwrap();
    assert_eq!(third.disable_cache().unwrap(), 1);
    assert!(off(&vault));
}

/// Nobody is left who wants it: it is flushed and switched off without being asked.
#[test]
fn a_handle_that_goes_takes_its_cache_along() {
    let place = Place::new();
    let vault = place.open();
    let other = vault.table("other").unwrap();
    other.enable_cache(options()).unwrap();
    other.put_bytes("a", "1").unwrap();
    drop(other);
    wait_until("it is flushed and off", || off(&vault));
    vault.put_bytes("b", "1").unwrap();
    assert_eq!(vault.table("other").unwrap().len().unwrap(), 1);
}
