//! How long a breaker stays open.

/// Settings of the open time, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct OpenTime {
    pub(crate) first: u64,
    pub(crate) multiplier: f64,
    pub(crate) longest: u64,
    pub(crate) jitter: f64,
}

impl OpenTime {
    /// Of the opening after `reopenings` ones without a recovery between them; `draw` is from 0.0 to 1.0.
    ///
    /// The dependency's own wish holds where it is longer, and `longest` where both are.
    pub(crate) fn after(&self, reopenings: u32, draw: f64, wish: u64) -> u64 {
        let exponent = i32::try_from(reopenings).unwrap_or(i32::MAX);
        let grown = (self.first as f64 * self.multiplier.powi(exponent)).min(self.longest as f64);
        let jittered = grown * (1.0 + self.jitter * draw);
        // Floats hold whole nanoseconds exactly up to 104 days; a constant open time stays exact beyond.
        let period = if jittered <= self.first as f64 { self.first } else { jittered as u64 };
        period.max(wish).min(self.longest)
    }
}

/// Draws from 0.0 to 1.0: SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number
/// generators", 2014), of which a seed repeats every draw.
#[derive(Clone, Debug)]
pub(crate) struct Draws(u64);

impl Draws {
    pub(crate) fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn draw(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        // The upper 53 bits, which a float holds exactly.
        ((mixed ^ mixed >> 31) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONSTANT: OpenTime = OpenTime { first: 100, multiplier: 1.0, longest: 1_000, jitter: 0.0 };

    #[test]
    fn without_growth_every_opening_is_as_long_as_the_first() {
        for reopenings in [0, 1, 50, u32::MAX] {
            assert_eq!(CONSTANT.after(reopenings, 0.9, 0), 100);
        }
        let whole_range = OpenTime { first: u64::MAX - 1, longest: u64::MAX, ..CONSTANT };
        assert_eq!(whole_range.after(3, 0.0, 0), u64::MAX - 1);
    }

    #[test]
    fn it_grows_up_to_the_longest() {
        let growing = OpenTime { multiplier: 2.0, ..CONSTANT };
        let periods: Vec<_> = (0..6).map(|reopenings| growing.after(reopenings, 0.5, 0)).collect();
        assert_eq!(periods, [100, 200, 400, 800, 1_000, 1_000]);
        assert_eq!(growing.after(u32::MAX, 0.5, 0), 1_000);
    }

    #[test]
    fn jitter_lengthens_by_its_share_at_most_and_never_shortens() {
        let jittered = OpenTime { jitter: 0.5, ..CONSTANT };
        assert_eq!([0.0, 0.5, 1.0].map(|draw| jittered.after(0, draw, 0)), [100, 125, 150]);
        let near_the_cap = OpenTime { longest: 120, ..jittered };
        assert_eq!(near_the_cap.after(0, 1.0, 0), 120);
    }

    #[test]
    fn a_wish_lengthens_and_is_capped() {
        assert_eq!([50, 300, u64::MAX].map(|wish| CONSTANT.after(0, 0.0, wish)), [100, 300, 1_000]);
    }

    #[test]
    fn draws_repeat_by_seed_and_fill_their_range() {
        let draws = |seed| {
            let mut draws = Draws::seeded(seed);
            (0..10_000).map(|_| draws.draw()).collect::<Vec<_>>()
        };
        assert_eq!(draws(7), draws(7));
        assert_ne!(draws(7), draws(8));
        let drawn = draws(7);
        assert!(drawn.iter().all(|draw| (0.0..1.0).contains(draw)));
        let mean = drawn.iter().sum::<f64>() / drawn.len() as f64;
        // Six standard errors of a mean of 10 000 uniform draws.
        assert!((mean - 0.5).abs() < 0.018, "{mean}");
    }
}
