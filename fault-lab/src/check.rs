//! Opens what a crash has left, and compares it with what may be there.

use std::{
    collections::HashSet,
    fs,
    path::Path,
    time::{Duration, Instant},
};

use kvault::{Error, KVault};
use rusqlite::{Connection, OpenFlags};

use crate::{
    content::{self, COUNTER, Held},
    disk::Image,
    model::State,
    workload::Setup,
};

/// How long a lock may be in the way of a look at a vault that nobody else uses.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a vault shows of its tables.
pub(crate) fn read_through(vault: &KVault) -> Result<State, String> {
    let mut state = State::default();
    for name in patiently(|| vault.tables())? {
        let Some(table) = content::table_number(&name) else { continue };
        state.make_table(table);
        let handle = patiently(|| vault.table(&name))?;
        let keys = 0..=COUNTER;
        let values = patiently(|| handle.get_many_stored(keys.clone().map(content::key)))?;
        let mut found = 0;
        for (key, value) in keys.zip(values) {
            let Some(value) = value else { continue };
            state.put(table, key, held(table, key, value.as_bytes())?);
            found += 1;
        }
        let len = patiently(|| handle.len())?;
        if len != found {
            return Err(format!("{name} has {len} keys, but shows {found}"));
        }
    }
    Ok(state)
}

/// Pauses are so short here that on a busy machine they end before whoever has the lock goes on.
fn patiently<T>(read: impl Fn() -> kvault::Result<T>) -> Result<T, String> {
    let began = Instant::now();
    loop {
        match read() {
            Err(Error::DatabaseBusy { .. }) if began.elapsed() < PATIENCE => {}
            outcome => return outcome.map_err(|error| format!("{error:?}")),
        }
    }
}

/// What plain SQLite finds in the file, which must be sound.
fn read_plainly(file: &Path) -> Result<State, String> {
    let failed = |error: rusqlite::Error| format!("plain SQLite says {error:?}");
    let conn = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY);
    let conn = conn.map_err(failed)?;
    let sound: String =
        conn.query_row("PRAGMA integrity_check", [], |row| row.get(0)).map_err(failed)?;
    if sound != "ok" {
        return Err(format!("the integrity check says {sound}"));
    }
    let mut state = State::default();
    let mut tables =
        conn.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").map_err(failed)?;
    let names = tables.query_map([], |row| row.get::<_, String>(0)).map_err(failed)?;
    for name in names {
        let name = name.map_err(failed)?;
        let Some(table) = content::table_number(&name) else { continue };
        state.make_table(table);
        let mut rows = conn.prepare(&format!("SELECT key, value FROM {name}")).map_err(failed)?;
        let mut rows = rows.query([]).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            let both = || Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, Vec<u8>>(1)?));
            let (key, value) = both().map_err(failed)?;
            let number = content::number_of(&key).ok_or_else(|| format!("a key {key:?}"))?;
            state.put(table, number, held(table, number, &value)?);
        }
    }
    Ok(state)
}

fn held(table: u8, key: u8, value: &[u8]) -> Result<Held, String> {
    let strange = || format!("table {table} has a torn value under key {key}: {value:?}");
    Held::of(key, value).ok_or_else(strange)
}

/// Opens the files as a crash has left them: they must open at once, hold one of the `allowed`
/// states, be sound, and take writes. `folder` is empty, and is again afterwards.
pub(crate) fn recovers(
    image: &Image,
    setup: Setup,
    allowed: &HashSet<State>,
    folder: &Path,
) -> Result<(), String> {
    for (name, content) in &image.0 {
        fs::write(folder.join(&**name), content).unwrap();
    }
    let outcome = opens_and_works(setup, allowed, &folder.join("vault.db"));
    for entry in fs::read_dir(folder).unwrap() {
        fs::remove_file(entry.unwrap().path()).unwrap();
    }
    outcome
}

fn opens_and_works(setup: Setup, allowed: &HashSet<State>, file: &Path) -> Result<(), String> {
    let failed = |what: &'static str| move |error: kvault::Error| format!("{what}: {error:?}");
    let vault = setup.options().open(file).map_err(failed("does not open"))?;
    let found = read_plainly(file)?;
    // Opening makes the first table.
    let same = |state: &State| {
        let mut state = state.clone();
        state.make_table(0);
        state == found
    };
    if !allowed.iter().any(same) {
        return Err(format!("holds {found:?}\nand not one of {allowed:?}"));
    }
    vault.put_bytes("after", "all").map_err(failed("takes no write"))?;
    let read = vault.get_bytes("after").map_err(failed("cannot be read"))?;
    if read.as_deref() != Some(&b"all"[..]) {
        return Err("does not show what was just put".to_owned());
    }
    vault.close().map_err(failed("does not close"))
}
