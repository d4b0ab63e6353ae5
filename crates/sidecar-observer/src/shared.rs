//! What the handles, the host's threads and the worker share.

use crate::admit::{Admission, Admit};
use crate::builder::DropPolicy;
use crate::credits::{Credits, Full};
use crate::event::Event;
use crate::handlers::Handlers;
use crate::intake::Intake;
use crate::lane::{Content, Lane, Waiting};
use crate::lanes::Lanes;
use crate::ledger::{Counts, Ledger};
use crate::observed::{Observed, Reason};
use crate::stats::{FlushReport, ObserverStats, TypeStats, by_reason};
use crate::tally::Tally;
use crate::worker::Passes;
use sidecar_core::histogram::FixedHistogram;
use sidecar_core::{Clock, EventTypes, Probability, TypeId};
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering::AcqRel, Ordering::Acquire, Ordering::Relaxed};

pub(crate) struct Shared {
    pub(crate) names: EventTypes,
    pub(crate) admit: Box<dyn Admit>,
    pub(crate) policy: DropPolicy,
    pub(crate) clock: Clock,
    pub(crate) ledger: Ledger,
    pub(crate) credits: Credits,
    intake: Intake,
    pub(crate) lanes: Lanes,
    pub(crate) handlers: Handlers,
    pub(crate) passes: Passes,
    pub(crate) latency_ms: FixedHistogram,
    pub(crate) errors: AtomicU64,
    /// Why nothing is taken: [`STOPPING`], [`DISABLED`], both or neither.
    closed: AtomicU8,
}

const STOPPING: u8 = 1;
const DISABLED: u8 = 2;

impl Shared {
    pub(crate) fn new(
        names: EventTypes,
        admit: Box<dyn Admit>,
        policy: DropPolicy,
        clock: Clock,
        credits: Credits,
        latency_ms: FixedHistogram,
        intake: Intake,
    ) -> Self {
        Self {
            ledger: Ledger::new(names.limit()),
            names,
            admit,
            policy,
            clock,
            credits,
            intake,
            lanes: Lanes::new(),
            handlers: Handlers::default(),
            passes: Passes::default(),
            latency_ms,
            errors: AtomicU64::new(0),
            closed: AtomicU8::new(0),
        }
    }

    /// Why no event is taken at all at this moment, on this thread.
    #[inline]
    pub(crate) fn refusal(&self) -> Option<Reason> {
        let closed = self.closed.load(Acquire);
        if closed & STOPPING != 0 {
            Some(Reason::Stopped)
        } else if self.passes.is_worker(&self.lanes) {
            Some(Reason::Reentrant)
        } else if closed != 0 {
            Some(Reason::Disabled)
        } else {
            None
        }
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.closed.load(Acquire) & STOPPING != 0
    }

    pub(crate) fn stop(&self) {
        // Pairs with the Acquire in `is_stopping`: the worker that sees it sees every event pushed before it.
        self.closed.fetch_or(STOPPING, AcqRel);
    }

    pub(crate) fn set_enabled(&self, enabled: bool) {
        // Relaxed: a switch that stands for itself; nothing is read on the strength of it.
        if enabled {
            self.closed.fetch_and(!DISABLED, Relaxed);
        } else {
            self.closed.fetch_or(DISABLED, Relaxed);
        }
    }

    /// Asks whether an event of this type is kept; one that is not is counted.
    #[inline]
    pub(crate) fn decide(&self, id: TypeId) -> Result<Probability, Observed> {
        match self.admit.admit(id) {
            Admission::Keep(probability) => Ok(probability),
            Admission::SampledOut => Err(self.sampled_out(id)),
            Admission::OverBudget => Err(self.over_budget(id)),
        }
    }

    #[cold]
    fn over_budget(&self, id: TypeId) -> Observed {
        self.ledger.row(id).dropped(Reason::Budget);
        Observed::Dropped(Reason::Budget)
    }

    /// Counts an event that the decision was against.
    #[inline]
    fn sampled_out(&self, id: TypeId) -> Observed {
        let is_counted = self.lanes.with_own(|own| own.is_some_and(|lane| lane.tally().sampled_out(id)));
        if !is_counted {
            self.ledger.row(id).sampled_out();
        }
        Observed::SampledOut
    }

    /// Refuses an admitted event before it is built, where it could find no room.
    #[inline]
    pub(crate) fn refuse_if_full(&self, id: TypeId) -> Result<(), Observed> {
        if self.policy == DropPolicy::Newest && self.credits.is_full() {
            self.ledger.row(id).dropped(Reason::QueueFull);
            return Err(Observed::Dropped(Reason::QueueFull));
        }
        Ok(())
    }

    /// An event as it waits, from now on.
    pub(crate) fn waiting(&self, id: TypeId, event: Event) -> Waiting {
        self.finished(Waiting { event, id, bytes: 0, since: self.clock.now() })
    }

    /// An event whose fields are all there, as others may see it, with its size.
    #[inline]
    pub(crate) fn finished(&self, mut waiting: Waiting) -> Waiting {
        self.intake.apply(&mut waiting.event);
        waiting.bytes = waiting.event.bytes();
        waiting
    }

    /// Puts an admitted event into the calling thread's lane, without waiting for anything.
    #[inline]
    pub(crate) fn push(&self, waiting: Waiting) -> Observed {
        let id = waiting.id;
        let pushed = self.lanes.with_own(|own| {
            if let Some(own) = own
                && let Some(mut content) = own.try_lock()
            {
                return self.push_into(&mut content, waiting, Some(own.tally()));
            }
            // The own lane is taken while the worker swaps it out. What was pushed before is in the worker's
            // hands then, and the shared lane comes first in its next pass, so order is kept.
            match self.lanes.shared().try_lock() {
                Some(mut content) => self.push_into(&mut content, waiting, None),
                None => Err(Reason::Contended),
            }
        });
        self.settle(id, pushed)
    }

    #[inline]
    fn push_into(
        &self,
        content: &mut Content,
        waiting: Waiting,
        tally: Option<&Tally>,
    ) -> Result<(), Reason> {
        if content.finished {
            return Err(Reason::Stopped);
        }
        if !self.credits.can_hold(waiting.bytes) {
            return Err(Reason::Bytes);
        }
        if let Err(full) = self.credits.take(waiting.bytes) {
            let reason = match full {
                Full::Items => Reason::QueueFull,
                Full::Bytes => Reason::Bytes,
            };
            if self.policy == DropPolicy::Newest || !self.make_room(content, waiting.bytes) {
                return Err(reason);
            }
        }
        self.accept(waiting.id, tally);
        content.push(waiting);
        Ok(())
    }

    /// Counts an event that is put into a lane before the lane's lock is released.
    #[inline]
    fn accept(&self, id: TypeId, tally: Option<&Tally>) {
        if !tally.is_some_and(|tally| tally.accepted(id)) {
            self.ledger.row(id).accepted();
        }
    }

    /// Evicts the lane's oldest events until the credit of one serves for `bytes`; none, if all of them would
    /// not suffice.
    fn make_room(&self, content: &mut Content, bytes: usize) -> bool {
        if content.bytes() + self.credits.free_bytes() < bytes {
            return false;
        }
        while let Some(oldest) = content.pop_oldest() {
            self.ledger.row(oldest.id).dropped(Reason::Evicted);
            if self.credits.exchange(oldest.bytes, bytes) {
                return true;
            }
        }
        false
    }

    /// Puts an admitted event into the calling thread's lane, waiting for room and for the lane.
    pub(crate) fn push_waiting(&self, id: TypeId, event: Event) -> Observed {
        let waiting = self.waiting(id, event);
        let bytes = waiting.bytes;
        let pushed = self.wait_for_credit(bytes).and_then(|()| {
            self.lanes.with_own(|own| {
                let mut content = own.unwrap_or(self.lanes.shared()).lock();
                if content.finished {
                    self.credits.give_back(bytes);
                    return Err(Reason::Stopped);
                }
                self.accept(id, own.map(Lane::tally));
                content.push(waiting);
                Ok(())
            })
        });
        self.settle(id, pushed)
    }

    fn wait_for_credit(&self, bytes: usize) -> Result<(), Reason> {
        if !self.credits.can_hold(bytes) {
            return Err(Reason::Bytes);
        }
        while self.credits.take(bytes).is_err() {
            if self.is_stopping() {
                return Err(Reason::Stopped);
            }
            self.passes.wait_for_room();
        }
        Ok(())
    }

    #[inline]
    fn settle(&self, id: TypeId, pushed: Result<(), Reason>) -> Observed {
        match pushed {
            Ok(()) => Observed::Accepted,
            Err(reason) => {
                self.ledger.row(id).dropped(reason);
                Observed::Dropped(reason)
            }
        }
    }

    pub(crate) fn report(&self) -> FlushReport {
        let waiting = self.credits.items();
        let total = self.lanes.counts(&self.ledger).into_iter().fold(Counts::default(), Counts::plus);
        let dropped = total.dropped_total();
        FlushReport { processed: total.processed, failed: total.failed, dropped, waiting }
    }

    pub(crate) fn stats(&self) -> ObserverStats {
        let queue_size = self.credits.items();
        let rows = self.lanes.counts(&self.ledger);
        let total = rows.iter().copied().fold(Counts::default(), Counts::plus);
        let never_kept: u64 = Reason::ALL
            .iter()
            .filter(|reason| !reason.follows_keeping())
            .map(|reason| total.dropped[reason.index()])
            .sum();
        let offered = self.names.all().into_iter().zip(&rows).filter(|(_, counts)| counts.received() > 0);
        ObserverStats {
            events_received: total.received(),
            events_sampled: total.received() - total.sampled_out - never_kept,
            events_dropped: total.dropped_total(),
            events_processed: total.processed,
            errors: self.errors.load(Relaxed),
            queue_size,
            queue_utilization: queue_size as f64 / self.credits.max_items() as f64,
            queue_bytes: self.credits.bytes(),
            sampled_out: total.sampled_out,
            failed: total.failed,
            dropped: by_reason(&total).collect(),
            by_type: offered.map(|((_, name), counts)| (name, TypeStats::from(counts))).collect(),
            latency_ms: self.latency_ms.snapshot(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admit::KeepAll;

    fn alone() -> Shared {
        let latency = FixedHistogram::new([1.0]).expect("valid bounds");
        let credits = Credits::new(10, 1 << 20);
        Shared::new(
            EventTypes::default(),
            Box::new(KeepAll),
            DropPolicy::Oldest,
            Clock::new(),
            credits,
            latency,
            Intake::default(),
        )
    }

    #[test]
    fn a_lane_that_is_taken_leaves_the_shared_one_and_only_then_the_event_is_dropped() {
        let shared = alone();
        let push = || shared.push(shared.waiting(TypeId::OVERFLOW, Event::new("e")));
        assert_eq!(push(), Observed::Accepted);
        shared.lanes.with_own(|own| {
            let _taken = own.expect("it has one").lock();
            assert_eq!(push(), Observed::Accepted);
            let _both = shared.lanes.shared().lock();
            assert_eq!(push(), Observed::Dropped(Reason::Contended));
        });
        assert_eq!(shared.credits.items(), 2);
    }
}
