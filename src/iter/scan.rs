//! Walking along the keys of a table from both ends, a page at a time.

use std::collections::VecDeque;

use super::{
    Cursor,
    layer::{Layer, cover},
    pages::Pages,
};
use crate::{
    Result,
    range::{Span, after},
    store::{Found, Page, PageSize, Want, Way},
    vault::Handle,
};

/// The first page is small, for who wants but a few rows; those that follow cost one search in the
/// index each, and should be worth it.
const FIRST_ROWS: usize = 128;
const MOST_ROWS: usize = 1024;
/// A page ends with the row that reaches this. However long its values are, it has one.
const PAGE_BYTES: usize = 1 << 20;

/// What lies between both ends, as far as it was read, and the part between that nobody has read.
///
/// Each page is a read of its own. So every key that is there all the time is found exactly once
/// and in order; what comes and goes meanwhile may be found or not.
pub(crate) struct Scan {
    pages: Pages,
    want: Want,
    /// Read from below, next first.
    front: VecDeque<Found>,
    /// What nobody has read yet; none when both ends have met.
    rest: Option<Span>,
    /// Read from above, next first.
    back: VecDeque<Found>,
    /// What was dirty when the first page was read.
    layer: Option<Layer>,
    rows: usize,
    at: Cursor,
}

impl Scan {
    /// What is left at `at`.
    pub(crate) fn new(pages: Pages, at: Cursor) -> Self {
        Self {
            pages,
            want: Want::Entries,
            front: VecDeque::new(),
            rest: Some(at.rest()),
            back: VecDeque::new(),
            layer: None,
            rows: FIRST_ROWS,
            at,
        }
    }

    /// Reads no more than one row at first.
    pub(crate) fn for_one(mut self) -> Self {
        self.rows = 1;
        self
    }

    pub(crate) fn handle(&self) -> &Handle {
        self.pages.handle()
    }

    /// Reads only keys from now on.
    pub(crate) fn without_values(mut self) -> Self {
        self.want = Want::Keys;
        self
    }

    /// Passes over everything up to `key`.
    pub(crate) fn start_after(&mut self, key: &[u8]) {
        self.at.start_after(key);
        if let Some(rest) = &mut self.rest {
            rest.start_after(key);
        }
        let behind = |found: &Found| *found.0 > *key;
        self.front.retain(behind);
        self.back.retain(behind);
    }

    pub(crate) fn cursor(&self) -> Cursor {
        self.at.clone()
    }

    /// The next row, seen from where `way` begins.
    pub(crate) fn next(&mut self, way: Way) -> Option<Result<Found>> {
        let found = match self.pop(way) {
            Some(found) => found,
            None => {
                if let Err(error) = self.fill(way) {
                    self.end();
                    return Some(Err(error));
                }
                // The other end may have read what is left.
                self.pop(way).or_else(|| match way {
                    Way::Up => self.back.pop_back(),
                    Way::Down => self.front.pop_back(),
                })?
            }
        };
        self.at.passed(&found.0, way);
        Some(Ok(found))
    }

    /// How many rows are left, of a scan that has read nothing yet.
    pub(crate) fn count(mut self) -> Result<u64> {
        let layer = self.pages.layer()?;
        let one = PageSize { rows: 1, bytes: 1 };
        let Some(rest) = self.rest.as_ref().filter(|rest| !rest.is_empty()) else { return Ok(0) };
        if layer.part(rest, Way::Up, one).0.is_empty() {
            return self.pages.read(|handle, conn| conn.count(&handle.table, rest));
        }
        self.layer = Some(layer);
        self.want = Want::Keys;
        let mut count = 0;
        while let Some(found) = self.next(Way::Up) {
            found?;
            count += 1;
        }
        Ok(count)
    }

    fn pop(&mut self, way: Way) -> Option<Found> {
        match way {
            Way::Up => self.front.pop_front(),
            Way::Down => self.back.pop_front(),
        }
    }

    /// Reads until there is a row for `way`, or none is left.
    fn fill(&mut self, way: Way) -> Result<()> {
        while let Some(rest) = &self.rest {
            // First what is dirty, and then what is in the store: the other way round a value
            // could go from the one to the other unseen.
            let layer = match &mut self.layer {
                Some(layer) => layer,
                None => self.layer.insert(self.pages.layer()?),
            };
            let size = PageSize { rows: self.rows, bytes: PAGE_BYTES };
            let (dirty, more) = layer.part(rest, way, size);
            let most = dirty.last().filter(|_| more).map(|(key, _)| key.bytes().to_vec());
            let mut span = rest.clone();
            if let Some(key) = &most {
                match way {
                    Way::Up => span.end = Some(after(key)),
                    Way::Down => span.start.clone_from(key),
                }
            }
            let Page { rows, ended } = self.page(&span, way, size)?;
            let edge = if ended { most } else { rows.last().map(|(key, _)| key.clone()) };
            let rows = cover(rows, dirty, edge.as_deref(), (way, self.want))?;
            self.advance(edge.as_deref(), way);
            self.rows = (self.rows * 2).min(MOST_ROWS);
            if !rows.is_empty() {
                match way {
                    Way::Up => self.front = rows.into(),
                    Way::Down => self.back = rows.into(),
                }
                break;
            }
        }
        Ok(())
    }

    fn page(&mut self, span: &Span, way: Way, size: PageSize) -> Result<Page> {
        if span.is_empty() {
            return Ok(Page { rows: Vec::new(), ended: true });
        }
        let how = (way, self.want);
        self.pages.read(|handle, conn| conn.page(&handle.table, span, how, size))
    }

    /// Takes from the rest what a page that ends at `edge` has read: all of it without an edge.
    fn advance(&mut self, edge: Option<&[u8]>, way: Way) {
        match (&mut self.rest, edge) {
            (Some(rest), Some(key)) => match way {
                Way::Up => rest.start_after(key),
                Way::Down => rest.end_before(key),
            },
            _ => self.rest = None,
        }
    }

    fn end(&mut self) {
        self.front.clear();
        self.back.clear();
        self.rest = None;
    }
}
