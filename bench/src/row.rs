//! Test rows that are computed from their number, so that nothing has to be remembered to check them.

/// Bytes in every key.
pub(crate) const KEY_BYTES: usize = 16;
/// Bytes in every value.
pub(crate) const VALUE_BYTES: usize = 150;

/// One row: a key that is unique to its number and a value that does not compress.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Row {
    /// Spread evenly over the key space: consecutive numbers give keys in random order.
    pub(crate) key: [u8; KEY_BYTES],
    /// Pseudo-random bytes, so that an engine with compression gains nothing from it.
    pub(crate) value: [u8; VALUE_BYTES],
}

impl Row {
    /// The row with this number, always the same.
    pub(crate) fn at(number: u64) -> Self {
        let mut key = [0; KEY_BYTES];
        fill(&mut key, number);
        let mut value = [0; VALUE_BYTES];
        fill(&mut value, !number);
        Self { key, value }
    }

    /// The rows `0..count`, in arrival order.
    pub(crate) fn first(count: u64) -> Vec<Self> {
        (0..count).map(Self::at).collect()
    }
}

/// Writes a pseudo-random sequence that starts with `mix(seed)`; different seeds therefore differ
/// in their first eight bytes.
fn fill(bytes: &mut [u8], seed: u64) {
    let mut word = mix(seed);
    for chunk in bytes.chunks_mut(8) {
        for (byte, random) in chunk.iter_mut().zip(word.to_be_bytes()) {
            *byte = random;
        }
        word = mix(word ^ seed);
    }
}

/// The finaliser of SplitMix64 (Steele, Lea, Flood 2014): a bijection that scatters its input.
pub(crate) fn mix(number: u64) -> u64 {
    let mut bits = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}
