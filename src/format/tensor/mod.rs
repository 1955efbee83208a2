//! Arrays of numbers, as numpy and machine learning have them.

mod element;
#[cfg(feature = "ndarray")]
mod ndarray;
mod serial;
mod view;

use std::{borrow::Cow, fmt};

pub use element::{DType, Element};
pub use view::TensorView;

use crate::{Error, Result};

/// An array of numbers of one type, of any shape up to 255 dimensions.
///
/// A numpy array that the Python package stored is read as one, and the package reads it back as
/// such an array. Its elements are in row-major order. Two tensors are equal if type, shape and
/// every bit of their elements are.
///
/// # Examples
///
/// ```
/// use kvault::{DType, Tensor};
///
/// let tensor = Tensor::new(&[2, 3], &[1.0f32, 2.0, 3.0, 4.0, 5.0, 6.0])?;
/// assert_eq!(tensor.dtype(), DType::F32);
/// assert_eq!(tensor.shape(), [2, 3]);
/// assert_eq!(tensor.as_slice::<f32>().map(|row| row[4]), Some(5.0));
/// # Ok::<(), kvault::Error>(())
/// ```
#[derive(Clone)]
pub struct Tensor {
    /// The payload of a stored tensor, laid so that its elements begin on a word: they can be
    /// looked at in place, and storing them is one copy.
    words: Box<[u64]>,
    /// Where the payload begins in them, in bytes.
    skip: u8,
    /// How many bytes of the last word are not part of it.
    spare: u8,
}

impl Tensor {
    /// Copies elements, in row-major order, into a tensor of a shape. An empty shape is that of a
    /// single number.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] if the shape has over 255 dimensions, has one over
    /// `u32::MAX`, or asks for another number of elements.
    ///
    /// # Examples
    ///
    /// ```
    /// use kvault::Tensor;
    ///
    /// let column = Tensor::new(&[3, 1], &[1i64, 2, 3])?;
    /// assert_eq!(column.shape(), [3, 1]);
    /// assert!(Tensor::new(&[2, 2], &[1u8]).is_err());
    /// # Ok::<(), kvault::Error>(())
    /// ```
    pub fn new<T: Element>(shape: &[usize], data: &[T]) -> Result<Self> {
        let refuse = |why: String| Err(Error::invalid("shape", format_args!("{shape:?}"), why));
        let Ok(ndim) = u8::try_from(shape.len()) else {
            return refuse("over 255 dimensions".to_owned());
        };
        let mut head = Vec::with_capacity(2 + shape.len() * 4);
        head.extend([T::DTYPE.code(), ndim]);
        for &size in shape {
            let Ok(size) = u32::try_from(size) else {
                return refuse(format!("{size} is over {}", u32::MAX));
            };
            head.extend(size.to_le_bytes());
        }
        if view::byte_len(T::DTYPE, shape.iter().copied()) != Some(size_of_val(data)) {
            return refuse(format!("{} elements do not fill it", data.len()));
        }
        if cfg!(target_endian = "little") {
            return Ok(Self::from_parts(&head, bytemuck::cast_slice(data)));
        }
        let mut bytes = Vec::with_capacity(size_of_val(data));
        for element in data {
            element.append_le(&mut bytes);
        }
        Ok(Self::from_parts(&head, &bytes))
    }

    /// Lays type, number of dimensions and shape so that the data behind them begin on a word.
    #[inline]
    fn from_parts(head: &[u8], data: &[u8]) -> Self {
        let skip = head.len().next_multiple_of(8) - head.len();
        let (first, head) = head.split_at_checked(8 - skip).unwrap_or_default();
        let ((head, _), (whole, last)) = (head.as_chunks::<8>(), data.as_chunks::<8>());

        let mut words = Vec::with_capacity(1 + head.len() + data.len().div_ceil(8));
        words.push(padded(first, skip));
        words.extend(head.iter().copied().map(u64::from_ne_bytes));
        match bytemuck::try_cast_slice(whole) {
            Ok(aligned) => words.extend_from_slice(aligned),
            Err(_) => words.extend(whole.iter().copied().map(u64::from_ne_bytes)),
        }
        if !last.is_empty() {
            words.push(padded(last, 0));
        }
        let spare = data.len().next_multiple_of(8) - data.len();
        Self {
            words: words.into(),
            skip: u8::try_from(skip).unwrap_or_default(),
            spare: u8::try_from(spare).unwrap_or_default(),
        }
    }

    /// All of it as it is stored.
    #[inline]
    pub(crate) fn payload(&self) -> &[u8] {
        let bytes: &[u8] = bytemuck::cast_slice(&self.words);
        let end = bytes.len() - usize::from(self.spare);
        bytes.get(self.skip.into()..end).unwrap_or_default()
    }

    /// The same, borrowed.
    ///
    /// # Examples
    ///
    /// ```
    /// let tensor = kvault::Tensor::from([1.5f32, 2.5]);
    /// assert_eq!(tensor.view().shape(), [2]);
    /// ```
    #[must_use]
    #[inline]
    pub fn view(&self) -> TensorView<'_> {
        TensorView::trusted(self.payload())
    }

    /// The type of the elements.
    ///
    /// # Examples
    ///
    /// ```
    /// let tensor = kvault::Tensor::from([1.5f32, 2.5]);
    /// assert_eq!(tensor.dtype(), kvault::DType::F32);
    /// ```
    #[must_use]
    pub fn dtype(&self) -> DType {
        self.view().dtype()
    }

    /// The number of dimensions, 0 for a single number.
    ///
    /// # Examples
    ///
    /// ```
    /// let tensor = kvault::Tensor::from([1.5f32, 2.5]);
    /// assert_eq!(tensor.ndim(), 1);
    /// ```
    #[must_use]
    pub fn ndim(&self) -> usize {
        self.view().ndim()
    }

    /// The size of each dimension, the slowest first.
    ///
    /// # Examples
    ///
    /// ```
    /// let tensor = kvault::Tensor::from([1.5f32, 2.5]);
    /// assert_eq!(tensor.shape(), [2]);
    /// ```
    #[must_use]
    pub fn shape(&self) -> Vec<usize> {
        self.view().shape()
    }

    /// The number of elements.
    ///
    /// # Examples
    ///
    /// ```
    /// let tensor = kvault::Tensor::from([1.5f32, 2.5]);
    /// assert_eq!(tensor.len(), 2);
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.view().len()
    }

    /// Whether there are no elements, because a dimension is 0.
    ///
    /// # Examples
    ///
    /// ```
    /// let tensor = kvault::Tensor::from([1.5f32, 2.5]);
    /// assert!(!tensor.is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.view().is_empty()
    }

    /// The elements as they are stored: little-endian, row-major.
    ///
    /// # Examples
    ///
    /// ```
    /// let tensor = kvault::Tensor::from([1.5f32, 2.5]);
    /// assert_eq!(tensor.data().len(), 8);
    /// ```
    #[must_use]
    pub fn data(&self) -> &[u8] {
        self.view().data()
    }

    /// The elements in place. `None` if they are of another type, or on a big-endian machine.
    ///
    /// # Examples
    ///
    /// ```
    /// let tensor = kvault::Tensor::from([1i16, -1]);
    /// assert_eq!(tensor.as_slice::<i16>(), Some(&[1, -1][..]));
    /// assert_eq!(tensor.as_slice::<u16>(), None);
    /// ```
    #[must_use]
    pub fn as_slice<T: Element>(&self) -> Option<&[T]> {
        self.view().as_slice()
    }

    /// The elements, in place where that can be and else copied. `None` if they are of another
    /// type.
    ///
    /// # Examples
    ///
    /// ```
    /// let tensor = kvault::Tensor::from([1.5f32, 2.5]);
    /// assert_eq!(tensor.to_cow::<f32>().as_deref(), Some(&[1.5, 2.5][..]));
    /// ```
    #[must_use]
    pub fn to_cow<T: Element>(&self) -> Option<Cow<'_, [T]>> {
        self.view().to_cow()
    }

    /// A copy of the elements. `None` if they are of another type.
    ///
    /// # Examples
    ///
    /// ```
    /// let tensor = kvault::Tensor::from([1.5f32, 2.5]);
    /// assert_eq!(tensor.to_vec::<f32>(), Some(vec![1.5, 2.5]));
    /// assert_eq!(tensor.to_vec::<f64>(), None);
    /// ```
    #[must_use]
    pub fn to_vec<T: Element>(&self) -> Option<Vec<T>> {
        self.view().to_vec()
    }
}

/// Up to 8 bytes as a word, with some zeros in front.
fn padded(bytes: &[u8], skip: usize) -> u64 {
    let mut word = [0; 8];
    word.iter_mut().skip(skip).zip(bytes).for_each(|(to, from)| *to = *from);
    u64::from_ne_bytes(word)
}

/// One dimension.
impl<T: Element> From<&[T]> for Tensor {
    /// # Panics
    ///
    /// If there are over `u32::MAX` elements: [`Tensor::new`] says so instead.
    #[expect(clippy::expect_used, reason = "documented, and From cannot fail otherwise")]
    fn from(data: &[T]) -> Self {
        Self::new(&[data.len()], data).expect("at most u32::MAX elements")
    }
}

/// One dimension.
impl<T: Element> From<Vec<T>> for Tensor {
    fn from(data: Vec<T>) -> Self {
        Self::from(data.as_slice())
    }
}

/// One dimension.
impl<T: Element, const N: usize> From<[T; N]> for Tensor {
    fn from(data: [T; N]) -> Self {
        Self::from(data.as_slice())
    }
}

impl PartialEq for Tensor {
    fn eq(&self, other: &Self) -> bool {
        self.payload() == other.payload()
    }
}

impl Eq for Tensor {}

impl std::hash::Hash for Tensor {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.payload().hash(state);
    }
}

impl fmt::Debug for Tensor {
    /// Tensors may be huge: shows type and shape.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tensor")
            .field("dtype", &self.dtype())
            .field("shape", &self.shape())
            .finish_non_exhaustive()
    }
}

/// Type and shape, as in `float32[2, 3]`.
impl fmt::Display for Tensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{:?}", self.dtype(), self.shape())
    }
}
