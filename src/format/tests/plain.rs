//! Bytes and text, by whatever type.

use std::{borrow::Cow, sync::Arc};

use serde_bytes::{ByteBuf, Bytes};

use super::*;

fn packed(value: &(impl Serialize + ?Sized)) -> Stored {
    Stored::pack(value).unwrap()
}

fn encoding(value: &(impl Serialize + ?Sized)) -> Encoding {
    packed(value).encoding().unwrap()
}

#[test]
fn bytes_are_bare() {
    #[derive(Serialize)]
    struct Id([u8; 3]);
    #[derive(Serialize)]
    struct Rgb(u8, u8, u8);

    let abc: &[u8] = b"abc";
    let same = [
        packed(abc),
        packed(b"abc"),
        packed(&abc),
        packed(&&abc),
        packed(&abc.to_vec()),
        packed(&[97u8, 98, 99]),
        packed(&(97u8, 98u8, 99u8)),
        packed(&Some(abc.to_vec())),
        packed(&Id([97, 98, 99])),
        packed(&Rgb(97, 98, 99)),
        packed(&Bytes::new(abc)),
        packed(&ByteBuf::from(abc)),
        packed(&Cow::Borrowed(abc)),
        packed(&Box::<[u8]>::from(abc)),
        packed(&Arc::<[u8]>::from(abc)),
        packed(&Arc::new(abc.to_vec())),
        packed(&bytes::Bytes::from_static(abc)),
        packed(&Value::from(abc)),
        packed(&[Some(97u8), Some(98), Some(99)]),
    ];
    for stored in same {
        assert_eq!(stored.as_bytes(), b"abc");
        assert_eq!(stored.decode::<Vec<u8>>().unwrap(), b"abc");
        assert_eq!(stored.decode::<[u8; 3]>().unwrap(), *b"abc");
        assert_eq!(stored.decode::<(u8, u8, u8)>().unwrap(), (97, 98, 99));
        assert_eq!(stored.decode::<Option<Vec<u8>>>().unwrap().unwrap(), b"abc");
        assert_eq!(stored.decode::<ByteBuf>().unwrap(), b"abc");
        assert_eq!(stored.decode::<bytes::Bytes>().unwrap(), b"abc"[..]);
        assert_eq!(*stored.decode::<Box<[u8]>>().unwrap(), *b"abc");
        assert_eq!(stored.decode::<Cow<'static, [u8]>>().unwrap(), &b"abc"[..]);
        assert_eq!(stored.decode::<[Option<u8>; 3]>().unwrap()[2], Some(99));
        assert_eq!(stored.value().unwrap(), b"abc"[..]);
    }
    assert_eq!(packed(&[7u8; 32]).as_bytes(), [7; 32]);
}

#[test]
fn nothing_is_bytes_only_by_type() {
    let none: &[u8] = &[];
    let empty = [
        packed(none),
        packed(&none),
        packed(&Vec::<u8>::new()),
        packed(&Box::<[u8]>::default()),
        packed(&Arc::<[u8]>::from(none)),
        packed(&Cow::Borrowed(none)),
        packed(&Some(Vec::<u8>::new())),
        packed(&[0u8; 0]),
        packed(&ByteBuf::new()),
        packed(&bytes::Bytes::new()),
        packed(&Value::from(none)),
    ];
    for stored in empty {
        assert_eq!(stored.as_bytes(), b"");
        assert_eq!(stored.decode::<Vec<u8>>().unwrap(), b"");
        assert_eq!(stored.value().unwrap(), b""[..]);
    }
    for stored in [packed(&Vec::<String>::new()), packed(&Vec::<i8>::new())] {
        assert_eq!(stored.payload().unwrap(), [0x90]);
        assert_eq!(stored.decode::<Vec<u8>>().unwrap(), b"");
        assert_eq!(stored.decode::<Vec<String>>().unwrap(), Vec::<String>::new());
        assert_eq!(stored.value().unwrap(), Value::List(vec![]));
    }
}

#[test]
fn one_element_that_is_no_byte_makes_a_list() {
    for stored in [packed(&(1u8, 2u8, "x")), packed(&vec![Some(1u8), None]), packed(&(1u8, 2i8))] {
        assert_eq!(stored.encoding().unwrap(), Encoding::MsgPack);
    }
    let stored = packed(&(1u8, 200u8, "x", 3u8));
    assert_eq!(stored.payload().unwrap(), b"\x94\x01\xcc\xc8\xa1x\x03");
    let back = stored.decode::<(u8, u8, String, u8)>().unwrap();
    assert_eq!(back, (1, 200, "x".to_owned(), 3));
    assert_eq!(encoding(&vec![1i32, 2]), Encoding::MsgPack);
    assert_eq!(encoding(&Value::from_iter([1, 2])), Encoding::MsgPack);
}

#[test]
fn bytes_that_begin_like_a_header_get_one() {
    let like = b"\x89K12345678";
    for stored in
        [packed(&like[..]), packed(like), packed(&like.to_vec()), packed(&Bytes::new(like))]
    {
        assert_eq!(stored.as_bytes(), [&b"\x89K\x01\0\0\0\0\0VK"[..], like].concat());
        assert_eq!(stored.decode::<Vec<u8>>().unwrap(), like);
        assert_eq!(stored.decode::<[u8; 10]>().unwrap(), *like);
        assert_eq!(stored.value().unwrap(), like[..]);
    }
    assert_eq!(packed(&like[..9]).as_bytes(), &like[..9]);
    // A header in the value is not the value's header.
    let header = packed("text").into_bytes();
    let twice = packed(&header);
    assert_eq!(twice.decode::<Vec<u8>>().unwrap(), header);
}

#[test]
fn text_is_utf8() {
    let same = [
        packed("tea"),
        packed(&"tea"),
        packed(&"tea".to_owned()),
        packed(&Cow::Borrowed("tea")),
        packed(&Box::<str>::from("tea")),
        packed(&Some("tea")),
        packed(&Value::from("tea")),
    ];
    for stored in same {
        assert_eq!(stored.as_bytes(), b"\x89K\x01\x06\0\0\0\0VKtea");
        assert_eq!(stored.decode::<String>().unwrap(), "tea");
        assert_eq!(stored.decode::<Option<String>>().unwrap().unwrap(), "tea");
        assert_eq!(stored.decode::<Box<str>>().unwrap(), "tea".into());
        // The same bytes, looked at otherwise.
        assert_eq!(stored.decode::<Vec<u8>>().unwrap(), b"tea");
        assert_eq!(stored.decode::<Option<Vec<u8>>>().unwrap().unwrap(), b"tea");
        assert!(stored.decode::<Vec<u16>>().is_err());
        assert!(stored.decode::<Vec<Value>>().is_err());
        assert_eq!(stored.value().unwrap(), "tea");
    }
    assert_eq!(packed("").as_bytes(), b"\x89K\x01\x06\0\0\0\0VK");
    assert_eq!(packed(&'é').decode::<char>().unwrap(), 'é');
    assert_eq!(packed(b"tea").decode::<String>().unwrap(), "tea");
    assert!(packed(b"\xff").decode::<String>().is_err());
}
