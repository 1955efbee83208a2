//! The write cache, as its users see it.

mod basics;
mod ends;
mod locks;
mod scopes;
mod sharing;
mod trouble;

use kvault::{CacheOptions, KVault};
use rusqlite::Connection;

use crate::support::Place;

pub(crate) use locks::two_caches;
pub(crate) use trouble::inside;

fn options() -> CacheOptions {
    CacheOptions::default()
}

/// A vault whose handle writes to the cache.
fn cached(place: &Place, options: CacheOptions) -> KVault {
    let vault = place.open();
    vault.enable_cache(options).unwrap();
    vault
}

/// Room for so many entries with a key of one byte and a value of 100.
fn room_for(entries: usize) -> CacheOptions {
    options().cap_bytes(entries * (128 + 1 + 100))
}

/// What is in the file, whatever the vault says.
fn rows(raw: &Connection, table: &str) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut rows = raw.prepare(&format!("SELECT key, value FROM {table} ORDER BY key")).unwrap();
    let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

fn stored(raw: &Connection, key: &str) -> Option<Vec<u8>> {
    let rows = rows(raw, "kv");
    rows.into_iter().find(|(k, _)| k == key.as_bytes()).map(|(_, value)| value)
}
