//! Interleaved measuring: rounds over all cases, so that a machine that changes its speed changes it for all.

use crate::suite::{Running, Suite};
use crate::tally::{Batch, Tally};
use std::time::Duration;

/// Rounds over all cases.
pub(crate) const ROUNDS: usize = 7;

/// Batches of each case in a round. Their median stands for the round, so that a batch in which the machine
/// did something else does not count.
pub(crate) const BATCHES: usize = 9;

/// How long a batch takes, roughly.
const BATCH: Duration = Duration::from_millis(10);

/// A case and its nanoseconds per operation.
#[derive(Debug)]
pub(crate) struct Measured {
    pub(crate) ns: f64,
    pub(crate) lowest: f64,
    pub(crate) highest: f64,
    pub(crate) tally: Tally,
    pub(crate) in_turns: u64,
}

/// Measures every case, in the order of the suite.
pub(crate) fn measure(suite: &Suite) -> Vec<Measured> {
    let mut running: Vec<_> = suite.cases.iter().map(|case| Paced::new(case.start())).collect();
    for _ in 0..ROUNDS {
        running.iter_mut().for_each(Paced::round);
    }
    running.into_iter().map(Paced::finish).collect()
}

/// A case with the size of its batches and what its rounds have come to.
struct Paced<'a> {
    running: Running<'a>,
    operations: u64,
    rounds: Vec<Sample>,
    tally: Tally,
    in_turns: u64,
}

/// Nanoseconds per operation, and whether the threads that it was measured on ran at the same time.
#[derive(Clone, Copy)]
struct Sample {
    ns: f64,
    is_sound: bool,
}

impl<'a> Paced<'a> {
    /// Finds the size of batches that take about [`BATCH`]; that warms everything up, too.
    fn new(mut running: Running<'a>) -> Self {
        let mut operations = if running.case.is_long { 1 } else { 16 };
        loop {
            // The quickest of three: one interruption would make the batches too small.
            let tries = [(); 3].map(|()| running.run(operations).elapsed);
            let quickest = tries.into_iter().min().unwrap_or_default();
            if quickest >= BATCH / 4 {
                operations = scaled(operations, quickest);
                break;
            }
            operations *= 2;
        }
        Self { running, operations, rounds: Vec::new(), tally: Tally::default(), in_turns: 0 }
    }

    fn round(&mut self) {
        let mut batches = Vec::new();
        for _ in 0..BATCHES {
            let Batch { elapsed, tally, in_turns } = self.running.run(self.operations);
            let ns = elapsed.as_nanos() as f64 / self.operations as f64;
            batches.push(Sample { ns, is_sound: in_turns == 0 });
            self.tally += tally;
            self.in_turns += in_turns;
        }
        let ns = median(&mut sound(&batches));
        self.rounds.push(Sample { ns, is_sound: batches.iter().any(|batch| batch.is_sound) });
    }

    fn finish(self) -> Measured {
        let mut rounds = sound(&self.rounds);
        let ns = median(&mut rounds);
        let (lowest, highest) = (rounds[0], rounds[rounds.len() - 1]);
        Measured { ns, lowest, highest, tally: self.tally, in_turns: self.in_turns }
    }
}

/// The sound ones among the samples; all of them, if none is.
fn sound(samples: &[Sample]) -> Vec<f64> {
    let any = samples.iter().any(|sample| sample.is_sound);
    samples.iter().filter(|sample| sample.is_sound || !any).map(|sample| sample.ns).collect()
}

/// How many operations take [`BATCH`], if so many took `elapsed`.
fn scaled(operations: u64, elapsed: Duration) -> u64 {
    let factor = BATCH.as_secs_f64() / elapsed.as_secs_f64();
    ((operations as f64 * factor).round() as u64).max(2)
}

/// The middle of the values, the upper one of two; sorts them.
pub(crate) fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::Case;
    use crate::tally::Outcome;

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(median(&mut [3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&mut [9.0, 1.0, 1.5, 1.2, 70.0]), 1.5);
    }

    #[test]
    fn samples_of_threads_that_took_turns_count_only_where_there_are_no_others() {
        let sample = |ns, is_sound| Sample { ns, is_sound };
        assert_eq!(sound(&[sample(1.0, false), sample(5.0, true), sample(6.0, true)]), [5.0, 6.0]);
        assert_eq!(sound(&[sample(1.0, false), sample(2.0, false)]), [1.0, 2.0]);
    }

    #[test]
    fn batches_are_sized_by_the_time_they_take() {
        assert_eq!(scaled(1_000, BATCH / 2), 2_000);
        assert_eq!(scaled(1_000, BATCH * 4), 250);
        assert_eq!(scaled(1, BATCH * 1_000), 2, "a batch is never empty");
    }

    #[test]
    fn the_figure_is_the_time_of_one_operation() {
        // In virtual time: an operation takes 250 ns.
        let virtual_case = || {
            Case::new("id", "subject", "nothing", || {
                |n: u64| Batch {
                    elapsed: Duration::from_nanos(250 * n),
                    tally: Tally { refused: n, ..Tally::default() },
                    in_turns: 0,
                }
            })
        };
        let case = virtual_case().expecting(Outcome::Refused);
        let suite = Suite { name: "virtual", cases: vec![case] };
        let measured = &measure(&suite)[0];
        assert_eq!((measured.ns, measured.lowest, measured.highest), (250.0, 250.0, 250.0));
        assert_eq!(measured.tally.total(), 7 * 9 * 40_000);
    }
}
