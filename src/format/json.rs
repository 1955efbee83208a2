//! JSON (RFC 8259): written by `serde_json`, read here into a [`Value`].
//!
//! `serde_json` reads an integer over 64 bits as the nearest float, unless a feature is on that
//! changes it for the whole program. Here every integer is exact. Python writes the words `NaN`,
//! `Infinity` and `-Infinity`, which are read too and never written.

use serde::Serialize;

use super::{
    BigInt, MAX_DEPTH, Value,
    fault::Fault,
    unpack::Input,
    watch::{Facts, Watch},
};

pub(crate) fn write<T: Serialize + ?Sized>(
    value: &T,
    out: &mut Vec<u8>,
    facts: &Facts,
) -> Result<(), Fault> {
    let mut json = serde_json::Serializer::new(out);
    value.serialize(Watch::new(&mut json, facts)).map_err(Fault::new)
}

pub(crate) fn read_value(payload: &[u8]) -> Result<Value, Fault> {
    // One check for all: what is cut at ASCII characters stays text.
    std::str::from_utf8(payload).map_err(Fault::new)?;
    let mut input = Input::new(payload);
    let value = item(&mut input, MAX_DEPTH)?;
    skip_space(&mut input)?;
    input.end()?;
    Ok(value)
}

fn item(input: &mut Input<'_>, depth: u8) -> Result<Value, Fault> {
    skip_space(input)?;
    match input.peek() {
        Some(b'n') => word(input, b"null", Value::Null),
        Some(b't') => word(input, b"true", Value::Bool(true)),
        Some(b'f') => word(input, b"false", Value::Bool(false)),
        Some(b'N') => word(input, b"NaN", Value::F64(f64::NAN)),
        Some(b'I') => word(input, b"Infinity", Value::F64(f64::INFINITY)),
        Some(b'"') => string(input).map(Value::Text),
        Some(b'[') => list(input, depth),
        Some(b'{') => map(input, depth),
        Some(b'-' | b'0'..=b'9') => number(input),
        Some(other) => Err(unexpected(other)),
        None => Err(Fault::new("the text ends within the value")),
    }
}

fn list(input: &mut Input<'_>, depth: u8) -> Result<Value, Fault> {
    let depth = depth.checked_sub(1).ok_or_else(Fault::too_deep)?;
    let mut items = Vec::new();
    let mut more = open(input, b']')?;
    while more {
        items.push(item(input, depth)?);
        more = comma(input, b']')?;
    }
    Ok(Value::List(items))
}

fn map(input: &mut Input<'_>, depth: u8) -> Result<Value, Fault> {
    let depth = depth.checked_sub(1).ok_or_else(Fault::too_deep)?;
    let mut pairs = Vec::new();
    let mut more = open(input, b'}')?;
    while more {
        skip_space(input)?;
        let key = string(input)?;
        skip_space(input)?;
        match input.byte()? {
            b':' => pairs.push((Value::Text(key), item(input, depth)?)),
            other => return Err(unexpected(other)),
        }
        more = comma(input, b'}')?;
    }
    Ok(Value::Map(pairs))
}

/// Passes the opening bracket. Whether something stands inside.
fn open(input: &mut Input<'_>, close: u8) -> Result<bool, Fault> {
    input.byte()?;
    skip_space(input)?;
    if input.peek() != Some(close) {
        return Ok(true);
    }
    input.byte()?;
    Ok(false)
}

/// Passes a comma or the closing bracket. Whether it was a comma.
fn comma(input: &mut Input<'_>, close: u8) -> Result<bool, Fault> {
    skip_space(input)?;
    match input.byte()? {
        b',' => Ok(true),
        other if other == close => Ok(false),
        other => Err(unexpected(other)),
    }
}

fn string(input: &mut Input<'_>) -> Result<String, Fault> {
    let rest = input.rest();
    let mut len = 1;
    if rest.first() != Some(&b'"') {
        return Err(Fault::new("a string should stand here"));
    }
    let mut is_plain = true;
    loop {
        match rest.get(len) {
            Some(b'"') => break,
            Some(b'\\') => {
                is_plain = false;
                len += 2;
            }
            Some(0..0x20) => return Err(Fault::new("a control character in a string")),
            Some(_) => len += 1,
            None => return Err(Fault::new("the text ends within a string")),
        }
    }
    let quoted = input.take(len + 1)?;
    if is_plain {
        let text = quoted.get(1..len).unwrap_or_default();
        return std::str::from_utf8(text).map(str::to_owned).map_err(Fault::new);
    }
    serde_json::from_slice(quoted).map_err(Fault::new)
}

fn number(input: &mut Input<'_>) -> Result<Value, Fault> {
    let rest = input.rest();
    if rest.starts_with(b"-I") {
        return word(input, b"-Infinity", Value::F64(f64::NEG_INFINITY));
    }
    let is_part = |byte: &u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
    let len = rest.iter().position(|byte| !is_part(byte)).unwrap_or(rest.len());
    let token = input.take(len)?;
    let digits = token.strip_prefix(b"-").unwrap_or(token);
    let is_int = digits.iter().all(u8::is_ascii_digit) && digits.first() != Some(&b'0');
    match std::str::from_utf8(token).map_err(Fault::new)? {
        "0" => Ok(Value::from(0)),
        text if is_int => match text.parse::<i128>() {
            Ok(int) => Ok(Value::Int(int)),
            Err(_) => BigInt::from_decimal(text),
        },
        _ => serde_json::from_slice(token).map(Value::F64).map_err(Fault::new),
    }
}

fn word(input: &mut Input<'_>, word: &[u8], value: Value) -> Result<Value, Fault> {
    if input.take(word.len())? == word {
        return Ok(value);
    }
    Err(Fault::new("a word that JSON does not know"))
}

fn skip_space(input: &mut Input<'_>) -> Result<(), Fault> {
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
    let rest = input.rest();
    let len = rest.iter().position(|byte| !is_space(byte)).unwrap_or(rest.len());
    input.take(len).map(|_| ())
}

fn unexpected(byte: u8) -> Fault {
    Fault::new(format_args!("unexpected '{}'", byte.escape_ascii()))
}
