//! The part of the machine that is read without its lock.

use crate::machine::Machine;
use crate::word::Word;
use sidecar_core::sync::{AtomicU64, Ordering, fence};

/// Generation, state and period of a machine at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) word: Word,
    pub(crate) since: u64,
    /// [`NEVER`](crate::machine::NEVER) without a period.
    pub(crate) until: u64,
}

impl Moment {
    pub(crate) fn of(machine: &Machine) -> Self {
        Self { word: machine.word(), since: machine.since(), until: machine.until() }
    }
}

/// Copies of a machine's values, written under its lock only.
///
/// Each value alone is one load. All of one moment together are a sequence lock: the sequence is odd while
/// they are being replaced, and has moved on if they were replaced while somebody read them. The orderings
/// are those of Hans-J. Boehm, "Can seqlocks get along with programming language memory models?" (2012).
///
/// Aligned to two cache lines, so that what is written beside it does not slow down its readers.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct Published {
    sequence: AtomicU64,
    word: AtomicU64,
    since: AtomicU64,
    until: AtomicU64,
}

impl Published {
    pub(crate) fn new(moment: Moment) -> Self {
        Self {
            sequence: AtomicU64::new(0),
            word: AtomicU64::new(moment.word.0),
            since: AtomicU64::new(moment.since),
            until: AtomicU64::new(moment.until),
        }
    }

    /// Generation, flags and state; may be of another moment than what is read before or after.
    #[inline]
    pub(crate) fn word(&self) -> Word {
        // Acquire pairs with the release in `replace`: `until` is then at least as new.
        Word(self.word.load(Ordering::Acquire))
    }

    /// When the period ends: that of the word read before, or of a newer one.
    pub(crate) fn until(&self) -> u64 {
        // Relaxed: the acquire of `word` has brought the value that belongs to it, or a newer.
        self.until.load(Ordering::Relaxed)
    }

    /// All values of one moment; `None` while they are being replaced.
    #[inline]
    pub(crate) fn moment(&self) -> Option<Moment> {
        // Acquire pairs with the last store of `replace`: what is read below is at least as new.
        let sequence = self.sequence.load(Ordering::Acquire);
        let moment = self.values();
        // Pairs with the fence in `replace`: if a value above came from it, the load below sees that it began.
        fence(Ordering::Acquire);
        let is_whole = sequence.is_multiple_of(2) && self.sequence.load(Ordering::Relaxed) == sequence;
        is_whole.then_some(moment)
    }

    /// Only for the holder of the machine's lock.
    pub(crate) fn replace(&self, moment: Moment) {
        // Relaxed, here and in `values`: all that is written is written by the lock's holders in turn.
        let sequence = self.sequence.load(Ordering::Relaxed);
        if self.values() == moment {
            return;
        }
        self.sequence.store(sequence + 1, Ordering::Relaxed);
        fence(Ordering::Release);
        self.since.store(moment.since, Ordering::Relaxed);
        self.until.store(moment.until, Ordering::Relaxed);
        self.word.store(moment.word.0, Ordering::Release);
        self.sequence.store(sequence + 2, Ordering::Release);
    }

    fn values(&self) -> Moment {
        Moment {
            word: Word(self.word.load(Ordering::Relaxed)),
            since: self.since.load(Ordering::Relaxed),
            until: self.until.load(Ordering::Relaxed),
        }
    }
}

#[cfg(all(test, not(sidecar_loom)))]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicBool;
    use std::thread;

    fn numbered(number: u64) -> Moment {
        Moment { word: Word(number), since: number, until: number }
    }

    #[test]
    fn what_was_put_in_is_read() {
        let published = Published::new(numbered(1));
        assert_eq!(published.moment(), Some(numbered(1)));
        for number in [2, 2, 3] {
            published.replace(numbered(number));
            assert_eq!(published.moment(), Some(numbered(number)));
            assert_eq!((published.word(), published.until()), (Word(number), number));
        }
    }

    #[test]
    fn nothing_is_read_while_values_are_being_replaced() {
        let published = Published::new(numbered(1));
        published.sequence.store(1, Ordering::Relaxed);
        assert_eq!(published.moment(), None);
    }

    #[test]
    fn values_that_are_read_together_are_of_one_moment_and_never_older_than_before() {
        const LAST: u64 = 300_000;
        let (published, done) = (Published::new(numbered(0)), AtomicBool::new(false));
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    let mut newest = 0;
                    while !done.load(Ordering::Relaxed) {
                        if let Some(Moment { word, since, until }) = published.moment() {
                            assert!(word.0 == since && since == until, "{} {since} {until}", word.0);
                            assert!(since >= newest, "{since} after {newest}");
                            newest = since;
                        }
                    }
                });
            }
            for number in 1..=LAST {
                published.replace(numbered(number));
            }
            done.store(true, Ordering::Relaxed);
        });
        assert_eq!(published.moment(), Some(numbered(LAST)));
    }
}

/// Every order in which threads may meet, within the bound that the runner sets.
#[cfg(all(test, sidecar_loom))]
mod models {
    use super::*;
    use loom::sync::Arc;
    use loom::thread;

    fn numbered(number: u64) -> Moment {
        Moment { word: Word(number), since: number, until: number }
    }

    /// Runs `read` beside this thread, which replaces moment 0 by 1 and 2.
    ///
    /// The reader is the thread that is started, so that it comes last in the first order that loom runs. Loom
    /// goes on from where a load meets the store before it; where a store meets the loads before it, it
    /// remembers the last of them alone, which is the writer's own.
    fn beside_a_writer(read: fn(&Published)) {
        loom::model(move || {
            let published = Arc::new(Published::new(numbered(0)));
            let reader = {
                let published = Arc::clone(&published);
                thread::spawn(move || read(&published))
            };
            [1, 2].into_iter().for_each(|number| published.replace(numbered(number)));
            reader.join().expect("no panic");
            assert_eq!(published.moment(), Some(numbered(2)));
        });
    }

    #[test]
    fn a_reader_never_sees_a_mix() {
        beside_a_writer(|published| {
            if let Some(Moment { word, since, until }) = published.moment() {
                assert!(word.0 == since && since == until, "{} {since} {until}", word.0);
            }
        });
    }

    #[test]
    fn a_period_is_never_older_than_the_word_read_before() {
        beside_a_writer(|published| {
            let word = published.word();
            let until = published.until();
            assert!(until >= word.0, "{until} with {}", word.0);
        });
    }
}
