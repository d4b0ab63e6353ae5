//! Settings of the whole.

use std::time::Duration;

use sidecar_core::clock::nanos;
use sidecar_core::{Clock, StartError};

use crate::SettingsError;
use crate::built_in::BuiltIn;
use crate::component::{Component, check_time};
use crate::engine::{Engine, Policy};
use crate::error::RegisterError;
use crate::health::Health;
use crate::settings::HealthSettings;

/// The interval of checks that name none.
pub const DEFAULT_CHECK_INTERVAL: Duration = Duration::from_secs(30);
/// The share of working components below which the whole is unhealthy.
pub const DEFAULT_DEGRADED_THRESHOLD: f64 = 0.7;
/// How often built-in components are judged.
pub const DEFAULT_BUILT_IN_INTERVAL: Duration = Duration::from_secs(1);
/// How long after its last look the scheduler counts as dead.
pub const DEFAULT_SCHEDULER_MAX_AGE: Duration = Duration::from_secs(5);

/// How long a watched runtime may take to run a task before the application is not ready.
#[cfg(feature = "tokio")]
pub const DEFAULT_RUNTIME_READY_LIMIT: Duration = Duration::from_secs(5);
/// How long a watched runtime may take to run a task before the process is not live.
#[cfg(feature = "tokio")]
pub const DEFAULT_RUNTIME_LIVE_LIMIT: Duration = Duration::from_secs(30);

/// Collects settings and components; [`start`](Self::start) or [`build`](Self::build) checks them all.
#[derive(Debug)]
#[must_use = "nothing is checked until it is started"]
pub struct HealthBuilder {
    settings: HealthSettings,
    components: Vec<Component>,
    built_ins: Vec<BuiltIn>,
    built_in_interval: Duration,
    scheduler_max_age: Duration,
    clock: Clock,
    #[cfg(feature = "tokio")]
    runtime: Option<tokio::runtime::Handle>,
    #[cfg(feature = "tokio")]
    watched: Option<tokio::runtime::Handle>,
    #[cfg(feature = "tokio")]
    runtime_ready_limit: Duration,
    #[cfg(feature = "tokio")]
    runtime_live_limit: Duration,
}

impl HealthBuilder {
    pub(crate) fn new() -> Self {
        Self {
            settings: HealthSettings::default(),
            components: Vec::new(),
            built_ins: Vec::new(),
            built_in_interval: DEFAULT_BUILT_IN_INTERVAL,
            scheduler_max_age: DEFAULT_SCHEDULER_MAX_AGE,
            clock: Clock::new(),
            #[cfg(feature = "tokio")]
            runtime: None,
            #[cfg(feature = "tokio")]
            watched: None,
            #[cfg(feature = "tokio")]
            runtime_ready_limit: DEFAULT_RUNTIME_READY_LIMIT,
            #[cfg(feature = "tokio")]
            runtime_live_limit: DEFAULT_RUNTIME_LIVE_LIMIT,
        }
    }

    /// Adds a component; more can be registered while running. Defaults to none.
    pub fn component(mut self, component: Component) -> Self {
        self.components.push(component);
        self
    }

    /// Adds a component that stands for a part of the sidecar: for whoever assembles one, see [`BuiltIn`].
    /// Defaults to none but the scheduler, which is always there.
    pub fn built_in(mut self, built_in: BuiltIn) -> Self {
        self.built_ins.push(built_in);
        self
    }

    /// Whether the application's components are checked. When they are not, they can come and go as usual and
    /// are shown as [`Status::Unknown`](crate::Status::Unknown), cause
    /// [`Cause::Disabled`](crate::Cause::Disabled), but no check runs, and none of them counts: not for the whole,
    /// not for the share of working components, not for readiness, not for start-up, not for liveness. Built-in
    /// components are judged all the same. Defaults to true.
    pub fn enabled(mut self, enabled: bool) -> Self {
        self.settings.enabled = enabled;
        self
    }

    /// The interval of components that name none of their own; 1 ms to 24 h. Defaults to 30 s.
    pub fn check_interval(mut self, interval: Duration) -> Self {
        self.settings.check_interval = interval;
        self
    }

    /// When at least two of the application's components fail and the share of the others among those
    /// with a verdict is below this, the whole is unhealthy; 0.0 to 1.0, and 0.0 turns it off. Defaults
    /// to 0.7.
    pub fn degraded_threshold(mut self, share: f64) -> Self {
        self.settings.degraded_threshold = share;
        self
    }

    /// Marks components critical by name, whatever they say themselves: the application's, and breakers as
    /// `breaker:NAME`. A name that is not registered has no effect. Defaults to none.
    pub fn critical_components<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.settings.critical_components = names.into_iter().map(Into::into).collect();
        self
    }

    /// How often built-in components are judged, and so how often the scheduler looks at the least; 1 ms
    /// to 24 h. Defaults to 1 s.
    pub fn built_in_interval(mut self, interval: Duration) -> Self {
        self.built_in_interval = interval;
        self
    }

    /// How long a look of the scheduler vouches for it and for the built-in components; at least twice
    /// `built_in_interval`. Defaults to 5 s.
    pub fn scheduler_max_age(mut self, max_age: Duration) -> Self {
        self.scheduler_max_age = max_age;
        self
    }

    /// The clock that leases are measured by, for tests in virtual time. Defaults to the machine's.
    pub fn clock(mut self, clock: impl Into<Clock>) -> Self {
        self.clock = clock.into();
        self
    }

    /// The runtime on which asynchronous checks run. Defaults to that of whoever calls [`build`](Self::build) or
    /// [`start`](Self::start), if they are inside one, and else to that of whoever registers such a check.
    #[cfg(feature = "tokio")]
    pub fn runtime(mut self, runtime: tokio::runtime::Handle) -> Self {
        self.runtime = Some(runtime);
        self
    }

    /// Watches a runtime, usually the application's: every `built_in_interval` a tiny task is spawned on it, never a
    /// second one beside one that waits. It stands as a critical component of the application named `runtime`,
    /// healthy while a task has run within [`runtime_ready_limit`](Self::runtime_ready_limit). A task that waits for
    /// longer than [`runtime_live_limit`](Self::runtime_live_limit) turns liveness off, until it runs: all workers
    /// block, and a restart may mend that. A runtime that was shut down does not. Defaults to none.
    #[cfg(feature = "tokio")]
    pub fn watch_runtime(mut self, runtime: tokio::runtime::Handle) -> Self {
        self.watched = Some(runtime);
        self
    }

    /// After how long without a task that ran the watched runtime is unhealthy; at least twice
    /// `built_in_interval`. Defaults to 5 s.
    #[cfg(feature = "tokio")]
    pub fn runtime_ready_limit(mut self, limit: Duration) -> Self {
        self.runtime_ready_limit = limit;
        self
    }

    /// How long a task may wait for the watched runtime before the process is not live; at least
    /// `runtime_ready_limit`. Defaults to 30 s.
    #[cfg(feature = "tokio")]
    pub fn runtime_live_limit(mut self, limit: Duration) -> Self {
        self.runtime_live_limit = limit;
        self
    }

    #[cfg(feature = "tokio")]
    fn check_runtime_limits(&self) -> Result<(), SettingsError> {
        let (ready, live) = (self.runtime_ready_limit, self.runtime_live_limit);
        if ready < self.built_in_interval.saturating_mul(2) {
            let value = format!("{ready:?}");
            return Err(SettingsError::new("runtime_ready_limit", value, "at least 2 x built_in_interval"));
        }
        if live < ready {
            let value = format!("{live:?}");
            return Err(SettingsError::new("runtime_live_limit", value, "at least runtime_ready_limit"));
        }
        Ok(())
    }

    /// Checks every setting. Nothing runs until [`Health::tick`] is called, for the first time and then
    /// whenever it says.
    ///
    /// # Errors
    /// The first setting or component that was refused.
    pub fn build(self) -> Result<Health, SettingsError> {
        self.settings.check()?;
        check_time("built_in_interval", self.built_in_interval)?;
        if self.scheduler_max_age < self.built_in_interval.saturating_mul(2) {
            let value = format!("{:?}", self.scheduler_max_age);
            return Err(SettingsError::new("scheduler_max_age", value, "at least 2 x built_in_interval"));
        }
        #[cfg(feature = "tokio")]
        if self.watched.is_some() {
            self.check_runtime_limits()?;
        }
        let policy = Policy {
            built_in_interval: nanos(self.built_in_interval),
            scheduler_max_age: nanos(self.scheduler_max_age),
            #[cfg(feature = "tokio")]
            runtime: self.runtime.or_else(|| tokio::runtime::Handle::try_current().ok()),
        };
        let engine = Engine::new(policy, self.settings, self.clock);
        engine.register(self.components).map_err(RegisterError::into_settings)?;
        #[cfg(feature = "tokio")]
        if let Some(runtime) = self.watched {
            let limits = (nanos(self.runtime_ready_limit), nanos(self.runtime_live_limit));
            engine.watch_runtime(runtime, limits.0, limits.1).map_err(RegisterError::into_settings)?;
        }
        for built_in in self.built_ins {
            engine.add_built_in(built_in).map_err(RegisterError::into_settings)?;
        }
        Ok(Health::new(engine))
    }

    /// Checks every setting, judges the built-in components, hands out the first checks, and goes on with
    /// both on a thread of its own.
    ///
    /// # Errors
    /// The first setting or component that was refused, or that there is no room for a thread.
    pub fn start(self) -> Result<Health, StartError> {
        let health = self.build()?;
        health.start().map_err(StartError::Thread)?;
        Ok(health)
    }
}
