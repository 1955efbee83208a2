//! Any value: stored in whatever encoding takes it, it reads back the same.

#![no_main]

use arbitrary::{Arbitrary, Result, Unstructured};
use kvault::{Cbor, Json, MsgPack, Pickle, Stored, Tensor, Value};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(value) = value(&mut Unstructured::new(data), 6) else {
        return;
    };
    let stored = Stored::pack(&value).expect("any value can be stored");
    assert_eq!(stored.value().expect("what was stored can be read"), value);
    assert_eq!(
        stored
            .decode::<Option<Value>>()
            .expect("and as a type")
            .unwrap_or_default(),
        value
    );

    let packed = Stored::pack(&MsgPack(&value)).expect("MessagePack holds all");
    assert_eq!(packed.value().expect("MessagePack"), value);
    let text = value.to_string();
    let has_tensor = text.contains("int") || text.contains("float");
    if !has_tensor {
        let pickle = Stored::pack(&Pickle(&value)).expect("a pickle holds all but tensors");
        assert_eq!(pickle.value().expect("pickle"), value);
        let cbor = Stored::pack(&Cbor(&value)).expect("so does CBOR");
        assert_eq!(cbor.value().expect("CBOR"), value);
    }
    if let Ok(json) = Stored::pack(&Json(&value)) {
        let value = json.value().expect("JSON");
        let again = Stored::pack(&Json(&value)).expect("JSON again");
        assert_eq!(again.value().expect("JSON again"), value);
    }
});

fn value(input: &mut Unstructured<'_>, depth: u8) -> Result<Value> {
    let kinds = if depth == 0 { 9 } else { 11 };
    Ok(match input.int_in_range(0..=kinds)? {
        0 => Value::Null,
        1 => Value::from(bool::arbitrary(input)?),
        2 => Value::from(i64::arbitrary(input)?),
        3 => Value::from(i128::arbitrary(input)?),
        4 => Value::from(u128::arbitrary(input)?),
        5 => Value::F64(f64::from_bits(u64::arbitrary(input)?)),
        6 => Value::from(f32::from_bits(u32::arbitrary(input)?)),
        7 => Value::from(<&str>::arbitrary(input)?),
        8 => Value::from(<&[u8]>::arbitrary(input)?),
        9 => tensor(input)?,
        10 => {
            let len = input.int_in_range(0..=5)?;
            let items: Result<Vec<Value>> = (0..len).map(|_| value(input, depth - 1)).collect();
            Value::List(items?)
        }
        _ => {
            let len = input.int_in_range(0..=4)?;
            let pair = |_| Ok((value(input, depth - 1)?, value(input, depth - 1)?));
            let pairs: Result<Vec<(Value, Value)>> = (0..len).map(pair).collect();
            Value::Map(pairs?)
        }
    })
}

fn tensor(input: &mut Unstructured<'_>) -> Result<Value> {
    let shape: Vec<usize> = (0..input.int_in_range(0..=4)?)
        .map(|_| input.int_in_range(0..=3))
        .collect::<Result<_>>()?;
    let len = shape.iter().product();
    let bits: Vec<u64> = (0..len)
        .map(|_| u64::arbitrary(input))
        .collect::<Result<_>>()?;
    let tensor = match input.int_in_range(0..=2)? {
        0 => Tensor::new(&shape, &bits),
        1 => Tensor::new(
            &shape,
            &bits
                .iter()
                .map(|&bits| f64::from_bits(bits))
                .collect::<Vec<_>>(),
        ),
        _ => Tensor::new(
            &shape,
            &bits
                .iter()
                .map(|bits| bits.to_le_bytes()[0])
                .collect::<Vec<_>>(),
        ),
    };
    Ok(Value::from(tensor.expect("the shape fits")))
}
