use super::super::{
    Encoding, Stored, escape,
    header::{BadHeader, Header, LEN},
};

const ALL: [Encoding; 7] = [
    Encoding::Raw,
    Encoding::Pickle,
    Encoding::DataPacker,
    Encoding::Json,
    Encoding::MsgPack,
    Encoding::Cbor,
    Encoding::Utf8,
];

#[test]
fn the_numbers_are_those_of_the_file_format() {
    for (code, encoding) in (0_u8..).zip(ALL) {
        assert_eq!(encoding.code(), code);
        assert_eq!(Encoding::from_code(code), Some(encoding));
    }
    for code in 7..=255 {
        assert_eq!(Encoding::from_code(code), None, "{code}");
    }
}

#[test]
fn a_header_byte_for_byte() {
    let header = Header { encoding: Encoding::DataPacker, flags: 0x30 };
    let bytes = [0x89, 0x4B, 0x01, 0x02, 0x30, 0, 0, 0, 0x56, 0x4B];
    assert_eq!(header.to_bytes(), bytes);
    assert_eq!(bytes.len(), LEN);
    assert_eq!(Header::split(&bytes), Ok((Some(header), &[][..])));
    for encoding in ALL {
        for flags in (0..=0xF0).step_by(0x10) {
            let header = Header { encoding, flags };
            let stored = [&header.to_bytes(), &b"payload"[..]].concat();
            assert_eq!(Header::split(&stored), Ok((Some(header), &b"payload"[..])));
        }
    }
}

/// Every value of every byte of a header: what it makes of a good one.
#[test]
fn each_byte_of_a_header_counts() {
    let good = Header { encoding: Encoding::Utf8, flags: 0 };
    for at in 0..LEN {
        for byte in 0..=255_u8 {
            let mut stored = [&good.to_bytes(), &b"payload"[..]].concat();
            stored[at] = byte;
            let found = Header::split(&stored);
            let header = |encoding, flags| Ok((Some(Header { encoding, flags }), &b"payload"[..]));
            let expected = match (at, byte) {
                (3, 0..=6) => header(ALL[usize::from(byte)], 0),
                (3, code) => Err(BadHeader::Encoding(code)),
                (4, flags) if flags % 0x10 == 0 => header(Encoding::Utf8, flags),
                (4, flags) => Err(BadHeader::Flags(flags)),
                (at, byte) if good.to_bytes()[at] == byte => header(Encoding::Utf8, 0),
                (2, version) => Err(BadHeader::Version(version)),
                (5..=7, _) => Err(BadHeader::Reserved),
                _ => Ok((None, &stored[..])),
            };
            assert_eq!(found, expected, "byte {at} = {byte:#04x}");
        }
    }
}

#[test]
fn what_is_shorter_than_a_header_has_none() {
    let header = Header { encoding: Encoding::Utf8, flags: 0 }.to_bytes();
    for len in 0..LEN {
        let bytes = &header[..len];
        assert_eq!(Header::split(bytes), Ok((None, bytes)));
        assert_eq!(&*escape(bytes), bytes);
    }
}

#[test]
fn what_is_escaped_is_read_back_and_nothing_else_is_changed() {
    for first in 0..=255_u8 {
        for second in [0x4B, 0x4A, 0x00] {
            for len in [2, 9, 10, 11, 40] {
                let mut raw = vec![first, second];
                raw.resize(len, 0x56);
                let stored = escape(&raw);
                let could_be_a_header = first == 0x89 && second == 0x4B && len >= LEN;
                assert_eq!(stored.len() - raw.len(), if could_be_a_header { LEN } else { 0 });
                let stored = Stored::raw(stored);
                assert_eq!(stored.encoding().unwrap(), Encoding::Raw);
                assert_eq!(stored.payload().unwrap(), raw);
                assert_eq!(stored.into_payload().unwrap(), raw);
            }
        }
    }
}

#[test]
fn debugging_shows_what_a_value_is_and_not_its_content() {
    let text = Stored::raw(*b"\x89K\x01\x06\x00\x00\x00\x00VKsecret");
    assert_eq!(
        format!("{text:?}"),
        "Stored { len: 16, header: Some(Header { encoding: Utf8, flags: 0 }) }"
    );
    let plain = Stored::raw("secret");
    assert_eq!(format!("{plain:?}"), "Stored { len: 6, header: None }");
    let later = Stored::raw(*b"\x89K\x02\x06\x00\x00\x00\x00VKsecret");
    assert_eq!(format!("{later:?}"), "Stored { len: 16, header: Version(2) }");
}
