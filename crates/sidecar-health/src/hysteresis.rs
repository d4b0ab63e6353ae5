//! How many results in a row turn a component over, as a pure step.

/// What the results so far amount to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Too few results in a row for a first verdict.
    Unknown,
    Passing,
    Failing,
}

/// How many results in a row it takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Thresholds {
    pub(crate) failure: u32,
    pub(crate) success: u32,
}

impl Thresholds {
    /// Every result is a verdict.
    pub(crate) const IMMEDIATE: Self = Self { failure: 1, success: 1 };
}

/// A standing, and the run of equal results that leads up to now. One of the counts is always zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hysteresis {
    pub(crate) standing: Standing,
    pub(crate) successes: u32,
    pub(crate) failures: u32,
}

impl Hysteresis {
    pub(crate) const NEW: Self = Self { standing: Standing::Unknown, successes: 0, failures: 0 };

    /// Turned over from outside, by a lease that ran out.
    pub(crate) const FAILING: Self = Self { standing: Standing::Failing, successes: 0, failures: 0 };

    /// One more result. A verdict, the first one too, takes its threshold of equal results in a row.
    #[must_use]
    pub(crate) fn step(self, passed: bool, thresholds: Thresholds) -> Self {
        let (successes, failures) =
            if passed { (self.successes.saturating_add(1), 0) } else { (0, self.failures.saturating_add(1)) };
        let standing = if successes >= thresholds.success {
            Standing::Passing
        } else if failures >= thresholds.failure {
            Standing::Failing
        } else {
            self.standing
        };
        Self { standing, successes, failures }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rule said over the whole history instead of step by step: the standing is that of the last
    /// place at which a threshold's worth of equal results ends.
    fn reference(history: &[bool], thresholds: Thresholds) -> Standing {
        (1..=history.len())
            .rev()
            .find_map(|end| {
                let ends_with = |result: bool, count: u32| {
                    let count = count as usize;
                    end >= count && history[end - count..end].iter().all(|&each| each == result)
                };
                if ends_with(true, thresholds.success) {
                    Some(Standing::Passing)
                } else if ends_with(false, thresholds.failure) {
                    Some(Standing::Failing)
                } else {
                    None
                }
            })
            .unwrap_or(Standing::Unknown)
    }

    #[test]
    fn every_sequence_of_up_to_12_results_matches_the_rule_over_the_whole_history() {
        for failure in 1..=4 {
            for success in 1..=4 {
                let thresholds = Thresholds { failure, success };
                for length in 0..=12 {
                    for bits in 0..1_u32 << length {
                        let history: Vec<bool> = (0..length).map(|at| bits >> at & 1 == 1).collect();
                        let last =
                            history.iter().fold(Hysteresis::NEW, |state, &r| state.step(r, thresholds));
                        assert_eq!(
                            last.standing,
                            reference(&history, thresholds),
                            "{thresholds:?} {history:?}"
                        );
                        assert!(last.successes == 0 || last.failures == 0, "{last:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn alternating_results_never_turn_a_component_over() {
        let thresholds = Thresholds { failure: 2, success: 2 };
        let mut state = Hysteresis::NEW.step(true, thresholds).step(true, thresholds);
        for turn in 0..100 {
            state = state.step(turn % 2 == 1, thresholds);
            assert_eq!(state.standing, Standing::Passing);
        }
    }

    #[test]
    fn counts_do_not_overflow() {
        let full = Hysteresis { standing: Standing::Failing, successes: 0, failures: u32::MAX };
        assert_eq!(full.step(false, Thresholds::IMMEDIATE).failures, u32::MAX);
    }
}
