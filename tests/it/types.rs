//! What may go to another thread, and what may be shared. Checked by the compiler.

use std::fmt::Debug;

use kvault::{
    AutoVacuum, BlobReader, BlobWriter, Cas, CheckpointMode, CheckpointPolicy, CheckpointReport,
    Cursor, Direction, Durability, Encoding, Entry, Error, Health, Items, Iter, KVault, Keys,
    Options, Reader, Snapshot, SnapshotStats, Stats, Stored, StreamOptions, Tx, Values, WriteBatch,
};

const fn shared<T: Send + Sync + Debug + 'static>() {}
const fn sent<T: Send + Debug + 'static>() {}
const fn cloned<T: Clone>() {}

const _: () = {
    shared::<KVault>();
    shared::<Stored>();
    shared::<Error>();
    shared::<Options>();
    shared::<Stats>();
    shared::<Health>();
    shared::<AutoVacuum>();
    shared::<CheckpointMode>();
    shared::<CheckpointPolicy>();
    shared::<CheckpointReport>();
    shared::<Durability>();
    shared::<Encoding>();
    shared::<Cas>();
    shared::<Snapshot>();
    shared::<SnapshotStats>();
    cloned::<Snapshot>();
    shared::<Entry>();
    shared::<WriteBatch>();
    sent::<Tx<'static>>();
    shared::<Cursor>();
    shared::<Direction>();
    sent::<Reader>();
    sent::<BlobReader>();
    sent::<BlobWriter>();
    sent::<StreamOptions>();
    sent::<Iter>();
    sent::<Keys>();
    sent::<Values>();
    sent::<Items<std::rc::Rc<u8>>>();
    cloned::<KVault>();
    cloned::<Stored>();
    cloned::<Error>();
    cloned::<Options>();
};

/// Names one function for every type, and a second one for those that are `Sync`. The name alone
/// is then ambiguous, and does not compile.
trait NotSync<Marker> {
    fn holds() {}
}

struct IfSync;

impl<T: ?Sized> NotSync<()> for T {}
impl<T: ?Sized + Sync> NotSync<IfSync> for T {}

// One connection, one thread at a time.
const _: fn() = <Reader as NotSync<_>>::holds;
const _: fn() = <BlobWriter as NotSync<_>>::holds;

#[test]
fn debugging_shows_no_content() {
    let place = crate::support::Place::new();
    let vault = place.open();
    vault.put_bytes("key", "very secret").unwrap();
    let stored = vault.get_stored("key").unwrap().unwrap();
    let all = format!("{vault:?} {:?} {stored:?} {:?}", vault.reader().unwrap(), vault.stats());
    assert!(all.contains("vault.db"));
    assert!(!all.contains("secret") && all.len() < 4_000, "{all}");
}
