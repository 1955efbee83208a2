//! What is dirty of a range, laid over the pages of the store.

use std::collections::VecDeque;

use crate::{
    Result,
    handoff::cache::{Dirty, Key, Overlay, Table},
    store::{Found, Want, Way},
    vault::load,
};

/// The newest value of each dirty key of a range, in order. Values are shared with the cache.
#[derive(Default)]
pub(crate) struct Layer {
    entries: VecDeque<(Key, Dirty)>,
    /// What they come from: as long as it is looked at, its bytes count as pinned.
    _from: Option<Overlay>,
}

impl Layer {
    /// `entries` are in order, each key once.
    pub(crate) fn new(entries: Vec<(Key, Dirty)>) -> Self {
        Self { entries: entries.into(), _from: None }
    }

    /// What is dirty of a range of a table.
    pub(crate) fn of(overlay: Overlay, table: Table, inside: impl Fn(&[u8]) -> bool) -> Self {
        let entries = overlay.entries(table, inside);
        let from = (!entries.is_empty()).then_some(overlay);
        Self { _from: from, ..Self::new(entries) }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The `rows`-th key from where `way` begins, if there are so many: a page goes no further.
    /// Else what is dirty between two keys of the store would all be in one page.
    pub(crate) fn nth(&self, rows: usize, way: Way) -> Option<&[u8]> {
        let at = rows.checked_sub(1)?;
        let at = match way {
            Way::Up => at,
            Way::Down => self.entries.len().checked_sub(rows)?,
        };
        self.entries.get(at).map(|(key, _)| key.bytes())
    }

    /// Forgets what `inside` does not want: what is before or behind a narrowed range.
    pub(crate) fn retain(&mut self, inside: impl Fn(&[u8]) -> bool) {
        self.entries.retain(|(key, _)| inside(key.bytes()));
    }

    /// Lays what comes before `edge`, and `edge` itself, over a page that ends there, and forgets
    /// it. Without an edge all of it.
    pub(crate) fn cover(
        &mut self,
        page: Vec<Found>,
        edge: Option<&[u8]>,
        (way, want): (Way, Want),
    ) -> Result<Vec<Found>> {
        if self.entries.is_empty() {
            return Ok(page);
        }
        let mut merged = Vec::with_capacity(page.len());
        let mut page = page.into_iter().peekable();
        while let Some((key, value)) = self.take(edge, way) {
            let key = key.bytes();
            while let Some(row) = page.next_if(|(found, _)| precedes(found, key, way)) {
                merged.push(row);
            }
            // The store's value of this key is an older one.
            page.next_if(|(found, _)| *found == *key);
            if want == Want::Keys {
                merged.extend(value.is_there().then(|| (key.to_vec(), Vec::new())));
            } else if let Some(bytes) = load(&value)? {
                merged.push((key.to_vec(), bytes));
            }
        }
        merged.extend(page);
        Ok(merged)
    }

    fn take(&mut self, edge: Option<&[u8]>, way: Way) -> Option<(Key, Dirty)> {
        let beyond = |key: &Key| edge.is_some_and(|edge| precedes(edge, key.bytes(), way));
        match way {
            Way::Up if !beyond(&self.entries.front()?.0) => self.entries.pop_front(),
            Way::Down if !beyond(&self.entries.back()?.0) => self.entries.pop_back(),
            _ => None,
        }
    }
}

fn precedes(a: &[u8], b: &[u8], way: Way) -> bool {
    match way {
        Way::Up => a < b,
        Way::Down => a > b,
    }
}

#[cfg(test)]
mod tests;
