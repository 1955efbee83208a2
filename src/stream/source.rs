//! From a source into a spool, on the thread of who has the source.

use std::io::{self, ErrorKind, Read};

use super::{Spooler, StreamOptions};
use crate::{Error, Result};

/// What is known of a source.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Expected {
    Unknown,
    /// So much is wanted of it, whatever follows.
    Wanted(u64),
    /// So much it has, if it does not change meanwhile.
    Has(u64),
}

impl Expected {
    pub(crate) fn size(self) -> Option<u64> {
        match self {
            Self::Unknown => None,
            Self::Wanted(size) | Self::Has(size) => Some(size),
        }
    }
}

pub(crate) const ACTION: &str = "store a stream";

/// Reads a source to its end. Nothing is locked meanwhile: it may do what it likes.
pub(crate) fn spool(
    mut source: impl Read,
    mut spooler: Spooler,
    expected: Expected,
    max: u64,
    mut options: StreamOptions,
    may_go_on: impl Fn() -> Result<()>,
) -> Result<Spooler> {
    let total = expected.size();
    if let Some(len) = total.filter(|len| *len > max) {
        return Err(Error::ValueTooLarge { len, max });
    }
    loop {
        may_go_on()?;
        let left = total.map_or(u64::MAX, |total| total.saturating_sub(spooler.len()));
        if left == 0 {
            break;
        }
        // One more than is allowed says that it is too much.
        let allowed = max.saturating_sub(spooler.len()).saturating_add(1);
        let read = fill(&mut source, spooler.room(left.min(allowed))?, &options)?;
        spooler.advance(read.bytes);
        if spooler.len() > max {
            return Err(Error::ValueTooLarge { len: spooler.len(), max });
        }
        if read.bytes > 0 {
            options.report(spooler.len(), total);
        }
        if read.ended {
            break;
        }
    }
    match expected {
        Expected::Wanted(total) | Expected::Has(total) if spooler.len() < total => {
            let why = format!("it ended after {} of {total} bytes", spooler.len());
            Err(broken(io::Error::new(ErrorKind::UnexpectedEof, why)))
        }
        Expected::Has(total) if fill(&mut source, &mut [0], &options)?.bytes > 0 => {
            let why = format!("it has more than {total} bytes");
            Err(broken(io::Error::new(ErrorKind::InvalidData, why)))
        }
        _ => Ok(spooler),
    }
}

struct Filled {
    bytes: usize,
    ended: bool,
}

/// Fills the room as far as the source goes: sources that give a byte at a time are common.
fn fill(source: &mut impl Read, room: &mut [u8], options: &StreamOptions) -> Result<Filled> {
    let mut bytes = 0;
    while let Some(rest) = room.get_mut(bytes..).filter(|rest| !rest.is_empty()) {
        options.check(ACTION)?;
        let most = rest.len();
        match source.read(rest) {
            Ok(0) => return Ok(Filled { bytes, ended: true }),
            Ok(read) if read > most => {
                return Err(broken(io::Error::other("it says that it gave more than it could")));
            }
            Ok(read) => bytes += read,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(broken(error)),
        }
    }
    Ok(Filled { bytes, ended: false })
}

fn broken(error: io::Error) -> Error {
    Error::io("read the source of a stream", error)
}
