//! Budget and sampler: what the governor decides from the profiler's figures, the sampler and the gate carry out.

use crate::sidecar::Pieces;
use sidecar_config::{Origin, Setting};
use sidecar_core::clock::nanos;
use sidecar_core::panics;
use sidecar_health::CheckOutcome;
use sidecar_metrics::SourceOutput;
use sidecar_observer::{Event, Observer};
use sidecar_profiler::{Allowance, BudgetReport, Decision, Governor, Window};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// How often the allowance is filled while there is a limit.
const REFILL: Duration = Duration::from_millis(50);
/// How often it is looked whether there is to be one.
const LOOK: Duration = Duration::from_secs(1);
/// The key of the budget.
const BUDGET_KEY: &str = "runtime.sidecar.resources.max_cpu_percent";
/// The event that says that shedding has begun or ended. Its rate is 1.0, unless it is configured.
pub(crate) const EVENT_TYPE: &str = "sidecar_budget";

/// What the governor last decided, and the limit that follows from it.
#[derive(Debug, Default)]
pub(crate) struct Shedding {
    /// Taken from by the gate.
    pub(crate) allowance: Arc<Allowance>,
    latest: Mutex<Option<Decision>>,
}

impl Shedding {
    pub(crate) fn latest(&self) -> Option<Decision> {
        *self.latest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Totals at one reading of the profiler.
#[derive(Clone, Copy)]
struct Totals {
    at: u64,
    read: SystemTime,
    cpu_seconds: f64,
    handled: u64,
    wanted: u64,
    backlog: u64,
}

impl Totals {
    fn read(pieces: &Pieces, now: u64) -> Self {
        let (stats, snapshot) = (pieces.observer.stats(), pieces.profiler.snapshot());
        Self {
            at: now,
            read: snapshot.time,
            cpu_seconds: snapshot.own.cpu_seconds,
            handled: stats.events_processed + stats.failed,
            wanted: stats.events_received.saturating_sub(stats.sampled_out),
            backlog: stats.queue_size as u64,
        }
    }

    fn since(self, before: Self) -> Window {
        let mut window = Window::new();
        window.elapsed = Duration::from_nanos(self.at.saturating_sub(before.at));
        window.cpu = Duration::from_secs_f64((self.cpu_seconds - before.cpu_seconds).max(0.0));
        window.handled = self.handled.saturating_sub(before.handled);
        window.wanted = self.wanted.saturating_sub(before.wanted);
        window.backlog = self.backlog;
        window
    }
}

/// The governor's part in the periodic round.
pub(crate) struct Regulator {
    governor: Governor,
    before: Option<Totals>,
    refilled_at: u64,
    /// Whether a budget that nobody has set sheds nothing.
    only_if_configured: bool,
}

impl Regulator {
    pub(crate) fn new(max_cpu_percent: f64, only_if_configured: bool) -> Self {
        Self { governor: Governor::new(max_cpu_percent), before: None, refilled_at: 0, only_if_configured }
    }

    /// Judges what happened since the profiler's last reading, if there is a new one.
    pub(crate) fn tick(&mut self, pieces: &Pieces, now: u64) -> u64 {
        if self.before.is_none_or(|before| pieces.profiler.snapshot().time != before.read) {
            let totals = Totals::read(pieces, now);
            if let Some(before) = self.before {
                self.judge(pieces, &totals.since(before));
            }
            self.before = Some(totals);
        }
        let most = pieces.shedding.latest().and_then(|decision| decision.most_per_second);
        let elapsed = Duration::from_nanos(now.saturating_sub(self.refilled_at));
        self.refilled_at = now;
        pieces.shedding.allowance.refill(most, elapsed);
        now.saturating_add(nanos(if most.is_some() { REFILL } else { LOOK }))
    }

    fn judge(&mut self, pieces: &Pieces, window: &Window) {
        let config = pieces.config.current();
        let origin = config.provenance().get(BUDGET_KEY).map(Setting::origin);
        if self.only_if_configured && origin.is_none_or(|origin| *origin == Origin::Default) {
            return;
        }
        self.governor.set_budget(config.settings().runtime.sidecar.resources.max_cpu_percent);
        let decision = self.governor.judge(window);
        let before = pieces.shedding.latest.lock().unwrap_or_else(PoisonError::into_inner).replace(decision);
        let was_shedding = before.is_some_and(|before| before.is_shedding());
        // Said while everything passes, so that it is heard.
        if decision.is_shedding() && !was_shedding {
            tell(&pieces.observer, decision);
        }
        pieces.sampler.set_throttle(decision.share);
        if was_shedding && !decision.is_shedding() {
            tell(&pieces.observer, decision);
        }
    }
}

/// Says that shedding has begun or ended, and by which figures. Subscribers of the log are foreign code.
fn tell(observer: &Observer, decision: Decision) {
    let Decision { share, cpu_percent, cost_seconds, wanted_per_second, .. } = decision;
    let is_shedding = decision.is_shedding();
    let _ = panics::contain(|| {
        tracing::warn!(is_shedding, share, cpu_percent, cost_seconds, wanted_per_second, "the CPU budget");
    });
    let event = Event::new(EVENT_TYPE)
        .with("is_shedding", is_shedding)
        .with("share", share)
        .with("cpu_percent", cpu_percent)
        .with("cost_seconds", cost_seconds.unwrap_or(0.0))
        .with("wanted_per_second", wanted_per_second);
    let _ = observer.observe(event);
}

/// The component `profiler`: over a budget, or shedding to stay within it.
pub(crate) fn verdict(report: &BudgetReport, shedding: &Shedding) -> CheckOutcome {
    let trouble = match (report.cpu_over_budget, report.memory_over_budget) {
        (false, false) => None,
        (true, false) => Some("over the CPU budget"),
        (false, true) => Some("over the memory budget"),
        (true, true) => Some("over the CPU and memory budgets"),
    };
    let share = shedding.latest().filter(Decision::is_shedding).map(|decision| decision.share);
    let outcome = match (trouble, share) {
        (Some(trouble), _) => CheckOutcome::degraded(trouble),
        (None, Some(_)) => CheckOutcome::degraded("events are shed to stay within the CPU budget"),
        (None, None) => CheckOutcome::healthy(),
    };
    outcome.with_number("cpu_percent", report.cpu_percent).with_number("share", share.unwrap_or(1.0))
}

/// The governor's own series.
pub(crate) fn series(out: &mut SourceOutput, shedding: &Shedding, report: &BudgetReport) {
    let decision = shedding.latest();
    let share = decision.map_or(1.0, |decision| decision.share);
    out.gauge("sidecar_budget_share_ratio", "Share of events that the CPU budget lets pass.")
        .sample(&[], share);
    let mut family =
        out.gauge("sidecar_budget_event_cost_seconds", "CPU time that one event is taken to cost.");
    if let Some(cost) = decision.and_then(|decision| decision.cost_seconds) {
        family.sample(&[], cost);
    }
    let mut family = out.gauge("sidecar_budget_used_ratio", "Use of the budget: 1 is all of it.");
    let parts = [
        ("cpu", report.cpu_percent / report.max_cpu_percent),
        ("memory", report.memory_mb / report.max_memory_mb),
    ];
    for (resource, used) in parts {
        family.sample(&[("resource", resource)], used);
    }
}
