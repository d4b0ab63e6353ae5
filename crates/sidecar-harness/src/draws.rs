//! A random walk that a seed repeats.

/// `SplitMix64` (Steele, Lea, Flood 2014; constants from Vigna's public-domain `splitmix64.c`).
#[derive(Clone, Debug)]
pub struct Draws(u64);

impl Draws {
    /// The same seed draws the same numbers, on every machine.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    /// A number in `0..bound`. Small bounds are drawn evenly enough for tests.
    ///
    /// # Panics
    /// If `bound` is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_of_the_reference() {
        let mut draws = Draws::seeded(1_234_567);
        // The reference implementation's first two for this seed.
        assert_eq!(draws.below(u64::MAX), 6_457_827_717_110_365_317);
        assert_eq!(draws.below(u64::MAX), 3_203_168_211_198_807_973);
    }
}
