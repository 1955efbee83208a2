//! The disk space that a closed store takes.

use std::fs::Metadata;
use std::path::Path;

use crate::error::Result;

/// Bytes that the files below a directory occupy; holes in sparse files do not count.
pub(crate) fn occupied(directory: &Path) -> Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        bytes += if metadata.is_dir() { occupied(&entry.path())? } else { blocks(&metadata) };
    }
    Ok(bytes)
}

#[cfg(unix)]
fn blocks(metadata: &Metadata) -> u64 {
    use std::os::unix::fs::MetadataExt;
    metadata.blocks() * 512
}

#[cfg(not(unix))]
fn blocks(metadata: &Metadata) -> u64 {
    metadata.len()
}
