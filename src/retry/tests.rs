use std::{
    cell::Cell,
    time::{Duration, Instant},
};

use super::Policy;
use crate::{Error, Result, sync::Deadline};

const BASE: Duration = Duration::from_millis(1);

fn policy(attempts: u32) -> Policy {
    Policy { attempts, base: BASE }
}

fn busy<T>() -> Result<T> {
    // Of the single try, as an operation reports it.
    Err(Error::DatabaseBusy { attempts: 1 })
}

/// Runs an operation that is busy `times` times, and counts its calls.
fn run(policy: Policy, deadline: Deadline, times: u32, then: &Result<u32>) -> (Result<u32>, u32) {
    let calls = Cell::new(0);
    let outcome = policy.run(deadline, || {
        calls.set(calls.get() + 1);
        if calls.get() <= times { busy() } else { then.clone() }
    });
    (outcome, calls.get())
}

#[test]
fn what_succeeds_is_done_once() {
    let (outcome, calls) = run(policy(4), Deadline::NEVER, 0, &Ok(7));
    assert_eq!((outcome.unwrap(), calls), (7, 1));
}

#[test]
fn what_meets_a_lock_is_done_again() {
    for times in 1..4 {
        let (outcome, calls) = run(policy(4), Deadline::NEVER, times, &Ok(7));
        assert_eq!((outcome.unwrap(), calls), (7, times + 1));
    }
}

#[test]
fn as_often_as_asked_in_all_and_says_so() {
    for attempts in [1, 2, 5] {
        let (outcome, calls) = run(policy(attempts), Deadline::NEVER, u32::MAX, &Ok(7));
        assert_eq!(calls, attempts);
        match outcome {
            Err(Error::DatabaseBusy { attempts: told }) => assert_eq!(told, attempts),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn any_other_error_is_final() {
    for times in 0..3 {
        let (outcome, calls) = run(policy(4), Deadline::NEVER, times, &Err(Error::Closed));
        assert!(matches!(outcome, Err(Error::Closed)));
        assert_eq!(calls, times + 1);
    }
    // Also those that a caller may well try again later.
    let (outcome, calls) = run(policy(4), Deadline::NEVER, 0, &Err(Error::CacheLocked));
    assert!(matches!(outcome, Err(Error::CacheLocked)));
    assert_eq!(calls, 1);
}

#[test]
fn after_the_deadline_nothing_is_done_again() {
    let (outcome, calls) = run(policy(4), Deadline::NOW, u32::MAX, &Ok(7));
    assert!(matches!(outcome, Err(Error::DatabaseBusy { attempts: 1 })));
    assert_eq!(calls, 1);
    // But once it is done, however late.
    let (outcome, calls) = run(policy(4), Deadline::NOW, 0, &Ok(7));
    assert_eq!((outcome.unwrap(), calls), (7, 1));
}

#[test]
fn a_deadline_that_passes_in_a_pause_counts() {
    let slow = Policy {
        attempts: 4,
        // Half of it at least is waited.
        base: Duration::from_millis(100),
    };
    let deadline = Deadline::after(Duration::from_millis(10));
    let (outcome, calls) = run(slow, deadline, u32::MAX, &Ok(7));
    assert!(matches!(outcome, Err(Error::DatabaseBusy { attempts: 1 })));
    assert_eq!(calls, 1);
}

#[test]
fn the_pauses_grow() {
    let start = Instant::now();
    let slow = Policy { attempts: 5, base: Duration::from_millis(8) };
    let (outcome, _) = run(slow, Deadline::NEVER, 4, &Ok(7));
    outcome.unwrap();
    // 8, 16, 32 and 64 ms, each at least half of that: without doubling it would be 16.
    assert!(start.elapsed() >= Duration::from_millis(60));
}
