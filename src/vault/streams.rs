//! Large values in and out: never in memory as a whole.

use std::{
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use super::{Handle, KVault};
use crate::{
    BlobReader, BlobWriter, Error, Result, StreamOptions,
    handoff::cache::{Dirty, Key, Spool, Spooled as _},
    stream::{Expected, Found, PathValue, Spooler, Value, spool},
    sync::{Arc, Deadline},
    writer::{Command, LongRow, Op, Turn},
};

impl KVault {
    /// Stores what a source gives under a key, in place of what was there. Returns how many bytes
    /// that were.
    ///
    /// The source is read to its end first, on this thread and with nothing locked; what it gave is
    /// kept in memory, and above a few chunks in a temporary file beside the database. Only when it
    /// is complete it is copied to the key, in one transaction. So a source may take its time, and
    /// one that fails, ends early or panics leaves the key as it was.
    ///
    /// Values that went to a file are copied one at a time, and while the log is long this waits
    /// until some of it is moved into the database: see
    /// [`wal_limit`](crate::CheckpointPolicy::Auto::wal_limit). Others write on meanwhile. Who reads
    /// from the log all the time is not waited for.
    ///
    /// With a [`size`](StreamOptions::size) so many bytes are read and no more; without one a source
    /// that hides its failure as an end is taken for complete. For a source whose size can be found
    /// there is [`put_seekable`](Self::put_seekable), for a file
    /// [`put_path`](Self::put_path).
    ///
    /// # Errors
    ///
    /// [`Error::Io`] with what the source failed with, or if it ended early.
    /// [`Error::ValueTooLarge`] over [`max_value_bytes`](crate::Options::max_value_bytes): where
    /// the size is known, before the first byte is read. [`Error::Cancelled`].
    /// [`Error::Full`] if there is no room to keep it in, and else as
    /// [`put_bytes`](Self::put_bytes).
    ///
    /// # Examples
    ///
    /// ```
    /// use kvault::StreamOptions;
    ///
    /// # let dir = tempfile::tempdir()?;
    /// # let vault = kvault::KVault::open(dir.path().join("app.db"))?;
    /// let source = std::io::repeat(7).take(3_000_000);
    /// # use std::io::Read;
    /// let options = StreamOptions::default().chunk_size(256 << 10);
    /// assert_eq!(vault.put_reader("sevens", source, options)?, 3_000_000);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "put_file")]
    pub fn put_reader(
        &self,
        key: impl AsRef<[u8]>,
        source: impl Read,
        options: StreamOptions,
    ) -> Result<u64> {
        let expected = options.size.map_or(Expected::Unknown, Expected::Wanted);
        self.handle.put_source(key.as_ref(), source, expected, options, || Ok(()))
    }

    /// As [`put_reader`](Self::put_reader), for a source that can say how much it has: all of it
    /// from where it stands, unless a [`size`](StreamOptions::size) is given. One that turns out to
    /// have less or more than it said is an error.
    ///
    /// # Errors
    ///
    /// As [`put_reader`](Self::put_reader).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::Cursor;
    /// use kvault::StreamOptions;
    ///
    /// # let dir = tempfile::tempdir()?;
    /// # let vault = kvault::KVault::open(dir.path().join("app.db"))?;
    /// let source = Cursor::new(b"hello");
    /// assert_eq!(vault.put_seekable("greeting", source, StreamOptions::default())?, 5);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "put_file")]
    pub fn put_seekable(
        &self,
        key: impl AsRef<[u8]>,
        mut source: impl Read + Seek,
        options: StreamOptions,
    ) -> Result<u64> {
        let expected = match options.size {
            Some(size) => Expected::Wanted(size),
            None => Expected::Has(left(&mut source)?),
        };
        self.handle.put_source(key.as_ref(), source, expected, options, || Ok(()))
    }

    /// Stores a file under a key. Returns how many bytes that were.
    ///
    /// A regular file on a disk of this machine that is longer than a few chunks is copied straight
    /// into the database, while nobody in this process has a write cache. Anything else, such as a
    /// pipe or a file of a network, is read as [`put_reader`](Self::put_reader) reads its source; with
    /// progress and cancellation do so yourself. A file that is changed meanwhile is an error, and
    /// nothing is stored; only a change through a memory map may go unnoticed.
    ///
    /// # Errors
    ///
    /// As [`put_reader`](Self::put_reader), and [`Error::InvalidArgument`] for a file of a vault
    /// that is open, see [`is_open_vault_file`](crate::is_open_vault_file).
    ///
    /// # Examples
    ///
    /// ```
    /// # let dir = tempfile::tempdir()?;
    /// # let vault = kvault::KVault::open(dir.path().join("app.db"))?;
    /// # let movie = dir.path().join("movie.mp4");
    /// # std::fs::write(&movie, [1; 1000])?;
    /// assert_eq!(vault.put_path("movie:2024", &movie)?, 1000);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "put_file")]
    pub fn put_path(&self, key: impl AsRef<[u8]>, path: impl AsRef<Path>) -> Result<u64> {
        let (handle, key) = (&self.handle, key.as_ref());
        handle.may_stream()?;
        match PathValue::open(path.as_ref(), handle.open.engine().options.max_value_bytes)? {
            Found::Direct(value) => {
                let bytes = value.bytes();
                handle.check_row(key.len(), bytes)?;
                let options = StreamOptions::default();
                // What waits in the cache must not depend on a file of somebody else's, and what is
                // short shares its commit with others.
                if handle.way()?.is_some() || bytes <= handle.spooler(&options)?.most() {
                    let (source, expected) = (value.reader(), Expected::Has(bytes));
                    return handle.put_source(key, source, expected, options, || value.verify());
                }
                let _turn = handle.long_turn("store a stream")?;
                handle.copy_long(key, &Spool::new(value))?;
                Ok(bytes)
            }
            Found::Source(file, size) => {
                // A file that says it is empty may have a lot to say.
                let expected =
                    size.filter(|size| *size > 0).map_or(Expected::Unknown, Expected::Has);
                handle.put_source(key, file, expected, StreamOptions::default(), || Ok(()))
            }
        }
    }

    /// A writer for the value of a key, for who has it piece by piece. The key stays what it is
    /// until [`BlobWriter::finish`]; a writer that is dropped changes nothing.
    ///
    /// # Errors
    ///
    /// As [`put_reader`](Self::put_reader).
    pub fn create_blob(&self, key: impl AsRef<[u8]>, options: StreamOptions) -> Result<BlobWriter> {
        let spooler = self.handle.spooler(&options)?;
        let max = self.handle.open.engine().options.max_value_bytes;
        if let Some(len) = options.size.filter(|len| *len > max) {
            return Err(Error::ValueTooLarge { len, max });
        }
        Ok(BlobWriter::new(Arc::clone(&self.handle), key.as_ref(), spooler, options))
    }

    /// Writes the payload of a value to a sink, piece by piece: what
    /// [`get_bytes`](Self::get_bytes) returns. Returns how many bytes that were.
    ///
    /// It is one version of the value. While a sink takes its time the write-ahead log grows, and
    /// no longer than [`snapshot_max_age`](crate::Options::snapshot_max_age): see [`BlobReader`].
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`]; [`Error::Io`] with what the sink failed with, which has a part of the
    /// value by then; [`Error::SnapshotExpired`], [`Error::Cancelled`], and else as
    /// [`get_bytes`](Self::get_bytes).
    ///
    /// # Examples
    ///
    /// ```
    /// use kvault::StreamOptions;
    ///
    /// # let dir = tempfile::tempdir()?;
    /// # let vault = kvault::KVault::open(dir.path().join("app.db"))?;
    /// vault.put("greeting", "hello")?;
    /// let mut copy = Vec::new();
    /// vault.get_to_writer("greeting", &mut copy, StreamOptions::default())?;
    /// assert_eq!(copy, b"hello");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "get_to_file")]
    pub fn get_to_writer(
        &self,
        key: impl AsRef<[u8]>,
        mut sink: impl Write,
        mut options: StreamOptions,
    ) -> Result<u64> {
        let action = "read a stream";
        let chunk = options.chunk(self.handle.options.chunk_size)?;
        let failed = |error| Error::io("write to the sink of a stream", error);
        let blob = self.open_blob(key)?;
        let all = blob.len();
        let most = usize::try_from(all).unwrap_or(usize::MAX).min(chunk);
        let mut piece = vec![0; most];
        let mut done = 0;
        while done < all {
            options.check(action)?;
            let read = blob.read_at(&mut piece, done)?;
            // Nothing is locked here: a sink may do what it likes.
            sink.write_all(piece.get(..read).unwrap_or_default()).map_err(failed)?;
            done += read as u64;
            options.report(done, Some(all));
        }
        sink.flush().map_err(failed)?;
        Ok(done)
    }

    /// A reader of the payload of a value, which can seek, and shows one version of it from start
    /// to end.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`], [`Error::Decode`] if the value begins with a header that this version
    /// does not know, or if the file cannot be read.
    pub fn open_blob(&self, key: impl AsRef<[u8]>) -> Result<BlobReader> {
        BlobReader::open(Arc::clone(&self.handle), key.as_ref())
    }
}

/// How much there is from where a source stands.
fn left(source: &mut impl Seek) -> Result<u64> {
    let mut measure = || {
        let at = source.stream_position()?;
        let end = source.seek(SeekFrom::End(0))?;
        if end != at {
            source.seek(SeekFrom::Start(at))?;
        }
        Ok(end.saturating_sub(at))
    };
    measure().map_err(|error| Error::io("find the size of a source", error))
}

impl Handle {
    /// Refuses a stream before a source is touched that would be refused when it is over.
    fn may_stream(&self) -> Result<()> {
        self.open.may_write("store a stream")?;
        self.way().map(drop)
    }

    fn spooler(&self, options: &StreamOptions) -> Result<Spooler> {
        self.may_stream()?;
        let chunk = options.chunk(self.options.chunk_size)?;
        let path = &self.open.engine().path;
        let folder = path.parent().map_or_else(PathBuf::new, Path::to_owned);
        Ok(Spooler::new(folder, chunk))
    }

    fn put_source(
        &self,
        key: &[u8],
        source: impl Read,
        expected: Expected,
        options: StreamOptions,
        verify: impl FnOnce() -> io::Result<()>,
    ) -> Result<u64> {
        let spooler = self.spooler(&options)?;
        let max = self.open.engine().options.max_value_bytes;
        let spooler = spool(source, spooler, expected, max, options, || self.open.check())?;
        verify().map_err(|error| Error::io("read the source of a stream", error))?;
        let len = spooler.len();
        self.put_value(key, &spooler.finish()?)?;
        Ok(len)
    }

    /// Stores what was spooled, or puts it to the cache.
    pub(crate) fn put_value(&self, key: &[u8], value: &Value) -> Result<()> {
        let spool = match value {
            Value::Memory(bytes) => return self.put(key, bytes),
            Value::Spool(spool) => spool,
        };
        self.check_row(key.len(), spool.len())?;
        let action = "store a stream";
        let _turn = self.long_turn(action)?;
        if let Some((way, cache)) = self.to_cache(action)? {
            // What was put before must not wait for this: it takes much room to be flushed, and its
            // file takes as much already. Nor are there many such files then, while none can be.
            self.flush(None)?;
            let ticket = self.try_put(cache, |deadline| {
                let value = Dirty::Spooled(spool.clone());
                // A generation of its own: puts go on while it is committed, and gets read it.
                cache.put_apart(vec![(Key::new(self.number, key), value)], deadline)
            })?;
            if ticket.is_some() {
                return self.settle(way, ticket);
            }
        }
        self.copy_long(key, spool)
    }

    /// Waits until the log has room for a long value. What is returned is held until it is stored.
    fn long_turn(&self, action: &'static str) -> Result<Turn<'_>> {
        // Before anything is locked: in a forked child it may be locked for ever.
        self.open.may_write(action)?;
        let engine = self.open.engine();
        let ask = || engine.call(action, Deadline::NEVER, |reply| Command::MakeRoom { reply });
        engine.long.wait(ask)
    }

    /// Has the writer copy a value. It may be copied again, if that met a lock.
    fn copy_long(&self, key: &[u8], value: &Spool) -> Result<()> {
        let row = || LongRow { key: key.into(), value: value.clone() };
        self.send("store a stream", || Op::PutLong(row()), self.is_power()).map(drop)
    }
}

#[cfg(test)]
mod tests;
