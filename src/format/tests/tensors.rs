//! Arrays of every type and shape.

use super::*;
use crate::{Cbor, DType, Element, Json, MsgPack, Pickle, Tensor};

fn there<T: Element + Debug + PartialEq + Serialize + DeserializeOwned>(data: &[T]) {
    let stored = there_and_back(&Tensor::from(data));
    assert_eq!(stored.value().unwrap().as_tensor().unwrap().as_slice::<T>(), Some(data));
    assert_eq!(stored.decode::<Vec<T>>().unwrap(), data);
    assert_eq!(stored.decode::<Option<Vec<T>>>().unwrap().unwrap(), data);
    // The header and the shape of one dimension end on a word.
    assert_eq!(stored.tensor().unwrap().to_vec::<T>().unwrap(), data);
    let by_python = super::stored(Encoding::DataPacker, 0, stored.payload().unwrap());
    assert_eq!(by_python.decode::<Vec<T>>().unwrap(), data);
    for other in [
        Stored::pack(&MsgPack(Tensor::from(data))).unwrap(),
        Stored::pack(&Json(Tensor::from(data))).unwrap(),
        Stored::pack(&Cbor(Tensor::from(data))).unwrap(),
    ] {
        assert_eq!(other.decode::<Tensor>().unwrap(), Tensor::from(data));
    }
    if cfg!(feature = "pickle") {
        let pickle = Stored::pack(&Pickle(Tensor::from(data))).unwrap();
        assert_eq!(pickle.decode::<Tensor>().unwrap(), Tensor::from(data));
    }
}

#[test]
fn every_type() {
    there(&[0.0f32, -0.0, 1.5, f32::MAX, f32::INFINITY][..4]);
    there(&[0.1f64, f64::MIN_POSITIVE]);
    there(&[i32::MIN, 0, i32::MAX]);
    there(&[i64::MIN, i64::MAX]);
    there(&[0u8, 255, 7]);
    there(&[0u16, 65535]);
    there(&[0u32, u32::MAX]);
    there(&[0u64, u64::MAX]);
    there(&[i8::MIN, 127]);
    there(&[i16::MIN, 9, 8]);
    there::<f64>(&[]);
    // Every bit of what is no number.
    let odd: Vec<f32> = [0x7FC0_0001, 0xFFFF_FFFF, 0x7F80_0001].map(f32::from_bits).to_vec();
    let back = there_and_back(&Tensor::from(odd.clone())).decode::<Vec<f32>>().unwrap();
    assert!(back.iter().zip(&odd).all(|(a, b)| a.to_bits() == b.to_bits()));
}

#[test]
fn every_shape() {
    let data: Vec<i16> = (0..24).collect();
    for shape in [&[24][..], &[2, 12], &[2, 3, 4], &[1, 24, 1, 1], &[24, 1]] {
        let tensor = Tensor::new(shape, &data).unwrap();
        let stored = there_and_back(&tensor);
        assert_eq!(stored.decode::<Tensor>().unwrap().shape(), shape);
        assert_eq!(tensor.as_slice::<i16>().unwrap(), data);
    }
    let scalar = Tensor::new(&[], &[7.5f64]).unwrap();
    assert_eq!(there_and_back(&scalar).decode::<f64>().unwrap().to_bits(), 7.5f64.to_bits());
    there_and_back(&Tensor::new::<u8>(&[3, 0, 5], &[]).unwrap());
    let deep = there_and_back(&Tensor::new(&[1; 255], &[7u8]).unwrap());
    assert_eq!(deep.decode::<Tensor>().unwrap().ndim(), 255);
    assert_eq!(deep.payload().unwrap().len(), 2 + 255 * 4 + 1);

    assert!(Tensor::new(&[1; 256], &[7u8]).is_err());
    assert!(Tensor::new(&[2, 2], &[7u8]).is_err());
    assert!(Tensor::new(&[usize::MAX, 2], &[7u8]).is_err());
    assert!(Tensor::new::<u8>(&[usize::MAX, 0], &[]).is_err());
    assert!(Tensor::new(&[], &[7u8, 8]).is_err());
}

#[test]
fn as_lists() {
    let stored = Stored::pack(&Tensor::new(&[2, 2], &[1.0f32, 2.0, 3.0, 0.1]).unwrap()).unwrap();
    let rows = [[1.0, 2.0], [3.0, 0.1]];
    assert_eq!(stored.decode::<Vec<Vec<f32>>>().unwrap(), rows);
    assert_eq!(stored.decode::<[[f32; 2]; 2]>().unwrap(), rows);
    assert_eq!(
        stored.decode::<Vec<[f64; 2]>>().unwrap()[1][1].to_bits(),
        f64::from(0.1f32).to_bits()
    );
    assert_eq!(stored.decode::<serde_json::Value>().unwrap()[1][0], 3.0);
    assert!(stored.decode::<Vec<f32>>().is_err());
    assert!(stored.decode::<Vec<Vec<u8>>>().is_err());
    assert!(stored.decode::<[[f32; 3]; 2]>().is_err());
    assert!(stored.decode::<[[f32; 1]; 2]>().is_err());
    assert!(stored.decode::<f32>().is_err());
    let value: Option<Value> = stored.decode().unwrap();
    assert_eq!(value.unwrap().as_tensor().unwrap().shape(), [2, 2]);

    let bytes = Stored::pack(&Tensor::from([1u8, 2])).unwrap();
    assert_eq!(bytes.decode::<Vec<u8>>().unwrap(), [1, 2]);
    assert_eq!(bytes.decode::<Vec<u64>>().unwrap(), [1, 2]);
    assert!(Stored::pack(&7).unwrap().decode::<Tensor>().is_err());
    assert!(Stored::pack("text").unwrap().decode::<Tensor>().is_err());
}

#[test]
fn views() {
    let stored = Stored::pack(&Tensor::from([1.5f32, 2.5])).unwrap();
    let view = stored.tensor().unwrap();
    assert_eq!((view.dtype(), view.shape(), view.len()), (DType::F32, vec![2], 2));
    assert_eq!(view.to_cow::<f32>().unwrap()[..], [1.5, 2.5]);
    assert_eq!(view.to_vec::<f64>(), None);
    assert_eq!(view.to_tensor(), Tensor::from([1.5f32, 2.5]));
    assert_eq!(Stored::pack(&view).unwrap(), stored);
    // Wherever the bytes lie.
    for skip in 0..8 {
        let bytes = [&vec![0; skip][..], stored.payload().unwrap()].concat();
        let view = crate::TensorView::parse(&bytes[skip..]).unwrap();
        assert_eq!(view.to_vec::<f32>().unwrap(), [1.5, 2.5]);
        assert!(view.as_slice::<f32>().is_none_or(|slice| slice == [1.5, 2.5]));
    }
    assert!(Stored::pack("text").unwrap().tensor().is_err());
    assert!(Stored::pack(&7).unwrap().tensor().is_err());
}

#[test]
fn hostile_shapes() {
    let bad: [&[u8]; 10] = [
        b"",
        b"\x01",
        b"\x00\x00\x00",
        b"\x0b\x00\x00",
        b"\x05\x01\x02\x00\x00\x00\x07",
        b"\x05\x01\x02\x00\x00\x00\x07\x07\x07",
        b"\x05\x02\x02\x00\x00\x00\x07",
        b"\x05\x01\xff\xff\xff\xff",
        b"\x02\x03\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        &[5; 2 + 5 * 4],
    ];
    for payload in bad {
        for flags in [0, 0x30] {
            let stored = stored(Encoding::DataPacker, flags, payload);
            assert!(stored.decode::<Tensor>().is_err(), "{payload:?}");
            assert!(stored.decode::<Vec<u8>>().is_err() || flags == 0, "{payload:?}");
            assert_eq!(stored.value().is_err(), flags != 0, "{payload:?}");
            assert!(stored.tensor().is_err());
        }
    }
    // Four billion empty lists take no room in a file.
    let empty = stored(Encoding::DataPacker, 0x30, b"\x05\x02\xff\xff\xff\xff\0\0\0\0");
    assert_eq!(empty.decode::<Tensor>().unwrap().len(), 0);
    assert!(empty.decode::<Vec<Vec<u8>>>().is_err());
    let empty = b"\x05\x04\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff";
    let empty = stored(Encoding::DataPacker, 0x30, empty);
    assert_eq!(empty.decode::<Vec<[[u8; 3]; 2]>>().unwrap(), Vec::<[[u8; 3]; 2]>::new());
}

#[cfg(feature = "ndarray")]
#[test]
fn arrays_of_ndarray() {
    use ndarray::{Array1, Array2, ArrayD, ArrayViewD, arr0, array};

    let array = array![[1, 2, 3], [4, 5, 6]];
    let tensor = Tensor::try_from(&array).unwrap();
    assert_eq!(tensor.as_slice::<i32>().unwrap(), [1, 2, 3, 4, 5, 6]);
    assert_eq!(Array2::<i32>::try_from(&tensor).unwrap(), array);
    assert_eq!(ArrayD::<i32>::try_from(&tensor).unwrap(), array.clone().into_dyn());
    assert!(Array1::<i32>::try_from(&tensor).is_err());
    assert!(Array2::<u32>::try_from(&tensor).is_err());
    // Another order of memory, a part, a view.
    let turned = Tensor::try_from(&array.t().to_owned()).unwrap();
    assert_eq!(turned.as_slice::<i32>().unwrap(), [1, 4, 2, 5, 3, 6]);
    let part = Tensor::try_from(&*array.slice(ndarray::s![.., ..;2])).unwrap();
    assert_eq!(part.as_slice::<i32>().unwrap(), [1, 3, 4, 6]);
    assert_eq!(Tensor::try_from(arr0(7u8)).unwrap().ndim(), 0);

    let stored = Stored::pack(&tensor).unwrap();
    let back: Array2<i32> = stored.tensor().unwrap().try_into().unwrap();
    assert_eq!(back, array);
    let view: ArrayViewD<'_, i32> = tensor.view().try_into().unwrap();
    assert_eq!(view[[1, 2]], 6);
}
