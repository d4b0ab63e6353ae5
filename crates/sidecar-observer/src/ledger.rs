//! What became of every event, by type: exact, and only ever growing.

use crate::observed::Reason;
use sidecar_core::TypeId;
use sidecar_core::sync::{AtomicU64, Ordering::Acquire, Ordering::Release};

/// One row per event type.
#[derive(Debug)]
pub(crate) struct Ledger {
    rows: Box<[Row]>,
}

#[derive(Debug, Default)]
pub(crate) struct Row {
    received: AtomicU64,
    sampled_out: AtomicU64,
    dropped: [AtomicU64; Reason::ALL.len()],
    processed: AtomicU64,
    failed: AtomicU64,
}

/// A row's counts at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) received: u64,
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

    /// Every row with its position.
    pub(crate) fn counts(&self) -> Vec<Counts> {
        self.rows.iter().map(Row::counts).collect()
    }

    pub(crate) fn total(&self) -> Counts {
        self.rows.iter().map(Row::counts).fold(Counts::default(), Counts::plus)
    }
}

/// Outcomes are written with Release after `received`, and read with Acquire before it: a reader never sees
/// more outcomes than events.
impl Row {
    pub(crate) fn received(&self) {
        self.received.fetch_add(1, Release);
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

    fn counts(&self) -> Counts {
        let sampled_out = self.sampled_out.load(Acquire);
        let dropped = std::array::from_fn(|index| self.dropped[index].load(Acquire));
        let (processed, failed) = (self.processed.load(Acquire), self.failed.load(Acquire));
        Counts { received: self.received.load(Acquire), sampled_out, dropped, processed, failed }
    }
}

impl Counts {
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            received: self.received + other.received,
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
            let (row, lane) = (Arc::new(Row::default()), Arc::new(Mutex::new(0)));
            let host = {
                let (row, lane) = (Arc::clone(&row), Arc::clone(&lane));
                thread::spawn(move || {
                    row.received();
                    *lane.lock().expect("no panic") += 1;
                    row.received();
                    row.sampled_out();
                })
            };
            let worker = {
                let (row, lane) = (Arc::clone(&row), Arc::clone(&lane));
                thread::spawn(move || {
                    let waiting = std::mem::take(&mut *lane.lock().expect("no panic"));
                    (0..waiting).for_each(|_| row.processed());
                    waiting
                })
            };
            let counts = row.counts();
            assert!(counts.sampled_out + counts.processed <= counts.received, "{counts:?}");
            host.join().expect("no panic");
            let processed = worker.join().expect("no panic");
            let all = Counts { received: 2, sampled_out: 1, processed, ..Counts::default() };
            assert_eq!(row.counts(), all);
        });
    }
}
