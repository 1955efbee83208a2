//! What a handle does whose headers or auto-pack are off.

use super::*;
use crate::{
    Json,
    format::{unpack, unpack_value, unpack_vec},
};

const NO_HEADERS: PackSettings = PackSettings { headers: false, ..DEFAULT };
const NO_PACK: PackSettings = PackSettings { auto_pack: false, ..DEFAULT };
const LIKE: &[u8] = b"\x89K12345678";

#[test]
fn without_headers_only_bytes_and_text_go_in() {
    assert_eq!(*pack(&b"bytes"[..], NO_HEADERS).unwrap(), *b"bytes");
    assert_eq!(*pack(b"bytes", NO_HEADERS).unwrap(), *b"bytes");
    assert_eq!(*pack("text", NO_HEADERS).unwrap(), *b"text");
    assert_eq!(*pack(&Some("text"), NO_HEADERS).unwrap(), *b"text");
    assert_eq!(unpack::<String>(b"text", NO_HEADERS).unwrap(), "text");

    for refused in [
        pack(&7, NO_HEADERS).unwrap_err(),
        pack(&1.5, NO_HEADERS).unwrap_err(),
        pack(&vec!["a"], NO_HEADERS).unwrap_err(),
        pack(&None::<u8>, NO_HEADERS).unwrap_err(),
        pack(&Json("a"), NO_HEADERS).unwrap_err(),
        pack_as("a", Encoding::Json, NO_HEADERS).unwrap_err(),
    ] {
        assert!(why(&refused).contains("headers are disabled"), "{refused}");
    }
    for refused in [
        pack(LIKE, NO_HEADERS).unwrap_err(),
        pack(&LIKE, NO_HEADERS).unwrap_err(),
        pack(&serde_bytes::Bytes::new(LIKE), NO_HEADERS).unwrap_err(),
    ] {
        assert!(why(&refused).contains("like a header"), "{refused}");
    }
    // What has a header is still read by it.
    let stored = Stored::pack(&7).unwrap();
    assert_eq!(unpack::<u8>(stored.as_bytes(), NO_HEADERS).unwrap(), 7);
}

#[test]
fn without_auto_pack_bytes_are_left_alone() {
    for bytes in [b"", LIKE, Stored::pack(&7).unwrap().as_bytes(), b"\xff"] {
        for settings in [NO_PACK, PackSettings { headers: false, ..NO_PACK }] {
            let stored = pack(bytes, settings).unwrap().into_owned();
            assert_eq!(stored, bytes);
            assert_eq!(*pack(&bytes, settings).unwrap(), *bytes);
            assert_eq!(pack_as(bytes, Encoding::Raw, settings).unwrap(), bytes);
            assert_eq!(unpack::<Vec<u8>>(&stored, settings).unwrap(), bytes);
            assert_eq!(unpack_vec::<Vec<u8>>(stored.clone(), settings).unwrap(), bytes);
            assert_eq!(unpack_value(&stored, settings).unwrap(), bytes);
        }
    }
    for refused in [
        pack("text", NO_PACK).unwrap_err(),
        pack(&7, NO_PACK).unwrap_err(),
        pack(&vec!["a"], NO_PACK).unwrap_err(),
        pack_as("text", Encoding::Utf8, NO_PACK).unwrap_err(),
        pack_as("text", Encoding::Json, NO_PACK).unwrap_err(),
    ] {
        assert!(why(&refused).contains("auto-pack is disabled"), "{refused}");
    }
    assert!(unpack::<u8>(Stored::pack(&7).unwrap().as_bytes(), NO_PACK).is_err());
    assert_eq!(unpack::<[u8; 2]>(b"ab", NO_PACK).unwrap(), *b"ab");
}

#[test]
fn bytes_are_neither_copied_nor_moved() {
    let bytes = vec![7; 1 << 20];
    let stored = pack(&bytes, DEFAULT).unwrap();
    assert!(
        matches!(stored, std::borrow::Cow::Borrowed(same) if std::ptr::eq(same, &raw const bytes[..]))
    );

    let at = bytes.as_ptr();
    let back: Vec<u8> = unpack_vec(bytes, DEFAULT).unwrap();
    assert_eq!(back.as_ptr(), at);

    let text = Stored::pack("text").unwrap().into_bytes();
    let at = text.as_ptr();
    let text: String = unpack_vec(text, DEFAULT).unwrap();
    assert_eq!((text.as_str(), text.as_ptr()), ("text", at));
}
