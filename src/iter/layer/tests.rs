use std::collections::BTreeMap;

use proptest::{collection::vec, option, prelude::*};

use super::{Layer, cover, precedes};
use crate::{
    handoff::cache::{Cache, Dirty, Key, Limits, Table},
    range::Span,
    store::{Found, PageSize, Want, Way},
    sync::Deadline,
};

type Map = BTreeMap<Vec<u8>, Vec<u8>>;
type Changes = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

const TABLE: Table = Table(1);

/// A cache in which every key was changed twice, and so were those of its neighbour tables; some of
/// it in other generations than the rest.
fn layer(changes: &Changes) -> Layer {
    let limits = Limits { cap: usize::MAX, threshold: usize::MAX, sealed: 8 };
    let cache: Cache<()> = Cache::new(limits, || ());
    cache.turn_on();
    let put = |table, key: &[u8], value| {
        cache.put(Key::new(table, key), value, Deadline::NEVER).unwrap();
    };
    let bytes = |value: &[u8]| Dirty::Put(value.into());
    for (n, (key, value)) in changes.iter().enumerate() {
        for table in [Table(0), TABLE, Table(2)] {
            put(table, key, bytes(b"an older value"));
        }
        if n % 7 == 3 {
            drop(cache.overlay());
        }
        put(TABLE, key, value.as_ref().map_or(Dirty::Deleted, |value| bytes(value)));
    }
    Layer::new(cache.overlay(), TABLE)
}

/// What a scan does: page after page of the store, each with what is dirty of it.
fn walk(store: &Map, changes: &Changes, way: Way, size: PageSize) -> (Vec<Found>, usize) {
    let (layer, mut rest) = (layer(changes), Span::all());
    let (mut found, mut longest) = (Vec::new(), 0);
    loop {
        let (dirty, more) = layer.part(&rest, way, size);
        let most = dirty.last().filter(|_| more).map(|(key, _)| key.bytes().to_vec());
        let beyond = |key: &[u8]| most.as_ref().is_some_and(|most| precedes(most, key, way));
        let inside = |(key, value): (&Vec<u8>, &Vec<u8>)| {
            let wanted = rest.contains(key) && !beyond(key);
            wanted.then(|| (key.clone(), value.clone()))
        };
        let mut page: Vec<Found> = store.iter().filter_map(inside).collect();
        if way == Way::Down {
            page.reverse();
        }
        let ended = page.len() < size.rows;
        page.truncate(size.rows);
        let edge = if ended { most } else { page.last().map(|(key, _)| key.clone()) };
        let page = cover(page, dirty, edge.as_deref(), (way, Want::Entries)).unwrap();
        longest = longest.max(page.len());
        found.extend(page);
        match (edge, way) {
            (None, _) => return (found, longest),
            (Some(key), Way::Up) => rest.start_after(&key),
            (Some(key), Way::Down) => rest.end_before(&key),
        }
    }
}

fn key() -> impl Strategy<Value = Vec<u8>> {
    vec(prop_oneof![Just(0_u8), Just(1), Just(0xFE), Just(0xFF)], 0..4)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn what_is_dirty_lies_over_the_store(
        store in proptest::collection::btree_map(key(), vec(any::<u8>(), 0..3), 0..40),
        changes in proptest::collection::btree_map(key(), option::of(vec(any::<u8>(), 0..3)), 0..40),
        rows in 1_usize..6,
        bytes in 1_usize..20,
    ) {
        let mut model = store.clone();
        for (key, value) in &changes {
            match value {
                Some(value) => drop(model.insert(key.clone(), value.clone())),
                None => drop(model.remove(key)),
            }
        }
        let mut model: Vec<Found> = model.into_iter().collect();
        for way in [Way::Up, Way::Down] {
            let (found, longest) = walk(&store, &changes, way, PageSize { rows, bytes });
            prop_assert_eq!(&found, &model);
            prop_assert!(longest <= 2 * rows, "a page of {} rows", longest);
            model.reverse();
        }
    }
}

#[test]
fn nothing_dirty_changes_nothing() {
    let page = vec![(b"a".to_vec(), b"1".to_vec())];
    let covered = cover(page.clone(), Vec::new(), Some(b"a"), (Way::Up, Want::Entries)).unwrap();
    assert_eq!(covered, page);
    let size = PageSize { rows: 1, bytes: 1 };
    assert!(Layer::default().part(&Span::all(), Way::Down, size).0.is_empty());
    assert!(layer(&Changes::new()).part(&Span::all(), Way::Up, size).0.is_empty());
}
