//! What a careful program writes by hand: a thread that commits what many send it in one
//! transaction, and SQLite's own automatic checkpoints.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::JoinHandle;

use rusqlite::Connection;

use super::sqlite_file as file;
use crate::error::Result;
use crate::row::Row;
use crate::system::{Durability, Session, Setup, Store, System};

/// rusqlite behind a channel, with group commit.
pub(super) struct Grouped;

impl System for Grouped {
    fn setup(&self) -> Setup {
        Setup {
            process: "WAL, synchronous=NORMAL; a thread commits what is queued together",
            power: "WAL, synchronous=FULL; a thread commits what is queued together",
            get: "a connection per thread, prepared statement, a transaction per get",
            ingest: "one transaction in arrival order, synchronous=FULL",
        }
    }

    fn open(&self, directory: &Path, durability: Durability) -> Result<Box<dyn Store>> {
        let writer = file::open(directory, durability)?;
        let (sender, receiver) = channel();
        let thread = std::thread::spawn(move || commit_all(writer, &receiver));
        let keeper = Mutex::new(file::open(directory, durability)?);
        let directory = directory.to_owned();
        Ok(Box::new(Open { sender, thread, keeper, directory, durability }))
    }
}

/// A put and where its answer goes.
struct Put {
    key: Box<[u8]>,
    value: Box<[u8]>,
    answer: SyncSender<bool>,
}

fn commit_all(connection: Connection, puts: &Receiver<Put>) -> Result<()> {
    while let Ok(first) = puts.recv() {
        let group: Vec<Put> = std::iter::once(first).chain(puts.try_iter()).collect();
        connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        for put in &group {
            file::put(&connection, &put.key, &put.value)?;
        }
        connection.prepare_cached("COMMIT")?.execute([])?;
        for put in group {
            // Who does not wait any more needs no answer.
            put.answer.send(true).ok();
        }
    }
    file::close(connection)
}

struct Open {
    sender: Sender<Put>,
    thread: JoinHandle<Result<()>>,
    keeper: Mutex<Connection>,
    directory: PathBuf,
    durability: Durability,
}

impl Store for Open {
    fn session(&self) -> Result<Box<dyn Session + Send + '_>> {
        let reader = file::open(&self.directory, self.durability)?;
        Ok(Box::new(Caller { sender: self.sender.clone(), reader }))
    }

    fn ingest(&self, rows: &[Row]) -> Result<()> {
        let keeper = self.keeper.lock().unwrap_or_else(PoisonError::into_inner);
        file::ingest(&keeper, rows.iter())
    }

    fn len(&self) -> Result<u64> {
        file::len(&self.keeper.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn close(self: Box<Self>) -> Result<()> {
        drop(self.sender);
        self.thread.join().map_err(|_| "the writer panicked")??;
        file::close(self.keeper.into_inner().unwrap_or_else(PoisonError::into_inner))
    }
}

struct Caller {
    sender: Sender<Put>,
    reader: Connection,
}

impl Session for Caller {
    fn put(&mut self, key: &[u8], value: &[u8]) -> Result<()> {
        let (answer, answered) = sync_channel(1);
        self.sender.send(Put { key: key.into(), value: value.into(), answer })?;
        answered.recv()?;
        Ok(())
    }

    fn get(&mut self, key: &[u8], see: &mut dyn FnMut(&[u8])) -> Result<bool> {
        file::get(&self.reader, key, see)
    }
}
