//! When a closed breaker opens: policies as plain values.

use crate::SettingsError;
use std::time::Duration;

/// What opens a closed breaker: one rule, or several of which any one opens.
///
/// ```
/// use sidecar_breaker::{Breaker, Policy};
/// use std::time::Duration;
///
/// let policy = Policy::failure_rate(0.5)
///     .over(Duration::from_secs(10))
///     .min_calls(20)
///     .or(Policy::consecutive_failures(5))
///     .or(Policy::slow_call_rate(0.8, Duration::from_secs(2)));
/// let breaker = Breaker::builder("payments").policy(policy).build()?;
/// # Ok::<(), sidecar_breaker::SettingsError>(())
/// ```
///
/// Values are checked when a breaker is built with them.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    first: Rule,
    others: Vec<Rule>,
}

/// INVARIANT of a policy in use: [`Policy::validate`] has passed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Rule {
    Failures { count: u32, within: Duration },
    Consecutive { count: u32 },
    Rate { share: f64, slower_than: Option<Duration>, min_calls: u32, over: Over },
}

/// Which calls a rate is judged by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Over {
    Time(Duration),
    Calls(u32),
}

impl Policy {
    /// Rules that a policy may have at most.
    pub const MAX_RULES: usize = 4;
    /// Calls without which no rate is judged, when nothing else is given.
    pub const DEFAULT_MIN_CALLS: u32 = 10;
    /// Time over which a rate is judged, when nothing else is given.
    pub const DEFAULT_OVER: Duration = Duration::from_secs(60);
    /// Calls over which a rate may be judged at most. Each takes 8 bytes.
    pub const MAX_OVER_CALLS: u32 = 4_096;
    /// Calls that may be asked for at most before a rate over time is judged.
    pub const MAX_MIN_CALLS: u32 = 100_000;

    /// This many failures, at least 1, inside a sliding window of time.
    pub fn failures(count: u32) -> Failures {
        Failures { count, within: crate::BreakerSettings::DEFAULT_SLIDING_WINDOW }
    }

    /// This many failures, at least 1, without a success between them.
    #[must_use]
    pub fn consecutive_failures(count: u32) -> Self {
        Self::of(Rule::Consecutive { count })
    }

    /// Failures that make up this share of calls or more, above 0.0 and up to 1.0.
    pub fn failure_rate(share: f64) -> Rate {
        Rate { share, slower_than: None, min_calls: None, over: Over::Time(Self::DEFAULT_OVER) }
    }

    /// Calls that took longer than `slower_than` and make up this share of calls or more, above 0.0 and up
    /// to 1.0; whether they succeeded or failed.
    ///
    /// Each admission and each end of a call then reads the clock. A probe that is slow has failed. Allowed
    /// for `slower_than` is any duration above zero and below the breaker's `probe_timeout`.
    pub fn slow_call_rate(share: f64, slower_than: Duration) -> Rate {
        Rate { slower_than: Some(slower_than), ..Self::failure_rate(share) }
    }

    /// Opens when either does.
    #[must_use]
    pub fn or(mut self, other: impl Into<Self>) -> Self {
        let Self { first, others } = other.into();
        self.others.push(first);
        self.others.extend(others);
        self
    }

    fn of(rule: Rule) -> Self {
        Self { first: rule, others: Vec::new() }
    }

    pub(crate) fn rules(&self) -> (&Rule, &[Rule]) {
        (&self.first, &self.others)
    }

    pub(crate) fn validate(&self, probe_timeout: Duration) -> Result<(), SettingsError> {
        let rules = 1 + self.others.len();
        if rules > Self::MAX_RULES {
            return Err(SettingsError::new("policy", format_args!("{rules} rules"), "1 to 4 rules"));
        }
        std::iter::once(&self.first).chain(&self.others).try_for_each(|rule| rule.validate(probe_timeout))
    }
}

impl Rule {
    fn validate(&self, probe_timeout: Duration) -> Result<(), SettingsError> {
        match *self {
            Self::Failures { count, within } => {
                at_least_one("policy.failures", count)?;
                above_zero("policy.within", within)
            }
            Self::Consecutive { count } => at_least_one("policy.consecutive_failures", count),
            Self::Rate { share, slower_than, min_calls, over } => {
                if !(share > 0.0 && share <= 1.0) {
                    return Err(SettingsError::new("policy.rate", share, "a share above 0.0 and up to 1.0"));
                }
                if let Some(slow) = slower_than.filter(|slow| slow.is_zero() || *slow >= probe_timeout) {
                    let allowed = "a duration above zero and below probe_timeout";
                    return Err(SettingsError::new("policy.slower_than", format_args!("{slow:?}"), allowed));
                }
                over.validate(min_calls)
            }
        }
    }
}

impl Over {
    fn validate(self, min_calls: u32) -> Result<(), SettingsError> {
        let (most, allowed) = match self {
            Self::Time(span) => {
                above_zero("policy.over", span)?;
                (Policy::MAX_MIN_CALLS, "a whole number from 1 to 100000")
            }
            Self::Calls(calls) => {
                if !(1..=Policy::MAX_OVER_CALLS).contains(&calls) {
                    return Err(SettingsError::new(
                        "policy.over_calls",
                        calls,
                        "a whole number from 1 to 4096",
                    ));
                }
                (calls, "a whole number from 1 to over_calls")
            }
        };
        if !(1..=most).contains(&min_calls) {
            return Err(SettingsError::new("policy.min_calls", min_calls, allowed));
        }
        Ok(())
    }
}

fn at_least_one(field: &'static str, count: u32) -> Result<(), SettingsError> {
    if count == 0 {
        return Err(SettingsError::new(field, count, "a whole number from 1 to 4294967295"));
    }
    Ok(())
}

fn above_zero(field: &'static str, span: Duration) -> Result<(), SettingsError> {
    if span.is_zero() {
        return Err(SettingsError::new(field, format_args!("{span:?}"), "a duration above zero"));
    }
    Ok(())
}

/// The rule [`Policy::failures`].
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use = "a rule does nothing until a breaker is built with it"]
pub struct Failures {
    count: u32,
    within: Duration,
}

impl Failures {
    /// How long a failure counts, above zero. Defaults to 120 seconds.
    pub fn within(self, span: Duration) -> Self {
        Self { within: span, ..self }
    }

    /// Opens when either does.
    #[must_use]
    pub fn or(self, other: impl Into<Policy>) -> Policy {
        Policy::from(self).or(other)
    }
}

impl From<Failures> for Policy {
    fn from(Failures { count, within }: Failures) -> Self {
        Self::of(Rule::Failures { count, within })
    }
}

/// The rules [`Policy::failure_rate`] and [`Policy::slow_call_rate`].
///
/// Without a minimum of calls the first failure after a silence would be a rate of 1.0. A success is judged
/// too: it may be the call that makes enough of them.
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use = "a rule does nothing until a breaker is built with it"]
pub struct Rate {
    share: f64,
    slower_than: Option<Duration>,
    min_calls: Option<u32>,
    over: Over,
}

impl Rate {
    /// Judges the calls of the last `span`, above zero. Defaults to 60 seconds. Calls leave by sixteenths of
    /// it, up to one of them early.
    pub fn over(self, span: Duration) -> Self {
        Self { over: Over::Time(span), ..self }
    }

    /// Judges the last `calls` calls, 1 to 4 096, however long ago they were; exactly.
    pub fn over_calls(self, calls: u32) -> Self {
        Self { over: Over::Calls(calls), ..self }
    }

    /// Judges nothing before there are this many calls to judge by, 1 to 100 000, or to the number given to
    /// [`over_calls`](Self::over_calls). Defaults to 10, or to that number if it is lower.
    pub fn min_calls(self, calls: u32) -> Self {
        Self { min_calls: Some(calls), ..self }
    }

    /// Opens when either does.
    #[must_use]
    pub fn or(self, other: impl Into<Policy>) -> Policy {
        Policy::from(self).or(other)
    }
}

impl From<Rate> for Policy {
    fn from(Rate { share, slower_than, min_calls, over }: Rate) -> Self {
        let default = match over {
            Over::Time(_) => Self::DEFAULT_MIN_CALLS,
            Over::Calls(calls) => Self::DEFAULT_MIN_CALLS.min(calls),
        };
        let min_calls = min_calls.unwrap_or(default);
        Self::of(Rule::Rate { share, slower_than, min_calls, over })
    }
}
