//! The first thirty lines: `cargo run --example quickstart`.

use kvault::{Durability, KVault};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let vault = KVault::open(folder.path().join("app.db"))?;

    // It feels like a map of bytes …
    vault.put_bytes("config", r#"{"timeout": 30}"#)?;
    vault.put_bytes("image.png", b"\x89PNG\r\n\x1a\n")?;
    assert!(vault.contains_key("config")?);
    assert_eq!(vault.get_bytes("nothing")?, None);

    // … from as many threads as you like: a clone is a handle on the same vault.
    let logger = vault.clone();
    let thread = std::thread::spawn(move || logger.put_bytes("log:1", "started"));
    thread.join().map_err(|_| "the thread panicked")??;

    // On the disk, and not only out of the process, before it returns.
    vault.with_durability(Durability::Power).put_bytes("balance", "100")?;

    println!("{} keys in {}", vault.len()?, vault.path().display());
    vault.close()?;
    Ok(())
}
