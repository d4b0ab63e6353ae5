//! What health looks like at one instant.

use std::sync::Arc;
use std::time::SystemTime;

use crate::aggregate::{Part, Whole, aggregate};
use crate::evidence::Moment;
use crate::outcome::CheckOutcome;
use crate::slot::Published;
use crate::snapshot::Snapshot;
use crate::state::Judgement;
use crate::status::{Cause, Status};

/// The whole and every component, judged at one instant.
///
/// With the feature `serde` it serialises as
/// `{"status": .., "timestamp": .., "healthy_share": .., "components": {NAME: {"status", "last_check",
/// "critical", "cause", "message"}}}`, times in RFC 3339, what there is none of as null, and `numbers` in a
/// component whose check gave some. Where something fails there is also `root_causes`, a list of names, and
/// `caused_by` in every component that is not checked because of it.
#[derive(Clone, Debug)]
pub struct HealthReport {
    whole: Whole,
    timestamp: SystemTime,
    components: Vec<ComponentHealth>,
}

impl HealthReport {
    pub(crate) fn new(snapshot: &Snapshot, at: Moment, degraded_threshold: f64) -> Self {
        let mut components: Vec<_> =
            snapshot.components.iter().map(|each| ComponentHealth::new(Arc::clone(each), at)).collect();
        // Judged now: something may have failed since the scheduler looked, if it still does. What is suppressed itself
        // is no cause, not even when nothing stands in its way any more and it has only not been checked yet.
        let fails = |place: usize| {
            let component: &ComponentHealth = &components[place];
            component.status == Status::Unhealthy && !component.published.suppressed
        };
        let blockers = snapshot.graph.blockers(components.len(), fails);
        for (place, component) in components.iter_mut().enumerate() {
            let blockers = blockers.get(place).map_or(&[][..], Vec::as_slice);
            if !blockers.is_empty() || component.published.suppressed {
                component.suppress(blockers.iter().map(|&at| Arc::clone(&snapshot.components[at].name)));
            }
        }
        let parts = components.iter().filter(|each| each.published.enabled).map(ComponentHealth::part);
        let whole = aggregate(parts, degraded_threshold);
        Self { whole, timestamp: at.wall, components }
    }

    /// How the whole stands: the worst of every critical component's status and every other's capped at
    /// [`Status::Degraded`]; unhealthy also when too large a share of the application's components fails.
    #[must_use]
    pub fn status(&self) -> Status {
        self.whole.status
    }

    /// When it was judged.
    #[must_use]
    pub fn timestamp(&self) -> SystemTime {
        self.timestamp
    }

    /// Of the application's components that have a verdict, the share that does not fail, from 0.0 to
    /// 1.0; none without any verdict.
    #[must_use]
    pub fn healthy_share(&self) -> Option<f64> {
        self.whole.healthy_share
    }

    /// Every component, by name, built-in ones included.
    pub fn components(&self) -> impl ExactSizeIterator<Item = &ComponentHealth> {
        self.components.iter()
    }

    /// The names of the components that fail, by name. None of them depends on another one that fails: one that
    /// does is not checked, and unknown.
    pub fn root_causes(&self) -> impl Iterator<Item = &str> {
        self.components.iter().filter(|each| each.status == Status::Unhealthy).map(ComponentHealth::name)
    }

    /// One component.
    #[must_use]
    pub fn component(&self, name: &str) -> Option<&ComponentHealth> {
        let at = self.components.binary_search_by(|each| each.name().cmp(name)).ok()?;
        Some(&self.components[at])
    }

    /// The same without anything that a check said: messages are fixed sentences, one per cause, and
    /// numbers are left out. For readers who have not shown that they may see more.
    #[must_use]
    pub fn redacted(mut self) -> Self {
        for component in &mut self.components {
            component.detail = None;
        }
        self
    }
}

/// One component, judged at one instant.
#[derive(Clone, Debug)]
pub struct ComponentHealth {
    published: Arc<Published>,
    status: Status,
    cause: Option<Cause>,
    detail: Option<Arc<CheckOutcome>>,
    last_check: Option<SystemTime>,
    caused_by: Vec<Arc<str>>,
    /// The status, or without one the last verdict of old.
    verdict: Status,
}

impl ComponentHealth {
    fn new(published: Arc<Published>, at: Moment) -> Self {
        let Judgement { status, cause, detail } = published.own(at.now);
        let last_check = match &published.pulse {
            Some(pulse) => pulse.last().map(|last| at.wall_at(last)),
            None => published.state.last_check(),
        };
        let held = published.state.held().filter(|_| published.suppressed || status == Status::Unknown);
        let (verdict, caused_by) = (held.unwrap_or(status), Vec::new());
        Self { published, status, cause, detail, last_check, caused_by, verdict }
    }

    fn suppress(&mut self, causes: impl Iterator<Item = Arc<str>>) {
        let Judgement { status, cause, detail } = Judgement::DEPENDENCY;
        (self.status, self.cause, self.detail) = (status, cause, detail);
        self.caused_by = causes.collect();
    }

    fn part(&self) -> Part {
        Part {
            status: self.status,
            verdict: self.verdict,
            critical: self.is_critical(),
            application: !self.is_built_in(),
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.published.name
    }

    /// How it stands.
    #[must_use]
    pub fn status(&self) -> Status {
        self.status
    }

    /// Why it is not healthy; none if it is.
    #[must_use]
    pub fn cause(&self) -> Option<Cause> {
        self.cause
    }

    /// Of those on which it depends, however indirectly, the names of the ones because of which it is not
    /// checked: see [`HealthReport::root_causes`]. Empty, too, for a moment after they have recovered.
    pub fn caused_by(&self) -> impl ExactSizeIterator<Item = &str> {
        self.caused_by.iter().map(|name| &**name)
    }

    /// What the check said, or else the cause's fixed sentence.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        let own = self.detail.as_deref().and_then(CheckOutcome::message);
        own.or_else(|| self.cause.map(Cause::sentence))
    }

    /// The numbers that the check gave with what [`message`](Self::message) shows.
    pub fn numbers(&self) -> impl Iterator<Item = (&str, f64)> {
        self.detail.iter().flat_map(|outcome| outcome.numbers())
    }

    /// When the last run ended or was found to be over its timeout, or the last beat of a heartbeat came; none
    /// before the first.
    #[must_use]
    pub fn last_check(&self) -> Option<SystemTime> {
        self.last_check
    }

    /// How many runs have ended or were found to be over their timeout; of a heartbeat, how many beats came.
    #[must_use]
    pub fn runs(&self) -> u64 {
        self.published.pulse.as_ref().map_or(self.published.state.runs(), |pulse| pulse.beats())
    }

    /// Whether the whole is only as good as this component, as long as it is checked at all; so it is also if
    /// something critical depends on it.
    #[must_use]
    pub fn is_critical(&self) -> bool {
        self.published.critical
    }

    /// Whether it stands for a part of the sidecar, rather than of the application.
    #[must_use]
    pub fn is_built_in(&self) -> bool {
        !self.published.application
    }
}
