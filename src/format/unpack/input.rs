//! Bytes that are read from front to back.

use crate::format::fault::Fault;

/// What is left of a payload.
pub(crate) struct Input<'a> {
    rest: &'a [u8],
}

impl<'a> Input<'a> {
    pub(crate) const fn new(payload: &'a [u8]) -> Self {
        Self { rest: payload }
    }

    pub(crate) fn byte(&mut self) -> Result<u8, Fault> {
        self.array().map(u8::from_be_bytes)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let (array, rest) = self.rest.split_first_chunk().ok_or_else(truncated)?;
        self.rest = rest;
        Ok(*array)
    }

    pub(crate) fn take(&mut self, len: usize) -> Result<&'a [u8], Fault> {
        let (taken, rest) = self.rest.split_at_checked(len).ok_or_else(truncated)?;
        self.rest = rest;
        Ok(taken)
    }

    pub(crate) fn text(&mut self, len: usize) -> Result<&'a str, Fault> {
        std::str::from_utf8(self.take(len)?).map_err(Fault::new)
    }

    /// What stands before the next line break, which is passed.
    #[cfg(feature = "pickle")]
    pub(crate) fn line(&mut self) -> Result<&'a [u8], Fault> {
        let len = self.rest.iter().position(|&byte| byte == b'\n').ok_or_else(truncated)?;
        let line = self.take(len)?;
        self.rest = self.rest.get(1..).unwrap_or_default();
        Ok(line)
    }

    /// Refuses a number of items that the rest is too short for. At most this many bytes are then
    /// set aside ahead for items, whatever was announced.
    pub(crate) fn expect(&self, items: usize, smallest: usize) -> Result<usize, Fault> {
        if items > self.rest.len() / smallest {
            return Err(truncated());
        }
        Ok(items.min(4096))
    }

    pub(crate) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(crate) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    pub(crate) fn end(&self) -> Result<(), Fault> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(Fault::new("bytes after the end of the value"))
        }
    }
}

fn truncated() -> Fault {
    Fault::new("the bytes end within the value")
}
