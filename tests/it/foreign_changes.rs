//! What others do to the file between two reads is seen whether or not a view is kept for the
//! next read: with a log it is, without one it is not.

use kvault::{Error, KVault, Reader};
use rusqlite::Connection;

use crate::support::{Place, assert_err};

/// Both ways to read, on a vault with and one without a log, and plain SQLite beside them.
struct Both {
    vaults: [(KVault, Reader); 2],
    raw: [Connection; 2],
    _places: [Place; 2],
}

impl Both {
    fn new() -> Self {
        let places = [Place::new(), Place::new()];
        let vaults = [true, false].map(|wal| {
            let place = &places[usize::from(!wal)];
            let vault = place.open_with(|options| options.enable_wal(wal).page_size(4_096));
            vault.put_many_bytes((0..100_u8).map(|i| ([i], [i; 200]))).unwrap();
            let reader = vault.reader().unwrap();
            assert_eq!(reader.len().unwrap(), 100);
            (vault, reader)
        });
        let raw = [&places[0], &places[1]].map(|place| crate::support::connect(place.file()));
        Self { vaults, raw, _places: places }
    }

    fn sql(&self, sql: &str) {
        for raw in &self.raw {
            raw.execute_batch(sql).unwrap();
        }
    }

    /// What reads of every kind give, the same for all.
    #[track_caller]
    fn read(&self, key: &[u8]) -> Result<(u64, Option<Vec<u8>>), Error> {
        let mut all = Vec::new();
        for (vault, reader) in &self.vaults {
            let by_vault = vault.len().and_then(|len| Ok((len, vault.get_bytes(key)?)));
            let by_reader = reader.len().and_then(|len| Ok((len, reader.get_bytes(key)?)));
            let many = vault.get_many_stored([key, b"nothing"]);
            if let (Ok((_, value)), Ok(many)) = (&by_vault, many) {
                assert_eq!(many[0].is_some(), value.is_some());
            }
            all.extend([by_vault, by_reader]);
        }
        let shown: Vec<String> = all
            .iter()
            .map(|outcome| match outcome {
                Ok(found) => format!("{found:?}"),
                Err(error) => error.to_string(),
            })
            .collect();
        assert!(shown.iter().all(|one| *one == shown[0]), "{shown:?}");
        all.swap_remove(0)
    }
}

#[test]
fn rows_that_come_and_go() {
    let both = Both::new();
    for i in 0..50_u8 {
        assert_eq!(both.read(&[i]).unwrap(), (100, Some(vec![i; 200])));
        both.sql(&format!("UPDATE kv SET value = x'00' WHERE key = x'{i:02x}'"));
        assert_eq!(both.read(&[i]).unwrap(), (100, Some(vec![0])));
        both.sql(&format!("DELETE FROM kv WHERE key = x'{i:02x}'"));
        assert_eq!(both.read(&[i]).unwrap(), (99, None));
        both.sql(&format!("INSERT INTO kv VALUES (x'{i:02x}', x'0102')"));
        assert_eq!(both.read(&[i]).unwrap(), (100, Some(vec![1, 2])));
        // Foreign rows are nobody's keys, and what was rolled back never was.
        both.sql("INSERT INTO kv VALUES ('text', 'text')");
        both.sql("BEGIN; DELETE FROM kv; ROLLBACK");
        assert_eq!(both.read(b"text").unwrap(), (100, None));
        both.sql("DELETE FROM kv WHERE key = 'text'");
    }
}

#[test]
fn tables_that_come_and_go() {
    let both = Both::new();
    for round in 0..5_u8 {
        assert_eq!(both.read(&[7]).unwrap().0, 100);
        both.sql("ALTER TABLE kv RENAME TO away");
        for _ in 0..2 {
            assert_err!(both.read(&[7]), Error::Sqlite { .. });
        }
        for (vault, _) in &both.vaults {
            assert_err!(vault.put_bytes([7], [7]), Error::Sqlite { .. });
            assert_eq!(vault.tables().unwrap(), ["away"]);
            assert!(vault.health().is_good());
        }
        both.sql("CREATE TABLE kv (key BLOB PRIMARY KEY NOT NULL, value BLOB NOT NULL)");
        assert_eq!(both.read(&[7]).unwrap(), (0, None));
        for (vault, _) in &both.vaults {
            vault.put_bytes([7], [round]).unwrap();
        }
        assert_eq!(both.read(&[7]).unwrap(), (1, Some(vec![round])));
        both.sql("DROP TABLE kv; ALTER TABLE away RENAME TO kv");
        assert_eq!(both.read(&[7]).unwrap(), (100, Some(vec![7; 200])));
        both.sql("ALTER TABLE kv ADD COLUMN other; ALTER TABLE kv DROP COLUMN other");
        assert_eq!(both.read(&[8]).unwrap(), (100, Some(vec![8; 200])));
    }
}

#[test]
fn a_file_that_is_written_anew_and_a_log_that_is_cut() {
    let both = Both::new();
    for i in 0..10_u8 {
        both.sql(&format!("DELETE FROM kv WHERE key = x'{i:02x}'"));
        assert_eq!(both.read(&[i]).unwrap().0, 99 - u64::from(i));
        // While views are kept by those who have just read.
        both.sql("VACUUM");
        assert_eq!(both.read(&[50]).unwrap().1, Some(vec![50; 200]));
        both.sql("CREATE INDEX more ON kv (value); REINDEX; DROP INDEX more; ANALYZE");
        assert_eq!(both.read(&[51]).unwrap().1, Some(vec![51; 200]));
        for mode in ["PASSIVE", "FULL", "RESTART", "TRUNCATE"] {
            // Whether or not it has to give way.
            both.sql(&format!("PRAGMA busy_timeout = 0; PRAGMA wal_checkpoint({mode})"));
            assert_eq!(both.read(&[52]).unwrap().1, Some(vec![52; 200]));
        }
        both.sql("PRAGMA busy_timeout = 60000");
    }
}

#[test]
fn a_read_in_vain_is_not_the_last() {
    let both = Both::new();
    for (vault, reader) in &both.vaults {
        let missing = vault.table("photos").unwrap();
        let photos = missing.reader().unwrap();
        for _ in 0..20 {
            both.sql("DROP TABLE IF EXISTS photos");
            assert_err!(missing.len(), Error::Sqlite { .. });
            assert_err!(photos.get_many_stored(["a", "b"]), Error::Sqlite { .. });
            assert_err!(photos.len(), Error::Sqlite { .. });
            assert_eq!(reader.len().unwrap(), 100);
            vault.table("photos").unwrap();
            assert_eq!((missing.len().unwrap(), photos.len().unwrap()), (0, 0));
        }
        // Connections that failed were not kept.
        assert!(vault.stats().open_readers < 12, "{:?}", vault.stats());
    }
}
