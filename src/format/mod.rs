//! Bytes on disk: what a stored value looks like. Knows neither SQLite nor tables.

mod encoding;
mod header;
mod stored;

pub use encoding::Encoding;
pub(crate) use header::escape;
pub use stored::Stored;

#[cfg(test)]
mod tests;
