//! The first thirty lines: `cargo run --example quickstart`.

use kvault::{Durability, KVault, Tensor};
use serde::{Deserialize, Serialize};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Config {
    timeout: u32,
    retries: u8,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?; // any path will do
    let vault = KVault::open(folder.path().join("app.db"))?;

    // It feels like a map. The type decides how a value is stored.
    vault.put("config", &Config { timeout: 30, retries: 3 })?;
    vault.put("embedding", &Tensor::new(&[768], &[0.5_f32; 768])?)?;
    vault.put("image.png", b"\x89PNG\r\n\x1a\n".as_slice())?; // bytes stay bytes

    let config: Config = vault.fetch("config")?;
    assert_eq!(config.timeout, 30);
    assert_eq!(vault.fetch::<Tensor>("embedding")?.shape(), [768]);
    assert_eq!(vault.get::<String>("nothing")?, None);

    // A clone is a handle on the same vault, for any thread.
    let logger = vault.clone();
    let thread = std::thread::spawn(move || logger.put("log:1", "started"));
    thread.join().map_err(|_| "the thread panicked")??;

    // On the disk, and not only out of the process, before it returns.
    vault.with_durability(Durability::Power).put("balance", &100)?;

    println!("{} keys in {}", vault.len()?, vault.path().display());
    vault.close()?;
    Ok(())
}
