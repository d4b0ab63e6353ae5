//! One decision: a draw against a threshold and what the throttle leaves of it.

use sidecar_core::Probability;
use sidecar_core::probability::ONE;

/// What becomes of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Decision {
    /// It is kept; with what probability that was decided.
    Keep(Probability),
    /// Its rate, as configured and boosted, decided against it.
    SampledOut,
    /// Its rate would have kept it, by the same draw; the throttle did not. Who counts losses counts it as one.
    Throttled,
}

impl Decision {
    /// The probability with which the event is kept; `None` if it is not.
    #[must_use]
    pub fn kept(self) -> Option<Probability> {
        match self {
            Self::Keep(probability) => Some(probability),
            Self::SampledOut | Self::Throttled => None,
        }
    }

    /// Decides by a 63-bit draw, made only where it matters. `full` is the threshold of the rate in force,
    /// `throttle` the share of it that may pass; each was read once, and neither is looked at again.
    #[inline]
    pub(crate) fn make(full: u64, throttle: u64, draw: impl FnOnce() -> u64) -> Self {
        let left = throttled(full, throttle);
        if left == ONE {
            return Self::Keep(Probability::CERTAIN);
        }
        if full == 0 {
            return Self::SampledOut;
        }
        let draw = draw();
        match Probability::from_threshold(left) {
            Some(probability) if probability.covers(draw) => Self::Keep(probability),
            _ if draw < full => Self::Throttled,
            _ => Self::SampledOut,
        }
    }
}

/// What a throttle leaves of a threshold. As with rates, what is not zero does not become zero by rounding.
#[inline]
pub(crate) fn throttled(full: u64, throttle: u64) -> u64 {
    if throttle == ONE {
        return full;
    }
    let left = (u128::from(full) * u128::from(throttle) / u128::from(ONE)) as u64;
    left.max(u64::from(full > 0 && throttle > 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers at and beside every border of the domain.
    fn grid() -> impl Iterator<Item = u64> + Clone {
        let centres = [0, 1, 2, 1 << 10, 1 << 31, 1 << 32, ONE / 10, ONE / 3, ONE / 2, ONE / 10 * 9, ONE];
        centres
            .into_iter()
            .flat_map(|centre: u64| [centre.saturating_sub(1), centre, centre + 1])
            .filter(|value| *value <= ONE)
    }

    #[test]
    fn an_event_is_throttled_exactly_if_the_same_draw_would_keep_it_without_the_throttle() {
        for full in grid() {
            for throttle in grid() {
                for draw in grid().filter(|draw| *draw < ONE) {
                    let without = Decision::make(full, ONE, || draw);
                    let with = Decision::make(full, throttle, || draw);
                    let left = throttled(full, throttle);
                    let expected = match without.kept() {
                        Some(_) if draw < left => Probability::from_threshold(left).map(Decision::Keep),
                        Some(_) => Some(Decision::Throttled),
                        None => Some(Decision::SampledOut),
                    };
                    assert_eq!(Some(with), expected, "full {full} throttle {throttle} draw {draw}");
                }
            }
        }
    }

    #[test]
    fn a_throttle_multiplies_and_is_exact_at_both_ends() {
        for full in grid() {
            assert_eq!((throttled(full, ONE), throttled(full, 0)), (full, 0));
            assert!(throttled(full, ONE / 2).abs_diff(full / 2) <= 1);
        }
        assert_eq!(throttled(1, 1), 1, "not rounded to never");
    }

    #[test]
    fn certainty_and_impossibility_draw_nothing() {
        let no_draw = || -> u64 { panic!("no draw is needed") };
        assert_eq!(Decision::make(ONE, ONE, no_draw), Decision::Keep(Probability::CERTAIN));
        assert_eq!(Decision::make(0, ONE, no_draw), Decision::SampledOut);
        assert_eq!(Decision::make(0, 0, no_draw), Decision::SampledOut);
    }
}
