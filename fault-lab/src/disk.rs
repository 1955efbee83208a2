//! The files of a folder, rebuilt from the record: what programs see of them, and what of that
//! is certain to survive a power failure.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use crate::world::Event;

pub(crate) const SECTOR: usize = 512;

/// The files of a folder.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Image(pub(crate) BTreeMap<Arc<str>, Vec<u8>>);

/// A change of a file that was not synced yet.
#[derive(Debug, Clone)]
pub(crate) enum Change {
    Write { at: usize, bytes: Arc<[u8]> },
    Length(usize),
}

#[derive(Debug, Clone, Default)]
pub(crate) struct File {
    /// As programs see it.
    pub(crate) now: Vec<u8>,
    /// As it was when it was last synced.
    pub(crate) synced: Vec<u8>,
    /// In their order.
    pub(crate) changes: Vec<Change>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Disk {
    pub(crate) files: HashMap<usize, File>,
    pub(crate) names: BTreeMap<Arc<str>, usize>,
    /// What each name stood for since the folder was last synced: the oldest is what it was then.
    pub(crate) past: BTreeMap<Arc<str>, Vec<Option<usize>>>,
}

impl Disk {
    pub(crate) fn replay(&mut self, event: &Event) {
        match event {
            Event::Create { file, name } => {
                self.files.insert(*file, File::default());
                self.rename(name, Some(*file));
            }
            Event::Delete { name, lasting } => {
                self.rename(name, None);
                if *lasting {
                    self.past.clear();
                }
            }
            Event::Write { file, at, bytes } => {
                let at = usize::try_from(*at).unwrap();
                self.change(*file, Change::Write { at, bytes: Arc::clone(bytes) });
            }
            Event::Length { file, length } => {
                self.change(*file, Change::Length(usize::try_from(*length).unwrap()));
            }
            Event::Sync { file, folder } => {
                let file = self.file(*file);
                file.changes.clear();
                file.synced.clone_from(&file.now);
                if *folder {
                    self.past.clear();
                }
            }
            Event::Begin | Event::End(_) => {}
        }
    }

    fn file(&mut self, file: usize) -> &mut File {
        self.files.get_mut(&file).unwrap()
    }

    fn change(&mut self, file: usize, change: Change) {
        let file = self.file(file);
        change.apply(&mut file.now);
        file.changes.push(change);
    }

    fn rename(&mut self, name: &Arc<str>, file: Option<usize>) {
        let before = match file {
            Some(file) => self.names.insert(Arc::clone(name), file),
            None => self.names.remove(name),
        };
        self.past.entry(Arc::clone(name)).or_insert_with(|| vec![before]).push(file);
    }

    /// What a crash of the process leaves: everything that was written.
    pub(crate) fn after_a_crash(&self) -> Image {
        let named =
            |(name, file): (&Arc<str>, &usize)| (Arc::clone(name), self.files[file].now.clone());
        Image(self.names.iter().map(named).collect())
    }
}

impl Change {
    pub(crate) fn apply(&self, content: &mut Vec<u8>) {
        match self {
            Self::Write { at, bytes } => {
                let end = at + bytes.len();
                if content.len() < end {
                    content.resize(end, 0);
                }
                content[*at..end].copy_from_slice(bytes);
            }
            Self::Length(length) => content.resize(*length, 0),
        }
    }
}
