use super::{Monitor, TooLong};
use crate::{
    Error,
    store::{Class, Fault},
};

fn fault(class: Class, attempts: u32) -> Fault {
    Fault {
        class,
        // Any error with a number to tell it from others.
        error: Error::Conflict { attempts },
    }
}

/// The number of the error that writes fail with, and whether for good.
fn trouble(monitor: &Monitor) -> Option<(u32, bool)> {
    let trouble = monitor.trouble()?;
    match trouble.cause {
        Error::Conflict { attempts } => Some((attempts, trouble.lasting)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_one_caller_s_matter_is_no_trouble() {
    let monitor = Monitor::default();
    monitor.failed(&fault(Class::Transient, 1));
    monitor.failed(&fault(Class::Operation, 2));
    assert_eq!(trouble(&monitor), None);
    assert_eq!(monitor.counted().failures, 2);
}

#[test]
fn what_ran_out_is_forgotten_with_the_next_commit() {
    let monitor = Monitor::default();
    monitor.failed(&fault(Class::Resource, 1));
    let since = monitor.trouble().unwrap().since;
    monitor.failed(&fault(Class::Resource, 2));
    assert_eq!(trouble(&monitor), Some((2, false)), "the last cause");
    assert_eq!(monitor.trouble().unwrap().since, since, "since the first");
    assert!(monitor.damage().is_none());
    monitor.failed(&fault(Class::Transient, 3));
    assert_eq!(trouble(&monitor), Some((2, false)));
    monitor.committed(5, true);
    assert_eq!(trouble(&monitor), None);
    monitor.committed(2, false);
    let counted = monitor.counted();
    let all = (counted.commits, counted.synced, counted.writes, counted.failures);
    assert_eq!(all, (2, 1, 7, 3));
}

#[test]
fn damage_stays_and_its_first_cause_too() {
    let monitor = Monitor::default();
    monitor.failed(&fault(Class::Resource, 1));
    monitor.failed(&fault(Class::Damage, 2));
    assert_eq!(trouble(&monitor), Some((2, true)));
    monitor.failed(&fault(Class::Resource, 3));
    monitor.failed(&fault(Class::Damage, 4));
    monitor.committed(1, false);
    assert_eq!(trouble(&monitor), Some((2, true)));
    assert!(matches!(monitor.damage(), Some(Error::Conflict { attempts: 2 })));
}

#[test]
fn a_log_that_is_too_long_says_why() {
    let monitor = Monitor::default();
    monitor.log_is_too_long(TooLong::Read);
    let first = monitor.trouble().unwrap();
    monitor.log_is_too_long(TooLong::Behind);
    let second = monitor.trouble().unwrap();
    assert!(format!("{:?}", first.cause).contains("reads"));
    assert!(format!("{:?}", second.cause).contains("longer"));
    assert_eq!(first.since, second.since);
    monitor.log_is_within();
    assert!(monitor.trouble().is_none());
}
