//! What became of every event, by type: exact, and only ever growing.

use crate::observed::Reason;
use crate::tally::Tally;
use sidecar_core::TypeId;
use sidecar_core::sync::{AtomicU64, Ordering::Acquire, Ordering::Release};

/// One row per event type, beside the [tallies](Tally) of threads that are running.
#[derive(Debug)]
pub(crate) struct Ledger {
    rows: Box<[Row]>,
}

#[derive(Debug, Default)]
pub(crate) struct Row {
    accepted: AtomicU64,
    sampled_out: AtomicU64,
    dropped: [AtomicU64; Reason::ALL.len()],
    processed: AtomicU64,
    failed: AtomicU64,
}

/// A row's counts at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Events that were queued, whatever has become of them since.
    pub(crate) accepted: u64,
    pub(crate) sampled_out: u64,
    pub(crate) dropped: [u64; Reason::ALL.len()],
    pub(crate) processed: u64,
    pub(crate) failed: u64,
}

impl Ledger {
    pub(crate) fn new(types: usize) -> Self {
        Self { rows: (0..types).map(|_| Row::default()).collect() }
    }

    pub(crate) fn row(&self, id: TypeId) -> &Row {
        self.rows.get(id.index()).unwrap_or(&self.rows[0])
    }

    /// Every row, with what the tallies of running threads add to it.
    ///
    /// Outcomes are read before what was accepted, so that no reader ever sees more outcomes than events.
    pub(crate) fn counts<'a>(&self, running: impl Iterator<Item = &'a Tally>) -> Vec<Counts> {
        let mut counts: Vec<_> = self.rows.iter().map(Row::outcomes).collect();
        for (counts, row) in counts.iter_mut().zip(&self.rows) {
            counts.accepted = row.accepted.load(Acquire);
        }
        for (index, accepted, sampled_out) in running.flat_map(Tally::counts) {
            if let Some(counts) = counts.get_mut(index) {
                counts.accepted += accepted;
                counts.sampled_out += sampled_out;
            }
        }
        counts
    }

    /// Takes over the counts of a thread that has ended. Nobody may read the ledger meanwhile.
    pub(crate) fn take_over(&self, ended: &Tally) {
        for (index, accepted, sampled_out) in ended.counts() {
            if let Some(row) = self.rows.get(index) {
                row.accepted.fetch_add(accepted, Release);
                row.sampled_out.fetch_add(sampled_out, Release);
            }
        }
    }
}

/// Outcomes are written with Release after the event was accepted, and read with Acquire before that is.
impl Row {
    pub(crate) fn accepted(&self) {
        self.accepted.fetch_add(1, Release);
    }

    pub(crate) fn sampled_out(&self) {
        self.sampled_out.fetch_add(1, Release);
    }

    pub(crate) fn dropped(&self, reason: Reason) {
        self.dropped[reason.index()].fetch_add(1, Release);
    }

    pub(crate) fn processed(&self) {
        self.processed.fetch_add(1, Release);
    }

    pub(crate) fn failed(&self) {
        self.failed.fetch_add(1, Release);
    }

    /// Everything but what was accepted.
    fn outcomes(&self) -> Counts {
        Counts {
            accepted: 0,
            sampled_out: self.sampled_out.load(Acquire),
            dropped: std::array::from_fn(|index| self.dropped[index].load(Acquire)),
            processed: self.processed.load(Acquire),
            failed: self.failed.load(Acquire),
        }
    }
}

impl Counts {
    /// Events that were offered. One that was evicted had been accepted before.
    pub(crate) fn received(&self) -> u64 {
        let refused = self.dropped_total() - self.dropped[Reason::Evicted.index()];
        self.accepted + self.sampled_out + refused
    }

    /// Events that were queued and have no outcome yet. None where tallies could not be read, as in a forked child.
    pub(crate) fn waiting(&self) -> u64 {
        let outcomes = self.dropped[Reason::Evicted.index()] + self.processed + self.failed;
        self.accepted.saturating_sub(outcomes)
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            accepted: self.accepted + other.accepted,
            sampled_out: self.sampled_out + other.sampled_out,
            dropped: std::array::from_fn(|index| self.dropped[index] + other.dropped[index]),
            processed: self.processed + other.processed,
            failed: self.failed + other.failed,
        }
    }

    pub(crate) fn dropped_total(&self) -> u64 {
        self.dropped.iter().sum()
    }
}

/// Every order in which threads may meet, within the bound that the runner sets.
#[cfg(all(test, sidecar_loom))]
mod models {
    use super::*;
    use loom::sync::{Arc, Mutex};
    use loom::thread;

    #[test]
    fn a_reader_never_sees_more_outcomes_than_events() {
        loom::model(|| {
            let ledger = Arc::new(Ledger::new(1));
            // The lane: what waits in it, and the tally of its thread.
            let lane = Arc::new((Tally::default(), Mutex::new(0)));
            let host = {
                let (ledger, lane) = (Arc::clone(&ledger), Arc::clone(&lane));
                thread::spawn(move || {
                    let mut waiting = lane.1.lock().expect("no panic");
                    assert!(lane.0.accepted(TypeId::OVERFLOW));
                    *waiting += 1;
                    drop(waiting);
                    assert!(lane.0.sampled_out(TypeId::OVERFLOW));
                    ledger.row(TypeId::OVERFLOW).dropped(Reason::QueueFull);
                })
            };
            let worker = {
                let (ledger, lane) = (Arc::clone(&ledger), Arc::clone(&lane));
                thread::spawn(move || {
                    let waiting = std::mem::take(&mut *lane.1.lock().expect("no panic"));
                    (0..waiting).for_each(|_| ledger.row(TypeId::OVERFLOW).processed());
                    waiting
                })
            };
            let counts = ledger.counts(std::iter::once(&lane.0))[0];
            assert!(counts.processed <= counts.accepted, "{counts:?}");
            host.join().expect("no panic");
            let processed = worker.join().expect("no panic");
            let counts = ledger.counts(std::iter::once(&lane.0))[0];
            assert_eq!((counts.accepted, counts.sampled_out, counts.processed), (1, 1, processed));
            assert_eq!(counts.received(), 3);
            ledger.take_over(&lane.0);
            assert_eq!(ledger.counts(std::iter::empty())[0], counts);
        });
    }
}
