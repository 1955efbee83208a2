//! Bytes and text that can be told by their type, before serde takes them apart.

use std::any::type_name;

use castaway::match_type;

/// The bytes of a byte slice or vector. Other types, such as a reference to a slice, hand their
/// bytes over one by one, with the same result.
#[inline]
pub(super) fn bytes<T: ?Sized>(value: &T) -> Option<&[u8]> {
    match_type!(value, {
        &[u8] as bytes => Some(bytes),
        &Vec<u8> as bytes => Some(bytes.as_slice()),
        _ => None,
    })
}

#[inline]
pub(super) fn text<T: ?Sized>(value: &T) -> Option<&str> {
    match_type!(value, {
        &str as text => Some(text),
        &String as text => Some(text.as_str()),
        _ => None,
    })
}

/// What is stored as an integer, if it is one of Rust's own types.
#[inline]
pub(super) fn int<T: ?Sized>(value: &T) -> Option<i64> {
    match_type!(value, {
        &i64 as int => Some(*int),
        &u64 as int => i64::try_from(*int).ok(),
        &i32 as int => Some((*int).into()),
        &u32 as int => Some((*int).into()),
        _ => None,
    })
}

#[inline]
pub(super) fn float<T: ?Sized>(value: &T) -> Option<f64> {
    match_type!(value, {
        &f64 as float => Some(*float),
        _ => None,
    })
}

/// Whether a type is bytes behind pointers, so that an empty one is no bytes rather than an empty
/// list. Serde tells an empty sequence's length and nothing of its elements, and only types
/// without lifetimes can be compared; so this looks at the name, which std does not promise: the
/// worst that another name can do is to make an empty list of empty bytes.
pub(super) fn is_bytes<T: ?Sized>() -> bool {
    let mut name = type_name::<T>();
    loop {
        let inside = name.strip_prefix('&').or_else(|| {
            let (pointer, inside) = name.strip_suffix('>')?.split_once('<')?;
            matches!(
                pointer,
                "alloc::boxed::Box"
                    | "alloc::sync::Arc"
                    | "alloc::rc::Rc"
                    | "alloc::borrow::Cow"
                    | "core::option::Option"
            )
            .then_some(inside.trim_start_matches("'_, "))
        });
        match inside {
            Some(inside) => name = inside,
            None => return matches!(name, "[u8]" | "[u8; 0]" | "alloc::vec::Vec<u8>"),
        }
    }
}
