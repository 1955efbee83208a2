//! A process that streams is killed, again and again, on one file.

use std::{io::Write, thread, time::Duration};

use kvault::{CacheOptions, KVault};

use super::{in_chunks, left_nothing_behind};
use crate::{
    child::{self, Child},
    support::{Place, connect},
};

/// More than lies in memory: a handle that writes to the cache waits for the commit then.
const LEN: usize = 5_000_000;

/// A child process: streams values of one byte each, over and over, in every way.
pub(crate) fn stream_until_killed(args: &[String]) {
    let vault = KVault::open(&args[0]).unwrap();
    if args[1] == "cached" {
        vault.enable_cache(CacheOptions::default()).unwrap();
    }
    let file = format!("{}-source", args[0]);
    child::say("begun");
    for round in 0_u8.. {
        let value = vec![round; LEN + usize::from(round)];
        match round % 3 {
            0 => drop(vault.put_reader("k", &value[..], in_chunks()).unwrap()),
            1 => {
                let mut blob = vault.create_blob("k", in_chunks()).unwrap();
                blob.write_all(&value).unwrap();
                blob.finish().unwrap();
            }
            _ => {
                std::fs::write(&file, &value).unwrap();
                vault.put_path("k", &file).unwrap();
            }
        }
        child::say(&round.to_string());
        if round == u8::MAX {
            break;
        }
    }
}

#[test]
fn a_killed_stream_leaves_the_old_value() {
    let place = Place::new();
    place.open().put_bytes("k", vec![0; LEN]).unwrap();
    for round in 0..50_u64 {
        let mode = if round % 2 == 0 { "plain" } else { "cached" };
        let mut process =
            Child::start("stream until killed", &[place.file().to_str().unwrap(), mode]);
        process.expect("begun");
        let mut acknowledged = None;
        for _ in 0..round % 5 {
            acknowledged = process.hear();
        }
        thread::sleep(Duration::from_micros(round * 3_701 % 40_000));
        process.kill();
        while let Some(said) = process.hear() {
            acknowledged = Some(said);
        }
        drop(std::fs::remove_file(format!("{}-source", place.file().display())));

        let vault = place.open();
        let value = vault.get_bytes("k").unwrap().unwrap();
        let first = value[0];
        assert!(value.iter().all(|byte| *byte == first), "a mixture in round {round}");
        assert!(value.len() == LEN || value.len() == LEN + usize::from(first));
        if let Some(said) = acknowledged {
            let said: u8 = said.parse().unwrap();
            // What was acknowledged, or the one that was on its way.
            assert!(
                first == said || first == said + 1,
                "{first} after {said}, {mode}, round {round}"
            );
        }
        assert_eq!(vault.len().unwrap(), 1);
        vault.close().unwrap();
        left_nothing_behind(&place);
    }
    let whole: String =
        connect(place.file()).query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(whole, "ok");
}
