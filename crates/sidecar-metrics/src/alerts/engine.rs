//! All rules of a collector: evaluating them, and telling what they say.

use super::alert::{Alert, AlertState};
use super::error::AlertError;
use super::notifier::Notifier;
use super::rule::{AlertRule, Checked, Input, Reading};
use super::set::{Now, Set};
use super::stats::Stats;
use crate::misuse::Misuse;
use parking_lot::Mutex;
use sidecar_core::clock::nanos;
use sidecar_core::panics;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant, SystemTime};

/// Most rules of a collector.
pub const MAX_ALERT_RULES: usize = 256;

/// How often rules are evaluated unless set.
pub const DEFAULT_ALERT_INTERVAL: Duration = Duration::from_secs(5);

/// All alerts of a collector at one moment.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct AlertsSnapshot {
    /// Firing ones first, then pending ones, then those that were resolved within 15 minutes; each by rule and labels.
    pub alerts: Vec<Alert>,
    /// How many rules there are.
    pub rules: usize,
    /// How many series had no room for an alert at the last evaluation.
    pub left_out: usize,
    /// How often the rules have been evaluated.
    pub evaluations: u64,
}

impl AlertsSnapshot {
    /// The alerts that fire.
    pub fn firing(&self) -> impl Iterator<Item = &Alert> {
        self.alerts.iter().filter(|alert| alert.state() == AlertState::Firing)
    }
}

#[derive(Debug)]
pub(crate) struct Engine {
    /// Nanoseconds. Relaxed: it guards nothing.
    interval: AtomicU64,
    state: Mutex<State>,
    notifier: Notifier,
    stats: Arc<Stats>,
    misuse: Arc<Misuse>,
}

#[derive(Debug, Default)]
struct State {
    rules: BTreeMap<Box<str>, Entry>,
    /// The last reading of the clock, and the sum of its steps forward: what rules count by. A clock that steps
    /// back neither prolongs nor stops anything.
    clock: Option<u64>,
    steady: u64,
    due: u64,
    is_evaluating: bool,
    evaluations: u64,
    is_source: bool,
}

#[derive(Debug)]
struct Entry {
    rule: Arc<Checked>,
    set: Set,
}

impl Engine {
    pub(crate) fn new(misuse: Arc<Misuse>) -> Self {
        let stats = Arc::<Stats>::default();
        let notifier = Notifier::new(Arc::clone(&stats), Arc::clone(&misuse));
        let interval = AtomicU64::new(nanos(DEFAULT_ALERT_INTERVAL));
        Self { interval, state: Mutex::default(), notifier, stats, misuse }
    }

    pub(crate) fn set_interval(&self, interval: Duration) {
        self.interval.store(nanos(interval), Relaxed);
    }

    /// Takes in a rule. The counts to expose come with the first one.
    pub(crate) fn add(&self, rule: AlertRule) -> Result<Option<Arc<Stats>>, AlertError> {
        let rule = Arc::new(rule.check()?);
        if !rule.hooks.is_empty() {
            self.notifier.start().map_err(AlertError::Thread)?;
        }
        let mut state = self.state.lock();
        let Some(refused) = state.refusal(&rule.text.name) else {
            if state.rules.is_empty() {
                // There was nothing to be due for.
                state.due = state.steady;
            }
            state.rules.insert(rule.text.name.clone(), Entry { rule, set: Set::default() });
            let is_first = !std::mem::replace(&mut state.is_source, true);
            return Ok(is_first.then(|| Arc::clone(&self.stats)));
        };
        // The refused rule is dropped without the lock: its hooks are foreign code.
        drop(state);
        Err(refused)
    }

    /// Takes a rule away; what fires is resolved.
    pub(crate) fn remove(&self, name: &str, wall: SystemTime) -> bool {
        let mut state = self.state.lock();
        let Some(mut entry) = state.rules.remove(name) else { return false };
        for alert in entry.set.resolve_all(wall) {
            self.notifier.put(&entry.rule, alert);
        }
        self.count(&state);
        drop(state);
        true
    }

    /// Evaluates every rule if that is due at `clock`, nanoseconds of any monotonic clock; says when it will be due.
    pub(crate) fn tick(&self, clock: u64, wall: SystemTime, read: impl Fn(&Input) -> Vec<Reading>) -> u64 {
        if let Some(evaluation) = self.begin(clock) {
            self.evaluate(&evaluation, wall, read);
        }
        let state = self.state.lock();
        if state.rules.is_empty() {
            return u64::MAX;
        }
        clock.saturating_add(state.due.saturating_sub(state.steady))
    }

    fn evaluate(&self, evaluation: &Evaluation<'_>, wall: SystemTime, read: impl Fn(&Input) -> Vec<Reading>) {
        let now = Now { steady: evaluation.steady, wall };
        for rule in &evaluation.rules {
            // Without the lock: it is foreign code.
            let readings = panics::contain(|| read(&rule.input)).unwrap_or_else(|message| {
                let name = &rule.text.name;
                self.misuse.count(format_args!("the reading of alert rule {name:?} panicked: {message}"));
                Vec::new()
            });
            let mut state = self.state.lock();
            // Unless it was taken away meanwhile, or replaced.
            let known = state.rules.get_mut(&rule.text.name).filter(|entry| Arc::ptr_eq(&entry.rule, rule));
            if let Some(entry) = known {
                for alert in entry.set.step(rule, readings, now) {
                    // With the lock, so that the edges of one alert are queued in their order.
                    self.notifier.put(rule, alert);
                }
            }
        }
    }

    /// Counts a reading that was refused.
    pub(crate) fn refused(&self, error: impl fmt::Display) {
        self.misuse.count(error);
    }

    fn begin(&self, clock: u64) -> Option<Evaluation<'_>> {
        let mut state = self.state.lock();
        let forward = state.clock.map_or(0, |last| clock.saturating_sub(last));
        state.clock = Some(clock);
        state.steady = state.steady.saturating_add(forward);
        if state.is_evaluating || state.steady < state.due {
            return None;
        }
        state.is_evaluating = true;
        state.due = state.steady.saturating_add(self.interval.load(Relaxed));
        let rules = state.rules.values().map(|entry| Arc::clone(&entry.rule)).collect();
        Some(Evaluation { engine: self, steady: state.steady, rules })
    }

    fn count(&self, state: &State) {
        let (mut firing, mut pending) = (0, 0);
        for alert in state.rules.values().flat_map(|entry| entry.set.alerts()) {
            match alert.state() {
                AlertState::Firing => firing += 1,
                AlertState::Pending => pending += 1,
                AlertState::Resolved => {}
            }
        }
        self.stats.firing.store(firing, Relaxed);
        self.stats.pending.store(pending, Relaxed);
        self.stats.left_out.store(left_out(state), Relaxed);
    }

    pub(crate) fn snapshot(&self) -> AlertsSnapshot {
        let state = self.state.lock();
        // Each rule's alerts are sorted by labels, and the rules by name; the sort is stable.
        let mut alerts: Vec<Alert> =
            state.rules.values().flat_map(|entry| entry.set.alerts()).cloned().collect();
        alerts.sort_by_key(|alert| Reverse(alert.state()));
        AlertsSnapshot {
            alerts,
            rules: state.rules.len(),
            left_out: left_out(&state),
            evaluations: state.evaluations,
        }
    }

    pub(crate) fn wait(&self, timeout: Duration) -> bool {
        let now = Instant::now();
        self.notifier.wait(now.checked_add(timeout).unwrap_or(now + super::MAX_HOLD))
    }
}

impl State {
    fn refusal(&self, name: &str) -> Option<AlertError> {
        let rule = || name.to_owned();
        if self.rules.contains_key(name) {
            return Some(AlertError::Duplicate { rule: rule() });
        }
        let limit = MAX_ALERT_RULES;
        (self.rules.len() >= limit).then(|| AlertError::TooManyRules { rule: rule(), limit })
    }
}

fn left_out(state: &State) -> usize {
    state.rules.values().map(|entry| entry.set.left_out()).sum()
}

/// One evaluation: there is one at a time, and it ends also if it panics.
struct Evaluation<'a> {
    engine: &'a Engine,
    steady: u64,
    rules: Vec<Arc<Checked>>,
}

impl Drop for Evaluation<'_> {
    fn drop(&mut self) {
        let mut state = self.engine.state.lock();
        state.is_evaluating = false;
        state.evaluations += 1;
        self.engine.count(&state);
    }
}
