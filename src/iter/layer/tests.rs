use std::collections::BTreeMap;

use proptest::{collection::vec, option, prelude::*};

use super::Layer;
use crate::{
    handoff::cache::{Dirty, Key, Table},
    store::{Found, Want, Way},
};

type Map = BTreeMap<Vec<u8>, Vec<u8>>;
type Changes = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

fn layer(changes: &Changes) -> Layer {
    let dirty = |value: &Option<Vec<u8>>| match value {
        Some(value) => Dirty::Put(value.as_slice().into()),
        None => Dirty::Deleted,
    };
    Layer::new(changes.iter().map(|(key, value)| (Key::new(Table(1), key), dirty(value))).collect())
}

/// What a scan does: page after page of the store, each with what is dirty of it.
fn walk(store: &Map, changes: &Changes, way: Way, rows: usize) -> (Vec<Found>, usize) {
    let (mut layer, mut found, mut longest) = (layer(changes), Vec::new(), 0);
    let mut rest: Vec<Found> = store.iter().map(|(k, v)| (k.clone(), v.clone())).collect();
    if way == Way::Down {
        rest.reverse();
    }
    loop {
        let most = layer.nth(rows, way).map(<[u8]>::to_vec);
        let beyond =
            |key: &Vec<u8>| most.as_ref().is_some_and(|most| super::precedes(most, key, way));
        let inside = rest.iter().take_while(|(key, _)| !beyond(key)).count();
        let page: Vec<Found> = rest.drain(..inside.min(rows)).collect();
        let ended = inside < rows;
        let edge = if ended { most } else { page.last().map(|(key, _)| key.clone()) };
        let page = layer.cover(page, edge.as_deref(), (way, Want::Entries)).unwrap();
        longest = longest.max(page.len());
        found.extend(page);
        if edge.is_none() {
            return (found, longest);
        }
    }
}

fn key() -> impl Strategy<Value = Vec<u8>> {
    vec(prop_oneof![Just(0_u8), Just(1), Just(0xFE), Just(0xFF)], 0..4)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn what_is_dirty_lies_over_the_store(
        store in proptest::collection::btree_map(key(), vec(any::<u8>(), 0..3), 0..40),
        changes in proptest::collection::btree_map(key(), option::of(vec(any::<u8>(), 0..3)), 0..40),
        rows in 1_usize..6,
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
            let (found, longest) = walk(&store, &changes, way, rows);
            prop_assert_eq!(&found, &model);
            prop_assert!(longest <= 2 * rows, "a page of {} rows", longest);
            model.reverse();
        }
    }
}

#[test]
fn nothing_dirty_changes_nothing() {
    let page = vec![(b"a".to_vec(), b"1".to_vec())];
    assert_eq!(
        Layer::default().cover(page.clone(), Some(b"a"), (Way::Up, Want::Entries)).unwrap(),
        page
    );
    assert!(Layer::default().is_empty() && Layer::default().nth(1, Way::Down).is_none());
}

#[test]
fn what_is_passed_over_is_gone() {
    let changes: Changes = [(b"a".to_vec(), None), (b"b".to_vec(), Some(b"2".to_vec()))].into();
    let mut layer = layer(&changes);
    layer.retain(|key| key > b"a".as_slice());
    assert_eq!(layer.nth(1, Way::Up), Some(&b"b"[..]));
    assert_eq!(layer.nth(2, Way::Up), None);
    assert_eq!(
        layer.cover(Vec::new(), None, (Way::Down, Want::Entries)).unwrap(),
        [(b"b".to_vec(), b"2".to_vec())]
    );
    assert!(layer.is_empty());
}
