//! The series of one rule: which have an alert, and how many.

use super::alert::{Alert, AlertReason, AlertState, Pairs};
use super::machine::{Edge, Machine, Phase};
use super::rule::{Checked, Reading};
use crate::labels::MAX_TAG_BYTES;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

/// Most series that one rule keeps a state of at a time.
pub const MAX_ALERT_SERIES: usize = 100;

/// How long a resolved alert is still listed: as long as Prometheus keeps one.
pub(crate) const RESOLVED_KEPT: u64 = 15 * 60 * 1_000_000_000;

/// A moment, by both clocks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Now {
    /// Nanoseconds that never decrease.
    pub(crate) steady: u64,
    pub(crate) wall: SystemTime,
}

#[derive(Debug)]
struct Series {
    machine: Machine,
    alert: Option<Alert>,
    /// When it was resolved, while it is listed as that.
    resolved: Option<u64>,
    /// Stands for all series, as long as none has been there.
    is_stand_in: bool,
}

/// The series of one rule that have a state.
#[derive(Debug, Default)]
pub(crate) struct Set {
    series: BTreeMap<Arc<Pairs>, Series>,
    left_out: usize,
}

impl Set {
    /// Takes what was read at `now`; returns what has fired or is over.
    pub(crate) fn step(&mut self, rule: &Checked, readings: Vec<Reading>, now: Now) -> Vec<Alert> {
        let (mut read, unfit) = by_labels(rule, readings);
        let has_data = read.values().any(Option::is_some);
        let mut edges = Vec::new();
        for (labels, series) in &mut self.series {
            let value = read.remove(&***labels);
            let (machine, conditions) = (&mut series.machine, &rule.conditions);
            let edge = match value {
                None if series.is_stand_in && has_data => machine.step_present(now.steady, conditions),
                value => machine.step(value.flatten(), now.steady, conditions),
            };
            series.is_stand_in &= value.is_none();
            edges.extend(series.note(rule, labels, edge, value.flatten(), now));
        }
        self.series.retain(|_, series| series.is_needed(rule, has_data, now.steady));
        self.left_out = unfit + self.admit(rule, read, now, &mut edges);
        if rule.conditions.absent.is_some() && self.series.is_empty() {
            let labels = Arc::new(rule.labels.clone());
            let series = Series { is_stand_in: true, ..Series::new(now.steady) };
            self.series.insert(labels, series);
        }
        edges
    }

    /// Takes in series that have had no state, the worst first, while there is room; returns how many are left out.
    ///
    /// What has a state keeps it: if worse ones took the place of pending ones, none might ever fire.
    fn admit(
        &mut self,
        rule: &Checked,
        read: BTreeMap<Pairs, Option<f64>>,
        now: Now,
        edges: &mut Vec<Alert>,
    ) -> usize {
        let threshold = rule.conditions.threshold;
        let is_met = |value: f64| threshold.is_some_and(|threshold| threshold.is_met(value));
        let badness = |value: f64| threshold.map_or(0.0, |threshold| threshold.badness(value));
        let is_watched = rule.conditions.absent.is_some();
        let mut new: Vec<(Pairs, f64)> = read
            .into_iter()
            .filter_map(|(labels, value)| Some((labels, value?)))
            .filter(|(_, value)| is_watched || is_met(*value))
            .collect();
        new.sort_by(|a, b| badness(b.1).total_cmp(&badness(a.1)));
        let mut left_out = 0;
        for (labels, value) in new {
            if self.series.len() >= MAX_ALERT_SERIES && !(is_met(value) && self.make_room(now.steady)) {
                left_out += 1;
                continue;
            }
            let labels = Arc::new(labels);
            let mut series = Series::new(now.steady);
            let edge = series.machine.step(Some(value), now.steady, &rule.conditions);
            edges.extend(series.note(rule, &labels, edge, Some(value), now));
            self.series.insert(labels, series);
        }
        left_out
    }

    /// Forgets one series that has nothing pending or firing: of those that are only listed the oldest, or else
    /// one that has data.
    fn make_room(&mut self, now: u64) -> bool {
        let idle = self.series.iter().filter(|(_, series)| series.machine.phase() == Phase::Inactive);
        let least = idle.min_by_key(|(_, series)| match series.resolved {
            Some(at) => (false, at),
            None => (true, series.machine.gap(now)),
        });
        let least = least.map(|(labels, _)| Arc::clone(labels));
        least.is_some_and(|labels| self.series.remove(&labels).is_some())
    }

    /// Ends every alert, as when the rule is taken away; returns those that fired.
    pub(crate) fn resolve_all(&mut self, wall: SystemTime) -> Vec<Alert> {
        let firing = std::mem::take(&mut self.series).into_values().filter_map(|series| series.alert);
        firing
            .filter(|alert| alert.state == AlertState::Firing)
            .map(|alert| Alert { state: AlertState::Resolved, resolved_at: Some(wall), ..alert })
            .collect()
    }

    pub(crate) fn alerts(&self) -> impl Iterator<Item = &Alert> {
        self.series.values().filter_map(|series| series.alert.as_ref())
    }

    /// How many series had no room at the last step.
    pub(crate) fn left_out(&self) -> usize {
        self.left_out
    }
}

impl Series {
    fn new(now: u64) -> Self {
        Self { machine: Machine::new(now), alert: None, resolved: None, is_stand_in: false }
    }

    /// Writes down what a step has done; returns the alert if somebody has to be told.
    fn note(
        &mut self,
        rule: &Checked,
        labels: &Arc<Pairs>,
        edge: Option<Edge>,
        value: Option<f64>,
        now: Now,
    ) -> Option<Alert> {
        if let (Some(alert), Some(value)) = (&mut self.alert, value) {
            alert.value = Some(value);
        }
        match self.machine.phase() {
            Phase::Pending { .. } => {
                self.active(rule, labels, value, now).state = AlertState::Pending;
            }
            Phase::Firing { reason, .. } => {
                let alert = self.active(rule, labels, value, now);
                (alert.state, alert.reason) = (AlertState::Firing, reason);
                alert.fired_at.get_or_insert(now.wall);
            }
            Phase::Inactive if edge == Some(Edge::Resolved) => {
                self.resolved = Some(now.steady);
                if let Some(alert) = &mut self.alert {
                    (alert.state, alert.resolved_at) = (AlertState::Resolved, Some(now.wall));
                }
            }
            Phase::Inactive => {
                self.alert.take_if(|alert| alert.state == AlertState::Pending);
            }
        }
        edge.and_then(|_| self.alert.clone())
    }

    /// The alert that is going on; a new one if the last one is over.
    fn active(&mut self, rule: &Checked, labels: &Arc<Pairs>, value: Option<f64>, now: Now) -> &mut Alert {
        self.resolved = None;
        self.alert.take_if(|alert| alert.state == AlertState::Resolved);
        self.alert.get_or_insert_with(|| Alert {
            rule: Arc::clone(&rule.text),
            labels: Arc::clone(labels),
            state: AlertState::Pending,
            reason: AlertReason::Threshold,
            value,
            since: now.wall,
            fired_at: None,
            resolved_at: None,
        })
    }

    fn is_needed(&mut self, rule: &Checked, has_data: bool, now: u64) -> bool {
        if self.machine.phase() != Phase::Inactive {
            return true;
        }
        if self.resolved.is_some_and(|at| now.saturating_sub(at) >= RESOLVED_KEPT) {
            (self.resolved, self.alert) = (None, None);
        }
        let is_watched = rule.conditions.absent.is_some() && !(self.is_stand_in && has_data);
        self.resolved.is_some() || is_watched
    }
}

/// The readings by the labels of their alerts, without NaN, and how many had tags too long to keep. Of readings
/// that become alike the worst counts.
fn by_labels(rule: &Checked, readings: Vec<Reading>) -> (BTreeMap<Pairs, Option<f64>>, usize) {
    let mut read = BTreeMap::new();
    let mut unfit = 0;
    let badness = |value: f64| rule.conditions.threshold.map_or(0.0, |threshold| threshold.badness(value));
    for Reading { tags, value } in readings {
        let bytes: usize = tags.iter().map(|(key, value)| key.len() + value.len()).sum();
        if bytes > MAX_TAG_BYTES {
            unfit += 1;
            continue;
        }
        let value = value.filter(|value| !value.is_nan());
        let known: &mut Option<f64> = read.entry(merged(rule, tags)).or_default();
        *known = match (*known, value) {
            (Some(known), Some(value)) if badness(known) >= badness(value) => Some(known),
            (known, value) => value.or(known),
        };
    }
    (read, unfit)
}

/// The tags of a series with the rule's labels over them. A tag without a value is none, and the name of the rule
/// is not a tag's to give.
fn merged(rule: &Checked, tags: Vec<(String, String)>) -> Pairs {
    let tags = tags.into_iter().filter(|(key, value)| !value.is_empty() && key != "alertname");
    let mut all: BTreeMap<Box<str>, Box<str>> = tags.map(|(key, value)| (key.into(), value.into())).collect();
    all.extend(rule.labels.iter().cloned());
    all.into_iter().collect()
}

#[cfg(test)]
mod tests;
