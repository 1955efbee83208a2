//! How a handle and its clones pack values: may be changed while others use it.

use serde::de::DeserializeOwned;

use super::Handle;
use crate::{
    Error, Result, Value,
    format::{self, PackSettings},
    sync::Mutex,
    writer::{Feature, Op},
};

/// The settings of one handle. A handle that is derived from it gets a copy.
#[derive(Debug)]
pub(crate) struct Packing(Mutex<PackSettings>);

impl Packing {
    pub(crate) fn new(settings: PackSettings) -> Self {
        Self(Mutex::new(settings))
    }

    pub(crate) fn settings(&self) -> PackSettings {
        *self.0.lock()
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut PackSettings)) {
        change(&mut self.0.lock());
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
        let unpack = |stored| format::unpack_vec(stored, self.pack.settings());
        stored.map(unpack).transpose().map_err(|error| error.at(&self.table.name, key))
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
