//! The versions of what was measured, read from the lock file that the program was built with.

/// The workspace's lock file.
const LOCK: &str = include_str!("../../Cargo.lock");

/// The engines' crates.
const CRATES: [&str; 6] = ["kvault", "rusqlite", "redb", "fjall", "heed", "sled"];

/// `SQLite 3.x, kvault 0.x, ...` in one line.
pub(crate) fn line() -> String {
    let mut parts = vec![format!("SQLite {}", rusqlite::version())];
    for name in CRATES {
        if let Some(version) = locked(name) {
            parts.push(format!("{name} {version}"));
        }
    }
    parts.join(", ")
}

/// A package's `version = "..."` is the line after its `name = "..."`.
fn locked(name: &str) -> Option<&'static str> {
    let (_, package) = LOCK.split_once(&format!("name = \"{name}\"\nversion = \""))?;
    package.split('"').next()
}
