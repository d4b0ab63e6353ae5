//! What the handles, the host's threads and the worker share.

use crate::admit::{Admission, Admit};
use crate::builder::DropPolicy;
use crate::credits::Credits;
use crate::event::Event;
use crate::handlers::Handlers;
use crate::intake::Intake;
use crate::lane::Waiting;
use crate::lanes::Lanes;
use crate::ledger::{Counts, Ledger};
use crate::metering::Metering;
use crate::observed::{Observed, Reason};
use crate::redact::Redacted;
use crate::settings::ObserverSettings;
use crate::stats::{FlushReport, ObserverStats, TypeStats, by_reason};
use crate::worker::calls::{Calls, Idle};
use crate::worker::hand::Hand;
use crate::worker::is_worker;
use crate::worker::passes::Passes;
use sidecar_core::fork::Mark;
use sidecar_core::histogram::FixedHistogram;
use sidecar_core::{Clock, EventTypes, Probability, TypeId};
use std::sync::Mutex;
use std::sync::atomic::{
    AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering::AcqRel, Ordering::Acquire, Ordering::Relaxed,
};

pub(crate) struct Shared {
    pub(crate) names: EventTypes,
    pub(crate) admit: Box<dyn Admit>,
    pub(crate) clock: Clock,
    pub(crate) ledger: Ledger,
    pub(crate) credits: Credits,
    pub(crate) intake: Intake,
    /// Whether the new event makes way when the queue is full.
    pub(crate) drops_newest: AtomicBool,
    /// The whole, whose parts stand where they are used. Held while those are changed.
    pub(crate) settings: Mutex<ObserverSettings>,
    pub(crate) lanes: Lanes,
    pub(crate) handlers: Handlers,
    pub(crate) passes: Passes,
    pub(crate) hand: Hand,
    pub(crate) calls: Calls,
    /// Threads in calls that did not return.
    pub(crate) left_behind: AtomicUsize,
    pub(crate) latency_ms: FixedHistogram,
    pub(crate) metering: Metering,
    pub(crate) errors: AtomicU64,
    /// Whether the watch over the worker has been started.
    pub(crate) is_watched: AtomicBool,
    /// Whether the log is being told something.
    pub(crate) is_telling: AtomicBool,
    /// Calls left out because the handler was suspended or refused.
    pub(crate) skipped: AtomicU64,
    /// Of the process whose threads these are.
    mark: Mark,
    /// Why nothing is taken: [`STOPPING`], [`DISABLED`], both or neither.
    closed: AtomicU8,
}

/// Upper bounds of the latency histogram, in milliseconds.
const LATENCY_BOUNDS_MS: [f64; 15] =
    [0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1e3, 2.5e3, 5e3];

const STOPPING: u8 = 1;
const DISABLED: u8 = 2;

impl Shared {
    /// Also the right to be its first worker.
    pub(crate) fn new(
        names: EventTypes,
        admit: Box<dyn Admit>,
        clock: Clock,
        settings: ObserverSettings,
        redacted: Redacted,
    ) -> (Self, Idle) {
        let (calls, idle) = Calls::new();
        let shared = Self {
            ledger: Ledger::new(names.limit()),
            names,
            admit,
            clock,
            credits: Credits::new(settings.queue_size, settings.queue_bytes),
            intake: Intake::new(settings.max_text_bytes, redacted),
            drops_newest: AtomicBool::new(settings.drop_policy == DropPolicy::Newest),
            settings: Mutex::new(settings),
            lanes: Lanes::new(),
            handlers: Handlers::default(),
            passes: Passes::default(),
            hand: Hand::default(),
            calls,
            left_behind: AtomicUsize::new(0),
            latency_ms: FixedHistogram::new(LATENCY_BOUNDS_MS).expect("they ascend"),
            metering: Metering::default(),
            errors: AtomicU64::new(0),
            is_watched: AtomicBool::new(false),
            is_telling: AtomicBool::new(false),
            skipped: AtomicU64::new(0),
            mark: Mark::here(),
            closed: AtomicU8::new(0),
        };
        (shared, idle)
    }

    /// Why no event is taken at all at this moment, on this thread.
    #[inline]
    pub(crate) fn refusal(&self) -> Option<Reason> {
        let closed = self.closed.load(Acquire);
        if self.is_forked() {
            // First of all: whatever else is asked might wait for a thread that is not there.
            Some(Reason::Forked)
        } else if closed & STOPPING != 0 {
            Some(Reason::Stopped)
        } else if is_worker(&self.lanes) {
            Some(Reason::Reentrant)
        } else if closed != 0 {
            Some(Reason::Disabled)
        } else {
            None
        }
    }

    /// Whether this is the copy in a forked child. Then no lock may be waited for: a thread of the parent's may have
    /// held it, and nobody would ever release it.
    #[inline]
    pub(crate) fn is_forked(&self) -> bool {
        self.mark.is_forked()
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.closed.load(Acquire) & STOPPING != 0
    }

    pub(crate) fn stop(&self) {
        // Pairs with the Acquire in `is_stopping`: the worker that sees it sees every event pushed before it.
        self.closed.fetch_or(STOPPING, AcqRel);
    }

    /// Relaxed: which of two events goes is decided by the policy of that moment.
    #[inline]
    pub(crate) fn drops_newest(&self) -> bool {
        self.drops_newest.load(Relaxed)
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
        if self.drops_newest() && self.credits.is_full() {
            self.ledger.row(id).dropped(Reason::QueueFull);
            return Err(Observed::Dropped(Reason::QueueFull));
        }
        Ok(())
    }

    /// An event as it waits, from now on.
    pub(crate) fn waiting(&self, id: TypeId, event: Event) -> Waiting {
        let mut waiting = Waiting { event, id, bytes: 0, since: self.clock.now() };
        self.finish(&mut waiting, false);
        waiting
    }

    /// Makes an event whose fields are all there one that others may see, and notes its size. Where it has plain
    /// fields only, and no ids, there is little to do.
    #[inline]
    pub(crate) fn finish(&self, waiting: &mut Waiting, is_plain: bool) {
        let event = &mut waiting.event;
        if is_plain && event.is_inline() {
            self.intake.hide(event);
            waiting.bytes = event.plain_bytes();
        } else {
            self.intake.apply(event);
            waiting.bytes = event.bytes();
        }
        debug_assert_eq!(waiting.bytes, waiting.event.bytes(), "both ways of counting agree");
    }

    /// CPU time that observing has cost the threads that did it, estimated, in nanoseconds.
    pub(crate) fn producer_nanos(&self) -> u64 {
        let total = self.counts().iter().copied().fold(Counts::default(), Counts::plus);
        self.metering.nanos(total.sampled_out + total.dropped_total())
    }

    fn counts(&self) -> Vec<Counts> {
        if self.is_forked() {
            self.lanes.counts_if_free(&self.ledger)
        } else {
            self.lanes.counts(&self.ledger)
        }
    }

    /// The ledger at one moment: what waits is what was accepted and has no outcome.
    pub(crate) fn report(&self) -> FlushReport {
        let total = self.counts().into_iter().fold(Counts::default(), Counts::plus);
        let waiting = usize::try_from(total.waiting()).unwrap_or(usize::MAX);
        FlushReport {
            processed: total.processed,
            failed: total.failed,
            dropped: total.dropped_total(),
            waiting,
        }
    }

    pub(crate) fn stats(&self) -> ObserverStats {
        let rows = self.counts();
        let total = rows.iter().copied().fold(Counts::default(), Counts::plus);
        let queue_size = usize::try_from(total.waiting()).unwrap_or(usize::MAX);
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
            queue_utilization: self.credits.items() as f64 / self.credits.max_items() as f64,
            queue_bytes: self.credits.bytes(),
            sampled_out: total.sampled_out,
            failed: total.failed,
            skipped_calls: self.skipped.load(Relaxed),
            dropped: by_reason(&total).collect(),
            by_type: offered.map(|((_, name), counts)| (name, TypeStats::from(counts))).collect(),
            latency_ms: self.latency_ms.snapshot(),
        }
    }
}
