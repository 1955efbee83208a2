//! A vault on a line protocol, for shell scripts and for programs in other languages.
//!
//! Reads commands from standard input and answers each with one line:
//!
//! ```text
//! put KEYHEX VALUEHEX       ok
//! get KEYHEX                some VALUEHEX, or none
//! del KEYHEX                true if it was there, else false
//! len                       the number of keys
//! many N PREFIX [VALUEHEX]  the number of keys put: PREFIX0000 and so on, all at once or none
//! clear                     ok: no key is left in this table
//! table NAME                ok: from here on the commands mean that table
//! checkpoint                ok
//! close                     ok; whatever follows fails
//! ```
//!
//! What fails answers `error` and the reason, and the next command goes on. Try it:
//! `printf 'put 6b 76\nget 6b\nlen\n' | cargo run --example vault_shell -- my.db`

use std::env::args_os;
use std::error::Error;
use std::io::{BufRead, stdin};

use kvault::{CheckpointMode, KVault};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let path = args_os().nth(1).ok_or("usage: vault_shell FILE")?;
    let mut vault = KVault::open(path)?;
    for line in stdin().lock().lines() {
        let text = answer(&mut vault, &line?).unwrap_or_else(|error| format!("error {error}"));
        println!("{text}");
    }
    // The end of the input closes what `close` did not.
    if !vault.is_closed() {
        vault.close()?;
    }
    Ok(())
}

fn answer(vault: &mut KVault, line: &str) -> Result<String> {
    // Split at single blanks: an empty key or value is written as nothing at all.
    let words: Vec<&str> = line.split(' ').collect();
    let done = match *words.as_slice() {
        ["put", key, value] => vault.put_bytes(bytes(key)?, bytes(value)?),
        ["get", key] => return Ok(found(vault.get_bytes(bytes(key)?)?)),
        ["del", key] => return Ok(vault.delete(bytes(key)?)?.to_string()),
        ["len"] => return Ok(vault.len()?.to_string()),
        ["many", count, prefix] => return many(vault, count, prefix, ""),
        ["many", count, prefix, value] => return many(vault, count, prefix, value),
        ["clear"] => vault.clear(),
        ["table", name] => vault.table(name).map(|table| *vault = table),
        ["checkpoint"] => vault.checkpoint(CheckpointMode::Truncate).map(drop),
        ["close"] => vault.close(),
        _ => return Err("unknown command".into()),
    };
    Ok(done.map(|()| "ok".into())?)
}

fn many(vault: &KVault, count: &str, prefix: &str, hex: &str) -> Result<String> {
    let value = bytes(hex)?;
    let entries = (0..count.parse()?).map(|i: u32| (format!("{prefix}{i:04}"), &value));
    Ok(vault.put_many_bytes(entries)?.to_string())
}

fn found(value: Option<Vec<u8>>) -> String {
    let digit = |byte: &u8| format!("{byte:02x}");
    let some = |value: Vec<u8>| format!("some {}", value.iter().map(digit).collect::<String>());
    value.map_or("none".into(), some)
}

fn bytes(hex: &str) -> Result<Vec<u8>> {
    if !hex.len().is_multiple_of(2) || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err("expected pairs of hex digits".into());
    }
    let byte = |pair| Ok(u8::from_str_radix(std::str::from_utf8(pair)?, 16)?);
    hex.as_bytes().chunks(2).map(byte).collect()
}
