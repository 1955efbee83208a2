//! SQLite, and nothing of it above this folder: connections, statements, schema, error codes.

mod blob;
mod change;
mod connect;
mod fault;
mod ffi;
mod read;
mod rows;
mod scan;
mod schema;
mod settings;
mod table;
mod write;

pub(crate) use blob::Long;
pub(crate) use connect::{Effective, open_checkpointer, open_reader, open_writer};
pub(crate) use fault::{Class, Fault};
pub(crate) use ffi::{
    WalToken, call_in_forked_children, free_space, is_local, library_has, library_version,
};
pub(crate) use read::ReadConn;
pub(crate) use rows::Rows;
pub(crate) use scan::{Found, Page, PageSize, Want, Way};
pub(crate) use settings::Settings;
pub(crate) use table::Table;
pub(crate) use write::{Log, WriteConn};

/// A build option that puts all connections of a process under one mutex.
pub(crate) const MEMORY_MANAGEMENT: &std::ffi::CStr = c"ENABLE_MEMORY_MANAGEMENT";

/// The code of a row over the library's limit.
pub(crate) const TOO_BIG: i32 = rusqlite::ffi::SQLITE_TOOBIG;

/// What SQLite calls the one database that a connection of ours has.
const MAIN: &str = "main";

#[cfg(test)]
pub(crate) mod tests;
