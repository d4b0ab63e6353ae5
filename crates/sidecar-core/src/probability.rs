//! Sampling probabilities that are exact at both ends.

use crate::settings::SettingsError;
use std::num::NonZeroU64;

/// The draw is uniform below this number: 2^63.
pub const ONE: u64 = 1 << 63;

/// How likely an event was to be kept, fixed before the draw. Never zero: what has no chance is not kept.
///
/// Held as a threshold in 1..=2^63; a 63-bit draw below it keeps the event. So 1.0 is exact, and the
/// stored value is the probability that was really used, not the rate that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Probability(NonZeroU64);

impl Probability {
    /// Certainty.
    pub const CERTAIN: Self = Self(NonZeroU64::new(ONE).expect("2^63 is not zero"));

    /// The probability of a draw below `threshold`; `None` at zero, certain from 2^63 up.
    #[must_use]
    pub fn from_threshold(threshold: u64) -> Option<Self> {
        NonZeroU64::new(threshold.min(ONE)).map(Self)
    }

    /// Whether a draw, uniform below 2^63, keeps the event.
    #[must_use]
    pub fn covers(self, draw: u64) -> bool {
        draw < self.0.get()
    }

    /// As a number above 0.0 and up to 1.0.
    #[must_use]
    pub fn as_f64(self) -> f64 {
        self.0.get() as f64 / ONE as f64
    }

    /// How many offered events one kept event stands for: 1 / probability.
    #[must_use]
    pub fn weight(self) -> f64 {
        ONE as f64 / self.0.get() as f64
    }
}

/// The threshold for `rate`, from 0 at 0.0 to 2^63 at 1.0. A rate too small for 63 bits, but above zero,
/// gets the smallest threshold, 1.
///
/// # Errors
/// When `rate` is not a number from 0.0 to 1.0.
pub fn threshold(field: &'static str, rate: f64) -> Result<u64, SettingsError> {
    if !(0.0..=1.0).contains(&rate) {
        return Err(SettingsError::new(field, rate, "a number from 0.0 to 1.0"));
    }
    // 2^63 is a power of two, so the product is exact, and at 1.0 it is 2^63 itself.
    let exact = (rate * ONE as f64) as u64;
    Ok(if rate > 0.0 { exact.max(1) } else { 0 })
}

#[cfg(feature = "serde")]
impl serde::Serialize for Probability {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.as_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_are_exact() {
        assert_eq!(threshold("rate", 0.0), Ok(0));
        assert_eq!(threshold("rate", 1.0), Ok(ONE));
        assert_eq!(threshold("rate", 0.5), Ok(ONE / 2));
        assert_eq!(threshold("rate", f64::MIN_POSITIVE), Ok(1));
        assert_eq!(Probability::from_threshold(0), None);
        assert_eq!(Probability::from_threshold(ONE), Some(Probability::CERTAIN));
        assert_eq!(Probability::from_threshold(u64::MAX), Some(Probability::CERTAIN));
    }

    #[test]
    fn weight_is_the_inverse() {
        let tenth = Probability::from_threshold(threshold("rate", 0.1).expect("valid")).expect("not zero");
        assert!((tenth.as_f64() - 0.1).abs() < 1e-15);
        assert!((tenth.weight() - 10.0).abs() < 1e-12);
        assert_eq!(Probability::CERTAIN.weight(), 1.0);
    }

    #[test]
    fn rates_outside_the_range_are_refused_by_name() {
        for bad in [-0.1, 1.000_001, f64::NAN, f64::INFINITY] {
            let error = threshold("sampling.events", bad).expect_err("out of range");
            assert_eq!(error.field(), "sampling.events");
        }
    }

    proptest::proptest! {
        #[test]
        fn thresholds_keep_the_order_of_rates(a in 0.0..=1.0f64, b in 0.0..=1.0f64) {
            let (low, high) = if a <= b { (a, b) } else { (b, a) };
            proptest::prop_assert!(threshold("r", low).expect("valid") <= threshold("r", high).expect("valid"));
        }
    }
}
