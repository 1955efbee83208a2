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

    // … from as many threads as you like.
    std::thread::scope(|threads| {
        let writers: Vec<_> = (0..4)
            .map(|n| {
                threads.spawn({
                    let vault = vault.clone();
                    move || vault.put_bytes(format!("log:{n}"), "started")
                })
            })
            .collect();
        writers
            .into_iter()
            .try_for_each(|w| w.join().expect("a writer panicked"))
    })?;

    // On the disk, and not only out of the process, before it returns.
    vault
        .with_durability(Durability::Power)
        .put_bytes("balance", "100")?;

    println!("{} keys in {}", vault.len()?, vault.path().display());
    vault.close()?;
    Ok(())
}
