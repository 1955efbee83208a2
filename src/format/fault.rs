//! The error inside the format layer: one sentence.

use std::fmt;

/// What a codec has to say. The codec crates' own error types do not leave this layer.
#[derive(Debug)]
pub(crate) struct Fault(Box<str>);

impl Fault {
    #[cold]
    pub(crate) fn new(message: impl fmt::Display) -> Self {
        Self(message.to_string().into())
    }

    pub(crate) fn too_deep() -> Self {
        Self::new(TooDeep)
    }
}

/// Said by whoever notices that a value is nested too deep.
pub(crate) struct TooDeep;

impl fmt::Display for TooDeep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "nested more than {} levels deep", super::MAX_DEPTH)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Fault {}

impl serde::ser::Error for Fault {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(message)
    }
}

impl serde::de::Error for Fault {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(message)
    }
}
