//! The ten bytes in front of every stored value that is not raw.
//!
//! ```text
//! 0      2        3         4      5         8
//! 89 4B  version  encoding  flags  00 00 00  56 4B
//! ```

use std::borrow::Cow;

use super::Encoding;

pub(crate) const LEN: usize = 10;
const OPEN: [u8; 2] = [0x89, 0x4B];
const CLOSE: [u8; 2] = [0x56, 0x4B];
const VERSION: u8 = 0x01;
/// The low nibble of the flags: compressed, encrypted, and two bits nobody has given a meaning.
const RESERVED_FLAGS: u8 = 0x0F;

/// What a header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) encoding: Encoding,
    pub(crate) flags: u8,
}

/// Why a header cannot be honoured. Its bytes may come from a later version of the format, so it
/// is never taken for raw bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadHeader {
    #[error("header version {0}, this library knows version 1")]
    Version(u8),
    #[error("unknown encoding 0x{0:02X} in the header")]
    Encoding(u8),
    #[error("header flags 0x{0:02X} say that the value is compressed or encrypted")]
    Flags(u8),
    #[error("reserved header bytes are not zero")]
    Reserved,
}

impl Header {
    #[inline]
    pub(crate) fn to_bytes(self) -> [u8; LEN] {
        let ([o0, o1], [c0, c1]) = (OPEN, CLOSE);
        let code = self.encoding.code();
        [o0, o1, VERSION, code, self.flags, 0, 0, 0, c0, c1]
    }

    /// Splits stored bytes. `None` in front means: no header, all of it is payload.
    #[inline]
    pub(crate) fn split(stored: &[u8]) -> Result<(Option<Self>, &[u8]), BadHeader> {
        let (Some((head, payload)), true) = (stored.split_first_chunk::<LEN>(), has_magics(stored))
        else {
            return Ok((None, stored));
        };
        let &[_, _, version, code, flags, r0, r1, r2, _, _] = head;
        if version != VERSION {
            return Err(BadHeader::Version(version));
        }
        let encoding = Encoding::from_code(code).ok_or(BadHeader::Encoding(code))?;
        if flags & RESERVED_FLAGS != 0 {
            return Err(BadHeader::Flags(flags));
        }
        if [r0, r1, r2] != [0; 3] {
            return Err(BadHeader::Reserved);
        }
        Ok((Some(Self { encoding, flags }), payload))
    }
}

/// Whether bytes begin with both magics of a header, with room between them for what it says.
#[inline]
pub(crate) fn has_magics(stored: &[u8]) -> bool {
    let head = stored.first_chunk::<LEN>();
    head.is_some_and(|head| head.starts_with(&OPEN) && head.ends_with(&CLOSE))
}

/// What has to stand in front of raw bytes that begin so, if anything: they, or the first
/// [`LEN`] of them.
#[inline]
pub(crate) fn escaping(raw: &[u8]) -> Option<[u8; LEN]> {
    let header = Header { encoding: Encoding::Raw, flags: 0 };
    (raw.len() >= LEN && raw.starts_with(&OPEN)).then(|| header.to_bytes())
}

/// What to store for raw bytes: themselves, unless they could be taken for a header. Those get a
/// header of encoding raw, which the Python package understands too.
#[inline]
pub(crate) fn escape(raw: &[u8]) -> Cow<'_, [u8]> {
    let Some(header) = escaping(raw) else { return Cow::Borrowed(raw) };
    let mut stored = Vec::with_capacity(LEN + raw.len());
    stored.extend_from_slice(&header);
    stored.extend_from_slice(raw);
    Cow::Owned(stored)
}

/// The same without a copy, where none is needed.
pub(crate) fn escape_owned(raw: Vec<u8>) -> Vec<u8> {
    match escape(&raw) {
        Cow::Owned(stored) => stored,
        Cow::Borrowed(_) => raw,
    }
}
