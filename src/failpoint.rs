//! Places where the fault lab stops the engine, and ways in which it breaks it on purpose, to see
//! that it would notice. Without the feature `failpoints` there is nothing of either.

/// A place of interest: the lab may panic here, or kill the process.
macro_rules! reached {
    ($place:literal) => {
        #[cfg(feature = "failpoints")]
        fail::fail_point!($place);
    };
}

/// Whether the engine is to do this wrong.
macro_rules! broken {
    ($how:literal) => {{
        #[cfg(feature = "failpoints")]
        {
            crate::failpoint::is_on($how)
        }
        #[cfg(not(feature = "failpoints"))]
        {
            false
        }
    }};
}

#[cfg(feature = "failpoints")]
pub(crate) fn is_on(how: &str) -> bool {
    fail::fail_point!(how, |_| true);
    false
}

pub(crate) use {broken, reached};
