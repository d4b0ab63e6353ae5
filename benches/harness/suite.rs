//! The table of benchmarks that a suite is.

use crate::floors;
use crate::tally::{Batch, Outcome};
use std::fmt;

/// Runs so many operations.
pub(crate) type Work = Box<dyn FnMut(u64) -> Batch>;

/// One benchmark: an operation under an id, for one subject.
pub struct Case {
    pub(crate) id: &'static str,
    pub(crate) subject: &'static str,
    pub(crate) executes: String,
    pub(crate) expected: Outcome,
    pub(crate) is_counted: bool,
    pub(crate) is_long: bool,
    pub(crate) is_measured_only: bool,
    build: Box<dyn Fn() -> Work>,
}

impl Case {
    /// A benchmark of `subject`, which is `ours` or a peer's name. `executes` says what one operation does;
    /// `build` makes what is needed to run any number of them.
    pub fn new<W>(
        id: &'static str,
        subject: &'static str,
        executes: impl Into<String>,
        build: impl Fn() -> W + 'static,
    ) -> Self
    where
        W: FnMut(u64) -> Batch + 'static,
    {
        Self {
            id,
            subject,
            executes: executes.into(),
            expected: Outcome::Passed,
            is_counted: false,
            is_long: false,
            is_measured_only: false,
            build: Box::new(move || Box::new(build())),
        }
    }

    /// Sets what every operation must come to. Defaults to [`Outcome::Passed`].
    #[must_use]
    pub fn expecting(mut self, outcome: Outcome) -> Self {
        self.expected = outcome;
        self
    }

    /// Has instructions counted where that is asked for: of use where one thread does all that is timed.
    #[must_use]
    pub fn counted(mut self) -> Self {
        self.is_counted = true;
        self
    }

    /// Has few operations run where a number of them is given beforehand: one operation takes a millisecond or more.
    #[must_use]
    pub fn long(mut self) -> Self {
        self.is_long = true;
        self
    }

    /// Leaves it out where every benchmark is run once: what it runs, a smaller one runs too.
    #[must_use]
    pub fn measured_only(mut self) -> Self {
        self.is_measured_only = true;
        self
    }

    pub(crate) fn start(&self) -> Running<'_> {
        Running { case: self, work: (self.build)() }
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Case").field("id", &self.id).field("subject", &self.subject).finish_non_exhaustive()
    }
}

/// A case with what it needs to run.
pub(crate) struct Running<'a> {
    pub(crate) case: &'a Case,
    work: Work,
}

impl Running<'_> {
    /// Runs `n` operations, which must have come to what the case expects.
    pub(crate) fn run(&mut self, n: u64) -> Batch {
        let batch = (self.work)(n);
        let Case { id, subject, expected, .. } = self.case;
        let tally = batch.tally;
        assert!(
            tally.is(*expected),
            "{id} of {subject} measures something else than {expected:?}: {tally:?}"
        );
        batch
    }
}

/// Benchmarks that are measured together, beginning with their floor.
#[derive(Debug)]
pub struct Suite {
    pub(crate) name: &'static str,
    pub(crate) cases: Vec<Case>,
}

impl Suite {
    /// A suite that holds its floor and nothing else. `name` is that of its file.
    #[must_use]
    pub fn new(name: &'static str) -> Self {
        Self { name, cases: floors::cases() }
    }

    /// Adds a benchmark.
    pub fn add(&mut self, case: Case) {
        self.cases.push(case);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tally::repeat;

    fn refusing() -> Case {
        Case::new("closed/ok", "a breaker", "a call", || |n| repeat(n, |_| Outcome::Refused))
    }

    #[test]
    #[should_panic(expected = "closed/ok of a breaker measures something else than Passed")]
    fn a_benchmark_that_measures_refusals_by_mistake_is_stopped() {
        refusing().start().run(10);
    }

    #[test]
    fn refusals_that_are_meant_are_measured() {
        assert_eq!(refusing().expecting(Outcome::Refused).start().run(10).tally.refused, 10);
    }
}
