//! Who writes while the cache is switched off.

use std::{thread, time::Duration};

use kvault::CacheOptions;

use crate::support::{Place, ends};

/// The last flush takes long: whoever writes meanwhile waits for it, and does not try again and
/// again.
#[test]
fn a_put_waits_for_the_last_flush() {
    let place = Place::new();
    let vault = place.open();
    vault.enable_cache(CacheOptions::default()).unwrap();
    vault.put_bytes("first", "value").unwrap();
    let lock = place.raw_with_lock();
    thread::scope(|scope| {
        let off = scope.spawn(|| vault.disable_cache());
        // It waits for the lock.
        thread::sleep(Duration::from_millis(50));
        let puts: Vec<_> = (0..4_u8)
            .map(|kind| {
                let vault = vault.clone();
                scope.spawn(move || {
                    ends("a write", move || match kind {
                        0 => vault.put_bytes("put", "value"),
                        1 => vault.put_many_bytes([("batch", "value")]).map(drop),
                        2 => vault.discard("nothing"),
                        _ => vault.delete("first").map(|there| assert!(there)),
                    })
                })
            })
            .collect();
        thread::sleep(Duration::from_millis(200));
        lock.execute_batch("COMMIT").unwrap();
        assert_eq!(off.join().unwrap().unwrap(), 1);
        for put in puts {
            put.join().unwrap().unwrap();
        }
    });
    assert!(!vault.contains_key("first").unwrap());
    assert_eq!(vault.get_bytes("put").unwrap().unwrap(), b"value");
    assert_eq!(vault.get_bytes("batch").unwrap().unwrap(), b"value");
}
