//! What an observer has done so far.

use crate::ledger::Counts;
use crate::observed::Reason;
use sidecar_core::histogram::FixedSnapshot;
use smol_str::SmolStr;
use std::collections::BTreeMap;

/// Counts since the observer was started. At any moment: `events_received` = `sampled_out` + `events_dropped` +
/// `events_processed` + `failed` + `queue_size`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ObserverStats {
    /// Events offered, whatever became of them.
    pub events_received: u64,
    /// Events that the sampling decision kept.
    pub events_sampled: u64,
    /// Events dropped, for all reasons together. Sampled-out ones are not among them.
    pub events_dropped: u64,
    /// Events whose handlers all returned, or that had none.
    pub events_processed: u64,
    /// Panics in handlers and in closures that build fields, and handlers that hung.
    pub errors: u64,
    /// Events waiting, or being handled right now: what the other counts leave, so a few more than the bound where
    /// events come and go while they are read.
    pub queue_size: usize,
    /// How much of the bound is taken, from 0.0 to 1.0: by those, and by the handled ones of the batch in hand.
    pub queue_utilization: f64,
    /// Memory that those events occupy, in bytes, with those of the batch in hand that have been handled already.
    pub queue_bytes: usize,
    /// Events that the sampling decision did not keep.
    pub sampled_out: u64,
    /// Events with a handler that panicked or hung, or that was not called because it had done so before.
    pub failed: u64,
    /// Calls of handlers that were left out because the handler was suspended or refused.
    pub skipped_calls: u64,
    /// Events dropped, by reason; every reason is present.
    pub dropped: BTreeMap<&'static str, u64>,
    /// The same by event type, for every type that has been offered.
    pub by_type: BTreeMap<SmolStr, TypeStats>,
    /// From `observe` to the last handler's return, in milliseconds.
    pub latency_ms: FixedSnapshot,
}

/// The ledger's row of one event type.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TypeStats {
    /// Events offered.
    pub received: u64,
    /// Events that the sampling decision did not keep.
    pub sampled_out: u64,
    /// Events dropped, by reason; only reasons that occurred.
    pub dropped: BTreeMap<&'static str, u64>,
    /// Events whose handlers all returned, or that had none.
    pub processed: u64,
    /// Events with a handler that panicked or hung, or that was not called because it had done so before.
    pub failed: u64,
}

/// The result of a flush or a shutdown: counts since the observer was started, so that a receipt can be
/// compared with what was offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[must_use = "it says whether anything was left behind"]
pub struct FlushReport {
    /// Events whose handlers all returned, or that had none.
    pub processed: u64,
    /// Events with a handler that panicked or hung, or that was not called because it had done so before.
    pub failed: u64,
    /// Events dropped, for all reasons together.
    pub dropped: u64,
    /// Events still in the queue or with a handler when the deadline came; 0 otherwise.
    pub waiting: usize,
}

impl TypeStats {
    /// By what to multiply sums over handled events of this type, to make up for those that the sampling decision kept
    /// and that were lost afterwards: to a full queue, in events or bytes, or to a lane that was taken. From 1.0, nothing
    /// was lost, upwards; `None` while nothing has been handled, from which nothing can be concluded.
    ///
    /// A handled event stands for `1 / probability` offered ones (Horvitz and Thompson, 1952), if what is kept also
    /// arrives. Where only a share of it does, that share is one more probability, the same for the whole type, and is
    /// taken as observed: the factor is its inverse, (handled + lost) / handled. The sum of
    /// [`weight`](crate::Probability::weight) times this factor so estimates how many events were offered. With one
    /// rate throughout, its error is that of sampling alone: a standard deviation of `sqrt((1 - p) / (p * offered))` of
    /// the number offered. Where the rate changes, losses that fall more on the events of one rate than on those of the
    /// other shift it. Events that wait count neither as handled nor as lost.
    ///
    /// What a budget takes is not in it, for it is in the probability of the events that are kept meanwhile. Nor is what
    /// was refused before sampling, as `disabled`, `stopped` or `reentrant`.
    #[must_use]
    pub fn loss_correction(&self) -> Option<f64> {
        let handled = self.processed + self.failed;
        let lost_to = Reason::ALL.iter().filter(|reason| reason.follows_keeping());
        let lost: u64 = lost_to.filter_map(|reason| self.dropped.get(reason.name())).sum();
        (handled > 0).then(|| (handled + lost) as f64 / handled as f64)
    }
}

impl From<&Counts> for TypeStats {
    fn from(counts: &Counts) -> Self {
        Self {
            received: counts.received(),
            sampled_out: counts.sampled_out,
            dropped: by_reason(counts).filter(|(_, count)| *count > 0).collect(),
            processed: counts.processed,
            failed: counts.failed,
        }
    }
}

pub(crate) fn by_reason(counts: &Counts) -> impl Iterator<Item = (&'static str, u64)> {
    Reason::ALL.iter().map(|reason| (reason.name(), counts.dropped[reason.index()]))
}
