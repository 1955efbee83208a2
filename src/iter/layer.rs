//! What is dirty of a table, laid over the pages of the store.

use crate::{
    Result,
    handoff::cache::{Dirty, Key, Overlay, Part, Side, Table},
    range::Span,
    store::{Found, PageSize, Want, Way},
    vault::load,
};

/// What was dirty when it was taken. It copies nothing before a page needs it.
#[derive(Default)]
pub(crate) struct Layer(Option<(Overlay, Table)>);

/// The newest values of some dirty keys, in the order of a walk.
pub(crate) type Cover = Vec<(Key, Dirty)>;

impl Layer {
    pub(crate) fn new(overlay: Overlay, table: Table) -> Self {
        Self(Some((overlay, table)))
    }

    /// What is dirty of a span, as much of it as goes into a page, and whether there may be more:
    /// then the page ends with its last key. Else what is dirty between two keys of the store
    /// would all be in one page.
    pub(crate) fn part(&self, span: &Span, way: Way, size: PageSize) -> (Cover, bool) {
        let Some((overlay, table)) = &self.0 else { return (Vec::new(), false) };
        let part = Part { table: *table, start: &span.start, end: span.end.as_deref() };
        let from = match way {
            Way::Up => Side::Front,
            Way::Down => Side::Back,
        };
        let (mut rows, mut bytes) = (0, 0_usize);
        overlay.take(part, from, |key, value| {
            rows += 1;
            bytes = bytes
                .saturating_add(key.bytes().len())
                .saturating_add(usize::try_from(value.len()).unwrap_or(usize::MAX));
            rows >= size.rows || bytes >= size.bytes
        })
    }
}

/// Lays what is dirty over a page that ends with `edge`, as far as that; over all of it without.
pub(crate) fn cover(
    page: Vec<Found>,
    dirty: Cover,
    edge: Option<&[u8]>,
    (way, want): (Way, Want),
) -> Result<Vec<Found>> {
    if dirty.is_empty() {
        return Ok(page);
    }
    let mut merged = Vec::with_capacity(page.len());
    let mut page = page.into_iter().peekable();
    for (key, value) in dirty {
        let key = key.bytes();
        if edge.is_some_and(|edge| precedes(edge, key, way)) {
            break;
        }
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

fn precedes(a: &[u8], b: &[u8], way: Way) -> bool {
    match way {
        Way::Up => a < b,
        Way::Down => a > b,
    }
}

#[cfg(test)]
mod tests;
