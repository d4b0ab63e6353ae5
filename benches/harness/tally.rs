//! Batches of operations: how long they took, and what they came to.

use std::hint::black_box;
use std::ops::AddAssign;
use std::time::{Duration, Instant};

/// What one operation came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The call ran and succeeded; the event was accepted.
    Passed,
    /// The call ran and failed.
    Failed,
    /// The call did not run; the event was not taken.
    Refused,
}

/// How many operations came to what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Operations that [passed](Outcome::Passed).
    pub passed: u64,
    /// Operations that [failed](Outcome::Failed).
    pub failed: u64,
    /// Operations that were [refused](Outcome::Refused).
    pub refused: u64,
}

/// Of this many operations at most one may come to something else than expected: two threads that meet at the
/// wrong moment are allowed to refuse an event now and then.
const TOLERATED: u64 = 1_000;

impl Tally {
    /// All operations together.
    #[must_use]
    pub fn total(self) -> u64 {
        self.passed + self.failed + self.refused
    }

    /// The operations that came to `outcome`.
    #[must_use]
    pub fn of(self, outcome: Outcome) -> u64 {
        match outcome {
            Outcome::Passed => self.passed,
            Outcome::Failed => self.failed,
            Outcome::Refused => self.refused,
        }
    }

    pub(crate) fn add(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Passed => self.passed += 1,
            Outcome::Failed => self.failed += 1,
            Outcome::Refused => self.refused += 1,
        }
    }

    /// How many came to `outcome`, in words.
    pub(crate) fn mix(self, outcome: Outcome) -> String {
        let word = match outcome {
            Outcome::Passed => "passed",
            Outcome::Failed => "failed",
            Outcome::Refused => "refused",
        };
        let (met, total) = (self.of(outcome), self.total());
        if met == total { format!("all {total} {word}") } else { format!("{met} of {total} {word}") }
    }

    /// Whether the operations came to `outcome`, as good as all.
    pub(crate) fn is(self, outcome: Outcome) -> bool {
        let others = self.total() - self.of(outcome);
        self.total() > 0 && others <= self.total() / TOLERATED
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.refused += other.refused;
    }
}

/// A batch of operations that has run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Batch {
    /// How long it took. On two threads, how long each of them took, as a mean.
    pub elapsed: Duration,
    /// What its operations came to, on all threads together.
    pub tally: Tally,
    /// Batches among it whose threads did not run at the same time although they should have.
    pub in_turns: u64,
}

impl AddAssign for Batch {
    fn add_assign(&mut self, other: Self) {
        self.elapsed += other.elapsed;
        self.tally += other.tally;
        self.in_turns += other.in_turns;
    }
}

/// Times `n` operations in a row; each gets its number.
pub fn repeat(n: u64, mut operation: impl FnMut(u64) -> Outcome) -> Batch {
    timed(|| run(n, &mut operation))
}

/// Runs `n` operations in a row; each gets its number.
#[inline]
pub fn run(n: u64, operation: &mut impl FnMut(u64) -> Outcome) -> Tally {
    // Sums without branches, which stay in registers.
    let (mut passed, mut failed) = (0, 0);
    for number in 0..n {
        let outcome = operation(number);
        passed += u64::from(outcome == Outcome::Passed);
        failed += u64::from(outcome == Outcome::Failed);
    }
    Tally { passed, failed, refused: n - passed - failed }
}

/// Times `work`, which answers with what its operations came to.
pub fn timed(mut work: impl FnMut() -> Tally) -> Batch {
    let start = Instant::now();
    let tally = timed_section(&mut work);
    Batch { elapsed: start.elapsed(), tally, in_turns: 0 }
}

/// All that is timed runs inside this function: callgrind counts what happens between its entry and its exit.
#[inline(never)]
fn timed_section(work: &mut dyn FnMut() -> Tally) -> Tally {
    // Not a jump at the end, which would look like an exit.
    black_box(work())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_runs_once_and_is_counted_by_its_outcome() {
        let mut seen = Vec::new();
        let batch = repeat(6, |number| {
            seen.push(number);
            [Outcome::Passed, Outcome::Failed, Outcome::Refused]
                [usize::from(number >= 3) + usize::from(number >= 5)]
        });
        assert_eq!(seen, [0, 1, 2, 3, 4, 5]);
        assert_eq!(batch.tally, Tally { passed: 3, failed: 2, refused: 1 });
    }

    #[test]
    fn a_mix_of_outcomes_is_told_from_a_rare_exception() {
        let tally = |passed, refused| Tally { passed, refused, failed: 0 };
        assert!(tally(10, 0).is(Outcome::Passed));
        assert!(tally(9_990, 10).is(Outcome::Passed));
        assert!(!tally(9_989, 11).is(Outcome::Passed));
        assert!(!tally(9, 1).is(Outcome::Passed));
        assert!(!tally(10, 0).is(Outcome::Refused));
        assert!(!Tally::default().is(Outcome::Passed), "nothing ran");
    }
}
