//! What is there: in the cache, or else in the file.

use super::Handle;
use crate::{
    Error, Result,
    handoff::{
        Revoked,
        cache::{Cache, Dirty, KeyRef, Overlay, Spool},
    },
    readers::{Connection, Reading},
    store::{Fault, ReadConn},
    sync::{Arc, Deadline},
};

/// Somebody who reads a table, on a connection of their own or a shared one.
///
/// The cache is asked first and the file second: what leaves the cache meanwhile is in the file.
pub(crate) trait Reads {
    fn handle(&self) -> &Handle;

    /// Runs something on a connection, again if it met a lock.
    fn with<T>(&self, operation: impl Fn(&Connection) -> Result<T>) -> Result<T>;

    /// Reads from the file alone.
    fn read<T>(&self, operation: impl Fn(&ReadConn) -> Result<T, Fault>) -> Result<T> {
        let readers = &self.handle().open.engine().readers;
        self.with(|conn| readers.read(conn, |conn| Ok(operation(conn)?)))
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        let handle = self.handle();
        match handle.dirty(key, Seen::of)? {
            Some(seen) => seen.load(),
            None => self.read(|conn| conn.get(&handle.table, key)),
        }
    }

    fn contains(&self, key: &[u8]) -> Result<bool> {
        let handle = self.handle();
        let dirty = handle.dirty(key, Dirty::is_there)?;
        dirty.map_or_else(|| self.read(|conn| conn.contains(&handle.table, key)), Ok)
    }

    /// All keys at one instant, in their order.
    fn get_many(&self, keys: &[&[u8]]) -> Result<Vec<Option<Vec<u8>>>> {
        let handle = self.handle();
        let Some(cache) = handle.dirty_cache()? else {
            return self.read(|conn| conn.get_many(&handle.table, keys));
        };
        let wanted: Vec<_> = keys.iter().map(|bytes| handle.key_ref(bytes)).collect();
        let readers = &handle.open.engine().readers;
        self.with(|conn| {
            let (mut view, dirty) = cache.get_many(&wanted, || readers.enter(conn))?;
            let unknown = keys.iter().zip(&dirty).filter(|(_, dirty)| dirty.is_none());
            let unknown: Vec<&[u8]> = unknown.map(|(key, _)| *key).collect();
            let stored = see(&mut view, |conn| conn.get_many(&handle.table, &unknown))?;
            let mut stored = stored.into_iter();
            let found = dirty.into_iter().map(|dirty| match dirty {
                Some(dirty) => load(&dirty),
                None => Ok(stored.next().flatten()),
            });
            found.collect()
        })
    }

    fn len(&self) -> Result<u64> {
        let handle = self.handle();
        let Some(cache) = handle.dirty_cache()? else {
            return self.read(|conn| conn.len(&handle.table));
        };
        self.over_a_view(cache, |overlay, conn| count(handle, overlay, conn))
    }

    fn is_empty(&self) -> Result<bool> {
        let handle = self.handle();
        let Some(cache) = handle.dirty_cache()? else {
            return self.read(|conn| conn.is_empty(&handle.table));
        };
        self.over_a_view(cache, |overlay, conn| {
            let entries = overlay.entries(handle.number, |_| true);
            let any = entries.iter().any(|(_, dirty)| dirty.is_there());
            // What is deleted is counted only where nothing else is there.
            Ok(!any && (conn.is_empty(&handle.table)? || count(handle, overlay, conn)? == 0))
        })
    }

    /// Looks at the cache and the file at one instant.
    fn over_a_view<T>(
        &self,
        cache: &Cache<Error>,
        look: impl Fn(&Overlay, &ReadConn) -> Result<T, Fault>,
    ) -> Result<T> {
        let readers = &self.handle().open.engine().readers;
        self.with(|conn| {
            let (mut view, overlay) = cache.snapshot(|| readers.enter(conn))?;
            see(&mut view, |conn| look(&overlay, conn))
        })
    }
}

fn see<T>(view: &mut Reading<'_>, look: impl FnOnce(&ReadConn) -> Result<T, Fault>) -> Result<T> {
    match view.read(look) {
        Ok(seen) => Ok(seen?),
        Err(Revoked) => Err(Error::Closed),
    }
}

/// How many keys there are in the file with what lies over it.
pub(crate) fn count(handle: &Handle, overlay: &Overlay, conn: &ReadConn) -> Result<u64, Fault> {
    let mut keys = conn.len(&handle.table)?;
    for (key, dirty) in overlay.entries(handle.number, |_| true) {
        let stored = conn.contains(&handle.table, key.bytes())?;
        match dirty {
            Dirty::Put(_) | Dirty::Spooled(_) if !stored => keys += 1,
            Dirty::Deleted if stored => keys -= 1,
            _ => {}
        }
    }
    Ok(keys)
}

/// What a get takes from the cache, where it must not stay for long.
enum Seen {
    Bytes(Option<Vec<u8>>),
    Spooled(Spool),
}

impl Seen {
    fn of(dirty: &Dirty) -> Self {
        match dirty {
            Dirty::Put(bytes) => Self::Bytes(Some(bytes.to_vec())),
            Dirty::Spooled(spool) => Self::Spooled(spool.clone()),
            Dirty::Deleted => Self::Bytes(None),
        }
    }

    fn load(self) -> Result<Option<Vec<u8>>> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            Self::Spooled(spool) => load(&Dirty::Spooled(spool)),
        }
    }
}

/// What an entry of the cache holds.
pub(crate) fn load(dirty: &Dirty) -> Result<Option<Vec<u8>>> {
    dirty.load().map_err(|error| Error::io("read a value that is still to be flushed", error))
}

impl Handle {
    pub(crate) fn key_ref<'a>(&self, bytes: &'a [u8]) -> KeyRef<'a> {
        KeyRef { table: self.number, bytes }
    }

    /// What the cache knows of a key.
    pub(crate) fn dirty<T>(&self, key: &[u8], seen: impl Fn(&Dirty) -> T) -> Result<Option<T>> {
        self.open.check()?;
        Ok(self.open.engine().cache().and_then(|cache| cache.get(self.key_ref(key), seen)))
    }

    /// The cache, if there is anything in it. Else the file has all that is known now, and what
    /// is put from now on need not be seen.
    pub(crate) fn dirty_cache(&self) -> Result<Option<&Arc<Cache<Error>>>> {
        self.open.check()?;
        Ok(self.open.engine().cache().filter(|cache| !cache.is_clean()))
    }
}

impl Handle {
    /// Runs something on a connection that the caller keeps: it is gone after a failure, so that
    /// the next time begins on a fresh one.
    pub(crate) fn with_kept<T>(
        &self,
        place: &mut Option<Arc<Connection>>,
        operation: impl Fn(&Connection) -> Result<T>,
    ) -> Result<T> {
        self.open.check()?;
        let readers = &self.open.engine().readers;
        self.options.policy().run(Deadline::NEVER, || {
            let conn = match place.take() {
                Some(conn) => conn,
                None => readers.connect()?,
            };
            let value = operation(&conn)?;
            *place = Some(conn);
            Ok(value)
        })
    }
}

impl Reads for Handle {
    fn handle(&self) -> &Handle {
        self
    }

    fn with<T>(&self, operation: impl Fn(&Connection) -> Result<T>) -> Result<T> {
        self.open.check()?;
        let readers = &self.open.engine().readers;
        self.options.policy().run(Deadline::NEVER, || readers.lend(&operation))
    }
}
