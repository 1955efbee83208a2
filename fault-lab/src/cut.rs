//! What a power failure may leave of a disk.
//!
//! What was synced is there. Of the rest the disk has written any part, in any order: a sector
//! holds what any of the writes since then made of it, or a torn mixture of two of them; the
//! file has any length that it had since then; a name stands for any file that it stood for
//! since the folder was synced. The bytes of a sector that no write touched stay what they were:
//! SQLite asks as much of a disk ("powersafe overwrite").

use std::collections::BTreeMap;

use crate::{
    chance::Chance,
    disk::{Change, Disk, File, Image, SECTOR},
};

/// A way to choose what survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// Nothing that was not synced.
    Nothing,
    /// All of some files and nothing of the others: their order is not kept.
    Files,
    /// Some sectors.
    Sectors,
    /// All but one change.
    AllButOne,
    /// One change of each file.
    One,
    /// All up to some change, which is torn.
    Torn,
}

pub(crate) const STYLES: [Style; 6] =
    [Style::Nothing, Style::Files, Style::Sectors, Style::AllButOne, Style::One, Style::Torn];

pub(crate) fn power_cut(disk: &Disk, style: Style, chance: &mut Chance) -> Image {
    let mut names = disk.names.clone();
    for (name, past) in &disk.past {
        let file = match style {
            Style::Nothing => past[0],
            Style::AllButOne | Style::Torn => past[past.len() - 1],
            _ => *chance.pick(past),
        };
        match file {
            Some(file) => names.insert(name.clone(), file),
            None => names.remove(name),
        };
    }
    let survives = |file| (file, survivor(&disk.files[&file], style, chance));
    // Each file once, and in order: the same seed gives the same files.
    let mut files: Vec<usize> = names.values().copied().collect();
    files.sort_unstable();
    let contents: BTreeMap<usize, Vec<u8>> = files.into_iter().map(survives).collect();
    Image(names.into_iter().map(|(name, file)| (name, contents[&file].clone())).collect())
}

fn survivor(file: &File, style: Style, chance: &mut Chance) -> Vec<u8> {
    if file.changes.is_empty() {
        return file.synced.clone();
    }
    let one = chance.below(file.changes.len());
    match style {
        Style::Nothing => file.synced.clone(),
        Style::Files if chance.percent(50) => file.now.clone(),
        Style::Files => file.synced.clone(),
        Style::Sectors => sectors(file, chance),
        Style::AllButOne => changed(file, |at| at != one),
        Style::One => changed(file, |at| at == one),
        Style::Torn => {
            let mut content = changed(file, |at| at < one);
            torn(&file.changes[one], chance).apply(&mut content);
            content
        }
    }
}

fn changed(file: &File, survives: impl Fn(usize) -> bool) -> Vec<u8> {
    let mut content = file.synced.clone();
    let changes = file.changes.iter().enumerate();
    changes.filter(|(at, _)| survives(*at)).for_each(|(_, change)| change.apply(&mut content));
    content
}

/// The first bytes of a write.
fn torn(whole: &Change, chance: &mut Chance) -> Change {
    match whole {
        Change::Write { at, bytes } => {
            let fits = chance.below(bytes.len() + 1);
            Change::Write { at: *at, bytes: bytes[..fits].into() }
        }
        Change::Length(length) => Change::Length(*length),
    }
}

type Sector = [u8; SECTOR];

/// Every sector as it was at some time since the last sync.
///
/// Cutting a file is one step, as SQLite takes it to be: it happened, with all before it, or it
/// did not, and nothing after it.
fn sectors(file: &File, chance: &mut Chance) -> Vec<u8> {
    let mut parts = vec![Part::new(&file.synced)];
    let mut content = file.synced.clone();
    for change in &file.changes {
        let before = content.len();
        change.apply(&mut content);
        let touched = match change {
            Change::Write { at, bytes } => *at..at + bytes.len(),
            Change::Length(length) if *length < before => {
                parts.push(Part::new(&content));
                continue;
            }
            Change::Length(length) => before..*length,
        };
        let part = parts.last_mut().unwrap();
        part.lengths.push(content.len());
        for number in touched.start / SECTOR..touched.end.div_ceil(SECTOR) {
            let first = || vec![sector(&part.base, number)];
            part.versions.entry(number).or_insert_with(first).push(sector(&content, number));
        }
    }
    chance.pick(&parts).survivor(chance)
}

/// What happened to a file from one cut to the next.
struct Part {
    base: Vec<u8>,
    lengths: Vec<usize>,
    versions: BTreeMap<usize, Vec<Sector>>,
}

impl Part {
    fn new(base: &[u8]) -> Self {
        Self { base: base.to_vec(), lengths: vec![base.len()], versions: BTreeMap::new() }
    }

    fn survivor(&self, chance: &mut Chance) -> Vec<u8> {
        let mut survives = self.base.clone();
        survives.resize(self.lengths.iter().copied().max().unwrap(), 0);
        for (number, versions) in &self.versions {
            let at = chance.below(versions.len());
            let mut sector = versions[at];
            if at > 0 && chance.percent(20) {
                let tear = chance.below(SECTOR);
                sector[tear..].copy_from_slice(&versions[at - 1][tear..]);
            }
            let room = &mut survives[number * SECTOR..];
            let len = room.len().min(SECTOR);
            room[..len].copy_from_slice(&sector[..len]);
        }
        survives.truncate(*chance.pick(&self.lengths));
        survives
    }
}

fn sector(content: &[u8], number: usize) -> Sector {
    let mut sector = [0; SECTOR];
    let there = content.get(number * SECTOR..).unwrap_or_default();
    let len = there.len().min(SECTOR);
    sector[..len].copy_from_slice(&there[..len]);
    sector
}
