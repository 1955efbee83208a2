//! Large values in pieces: what users pass in and get out, and where a value is kept that is not
//! complete yet.

mod blob_reader;
mod blob_writer;
mod options;
mod path;
mod source;
mod spool;

pub use blob_reader::BlobReader;
pub use blob_writer::BlobWriter;
pub use options::StreamOptions;
pub(crate) use path::{Found, PathValue};
pub(crate) use source::{Expected, spool};
pub(crate) use spool::{Spooler, Value};
