//! The state of one series under one rule, as a pure function of what was read and when.
//!
//! The states and their edges are those of Prometheus' `rules/alerting.go`; added are a threshold of its own for
//! clearing, and absent data, which there ends an alert at once.

use super::alert::AlertReason;

/// On which side of the threshold the condition holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Above,
    Below,
}

/// When the condition holds, and when it is over.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Threshold {
    pub(crate) side: Side,
    pub(crate) fire: f64,
    /// Without it the condition is over as soon as it does not hold.
    pub(crate) clear: Option<f64>,
}

/// What a value says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Met,
    /// Not met, but no reason either to end an alert that is there.
    Between,
    Clear,
}

impl Threshold {
    fn judge(&self, value: f64) -> Verdict {
        let (met, clear) = match self.side {
            Side::Above => (value > self.fire, self.clear.is_none_or(|clear| value < clear)),
            Side::Below => (value < self.fire, self.clear.is_none_or(|clear| value > clear)),
        };
        match (met, clear) {
            (true, _) => Verdict::Met,
            (false, true) => Verdict::Clear,
            (false, false) => Verdict::Between,
        }
    }

    /// Whether the condition holds.
    pub(crate) fn is_met(&self, value: f64) -> bool {
        self.judge(value) == Verdict::Met
    }

    /// How bad a value is: the larger, the worse.
    pub(crate) fn badness(&self, value: f64) -> f64 {
        match self.side {
            Side::Above => value,
            Side::Below => -value,
        }
    }
}

/// What a rule asks of each of its series. Times are nanoseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Conditions {
    pub(crate) threshold: Option<Threshold>,
    pub(crate) hold: u64,
    pub(crate) keep_firing_for: u64,
    /// Fires after so long without data.
    pub(crate) absent: Option<u64>,
    /// Without `absent`: how long the state stays as it is without data.
    pub(crate) keep_absent_for: u64,
}

/// Where a series stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Inactive,
    Pending { since: u64 },
    Firing { reason: AlertReason, clear_since: Option<u64> },
}

/// What somebody has to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Edge {
    Fired,
    Resolved,
}

/// The state of one series. `now` must not decrease from step to step.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    phase: Phase,
    last_data: u64,
}

impl Machine {
    /// A series that is seen for the first time.
    pub(crate) fn new(now: u64) -> Self {
        Self { phase: Phase::Inactive, last_data: now }
    }

    pub(crate) fn phase(&self) -> Phase {
        self.phase
    }

    /// How long there has been no data.
    pub(crate) fn gap(&self, now: u64) -> u64 {
        now.saturating_sub(self.last_data)
    }

    /// Takes what was read at `now`: `None` and NaN are no data.
    pub(crate) fn step(&mut self, value: Option<f64>, now: u64, conditions: &Conditions) -> Option<Edge> {
        match value.filter(|value| !value.is_nan()) {
            Some(value) => {
                let verdict = conditions.threshold.map_or(Verdict::Clear, |threshold| threshold.judge(value));
                self.seen(verdict, now, conditions)
            }
            None => self.unseen(now, conditions),
        }
    }

    /// There is data which no threshold judges.
    pub(crate) fn step_present(&mut self, now: u64, conditions: &Conditions) -> Option<Edge> {
        self.seen(Verdict::Clear, now, conditions)
    }

    fn seen(&mut self, verdict: Verdict, now: u64, conditions: &Conditions) -> Option<Edge> {
        self.last_data = now;
        match (self.phase, verdict) {
            (Phase::Firing { .. }, Verdict::Met) => {
                self.phase = Phase::Firing { reason: AlertReason::Threshold, clear_since: None };
                None
            }
            (phase, Verdict::Met) => {
                let since = if let Phase::Pending { since } = phase { since } else { now };
                if now.saturating_sub(since) < conditions.hold {
                    self.phase = Phase::Pending { since };
                    return None;
                }
                self.fire(AlertReason::Threshold)
            }
            (Phase::Firing { reason: AlertReason::Threshold, .. }, Verdict::Between) => {
                self.phase = Phase::Firing { reason: AlertReason::Threshold, clear_since: None };
                None
            }
            (Phase::Firing { reason, clear_since }, Verdict::Clear | Verdict::Between) => {
                self.clear(reason, clear_since.unwrap_or(now), now, conditions)
            }
            (Phase::Inactive | Phase::Pending { .. }, Verdict::Clear | Verdict::Between) => {
                self.phase = Phase::Inactive;
                None
            }
        }
    }

    fn unseen(&mut self, now: u64, conditions: &Conditions) -> Option<Edge> {
        let gap = self.gap(now);
        let is_absent = conditions.absent.is_some_and(|absent| gap >= absent);
        let is_over = conditions.absent.is_none() && gap >= conditions.keep_absent_for;
        match self.phase {
            Phase::Firing { reason, .. } if is_absent => {
                self.phase = Phase::Firing { reason, clear_since: None };
                None
            }
            Phase::Firing { reason, clear_since } if is_over || clear_since.is_some() => {
                self.clear(reason, clear_since.unwrap_or(now), now, conditions)
            }
            Phase::Inactive | Phase::Pending { .. } if is_absent => self.fire(AlertReason::NoData),
            Phase::Pending { .. } if is_over => {
                self.phase = Phase::Inactive;
                None
            }
            _ => None,
        }
    }

    fn fire(&mut self, reason: AlertReason) -> Option<Edge> {
        self.phase = Phase::Firing { reason, clear_since: None };
        Some(Edge::Fired)
    }

    fn clear(&mut self, reason: AlertReason, since: u64, now: u64, conditions: &Conditions) -> Option<Edge> {
        if now.saturating_sub(since) < conditions.keep_firing_for {
            self.phase = Phase::Firing { reason, clear_since: Some(since) };
            return None;
        }
        self.phase = Phase::Inactive;
        Some(Edge::Resolved)
    }
}

#[cfg(test)]
mod tests;
