//! Values of every length, in every way in and out.

use std::io::{Cursor, Read, Write};

use kvault::{Encoding, Error, Tensor};

use super::{LARGE, bytes, in_chunks, in_every_mode, options};
use crate::support::{Place, assert_err};

#[test]
fn every_length_comes_back() {
    const CHUNK: usize = 16 << 10;
    let lengths = [
        0,
        1,
        9,
        10,
        11,
        CHUNK - 1,
        CHUNK,
        CHUNK + 1,
        4 * CHUNK - 1,
        4 * CHUNK,
        4 * CHUNK + 1,
        LARGE,
    ];
    in_every_mode(|vault, place| {
        for len in lengths {
            let value = bytes(len);
            let n = len as u64;
            assert_eq!(vault.put_reader("reader", &value[..], in_chunks()).unwrap(), n);
            assert_eq!(vault.put_reader("sized", &value[..], in_chunks().size(n)).unwrap(), n);
            assert_eq!(vault.put_seekable("seek", Cursor::new(&value), in_chunks()).unwrap(), n);
            let file = place.dir().join("value");
            std::fs::write(&file, &value).unwrap();
            assert_eq!(vault.put_path("path", &file).unwrap(), n);
            std::fs::remove_file(&file).unwrap();
            let mut blob = vault.create_blob("blob", in_chunks()).unwrap();
            blob.write_all(&value).unwrap();
            assert_eq!((blob.written(), blob.finish().unwrap()), (n, n));
            for key in ["reader", "sized", "seek", "path", "blob"] {
                assert!(vault.get_bytes(key).unwrap().unwrap() == value, "{key}, {len} bytes");
                let mut blob = vault.open_blob(key).unwrap();
                assert_eq!((blob.len(), blob.is_empty()), (n, len == 0));
                assert_eq!(blob.encoding(), Encoding::Raw);
                let mut copy = Vec::new();
                assert_eq!(blob.read_to_end(&mut copy).unwrap(), len);
                assert!(copy == value);
                copy.clear();
                assert_eq!(vault.get_to_writer(key, &mut copy, in_chunks()).unwrap(), n);
                assert!(copy == value, "{key}, {len} bytes");
            }
        }
        assert_eq!(vault.len().unwrap(), 5);
        vault.flush().unwrap();
        assert_eq!(vault.get_bytes("reader").unwrap().unwrap(), bytes(LARGE));
    });
}

#[test]
fn bytes_that_look_like_a_header_come_back() {
    in_every_mode(|vault, place| {
        for len in [2, 9, 10, 11, LARGE] {
            let mut value = bytes(len);
            let header = b"\x89K\x01\x06\0\0\0\0VK";
            let shown = len.min(header.len());
            value[..shown].copy_from_slice(&header[..shown]);
            let file = place.dir().join("value");
            std::fs::write(&file, &value).unwrap();
            vault.put_reader("reader", &value[..], in_chunks()).unwrap();
            assert_eq!(vault.put_path("path", &file).unwrap(), len as u64);
            std::fs::remove_file(&file).unwrap();
            vault.put_bytes("bytes", &value).unwrap();
            let stored = vault.get_stored("bytes").unwrap().unwrap();
            for key in ["reader", "path"] {
                assert!(vault.get_stored(key).unwrap().unwrap() == stored, "{key}, {len} bytes");
                let mut blob = vault.open_blob(key).unwrap();
                assert_eq!((blob.len(), blob.encoding()), (len as u64, Encoding::Raw));
                let mut copy = Vec::new();
                blob.read_to_end(&mut copy).unwrap();
                assert!(copy == value);
            }
        }
    });
}

#[test]
fn values_with_a_header_stream_their_payload() {
    in_every_mode(|vault, _| {
        let text = "ä".repeat(100_000);
        let tensor = Tensor::new(&[100, 200], &vec![0.5_f32; 20_000]).unwrap();
        vault.put("text", &text).unwrap();
        vault.put("tensor", &tensor).unwrap();
        vault.put("list", &[1, 2, 300]).unwrap();
        let kinds = [Encoding::Utf8, Encoding::DataPacker, Encoding::MsgPack];
        for (key, encoding) in ["text", "tensor", "list"].into_iter().zip(kinds) {
            let mut blob = vault.open_blob(key).unwrap();
            assert_eq!(blob.encoding(), encoding);
            let mut payload = Vec::new();
            blob.read_to_end(&mut payload).unwrap();
            assert_eq!(blob.len(), payload.len() as u64);
            assert_eq!(vault.get_bytes(key).unwrap().unwrap(), payload);
            let mut copy = Vec::new();
            vault.get_to_writer(key, &mut copy, options().chunk_size(7)).unwrap();
            assert_eq!(copy, payload);
        }
    });
    // A header that this version does not know is not taken for bytes.
    let place = Place::new();
    let vault = place.open();
    let later = b"\x89K\x02\x06\0\0\0\0VKlater";
    place.raw().execute("INSERT INTO kv VALUES (CAST('k' AS BLOB), ?1)", [&later[..]]).unwrap();
    assert_err!(vault.open_blob("k"), Error::Decode { key, .. } if key == b"k");
    assert_err!(vault.get_to_writer("k", Vec::new(), options()), Error::Decode { .. });
}

#[test]
fn a_key_that_is_not_there_is_not_found() {
    in_every_mode(|vault, place| {
        assert_err!(vault.open_blob("k"), Error::NotFound { key, .. } if key == b"k");
        assert_err!(vault.get_to_writer("k", Vec::new(), options()), Error::NotFound { .. });
        vault.put_bytes("k", "v").unwrap();
        vault.delete("k").unwrap();
        assert_err!(vault.open_blob("k"), Error::NotFound { .. });
        // A row of somebody else's is none of ours.
        let raw = place.raw();
        raw.execute("INSERT INTO kv VALUES (CAST('t' AS BLOB), 'text')", []).unwrap();
        assert_err!(vault.open_blob("t"), Error::NotFound { .. });
        assert_eq!(vault.stats().snapshots, []);
    });
}

#[test]
fn tables_with_any_name_can_be_streamed() {
    let place = Place::new();
    let vault = place.open();
    let value = bytes(LARGE);
    for name in ["with space", "q\"uote", "sel'ect", "tab;le", "ünï"] {
        let table = vault.table(name).unwrap();
        table.put_reader("k", &value[..], in_chunks()).unwrap();
        let mut copy = Vec::new();
        table.get_to_writer("k", &mut copy, in_chunks()).unwrap();
        assert!(copy == value, "{name}");
    }
}
