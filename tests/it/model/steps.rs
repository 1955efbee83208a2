//! What one can do to two tables of a vault, drawn by lot.

use std::ops::Bound;

use proptest::{collection::vec, option, prelude::*, sample::select};

pub(super) type Key = Vec<u8>;
pub(super) type Range = (Bound<Key>, Bound<Key>);

pub(super) const ALL: Range = (Bound::Unbounded, Bound::Unbounded);

/// Which of the tables.
pub(super) type At = usize;

#[derive(Debug, Clone)]
pub(super) enum Step {
    Write(At, Write),
    Read(At, Read),
    Batch(Vec<(At, Change)>),
    /// Two keys change places.
    Transact((At, Key), (At, Key)),
    Flush,
    Snapshot,
    Lock,
    Unlock,
    /// In the middle of an iteration; by closing the vault, or by dropping it.
    Reopen {
        at: At,
        range: Range,
        turns: Vec<bool>,
        close: bool,
    },
}

/// A change of one table.
#[derive(Debug, Clone)]
pub(super) enum Write {
    Put(Key, u8),
    /// Every so many of all keys there are.
    Fill(usize, u8),
    Delete(Key),
    Discard(Key),
    Clear,
    Swap(Key, bool, Option<u8>),
    Update(Key, Option<u8>),
    GetOrInsert(Key, u8),
    InsertIfAbsent(Key, u8),
    Remove(Key),
    /// With or without something for where nothing is.
    Entry(Key, u8, bool),
    Increment(Key, i64),
    DeleteRange(Range),
    DeletePrefix(Key),
    /// What is divisible by that goes.
    Retain(u8),
}

/// A part of a batch.
#[derive(Debug, Clone)]
pub(super) enum Change {
    Put(Key, u8),
    Delete(Key),
    Range(Range),
    Prefix(Key),
}

#[derive(Debug, Clone)]
pub(super) enum Read {
    Get(Key),
    GetMany(Vec<Key>),
    /// From which end to take, again and again.
    Scan(Range, Vec<bool>),
    Prefix(Key),
    Resume(Range, usize, Option<Key>),
}

const BYTES: [u8; 4] = [0x00, 0x01, 0xFE, 0xFF];

fn key() -> impl Strategy<Value = Key> {
    vec(select(&BYTES[..]), 0..5)
}

/// All keys that [`key`] makes.
pub(super) fn all_keys() -> Vec<Key> {
    let mut all = vec![vec![]];
    let mut from = 0;
    for _ in 0..4 {
        let last = from..all.len();
        from = all.len();
        for at in last {
            for byte in BYTES {
                let key = [&all[at][..], &[byte]].concat();
                all.push(key);
            }
        }
    }
    all
}

fn bound() -> impl Strategy<Value = Bound<Key>> {
    prop_oneof![
        2 => key().prop_map(Bound::Included),
        2 => key().prop_map(Bound::Excluded),
        1 => Just(Bound::Unbounded),
    ]
}

fn range() -> impl Strategy<Value = Range> {
    (bound(), bound())
}

fn turns() -> impl Strategy<Value = Vec<bool>> {
    vec(any::<bool>(), 1..9)
}

fn at() -> impl Strategy<Value = At> {
    prop_oneof![2 => Just(0), 1 => Just(1)]
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        3 => (key(), any::<u8>()).prop_map(|(key, n)| Change::Put(key, n)),
        2 => key().prop_map(Change::Delete),
        1 => range().prop_map(Change::Range),
        1 => key().prop_map(Change::Prefix),
    ]
}

fn write() -> impl Strategy<Value = Write> {
    let amount = prop_oneof![4 => -9..9_i64, 1 => Just(i64::MAX), 1 => Just(i64::MIN)];
    prop_oneof![
        8 => (key(), any::<u8>()).prop_map(|(key, n)| Write::Put(key, n)),
        4 => (1_usize..9, any::<u8>()).prop_map(|(every, n)| Write::Fill(every, n)),
        3 => key().prop_map(Write::Delete),
        2 => key().prop_map(Write::Discard),
        1 => Just(Write::Clear),
        3 => (key(), any::<bool>(), option::of(any::<u8>()))
            .prop_map(|(key, right, new)| Write::Swap(key, right, new)),
        3 => (key(), option::of(any::<u8>())).prop_map(|(key, new)| Write::Update(key, new)),
        2 => (key(), any::<u8>()).prop_map(|(key, n)| Write::GetOrInsert(key, n)),
        2 => (key(), any::<u8>()).prop_map(|(key, n)| Write::InsertIfAbsent(key, n)),
        2 => key().prop_map(Write::Remove),
        2 => (key(), any::<u8>(), any::<bool>()).prop_map(|(key, n, or)| Write::Entry(key, n, or)),
        3 => (key(), amount).prop_map(|(key, by)| Write::Increment(key, by)),
        2 => range().prop_map(Write::DeleteRange),
        2 => key().prop_map(Write::DeletePrefix),
        2 => (2_u8..9).prop_map(Write::Retain),
    ]
}

fn read() -> impl Strategy<Value = Read> {
    prop_oneof![
        1 => key().prop_map(Read::Get),
        1 => vec(key(), 0..9).prop_map(Read::GetMany),
        4 => (range(), turns()).prop_map(|(range, turns)| Read::Scan(range, turns)),
        2 => key().prop_map(Read::Prefix),
        2 => (range(), 0_usize..300, option::of(key()))
            .prop_map(|(range, taken, after)| Read::Resume(range, taken, after)),
    ]
}

pub(super) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        // It takes longer than all the rest.
        1 => (at(), range(), turns(), any::<bool>())
            .prop_map(|(at, range, turns, close)| Step::Reopen { at, range, turns, close }),
        50 => (at(), write()).prop_map(|(at, write)| Step::Write(at, write)),
        25 => (at(), read()).prop_map(|(at, read)| Step::Read(at, read)),
        8 => vec((at(), change()), 0..9).prop_map(Step::Batch),
        4 => ((at(), key()), (at(), key())).prop_map(|(a, b)| Step::Transact(a, b)),
        6 => Just(Step::Flush),
        4 => Just(Step::Snapshot),
        3 => Just(Step::Lock),
        4 => Just(Step::Unlock),
    ];
    vec(step, 1..40)
}
