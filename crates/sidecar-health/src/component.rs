//! A component of the application, its check and its settings.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use sidecar_core::clock::nanos;

use crate::SettingsError;
use crate::hysteresis::Thresholds;
use crate::names;
use crate::outcome::IntoOutcome;
use crate::schedule::Timing;
use crate::worker::BoxedCheck;

/// How long a check may take, unless the component says otherwise.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5);
/// The share of the interval by which a run may begin early, unless the component says otherwise.
pub const DEFAULT_JITTER: f64 = 0.1;
/// Failures in a row that turn a component over, unless it says otherwise.
pub const DEFAULT_FAILURE_THRESHOLD: u32 = 3;
/// Successes in a row that turn a component back, unless it says otherwise.
pub const DEFAULT_SUCCESS_THRESHOLD: u32 = 1;

/// Most components that one can depend on.
pub const MAX_DEPENDENCIES: usize = 16;

/// Longest and shortest interval and timeout.
const TIMES: std::ops::RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_secs(86_400);
const TIMES_TEXT: &str = "a duration from 1 ms to 24 h";

/// A part of the application that a check vouches for.
///
/// The check of [`new`](Self::new) runs on a thread of the component's own, never twice at once, and may
/// block. Whatever it captures is dropped on that thread, once it has run. A check that panicked is called
/// again; should its captured state not stand that, let it rebuild the state.
///
/// ```
/// use sidecar_health::{CheckResult, Component};
/// use std::time::Duration;
///
/// # fn ping() -> std::io::Result<()> { Ok(()) }
/// let database = Component::new("database", || -> CheckResult { Ok(ping()?) })
///     .critical(true)
///     .interval(Duration::from_secs(10))
///     .timeout(Duration::from_secs(2));
/// let cache = Component::new("cache", ping); // any `Result<(), E>` will do
/// ```
#[must_use = "a component is checked once it is registered"]
pub struct Component {
    name: String,
    check: Check,
    critical: bool,
    interval: Option<Duration>,
    timeout: Duration,
    jitter: f64,
    failure_threshold: u32,
    success_threshold: u32,
    max_age: Option<Duration>,
    depends_on: Vec<Arc<str>>,
}

/// What is run.
pub(crate) enum Check {
    Blocking(BoxedCheck),
    #[cfg(feature = "tokio")]
    Async(crate::task::BoxedAsync),
}

/// A component whose settings have been found good.
pub(crate) struct Checked {
    pub(crate) name: String,
    pub(crate) check: Check,
    pub(crate) critical: bool,
    pub(crate) timing: Timing,
    /// Given if the interval is that of the settings.
    pub(crate) spacing: Option<Spacing>,
    pub(crate) thresholds: Thresholds,
    pub(crate) max_age: u64,
    /// Without duplicates.
    pub(crate) depends_on: Vec<Arc<str>>,
}

impl Component {
    /// A component with a check that may block.
    pub fn new<R: IntoOutcome>(
        name: impl Into<String>,
        mut check: impl FnMut() -> R + Send + 'static,
    ) -> Self {
        let check = Check::Blocking(BoxedCheck::new(Box::new(move || check().into_outcome())));
        Self::with(name.into(), check)
    }

    /// A component with an asynchronous check, which makes a future for each run.
    ///
    /// It runs as a task on the runtime that was given to
    /// [`HealthBuilder::runtime`](crate::HealthBuilder::runtime), or else on that of whoever builds the checker or
    /// registers the component. A run over its timeout is cancelled: its future is dropped when the task is polled
    /// next. One that blocks its thread cannot be, and none is started beside it.
    ///
    /// ```
    /// use sidecar_health::{CheckResult, Component};
    ///
    /// # async fn ping() -> CheckResult { Ok(()) }
    /// let ai_api = Component::new_async("ai_api", || async { ping().await }).depends_on("network");
    /// ```
    #[cfg(feature = "tokio")]
    pub fn new_async<R, F>(name: impl Into<String>, mut check: impl FnMut() -> F + Send + 'static) -> Self
    where
        R: IntoOutcome,
        F: Future<Output = R> + Send + 'static,
    {
        let check = move || -> crate::task::BoxedRun {
            let run = check();
            Box::pin(async move { run.await.into_outcome() })
        };
        Self::with(name.into(), Check::Async(crate::task::BoxedAsync::new(Box::new(check))))
    }

    fn with(name: String, check: Check) -> Self {
        Self {
            name,
            check,
            critical: false,
            interval: None,
            timeout: DEFAULT_TIMEOUT,
            jitter: DEFAULT_JITTER,
            failure_threshold: DEFAULT_FAILURE_THRESHOLD,
            success_threshold: DEFAULT_SUCCESS_THRESHOLD,
            max_age: None,
            depends_on: Vec::new(),
        }
    }

    /// Whether the whole is only as good as this component, and readiness depends on it. Defaults to false.
    pub fn critical(mut self, critical: bool) -> Self {
        self.critical = critical;
        self
    }

    /// From one start of the check to the next; 1 ms to 24 h. Defaults to the checker's
    /// [`check_interval`](crate::HealthBuilder::check_interval).
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval = Some(interval);
        self
    }

    /// A run that takes this long or longer has failed; 1 ms to 24 h. Defaults to 5 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Up to this share of the interval a run begins early, at random, so that instances which started
    /// together drift apart; 0.0 to 0.5. Defaults to 0.1.
    pub fn jitter(mut self, share: f64) -> Self {
        self.jitter = share;
        self
    }

    /// Failures in a row that turn the component unhealthy; at least 1. Defaults to 3.
    pub fn failure_threshold(mut self, failures: u32) -> Self {
        self.failure_threshold = failures;
        self
    }

    /// Successes in a row that turn the component healthy, at first and after a failure; at least 1.
    /// Defaults to 1.
    pub fn success_threshold(mut self, successes: u32) -> Self {
        self.success_threshold = successes;
        self
    }

    /// How long a success vouches for the component; at least `interval + timeout`, or the lease of a
    /// component that always answers could run out. Defaults to
    /// `(failure_threshold + 1) x interval + timeout + jitter x interval`: just longer than it takes a
    /// hanging check to be found out as such.
    pub fn max_age(mut self, max_age: Duration) -> Self {
        self.max_age = Some(max_age);
        self
    }

    /// Another component of the application without which this one cannot work; may be called for up to
    /// [`MAX_DEPENDENCIES`] of them. While one of them is unhealthy, this component is
    /// [`Status::Unknown`](crate::Status::Unknown), cause [`Cause::Dependency`](crate::Cause::Dependency),
    /// and is not checked; a run in flight goes on. It is checked again as soon as all have recovered. What a
    /// critical component depends on is critical too. Defaults to none.
    pub fn depends_on(mut self, name: impl Into<String>) -> Self {
        let name: Arc<str> = name.into().into();
        if !self.depends_on.contains(&name) {
            self.depends_on.push(name);
        }
        self
    }

    pub(crate) fn validate(self, check_interval: Duration) -> Result<Checked, SettingsError> {
        names::check_application(&self.name)?;
        let interval = self.interval.unwrap_or(check_interval);
        check_time("interval", interval)?;
        check_time("timeout", self.timeout)?;
        if !(0.0..=0.5).contains(&self.jitter) {
            return Err(SettingsError::new("jitter", self.jitter, "a share from 0.0 to 0.5"));
        }
        for (field, count) in
            [("failure_threshold", self.failure_threshold), ("success_threshold", self.success_threshold)]
        {
            if count == 0 {
                return Err(SettingsError::new(field, count, "at least 1"));
            }
        }
        if self.depends_on.len() > MAX_DEPENDENCIES {
            let count = self.depends_on.len();
            return Err(SettingsError::new("depends_on", count, "at most 16 components"));
        }
        if let Some(given) = self.max_age.filter(|given| *given < interval.saturating_add(self.timeout)) {
            let value = format!("{given:?}");
            return Err(SettingsError::new("max_age", value, "at least interval + timeout"));
        }
        let Self { timeout, jitter, failure_threshold, max_age, .. } = self;
        let spacing = Spacing { timeout, jitter, failure_threshold, max_age };
        let (timing, max_age) = spacing.stretched(interval);
        Ok(Checked {
            name: self.name,
            check: self.check,
            critical: self.critical,
            timing,
            spacing: self.interval.is_none().then_some(spacing),
            thresholds: Thresholds { failure: self.failure_threshold, success: self.success_threshold },
            max_age,
            depends_on: self.depends_on,
        })
    }
}

/// What the timing of a check is made of, without its interval.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spacing {
    timeout: Duration,
    jitter: f64,
    failure_threshold: u32,
    max_age: Option<Duration>,
}

impl Spacing {
    /// The timing and the lease with this interval; a lease that was given grows with it where it must.
    pub(crate) fn stretched(&self, interval: Duration) -> (Timing, u64) {
        let (timeout, jitter) = (self.timeout, interval.mul_f64(self.jitter));
        let max_age = match self.max_age {
            None => interval
                .saturating_mul(self.failure_threshold.saturating_add(1))
                .saturating_add(timeout)
                .saturating_add(jitter),
            Some(given) => given.max(interval.saturating_add(timeout)),
        };
        let timing = Timing { interval: nanos(interval), timeout: nanos(timeout), jitter: nanos(jitter) };
        (timing, nanos(max_age))
    }
}

/// Refuses a time that no interval or timeout can be.
pub(crate) fn check_time(field: &'static str, time: Duration) -> Result<(), SettingsError> {
    if TIMES.contains(&time) {
        return Ok(());
    }
    Err(SettingsError::new(field, format!("{time:?}"), TIMES_TEXT))
}

impl fmt::Debug for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Component")
            .field("name", &self.name)
            .field("critical", &self.critical)
            .field("interval", &self.interval)
            .field("timeout", &self.timeout)
            .field("jitter", &self.jitter)
            .field("failure_threshold", &self.failure_threshold)
            .field("success_threshold", &self.success_threshold)
            .field("max_age", &self.max_age)
            .field("depends_on", &self.depends_on)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn component() -> Component {
        Component::new("database", || true)
    }

    fn refused(component: Component) -> &'static str {
        component.validate(secs(30)).err().expect("it should be refused").field()
    }

    #[test]
    fn the_default_lease_outlasts_the_failures_that_turn_a_component_over() {
        let checked = component().interval(secs(10)).timeout(secs(2)).validate(secs(30)).expect("valid");
        assert_eq!(checked.max_age, nanos(secs(4 * 10 + 2 + 1)));
        let inherited = component().validate(secs(7)).expect("valid");
        assert_eq!(inherited.timing.interval, nanos(secs(7)));
    }

    #[test]
    fn a_lease_shorter_than_interval_and_timeout_is_refused() {
        let component = || component().interval(secs(10)).timeout(secs(2));
        assert_eq!(refused(component().max_age(secs(11))), "max_age");
        assert_eq!(component().max_age(secs(12)).validate(secs(30)).expect("valid").max_age, nanos(secs(12)));
    }

    #[test]
    fn values_out_of_range_are_refused_by_name() {
        assert_eq!(refused(component().interval(Duration::ZERO)), "interval");
        assert_eq!(refused(component().interval(Duration::MAX)), "interval");
        assert_eq!(refused(component().timeout(Duration::ZERO)), "timeout");
        assert_eq!(refused(component().jitter(f64::NAN)), "jitter");
        assert_eq!(refused(component().jitter(0.6)), "jitter");
        assert_eq!(refused(component().failure_threshold(0)), "failure_threshold");
        assert_eq!(refused(component().success_threshold(0)), "success_threshold");
        assert_eq!(refused(Component::new("scheduler", || true)), "name");
    }

    #[test]
    fn extreme_thresholds_do_not_overflow_the_lease() {
        let checked =
            component().interval(secs(86_400)).failure_threshold(u32::MAX).validate(secs(30)).expect("valid");
        assert_eq!(checked.max_age, u64::MAX);
    }
}
