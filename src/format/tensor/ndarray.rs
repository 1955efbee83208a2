//! Tensors to and from the arrays of `ndarray`.

use ndarray::{Array, ArrayD, ArrayRef, ArrayViewD, Dimension, IxDyn};

use super::{DType, Element, Tensor, TensorView};
use crate::{Error, Result, format::fault::Fault};

/// A copy of an array of any layout, in row-major order.
///
/// # Errors
///
/// [`Error::InvalidArgument`] if it has over 255 dimensions, or one over `u32::MAX`.
///
/// # Examples
///
/// ```
/// use kvault::Tensor;
/// use ndarray::array;
///
/// let tensor = Tensor::try_from(&array![[1.0f32, 2.0], [3.0, 4.0]])?;
/// assert_eq!(tensor.shape(), [2, 2]);
///
/// let back: ndarray::Array2<f32> = (&tensor).try_into()?;
/// assert_eq!(back, array![[1.0, 2.0], [3.0, 4.0]]);
/// # Ok::<(), kvault::Error>(())
/// ```
impl<T: Element, D: Dimension> TryFrom<&ArrayRef<T, D>> for Tensor {
    type Error = Error;

    fn try_from(array: &ArrayRef<T, D>) -> Result<Self> {
        match array.as_slice() {
            Some(data) => Self::new(array.shape(), data),
            None => Self::new(array.shape(), &array.iter().copied().collect::<Vec<T>>()),
        }
    }
}

/// The same for an owned array, of any number of dimensions.
impl<T: Element, D: Dimension> TryFrom<&Array<T, D>> for Tensor {
    type Error = Error;

    fn try_from(array: &Array<T, D>) -> Result<Self> {
        Self::try_from(&**array)
    }
}

/// The same for an owned array, of any number of dimensions.
impl<T: Element, D: Dimension> TryFrom<Array<T, D>> for Tensor {
    type Error = Error;

    fn try_from(array: Array<T, D>) -> Result<Self> {
        Self::try_from(&*array)
    }
}

/// A copy of the tensor.
///
/// # Errors
///
/// [`Error::Decode`] if its elements or its number of dimensions are others.
impl<T: Element, D: Dimension> TryFrom<&Tensor> for Array<T, D> {
    type Error = Error;

    fn try_from(tensor: &Tensor) -> Result<Self> {
        tensor.view().try_into()
    }
}

/// A copy of the tensor.
///
/// # Errors
///
/// [`Error::Decode`] if its elements or its number of dimensions are others.
impl<T: Element, D: Dimension> TryFrom<TensorView<'_>> for Array<T, D> {
    type Error = Error;

    fn try_from(tensor: TensorView<'_>) -> Result<Self> {
        let data = tensor.to_vec::<T>().ok_or_else(|| refused::<T>(tensor.dtype()))?;
        let array = ArrayD::from_shape_vec(IxDyn(&tensor.shape()), data).map_err(failed::<T>)?;
        array.into_dimensionality().map_err(failed::<T>)
    }
}

/// The tensor in place.
///
/// # Errors
///
/// [`Error::Decode`] if its elements are others, or do not lie aligned.
impl<'a, T: Element> TryFrom<TensorView<'a>> for ArrayViewD<'a, T> {
    type Error = Error;

    fn try_from(tensor: TensorView<'a>) -> Result<Self> {
        let data = tensor.as_slice::<T>().ok_or_else(|| refused::<T>(tensor.dtype()))?;
        ArrayViewD::from_shape(IxDyn(&tensor.shape()), data).map_err(failed::<T>)
    }
}

fn refused<T: Element>(dtype: DType) -> Error {
    let wanted = format!("an array of {}", T::DTYPE);
    Error::decode(None, wanted, Fault::new(format_args!("a tensor of {dtype}, or not aligned")))
}

fn failed<T: Element>(cause: ndarray::ShapeError) -> Error {
    Error::decode(None, format!("an array of {}", T::DTYPE), Fault::new(cause))
}
