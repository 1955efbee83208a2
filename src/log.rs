//! Where "it is logged" goes: `tracing` events with that feature, nowhere without.

/// Something a person should look at.
macro_rules! warning {
    ($($args:tt)*) => {{
        #[cfg(feature = "tracing")]
        tracing::warn!($($args)*);
        #[cfg(not(feature = "tracing"))]
        if false {
            // Compiled all the same, so that nothing rots and nothing is unused.
            let _ = format!($($args)*);
        }
    }};
}

/// Something is lost.
macro_rules! error {
    ($($args:tt)*) => {{
        #[cfg(feature = "tracing")]
        tracing::error!($($args)*);
        #[cfg(not(feature = "tracing"))]
        if false {
            let _ = format!($($args)*);
        }
    }};
}

pub(crate) use {error, warning};
