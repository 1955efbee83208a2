//! Transactions that hold no lock.

use std::{
    sync::atomic::{AtomicBool, AtomicU32, Ordering},
    thread,
};

use kvault::{CacheOptions, Error, KVault};

use crate::{
    atomic::in_every_mode,
    support::{Place, assert_err},
};

#[test]
fn it_sees_what_it_did() {
    in_every_mode(|vault| {
        vault.put_many([("a", 1), ("b", 2)]).unwrap();
        let (a, was_there) = vault
            .transact(|tx| {
                assert_eq!(tx.get::<i32>("a")?, Some(1));
                tx.put("a", &10)?;
                assert_eq!(tx.get::<i32>("a")?, Some(10));
                assert!(tx.delete("b")? && !tx.delete("b")? && !tx.delete("c")?);
                assert_eq!(tx.get::<i32>("b")?, None);
                tx.put("c", "made")?;
                assert!(tx.delete("c")?);
                let mut other = tx.table("other")?;
                assert_eq!(other.get::<i32>("a")?, None);
                other.put("a", "elsewhere")?;
                // The same table under another name, and back.
                tx.table("KV")?.put("d", &4)?;
                assert_eq!(tx.fetch::<i32>("d")?, 4);
                assert!(tx.table("kv")?.fetch::<i32>("nothing").is_err());
                // Nobody else does yet.
                assert_eq!(vault.get::<i32>("a")?, Some(1));
                Ok((tx.fetch::<i32>("a")?, true))
            })
            .unwrap();
        assert_eq!((a, was_there), (10, true));
        vault.flush().unwrap();
        let keys: Vec<Vec<u8>> = vault.keys().map(Result::unwrap).collect();
        assert_eq!(keys, [b"a", b"d"]);
        assert_eq!(vault.fetch::<i32>("a").unwrap(), 10);
        let other = vault.table("other").unwrap();
        assert_eq!(other.fetch::<String>("a").unwrap(), "elsewhere");
    });
}

#[test]
fn an_error_changes_nothing() {
    in_every_mode(|vault| {
        vault.put("a", &1).unwrap();
        let outcome: Result<(), Error> = vault.transact(|tx| {
            tx.put("a", &2)?;
            tx.fetch::<i32>("b").map(drop)
        });
        assert_err!(outcome, Error::NotFound { key, .. } if key == b"b");
        assert_eq!(vault.fetch::<i32>("a").unwrap(), 1);
        // One that asked for nothing is just an error.
        assert_err!(vault.transact(|_| -> Result<(), Error> { Err(Error::Closed) }), Error::Closed);
        assert_eq!(vault.transact(|_| Ok(7)).unwrap(), 7);
    });
}

#[test]
fn what_was_read_is_checked_also_where_nothing_was() {
    in_every_mode(|vault| {
        let tries = AtomicU32::new(0);
        let seen = vault.transact(|tx| {
            let absent = tx.get::<i32>("absent")?;
            if tries.fetch_add(1, Ordering::Relaxed) == 0 {
                vault.put("absent", &1)?;
            }
            tx.put("other", &absent)?;
            Ok(absent)
        });
        assert_eq!(seen.unwrap(), Some(1));
        assert_eq!(tries.into_inner(), 2);
        assert_eq!(vault.fetch::<Option<i32>>("other").unwrap(), Some(1));

        // Also of one that only reads, and of one that fails: what it saw was never so together.
        let tries = AtomicU32::new(0);
        vault.put_many([("x", 1), ("y", 1)]).unwrap();
        let sum = vault.transact(|tx| {
            let x = tx.fetch::<i32>("x")?;
            if tries.fetch_add(1, Ordering::Relaxed) == 0 {
                vault.put_many([("x", 2), ("y", 2)])?;
            }
            let y = tx.fetch::<i32>("y")?;
            if x == y {
                Ok(x + y)
            } else {
                Err(Error::Overflow { table: String::new(), key: vec![] })
            }
        });
        assert_eq!((sum.unwrap(), tries.into_inner()), (4, 2));
    });
}

#[test]
fn what_was_only_written_is_not_checked() {
    in_every_mode(|vault| {
        let tries = AtomicU32::new(0);
        vault
            .transact(|tx| {
                tries.fetch_add(1, Ordering::Relaxed);
                vault.put("a", "meanwhile")?;
                tx.put("a", "in the end")
            })
            .unwrap();
        assert_eq!(tries.into_inner(), 1);
        assert_eq!(vault.fetch::<String>("a").unwrap(), "in the end");
    });
}

#[test]
fn it_gives_up_after_sixteen_tries() {
    in_every_mode(|vault| {
        let mut tries = 0;
        let outcome = vault.transact(|tx| {
            let n = tx.get::<u32>("n")?;
            tries += 1;
            vault.put("n", &tries)?;
            tx.put("n", &(n.unwrap_or(0) + 1000))
        });
        assert_err!(outcome, Error::Conflict { attempts: 16 });
        assert_eq!((tries, vault.fetch::<u32>("n").unwrap()), (16, 16));
        assert!(Error::Conflict { attempts: 16 }.is_retryable());
    });
}

const ACCOUNTS: u64 = 10;
const EACH: i64 = 1_000;

fn transfer(vault: &KVault, from: u64, to: u64, amount: i64) {
    let transfer = || {
        vault.transact(|tx| {
            let (a, b): (i64, i64) = (tx.fetch(from.to_be_bytes())?, tx.fetch(to.to_be_bytes())?);
            tx.put(from.to_be_bytes(), &(a - amount))?;
            tx.put(to.to_be_bytes(), &(b + amount))?;
            tx.table("log")?.delete("nothing").map(drop)
        })
    };
    // With so many at so few accounts one may be unlucky sixteen times.
    while let Err(error) = transfer() {
        assert!(matches!(error, Error::Conflict { .. }), "{error:?}");
    }
}

/// Money moves between accounts, and whoever looks at all of them at once finds all of it.
pub(crate) fn bank(vault: &KVault, sum: impl Fn() -> i64 + Sync) {
    vault.put_many((0..ACCOUNTS).map(|account| (account.to_be_bytes(), EACH))).unwrap();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let clerks: Vec<_> = (0..4)
            .map(|clerk| {
                scope.spawn(move || {
                    for n in 0..250 {
                        let (from, to) = ((n + clerk) % ACCOUNTS, (n * 7 + 3 * clerk) % ACCOUNTS);
                        if from != to {
                            transfer(vault, from, to, i64::try_from(n % 13).unwrap());
                        }
                    }
                })
            })
            .collect();
        let (done, sum) = (&done, &sum);
        let auditor = scope.spawn(move || {
            let mut audits = 0;
            while !done.load(Ordering::Relaxed) {
                assert_eq!(sum(), EACH * i64::try_from(ACCOUNTS).unwrap());
                audits += 1;
            }
            audits
        });
        let ended: Vec<_> = clerks.into_iter().map(thread::ScopedJoinHandle::join).collect();
        done.store(true, Ordering::Relaxed);
        for clerk in ended {
            clerk.unwrap();
        }
        assert!(auditor.join().unwrap() > 0);
    });
    assert_eq!(sum(), EACH * i64::try_from(ACCOUNTS).unwrap());
}

pub(crate) fn keys_of_accounts() -> Vec<[u8; 8]> {
    (0..ACCOUNTS).map(u64::to_be_bytes).collect()
}

#[test]
fn no_money_is_made_and_none_is_lost() {
    in_every_mode(|vault| {
        let sum = || {
            let all = vault.get_many::<i64, _>(keys_of_accounts()).unwrap();
            all.into_iter().map(Option::unwrap).sum()
        };
        bank(vault, sum);
    });
}

#[test]
fn a_transaction_reads_all_accounts_at_once() {
    let place = Place::new();
    let vault = place.open();
    vault.enable_cache(CacheOptions::default()).unwrap();
    let sum = || loop {
        let sum =
            vault.transact(|tx| keys_of_accounts().iter().map(|key| tx.fetch::<i64>(key)).sum());
        match sum {
            Ok(sum) => return sum,
            Err(error) => assert!(matches!(error, Error::Conflict { .. }), "{error:?}"),
        }
    };
    bank(&vault, sum);
}
