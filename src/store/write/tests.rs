use std::{path::Path, sync::Arc};

use super::WriteConn;
use crate::{
    CheckpointMode, Error,
    store::{
        Class, Fault, Settings, Table, open_reader,
        tests::{open_new, settings},
    },
};

impl WriteConn {
    /// What a setting is, on this connection.
    pub(crate) fn pragma(&self, name: &str) -> String {
        crate::store::tests::pragma(&self.conn, name)
    }
}

fn table() -> Arc<Table> {
    Table::new("kv").unwrap()
}

/// A connection in a transaction, and the table in it.
fn begun(path: &Path, wal: bool) -> WriteConn {
    let settings = Settings { wal, ..settings(path) };
    let mut conn = open_new(&settings).unwrap().0;
    conn.begin(false).unwrap();
    conn.create(&table()).unwrap();
    conn
}

fn get(path: &Path, key: &str) -> Option<Vec<u8>> {
    let (reader, _) = open_reader(&settings(path)).unwrap();
    reader.get(&table(), key.as_bytes()).unwrap()
}

#[test]
fn only_a_synced_transaction_waits_for_the_disk() {
    const NORMAL: &str = "1";
    const FULL: &str = "2";
    const EXTRA: &str = "3";
    let dir = tempfile::tempdir().unwrap();
    // Without a log every one does: a journal that is not synced can tear the file, and one that
    // comes back undoes what was acknowledged.
    for (wal, unsynced, full) in [(true, NORMAL, FULL), (false, EXTRA, EXTRA)] {
        let mut conn = begun(&dir.path().join(wal.to_string()), wal);
        conn.commit().unwrap();
        for synced in [false, true, true, false, false, true] {
            conn.begin(synced).unwrap();
            let level = conn.pragma("synchronous");
            assert_eq!(level, if synced { full } else { unsynced });
            conn.commit().unwrap();
        }
    }
}

#[test]
fn an_operation_happens_wholly_or_not_at_all() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vault.db");
    let conn = begun(&path, true);
    conn.put(&table(), b"before", b"1").unwrap();
    let failed = conn.atomically(|conn| {
        conn.put(&table(), b"a", b"1")?;
        conn.delete(&table(), b"before")?;
        Err::<(), _>(Fault::operation(Error::CacheLocked))
    });
    assert!(matches!(failed.unwrap_err().error, Error::CacheLocked));
    let counted = conn.atomically(|conn| {
        conn.put(&table(), b"b", b"2")?;
        Ok(7)
    });
    assert_eq!(counted.unwrap(), 7);
    conn.commit().unwrap();
    assert!(!conn.in_transaction());
    assert_eq!(get(&path, "a"), None);
    assert_eq!(get(&path, "before").unwrap(), b"1");
    assert_eq!(get(&path, "b").unwrap(), b"2");
}

#[test]
fn what_was_left_open_does_not_get_into_the_next_transaction() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vault.db");
    let mut conn = begun(&path, true);
    conn.commit().unwrap();
    for synced in [false, true] {
        // Also where the next one is to be another kind of transaction.
        for next in [synced, !synced] {
            conn.begin(synced).unwrap();
            conn.put(&table(), b"left", b"over").unwrap();
            // Nobody ended it.
            conn.begin(next).unwrap();
            conn.put(&table(), b"next", b"one").unwrap();
            conn.commit().unwrap();
            assert_eq!(get(&path, "left"), None);
            assert_eq!(get(&path, "next").unwrap(), b"one");
        }
    }
}

/// Found by the lab, when no memory was left to roll a transaction back: the log was never moved
/// again, and the vault could not be closed.
#[test]
fn what_was_left_open_stops_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vault.db");
    let mut conn = begun(&path, true);
    conn.commit().unwrap();
    let works: [fn(&WriteConn); 2] = [
        |conn| assert!(conn.checkpoint(CheckpointMode::Truncate).unwrap().is_complete()),
        |conn| conn.optimize(true).unwrap(),
    ];
    for work in works {
        conn.begin(false).unwrap();
        conn.put(&table(), b"left", b"over").unwrap();
        work(&conn);
        assert_eq!(get(&path, "left"), None);
    }
}

#[test]
fn a_transaction_has_the_lock_from_its_start() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vault.db");
    let conn = begun(&path, true);
    conn.commit().unwrap();
    let mut other = open_new(&settings(&path)).unwrap().0;
    other.begin(false).unwrap();
    let mut conn = conn;
    let fault = conn.begin(false).unwrap_err();
    assert_eq!(fault.class, Class::Transient);
    assert!(matches!(fault.error, Error::DatabaseBusy { attempts: 1 }));
    other.rollback().unwrap();
    conn.begin(false).unwrap();
    conn.rollback().unwrap();
}

#[test]
fn pages_are_counted_where_something_is_written() {
    let dir = tempfile::tempdir().unwrap();
    for wal in [true, false] {
        let mut conn = begun(&dir.path().join(wal.to_string()), wal);
        conn.commit().unwrap();
        let mut writes = |value: &[u8]| {
            let before = conn.pages_written().unwrap();
            conn.begin(false).unwrap();
            conn.put(&table(), b"key", value).unwrap();
            conn.commit().unwrap();
            conn.pages_written().unwrap() != before
        };
        assert!(writes(b"value"));
        // SQLite sees that nothing changes, and writes nothing.
        assert!(!writes(b"value"));
        assert!(writes(b"other"));
    }
}

#[test]
fn syncing_works_whatever_there_is_to_sync() {
    let dir = tempfile::tempdir().unwrap();
    for wal in [true, false] {
        let path = dir.path().join(wal.to_string());
        let conn = begun(&path, wal);
        conn.commit().unwrap();
        conn.sync().unwrap();
        conn.sync_database().unwrap();
        assert!(conn.close().is_ok());
        // Nothing was written yet by this one.
        let conn = open_new(&Settings { wal, ..settings(&path) }).unwrap().0;
        conn.sync().unwrap();
        conn.sync().unwrap();
        conn.sync_database().unwrap();
    }
}
