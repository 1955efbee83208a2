//! Python's pickles, as data: nothing is ever imported or called.
//!
//! Written with protocol 4, as the Python package writes them; read with protocols 2 to 5. The
//! opcodes are those of `CPython`'s `Lib/pickletools.py`.

#[cfg(feature = "pickle")]
mod graph;
#[cfg(feature = "pickle")]
mod items;
#[cfg(feature = "pickle")]
mod opcode;
#[cfg(feature = "pickle")]
mod read;
#[cfg(feature = "pickle")]
mod write;

#[cfg(feature = "pickle")]
pub(crate) use read::read_value;
#[cfg(feature = "pickle")]
pub(crate) use write::write;

#[cfg(not(feature = "pickle"))]
mod without {
    use serde::Serialize;

    use crate::format::{Value, fault::Fault, watch::Facts};

    const WITHOUT: &str = "this library was built without its feature `pickle`";

    pub(crate) fn read_value(_: &[u8]) -> Result<Value, Fault> {
        Err(Fault::new(WITHOUT))
    }

    pub(crate) fn write<T: Serialize + ?Sized>(
        _: &T,
        _: &mut Vec<u8>,
        _: &Facts,
    ) -> Result<(), Fault> {
        Err(Fault::new(WITHOUT))
    }
}

#[cfg(not(feature = "pickle"))]
pub(crate) use without::{read_value, write};
