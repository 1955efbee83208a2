//! A tensor that lies in somebody else's bytes.

use std::borrow::Cow;

use super::{DType, Element, Tensor};
use crate::format::{Value, fault::Fault};

/// A tensor inside stored bytes, not copied.
///
/// Made by [`Stored::tensor`](crate::Stored::tensor) and [`Tensor::view`].
///
/// # Examples
///
/// ```
/// use kvault::{Stored, Tensor};
///
/// let stored = Stored::pack(&Tensor::from(vec![1.5f32, 2.5]))?;
/// let view = stored.tensor()?;
/// assert_eq!(view.shape(), [2]);
/// assert_eq!(view.to_vec::<f32>(), Some(vec![1.5, 2.5]));
/// # Ok::<(), kvault::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TensorView<'a> {
    /// `type(1) ndim(1) shape(ndim x u32) data`, checked.
    payload: &'a [u8],
}

impl<'a> TensorView<'a> {
    /// Checks that a payload is exactly a tensor.
    #[inline]
    pub(crate) fn parse(payload: &'a [u8]) -> Result<Self, Fault> {
        let short = || Fault::new("a tensor that ends within its shape");
        let (&[code, ndim], rest) = payload.split_first_chunk().ok_or_else(short)?;
        let dtype = DType::from_code(code)
            .ok_or_else(|| Fault::new(format_args!("unknown tensor type {code}")))?;
        let (shape, data) = rest.split_at_checked(usize::from(ndim) * 4).ok_or_else(short)?;
        let expected = byte_len(dtype, sizes(shape))
            .ok_or_else(|| Fault::new("a tensor larger than memory can be"))?;
        if data.len() != expected {
            return Err(Fault::new(format_args!(
                "a tensor's shape asks for {expected} bytes, here are {}",
                data.len()
            )));
        }
        Ok(Self { payload })
    }

    /// A payload that is known to be one.
    #[inline]
    pub(super) fn trusted(payload: &'a [u8]) -> Self {
        Self { payload }
    }

    /// The type of the elements.
    ///
    /// # Examples
    ///
    /// ```
    /// let tensor = kvault::Tensor::from([1.5f32, 2.5]);
    /// assert_eq!(tensor.view().dtype(), kvault::DType::F32);
    /// ```
    #[must_use]
    #[inline]
    pub fn dtype(&self) -> DType {
        let code = self.payload.first().copied().unwrap_or_default();
        DType::from_code(code).unwrap_or(DType::U8)
    }

    /// The number of dimensions, 0 for a single number.
    ///
    /// # Examples
    ///
    /// ```
    /// let tensor = kvault::Tensor::from([1.5f32, 2.5]);
    /// assert_eq!(tensor.view().ndim(), 1);
    /// ```
    #[must_use]
    #[inline]
    pub fn ndim(&self) -> usize {
        self.payload.get(1).copied().map_or(0, usize::from)
    }

    /// The size of each dimension, the slowest first (row-major, as numpy's default).
    ///
    /// # Examples
    ///
    /// ```
    /// let tensor = kvault::Tensor::from([1.5f32, 2.5]);
    /// assert_eq!(tensor.view().shape(), [2]);
    /// ```
    #[must_use]
    pub fn shape(&self) -> Vec<usize> {
        sizes(self.payload.get(2..self.data_start()).unwrap_or_default()).collect()
    }

    /// The number of elements.
    ///
    /// # Examples
    ///
    /// ```
    /// let tensor = kvault::Tensor::from([1.5f32, 2.5]);
    /// assert_eq!(tensor.view().len(), 2);
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.data().len() / self.dtype().size()
    }

    /// Whether there are no elements, because a dimension is 0.
    ///
    /// # Examples
    ///
    /// ```
    /// let tensor = kvault::Tensor::from([1.5f32, 2.5]);
    /// assert!(!tensor.view().is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.data().is_empty()
    }

    /// The elements as they are stored: little-endian, row-major.
    ///
    /// # Examples
    ///
    /// ```
    /// let tensor = kvault::Tensor::from([1.5f32, 2.5]);
    /// assert_eq!(tensor.view().data().len(), 8);
    /// ```
    #[must_use]
    #[inline]
    pub fn data(&self) -> &'a [u8] {
        self.payload.get(self.data_start()..).unwrap_or_default()
    }

    /// The elements in place, without a copy. `None` if they are of another type, if their bytes
    /// do not lie aligned, or on a big-endian machine.
    ///
    /// # Examples
    ///
    /// ```
    /// let tensor = kvault::Tensor::from(vec![7u8, 8]);
    /// assert_eq!(tensor.view().as_slice::<u8>(), Some(&[7, 8][..]));
    /// assert_eq!(tensor.view().as_slice::<i8>(), None);
    /// ```
    #[must_use]
    #[inline]
    pub fn as_slice<T: Element>(&self) -> Option<&'a [T]> {
        if T::DTYPE != self.dtype() || cfg!(target_endian = "big") {
            return None;
        }
        bytemuck::try_cast_slice(self.data()).ok()
    }

    /// The elements, in place where that can be and else copied. `None` if they are of another
    /// type.
    ///
    /// # Examples
    ///
    /// ```
    /// let tensor = kvault::Tensor::from([1.5f32, 2.5]);
    /// assert_eq!(tensor.view().to_cow::<f32>().as_deref(), Some(&[1.5, 2.5][..]));
    /// ```
    #[must_use]
    pub fn to_cow<T: Element>(&self) -> Option<Cow<'a, [T]>> {
        self.as_slice().map(Cow::Borrowed).or_else(|| self.to_vec().map(Cow::Owned))
    }

    /// A copy of the elements. `None` if they are of another type.
    ///
    /// # Examples
    ///
    /// ```
    /// let tensor = kvault::Tensor::from([1.5f32, 2.5]);
    /// assert_eq!(tensor.view().to_vec::<f32>(), Some(vec![1.5, 2.5]));
    /// assert_eq!(tensor.view().to_vec::<f64>(), None);
    /// ```
    #[must_use]
    #[inline]
    pub fn to_vec<T: Element>(&self) -> Option<Vec<T>> {
        let data = self.data();
        (T::DTYPE == self.dtype()).then(|| match self.as_slice() {
            Some(slice) => slice.to_vec(),
            None => data.chunks_exact(size_of::<T>()).map(T::read_le).collect(),
        })
    }

    /// A copy of the whole.
    ///
    /// # Examples
    ///
    /// ```
    /// let tensor = kvault::Tensor::from([1.5f32, 2.5]);
    /// assert_eq!(tensor.view().to_tensor(), tensor);
    /// ```
    #[must_use]
    pub fn to_tensor(&self) -> Tensor {
        let (head, data) = self.payload.split_at(self.data_start());
        Tensor::from_parts(head, data)
    }

    /// All of it as it is stored.
    #[inline]
    pub(crate) fn payload(&self) -> &'a [u8] {
        self.payload
    }

    /// The element with this number, counted row by row.
    pub(crate) fn element(&self, index: usize) -> Option<Value> {
        let size = self.dtype().size();
        let start = index.checked_mul(size)?;
        Some(self.dtype().value(self.data().get(start..start + size)?))
    }

    #[inline]
    fn data_start(&self) -> usize {
        2 + self.ndim() * 4
    }
}

fn sizes(shape: &[u8]) -> impl Iterator<Item = usize> {
    // Nothing is lost on 64 bits; on 32 the product overflows and is refused.
    shape.chunks_exact(4).map(|size| {
        let size = size.try_into().map_or(0, u32::from_le_bytes);
        usize::try_from(size).unwrap_or(usize::MAX)
    })
}

/// How many bytes a shape asks for. A zero anywhere makes it none, whatever the others are.
pub(super) fn byte_len(dtype: DType, shape: impl Iterator<Item = usize>) -> Option<usize> {
    let mut len = Some(dtype.size());
    for size in shape {
        if size == 0 {
            return Some(0);
        }
        len = len.and_then(|len| len.checked_mul(size));
    }
    len
}
