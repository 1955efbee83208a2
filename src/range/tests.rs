use std::ops::{Bound, RangeBounds};

use super::{KeyRange, Span, after};

/// Short keys over the bytes at both ends, the empty one included: every one up to length three.
fn keys() -> Vec<Vec<u8>> {
    let bytes = [0x00, 0x01, 0xFE, 0xFF];
    let mut all = vec![vec![]];
    let mut longest = vec![vec![]];
    for _ in 0..3 {
        let longer = |key: &Vec<u8>| bytes.map(|byte| [&key[..], &[byte]].concat());
        longest = longest.iter().flat_map(longer).collect();
        all.extend_from_slice(&longest);
    }
    all.sort();
    all
}

#[track_caller]
fn same(range: &impl KeyRange, model: &impl RangeBounds<Vec<u8>>) {
    let span = Span::of(range);
    for key in keys() {
        assert_eq!(span.contains(&key), model.contains(&key), "{key:?} in {span:?}");
    }
}

#[test]
fn every_kind_of_range_holds_what_it_holds() {
    for from in keys() {
        for to in keys() {
            let (a, b) = (&from, &to);
            same(&(a..b), &(a.clone()..b.clone()));
            same(&(a..=b), &(a.clone()..=b.clone()));
            let new: std::range::RangeInclusive<&Vec<u8>> = (a..=b).into();
            same(&new, &(a.clone()..=b.clone()));
            let pair =
                |end: fn(Vec<u8>) -> Bound<Vec<u8>>| (Bound::Excluded(a.clone()), end(b.clone()));
            same(&pair(Bound::Excluded), &pair(Bound::Excluded));
            same(&pair(Bound::Included), &pair(Bound::Included));
        }
        same(&(&from..), &(from.clone()..));
        same(&(..&from), &(..from.clone()));
        same(&(..=&from), &(..=from.clone()));
        let open: (Bound<Vec<u8>>, _) = (Bound::Excluded(from.clone()), Bound::Unbounded);
        same(&open, &open);
    }
    same(&.., &..);
}

#[test]
fn every_kind_of_key_makes_a_range() {
    let span = Span { start: b"ab".to_vec(), end: Some(b"cd".to_vec()) };
    assert_eq!(Span::of(&("ab".."cd")), span);
    assert_eq!(Span::of(&("ab".to_owned().."cd".to_owned())), span);
    assert_eq!(Span::of(&(b"ab"..b"cd")), span);
    assert_eq!(Span::of(&(*b"ab"..*b"cd")), span);
    assert_eq!(Span::of(&(b"ab".to_vec()..b"cd".to_vec())), span);
    assert_eq!(Span::of(&(&b"ab"[..]..&b"cd"[..])), span);
    assert_eq!(Span::of(&&(Box::<[u8]>::from(*b"ab")..Box::from(*b"cd"))), span);
}

#[test]
fn a_prefix_holds_what_begins_with_it() {
    for prefix in keys() {
        let span = Span::prefix(&prefix);
        assert_eq!(span.end.is_none(), prefix.iter().all(|byte| *byte == 0xFF), "{prefix:?}");
        for key in keys() {
            assert_eq!(span.contains(&key), key.starts_with(&prefix), "{key:?} in {span:?}");
        }
    }
}

#[test]
fn narrowing_takes_away_and_never_adds() {
    for key in keys() {
        for span in [Span::all(), Span::prefix(b"\xFE"), Span::of(&("\x01"..="\x7F\x01"))] {
            let (mut later, mut earlier) = (span.clone(), span.clone());
            later.start_after(&key);
            earlier.end_before(&key);
            for other in keys() {
                assert_eq!(later.contains(&other), span.contains(&other) && other > key);
                assert_eq!(earlier.contains(&other), span.contains(&other) && other < key);
            }
        }
    }
}

#[test]
fn nothing_lies_between_a_key_and_the_next() {
    for key in keys() {
        assert!(Span::of(&(Bound::Excluded(&key), Bound::Excluded(&after(&key)))).is_empty());
        assert!(Span::of(&(&key..&key)).is_empty());
        assert!(!Span::of(&(&key..=&key)).is_empty());
        assert!(!Span::of(&(&key..)).is_empty());
    }
    assert!(Span::all().is_all() && !Span::prefix(b"\0").is_all() && Span::prefix(b"").is_all());
}
