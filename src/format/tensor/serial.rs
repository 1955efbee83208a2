//! Tensors as serde sees them: an extension of `MessagePack`, or in formats for people a struct of
//! type, shape and elements.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, MapAccess, SeqAccess, Visitor},
    ser::SerializeStruct,
};

use super::{DType, Element, Tensor, TensorView};
use crate::format::{Value, ext};

impl Serialize for Tensor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.view().serialize(serializer)
    }
}

impl Serialize for TensorView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !serializer.is_human_readable() {
            return ext::Ext(ext::TENSOR, self.payload()).serialize(serializer);
        }
        let mut parts = serializer.serialize_struct("Tensor", 3)?;
        parts.serialize_field("dtype", self.dtype().name())?;
        parts.serialize_field("shape", &self.shape())?;
        parts.serialize_field("data", &Elements(*self))?;
        parts.end()
    }
}

struct Elements<'a>(TensorView<'a>);

impl Serialize for Elements<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((0..self.0.len()).map_while(|index| self.0.element(index)))
    }
}

impl<'de> Deserialize<'de> for Tensor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            deserializer.deserialize_map(TensorVisitor)
        } else {
            deserializer.deserialize_newtype_struct(ext::NAME, TensorVisitor)
        }
    }
}

struct TensorVisitor;

impl<'de> Visitor<'de> for TensorVisitor {
    type Value = Tensor;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a tensor")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<Tensor, D::Error> {
        let value = inner.deserialize_tuple(2, ext::PairVisitor)?;
        ext::tensor_of(value).map_err(D::Error::custom)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, pair: A) -> Result<Tensor, A::Error> {
        let value = ext::PairVisitor.visit_seq(pair)?;
        ext::tensor_of(value).map_err(A::Error::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut parts: A) -> Result<Tensor, A::Error> {
        let (mut dtype, mut shape, mut data) = (None, None, None);
        while let Some(part) = parts.next_key::<String>()? {
            match part.as_str() {
                "dtype" => dtype = Some(parts.next_value::<String>()?),
                "shape" => shape = Some(parts.next_value::<Vec<usize>>()?),
                "data" => data = Some(parts.next_value::<Vec<Value>>()?),
                other => return Err(A::Error::unknown_field(other, &["dtype", "shape", "data"])),
            }
        }
        let dtype = dtype.ok_or_else(|| A::Error::missing_field("dtype"))?;
        let shape = shape.ok_or_else(|| A::Error::missing_field("shape"))?;
        let data = data.ok_or_else(|| A::Error::missing_field("data"))?;
        let dtype = DType::from_name(&dtype)
            .ok_or_else(|| A::Error::custom(format_args!("no element type {dtype:?}")))?;
        of_values(dtype, &shape, data).map_err(A::Error::custom)
    }
}

fn of_values(dtype: DType, shape: &[usize], data: Vec<Value>) -> crate::Result<Tensor> {
    fn of<T: Element + TryFrom<Value, Error = crate::Error>>(
        shape: &[usize],
        data: Vec<Value>,
    ) -> crate::Result<Tensor> {
        let data: crate::Result<Vec<T>> = data.into_iter().map(T::try_from).collect();
        Tensor::new(shape, &data?)
    }
    match dtype {
        DType::F32 => of::<f32>(shape, data),
        DType::F64 => of::<f64>(shape, data),
        DType::I32 => of::<i32>(shape, data),
        DType::I64 => of::<i64>(shape, data),
        DType::U8 => of::<u8>(shape, data),
        DType::U16 => of::<u16>(shape, data),
        DType::U32 => of::<u32>(shape, data),
        DType::U64 => of::<u64>(shape, data),
        DType::I8 => of::<i8>(shape, data),
        DType::I16 => of::<i16>(shape, data),
    }
}
