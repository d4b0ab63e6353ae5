//! Draws that a seed repeats.

/// Random numbers that are the same for the same seed, on every machine and in every release.
///
/// ```
/// use sidecar_sampler::Sampler;
/// use sidecar_testkit::Draws;
///
/// let kept = |seed| {
///     let sampler = Sampler::builder().rate("events", 0.5).seed(Draws::seeded(seed).seed()).build()?;
///     Ok::<_, sidecar_sampler::SettingsError>([0; 64].map(|_| sampler.should_sample("login")))
/// };
/// assert_eq!(kept(7)?, kept(7)?);
/// assert_ne!(kept(7)?, kept(8)?);
/// # Ok::<(), sidecar_sampler::SettingsError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Draws(u64);

impl Draws {
    /// Draws that begin at `seed`.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    /// A seed for somebody else: the next 64 bits.
    pub fn seed(&mut self) -> u64 {
        // SplitMix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// A number in `0..bound`. Its bias is below `bound / 2^64`.
    ///
    /// # Panics
    /// If `bound` is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        assert!(bound > 0, "there is no number below 0");
        let wide = u128::from(self.seed()) * u128::from(bound);
        (wide >> 64) as u64
    }

    /// True with this probability, 0.0 to 1.0; both ends are exact.
    pub fn chance(&mut self, probability: f64) -> bool {
        const BITS: u32 = 53;
        let unit = (self.seed() >> (u64::BITS - BITS)) as f64 / (1_u64 << BITS) as f64;
        unit < probability
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_draws_are_those_of_the_reference() {
        let mut draws = Draws::seeded(1_234_567);
        assert_eq!(draws.seed(), 6_457_827_717_110_365_317);
        assert_eq!(draws.seed(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn numbers_stay_below_their_bound_and_reach_all_of_it() {
        let mut draws = Draws::seeded(1);
        let mut seen = [false; 6];
        for _ in 0..1_000 {
            seen[draws.below(6) as usize] = true;
        }
        assert_eq!(seen, [true; 6]);
        assert_eq!(draws.below(1), 0);
    }

    #[test]
    fn chances_are_as_often_as_they_say_and_exact_at_their_ends() {
        let mut draws = Draws::seeded(2);
        let mut among = |chance| (0..10_000).filter(|_| draws.chance(chance)).count();
        assert_eq!((among(0.0), among(1.0)), (0, 10_000));
        assert!((2_300..2_700).contains(&among(0.25)));
    }
}
