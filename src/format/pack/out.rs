//! The stored bytes while they are being made.

use rmp_serde::config::{DefaultConfig, StructMapConfig};
use serde::Serialize;

use crate::format::{
    Encoding, PackSettings, cbor, datapacker, escape,
    fault::Fault,
    header::{self, Header},
    json, msgpack, pickle,
    watch::Facts,
};

/// How many bytes are set aside for a payload of unknown length.
pub(super) const ROOM: usize = 128;

/// The codec crate's serializer, over the bytes to be stored.
pub(super) type Rmp = rmp_serde::Serializer<Vec<u8>, StructMapConfig<DefaultConfig>>;

/// What is stored for one value.
pub(super) struct Out {
    pub(super) rmp: Rmp,
    pub(super) facts: Facts,
    settings: PackSettings,
    /// Whether an empty sequence is empty bytes.
    pub(super) is_bytes: bool,
    encoding: Option<Encoding>,
    /// Only a pickle will do.
    needs_pickle: bool,
}

impl Out {
    #[inline]
    pub(super) fn new(settings: PackSettings) -> Self {
        Self {
            rmp: msgpack::serializer(Vec::new()),
            facts: Facts::new(Encoding::MsgPack),
            settings,
            is_bytes: false,
            encoding: None,
            needs_pickle: false,
        }
    }

    /// The stored bytes, and how they are encoded.
    #[inline]
    pub(super) fn finish(self) -> (Vec<u8>, Option<Encoding>) {
        (self.rmp.into_inner(), self.encoding)
    }

    /// Writes a header; the payload, of about this length, is to follow.
    #[inline]
    pub(super) fn begin(
        &mut self,
        encoding: Encoding,
        flags: u8,
        len: usize,
    ) -> Result<&mut Vec<u8>, Fault> {
        self.encoding = Some(encoding);
        if !self.settings.auto_pack {
            return Err(Fault::new("only bytes can be stored while auto-pack is disabled"));
        }
        if !self.settings.headers {
            return Err(Fault::new("only bytes and text can be stored while headers are disabled"));
        }
        let out = self.rmp.get_mut();
        if out.capacity() == 0 {
            *out = Vec::with_capacity(header::LEN + len);
        }
        out.extend_from_slice(&Header { encoding, flags }.to_bytes());
        Ok(out)
    }

    pub(super) fn text(&mut self, text: &str) -> Result<(), Fault> {
        if self.settings.auto_pack && !self.settings.headers {
            self.encoding = Some(Encoding::Utf8);
            self.rmp.get_mut().extend_from_slice(text.as_bytes());
            return Ok(());
        }
        let out = self.begin(Encoding::Utf8, 0, text.len())?;
        out.extend_from_slice(text.as_bytes());
        Ok(())
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.encoding = Some(Encoding::Raw);
        let stored = super::raw(bytes, self.settings)?;
        self.rmp.get_mut().extend_from_slice(&stored);
        Ok(())
    }

    /// What was written so far is raw bytes, and they are all.
    pub(super) fn all_bytes(&mut self) -> Result<(), Fault> {
        let written = std::mem::take(self.rmp.get_mut());
        self.encoding = Some(Encoding::Raw);
        let is_plain = matches!(escape(&written), std::borrow::Cow::Borrowed(_));
        if is_plain || !self.settings.auto_pack {
            *self.rmp.get_mut() = written;
            return Ok(());
        }
        self.bytes(&written)
    }

    pub(super) fn int(&mut self, value: i64) -> Result<(), Fault> {
        let out = self.begin(Encoding::DataPacker, datapacker::Kind::Int.flags(), 8)?;
        out.extend_from_slice(&value.to_le_bytes());
        Ok(())
    }

    pub(super) fn float(&mut self, value: f64) -> Result<(), Fault> {
        let out = self.begin(Encoding::DataPacker, datapacker::Kind::Float.flags(), 8)?;
        out.extend_from_slice(&value.to_le_bytes());
        Ok(())
    }

    #[inline]
    pub(super) fn tensor(&mut self, payload: &[u8]) -> Result<(), Fault> {
        let out =
            self.begin(Encoding::DataPacker, datapacker::Kind::Tensor.flags(), payload.len())?;
        out.extend_from_slice(payload);
        Ok(())
    }

    /// Leaves the value to a pickle.
    pub(super) fn pickle(&mut self) -> Result<(), Fault> {
        self.encoding = Some(Encoding::Pickle);
        self.needs_pickle = true;
        if self.settings.may_pickle() {
            return Ok(());
        }
        Err(Fault::new("an integer over 64 bits is stored as a pickle, and those are disabled"))
    }

    pub(super) const fn may_pickle(&self) -> bool {
        self.settings.may_pickle()
    }

    /// Whether what was written is to be replaced by a pickle.
    #[inline]
    pub(super) fn wants_pickle(&self) -> bool {
        let better = self.encoding == Some(Encoding::MsgPack) && self.facts.ask_for_pickle();
        self.may_pickle() && (self.needs_pickle || better)
    }

    /// Writes a value in an encoding of the caller's choice.
    pub(super) fn encode<T: Serialize + ?Sized>(
        &mut self,
        value: &T,
        encoding: Encoding,
    ) -> Result<(), Fault> {
        // The caller asked for it, so it does not matter what the Python package makes of it.
        let facts = Facts::new(encoding);
        match encoding {
            Encoding::DataPacker => super::choose::number(value, self),
            Encoding::MsgPack => {
                self.begin(encoding, 0, ROOM)?;
                msgpack::write(value, &mut self.rmp, &facts)
            }
            Encoding::Json => json::write(value, self.begin(encoding, 0, ROOM)?, &facts),
            Encoding::Cbor => cbor::write(value, self.begin(encoding, 0, ROOM)?, &facts),
            Encoding::Pickle => pickle::write(value, self.begin(encoding, 0, ROOM)?, &facts),
            Encoding::Raw | Encoding::Utf8 => Err(Fault::new("no encoding of every value")),
        }
    }
}
