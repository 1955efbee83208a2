//! How a handle and its clones pack values: may be changed while others use it.

use serde::de::DeserializeOwned;

use super::Handle;
use crate::{
    Error, Result, Value,
    format::{self, PackSettings},
    sync::{AtomicU64, Ordering},
    writer::{Feature, Op},
};

/// The settings of one handle, a bit each: a forked child must not wait for a lock that a thread
/// of its parent had. A handle that is derived from it gets a copy.
#[derive(Debug)]
pub(crate) struct Packing(AtomicU64);

const AUTO_PACK: u64 = 1;
const USE_PICKLE: u64 = 2;
const HEADERS: u64 = 4;

impl Packing {
    pub(crate) fn new(settings: PackSettings) -> Self {
        Self(AtomicU64::new(to_bits(settings)))
    }

    pub(crate) fn settings(&self) -> PackSettings {
        from_bits(self.0.load(Ordering::Relaxed))
    }

    pub(crate) fn change(&self, change: impl Fn(&mut PackSettings)) {
        let changed = |bits| {
            let mut settings = from_bits(bits);
            change(&mut settings);
            Some(to_bits(settings))
        };
        // It always has a new value for it.
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, changed).ok();
    }
}

fn to_bits(settings: PackSettings) -> u64 {
    let bit = |on, bit| if on { bit } else { 0 };
    bit(settings.auto_pack, AUTO_PACK)
        | bit(settings.use_pickle, USE_PICKLE)
        | bit(settings.headers, HEADERS)
}

fn from_bits(bits: u64) -> PackSettings {
    PackSettings {
        auto_pack: bits & AUTO_PACK != 0,
        use_pickle: bits & USE_PICKLE != 0,
        headers: bits & HEADERS != 0,
    }
}

impl Clone for Packing {
    fn clone(&self) -> Self {
        Self::new(self.settings())
    }
}

impl Handle {
    /// What was found under `key`, as a type.
    pub(crate) fn unpack<T: DeserializeOwned + 'static>(
        &self,
        key: &[u8],
        stored: Option<Vec<u8>>,
    ) -> Result<Option<T>> {
        stored.map(|stored| self.unpack_found(key, stored)).transpose()
    }

    /// As [`Self::unpack`], of a key that was there.
    pub(crate) fn unpack_found<T: DeserializeOwned + 'static>(
        &self,
        key: &[u8],
        stored: Vec<u8>,
    ) -> Result<T> {
        let value = format::unpack_vec(stored, self.pack.settings());
        value.map_err(|error| error.at(&self.table.name, key))
    }

    pub(crate) fn unpack_value(
        &self,
        key: &[u8],
        stored: Option<Vec<u8>>,
    ) -> Result<Option<Value>> {
        let unpack = |stored: Vec<u8>| format::unpack_value(&stored, self.pack.settings());
        stored.map(unpack).transpose().map_err(|error| error.at(&self.table.name, key))
    }

    pub(crate) fn not_found(&self, key: &[u8]) -> Error {
        Error::NotFound { table: self.table.name.clone(), key: key.to_vec() }
    }

    /// Notes in the file that a feature is used.
    pub(crate) fn register(&self, feature: Feature) -> Result<()> {
        self.send("note a feature", || Op::Register(feature), self.is_power()).map(drop)
    }
}
