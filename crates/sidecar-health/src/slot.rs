//! One component as the engine keeps it, and the part of it that readers see.

use std::sync::Arc;
use std::time::Duration;

use crate::built_in::Judge;
use crate::component::Spacing;
use crate::evidence::{Evidence, Moment};
use crate::history::{self, History, Transition};
use crate::hysteresis::Thresholds;
use crate::listeners::Transitions;
use crate::names;
use crate::pulse::Pulse;
use crate::schedule::{Schedule, Timing};
use crate::settings::HealthSettings;
use crate::state::{Judgement, State};
use crate::status::Status;
use crate::worker::Runner;

/// What readers see of a component. Holds nothing of the application's, so that dropping one is harmless.
#[derive(Clone, Debug)]
pub(crate) struct Published {
    pub(crate) name: Arc<str>,
    pub(crate) critical: bool,
    /// Whether it would be critical if nothing depended on it.
    pub(crate) own_critical: bool,
    /// Whether it would be if no setting named it either.
    pub(crate) given_critical: bool,
    pub(crate) depends_on: Vec<Arc<str>>,
    /// Not checked, because something that it depends on failed when the scheduler last looked.
    pub(crate) suppressed: bool,
    pub(crate) application: bool,
    /// Whether there is evidence. Without, it is unknown and counts in nothing.
    pub(crate) enabled: bool,
    pub(crate) thresholds: Thresholds,
    pub(crate) max_age: u64,
    pub(crate) state: State,
    /// Where the evidence of a heartbeat comes from, instead of `state`.
    pub(crate) pulse: Option<Arc<Pulse>>,
    /// Whether the process is not to be left running once it fails.
    pub(crate) vital: bool,
    pub(crate) history: History,
}

impl Published {
    /// How it reads as far as the scheduler knows what it depends on.
    pub(crate) fn judge(&self, now: u64) -> Judgement {
        if self.suppressed { Judgement::DEPENDENCY } else { self.own(now) }
    }

    /// How it reads on its own evidence.
    pub(crate) fn own(&self, now: u64) -> Judgement {
        match &self.pulse {
            _ if !self.enabled => Judgement::DISABLED,
            Some(pulse) => pulse.judge(now, self.max_age),
            None => self.state.judge(now, self.max_age),
        }
    }

    /// Whether whatever depends on it is to be suppressed. A lease that ran out while it was suppressed itself says
    /// nothing about it, so that all of a chain are checked again at once.
    pub(crate) fn fails(&self, now: u64) -> bool {
        let lapsed = self.suppressed && self.state.lapsed(now, self.max_age);
        !lapsed && self.own(now).status == Status::Unhealthy
    }

    /// Whether it has a say in liveness, and says no.
    pub(crate) fn is_dead(&self, now: u64) -> bool {
        self.vital && self.fails(now)
    }

    /// Whether it has ever been healthy or degraded.
    pub(crate) fn ever_up(&self) -> bool {
        self.pulse.as_ref().map_or(self.state.ever_up(), |pulse| pulse.beats() > 0)
    }

    /// Whether its check may begin.
    pub(crate) fn may_run(&self) -> bool {
        self.enabled && !self.suppressed
    }

    /// Whether readiness and start-up wait for it.
    pub(crate) fn gates(&self) -> bool {
        self.application && self.critical && self.enabled
    }
}

/// Where a component's evidence comes from.
pub(crate) enum Work {
    Check {
        timing: Timing,
        /// Where the timing comes from, if the interval is that of the settings.
        spacing: Option<Spacing>,
        schedule: Schedule,
        worker: Runner,
    },
    BuiltIn {
        judge: Judge,
        due: u64,
    },
    /// Nowhere: it is a heartbeat, or everything was stopped.
    Idle,
}

/// A component as the engine keeps it.
pub(crate) struct Slot {
    /// Tells this registration from an earlier one of the same name, whose results may still come in.
    pub(crate) id: u64,
    pub(crate) published: Arc<Published>,
    pub(crate) work: Work,
    seen: Status,
}

impl Slot {
    pub(crate) fn new(id: u64, published: Published, work: Work) -> Self {
        Self { id, published: Arc::new(published), work, seen: Status::Unknown }
    }

    /// Takes evidence into account. `transitions` takes those of all components.
    pub(crate) fn record(&mut self, at: Moment, evidence: Evidence, transitions: &mut Transitions) {
        // A lease that ran out unseen is a transition of its own, before the one that this may cause.
        self.note(at, transitions);
        let published = Arc::make_mut(&mut self.published);
        published.state.record(at, evidence, published.thresholds, published.max_age);
        if published.suppressed {
            published.state.suppress(at.now, published.max_age);
        }
        self.note(at, transitions);
    }

    /// Suppresses it or ends that. Once it ends, the check is due.
    pub(crate) fn suppress(&mut self, suppressed: bool, at: Moment, transitions: &mut Transitions) {
        if self.published.suppressed == suppressed {
            return;
        }
        self.note(at, transitions);
        let published = Arc::make_mut(&mut self.published);
        published.suppressed = suppressed;
        if suppressed {
            published.state.suppress(at.now, published.max_age);
        } else {
            published.state.resume(at.now, published.max_age);
            if let Work::Check { schedule: Schedule::Waiting { due }, .. } = &mut self.work {
                *due = at.now;
            }
        }
        self.note(at, transitions);
    }

    /// Has it follow the settings, if they say something else than before.
    pub(crate) fn configure(&mut self, settings: &HealthSettings, at: Moment, transitions: &mut Transitions) {
        let shown = &*self.published;
        // Of what is built in, only a breaker can be critical by its name.
        let can_be_named = shown.application || names::breaker(&shown.name).is_some();
        let named = can_be_named && settings.critical_components.contains(&*shown.name);
        let own_critical = shown.given_critical || named;
        let enabled = settings.enabled || !shown.application;
        let is_new_timing = self.follow(settings.check_interval, at.now);
        let shown = &*self.published;
        if (shown.own_critical, shown.enabled) == (own_critical, enabled) && is_new_timing.is_none() {
            return;
        }
        self.note(at, transitions);
        let published = Arc::make_mut(&mut self.published);
        published.own_critical = own_critical;
        published.max_age = is_new_timing.unwrap_or(published.max_age);
        if enabled && !published.enabled {
            // What was found out before is too old to say anything.
            published.state = State::NEW;
            if let Work::Check { schedule: Schedule::Waiting { due }, .. } = &mut self.work {
                *due = at.now;
            }
        }
        published.enabled = enabled;
        self.note(at, transitions);
    }

    /// Has its check follow the interval of the settings, if it has none of its own; the lease, if that changed it.
    fn follow(&mut self, interval: Duration, now: u64) -> Option<u64> {
        let Work::Check { timing, spacing: Some(spacing), schedule, .. } = &mut self.work else {
            return None;
        };
        let (new, max_age) = spacing.stretched(interval);
        if new.interval == timing.interval {
            return None;
        }
        *timing = new;
        if let Schedule::Waiting { due } = schedule {
            *due = (*due).min(now.saturating_add(new.interval));
        }
        Some(max_age)
    }

    /// Replaces what the last failure says.
    pub(crate) fn amend(&mut self, evidence: Evidence) {
        Arc::make_mut(&mut self.published).state.amend(evidence);
    }

    /// Writes down a transition if the component reads differently than at the last look.
    pub(crate) fn note(&mut self, at: Moment, transitions: &mut Transitions) {
        let judged = self.published.judge(at.now);
        if judged.status == self.seen {
            return;
        }
        transitions.count += 1;
        let transition = Transition {
            sequence: transitions.count,
            component: Arc::clone(&self.published.name),
            from: std::mem::replace(&mut self.seen, judged.status),
            to: judged.status,
            cause: judged.cause,
            at: at.wall,
        };
        transitions.push(&transition);
        history::push(&mut Arc::make_mut(&mut self.published).history, transition);
    }
}
