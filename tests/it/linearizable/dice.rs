//! Chance that can be had again: a `SplitMix64`.

pub(super) struct Dice(u64);

impl Dice {
    /// `lane` keeps those apart that throw at the same time.
    pub(super) fn new(seed: u64, lane: usize) -> Self {
        let mut dice = Self(seed.wrapping_add((lane as u64) << 40));
        dice.bits();
        dice
    }

    pub(super) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    }

    /// A number below `sides`.
    pub(super) fn throw(&mut self, sides: usize) -> usize {
        usize::try_from(self.bits() % sides as u64).unwrap()
    }

    pub(super) fn once_in(&mut self, times: usize) -> bool {
        self.throw(times) == 0
    }

    /// Between `least` and `most` different numbers below `below`, in any order.
    pub(super) fn some(&mut self, least: usize, most: usize, below: usize) -> Vec<usize> {
        let mut all: Vec<usize> = (0..below).collect();
        let count = least + self.throw(most - least + 1);
        let drawn = (0..count).map(|_| all.swap_remove(self.throw(all.len())));
        drawn.collect()
    }
}
