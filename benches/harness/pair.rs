//! Two threads at once.

use crate::tally::{Batch, Outcome, repeat};
use std::sync::atomic::{AtomicU32, Ordering::AcqRel, Ordering::Acquire};
use std::thread;
use std::time::Instant;

/// A value that shares its cache lines with no other: two lines, because processors fetch them in pairs.
#[derive(Debug, Default)]
#[repr(align(128))]
pub struct Padded<T>(pub T);

/// Share of the longer thread's time in which both must have run.
const SIDE_BY_SIDE: f64 = 0.9;

/// How often a batch is run again whose threads took turns.
const TRIES: usize = 3;

/// Times `n` operations on each of two threads at once. `operations` makes each thread's own from its number.
/// The time is that of one thread, the mean of both.
///
/// On a busy machine the threads may take turns instead: then they do not disturb each other, and the figure
/// would be that of one thread. Such a batch is run again; if it never succeeds, the batch says so.
///
/// # Panics
/// When an operation does.
pub fn pair<O>(n: u64, operations: impl Fn(usize) -> O + Sync) -> Batch
where
    O: FnMut(u64) -> Outcome,
{
    let mut tries = (0..TRIES).map(|_| once(n, &operations));
    tries.find(|batch| batch.in_turns == 0).unwrap_or_else(|| once(n, &operations))
}

fn once<O>(n: u64, operations: &(impl Fn(usize) -> O + Sync)) -> Batch
where
    O: FnMut(u64) -> Outcome,
{
    let arrived = AtomicU32::new(0);
    let one = |thread| {
        let arriving = Arriving(&arrived);
        let operation = operations(thread);
        drop(arriving);
        // Nobody begins before both run: a thread that sleeps here would leave the other one alone.
        while arrived.load(Acquire) < 2 {
            std::hint::spin_loop();
        }
        let begin = Instant::now();
        (begin, repeat(n, operation))
    };
    let [(begin, mut both), (other_begin, other)] = thread::scope(|scope| {
        let other = scope.spawn(|| one(1));
        [one(0), other.join().expect("the other thread runs to its end")]
    });
    let end = (begin + both.elapsed).min(other_begin + other.elapsed);
    let together = end.saturating_duration_since(begin.max(other_begin));
    let longer = both.elapsed.max(other.elapsed);
    both += other;
    both.elapsed /= 2;
    both.in_turns = u64::from(together < longer.mul_f64(SIDE_BY_SIDE));
    both
}

/// Counts a thread as arrived when it goes, also by a panic: the other one waits for it.
struct Arriving<'a>(&'a AtomicU32);

impl Drop for Arriving<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;
    use std::time::Duration;

    #[test]
    fn both_threads_run_their_own_operations() {
        let batch = pair(10, |thread| move |_| if thread == 0 { Outcome::Passed } else { Outcome::Refused });
        assert_eq!((batch.tally.passed, batch.tally.refused), (10, 10));
    }

    #[test]
    #[should_panic(expected = "the other thread runs to its end")]
    fn a_thread_that_cannot_begin_is_not_waited_for_by_the_other() {
        pair(10, |thread| {
            assert_eq!(thread, 0, "no operations for this one");
            |_| Outcome::Passed
        });
    }

    #[test]
    fn threads_that_take_turns_are_told() {
        let turn = Mutex::new(());
        // Whoever comes first keeps the turn until all its operations are done.
        let batch = pair(2, |_| {
            let mut held = None;
            let turn = &turn;
            move |_| {
                held.get_or_insert_with(|| turn.lock().expect("nobody panics"));
                thread::sleep(Duration::from_millis(1));
                Outcome::Passed
            }
        });
        assert_eq!((batch.in_turns, batch.tally.passed), (1, 4));
    }
}
