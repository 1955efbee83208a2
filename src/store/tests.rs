//! What connections are opened with, and what the tests of this folder share.

use std::{path::Path, time::Duration};

use rusqlite::{Connection, types::Value};

use super::{Effective, Fault, Settings, WriteConn, open_reader, open_writer};
use crate::{AutoVacuum, files::create_if_missing};

pub(super) fn settings(path: &Path) -> Settings {
    Settings {
        path: path.into(),
        read_only: false,
        wal: true,
        page_size: 4_096,
        mmap_size: 0,
        cache_kb: 1_000,
        reader_cache_kb: 1_000,
        busy_timeout: Duration::ZERO,
        auto_vacuum: AutoVacuum::None,
        external_checkpoints: false,
    }
}

/// As the registry has it: the file is there before it is opened.
pub(crate) fn open_new(settings: &Settings) -> Result<(WriteConn, Effective), Fault> {
    create_if_missing(&settings.path).unwrap();
    open_writer(settings)
}

/// A setting of a connection, as text.
pub(super) fn pragma(conn: &Connection, name: &str) -> String {
    match conn.pragma_query_value(None, name, |row| row.get(0)).unwrap() {
        Value::Integer(number) => number.to_string(),
        Value::Text(text) => text,
        other => panic!("{name} is {other:?}"),
    }
}

#[test]
fn a_page_size_is_for_a_new_file() {
    let dir = tempfile::tempdir().unwrap();
    let with = |page_size| Settings { page_size, ..settings(&dir.path().join("vault.db")) };
    let (_, effective) = open_new(&with(8_192)).unwrap();
    assert_eq!(effective.page_size, 8_192);
    let (_, effective) = open_new(&with(1_024)).unwrap();
    assert_eq!(effective.page_size, 8_192);
    let (_, effective) = open_reader(&with(1_024)).unwrap();
    assert_eq!(effective.page_size, 8_192);
}

#[test]
fn what_took_is_told() {
    let dir = tempfile::tempdir().unwrap();
    for (wal, mode) in [(true, "wal"), (false, "delete")] {
        let settings = Settings { wal, mmap_size: 1 << 20, ..settings(&dir.path().join(mode)) };
        for effective in [open_new(&settings).unwrap().1, open_reader(&settings).unwrap().1] {
            assert_eq!(effective.journal_mode, mode);
            assert_eq!(effective.mmap_size, 1 << 20);
            assert_eq!(effective.max_row, 1_000_000_000);
        }
    }
}
