//! The one error type of the benchmark: whatever an engine reports, boxed.

/// Any engine's error; a benchmark only ever prints it and stops.
pub(crate) type Error = Box<dyn std::error::Error + Send + Sync>;

/// Shorthand used throughout.
pub(crate) type Result<T> = std::result::Result<T, Error>;
