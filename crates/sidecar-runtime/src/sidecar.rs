//! The running sidecar: a guard, and handles to it.

use crate::builder::SidecarBuilder;
use crate::config::SidecarConfig;
use crate::error::StartError;
use crate::wiring::alerts;
use crate::wiring::anomalies::Detection;
use crate::wiring::attributes::Seat;
use crate::wiring::governor::Shedding;
use crate::wiring::live::Watching;
use crate::wiring::operations::Objectives;
use crate::wiring::ticker::Ticker;
use sidecar_breaker::{Breaker, BreakerBuilder, BreakerRegistry};
use sidecar_config::{ConfigErrors, Live, Reload};
use sidecar_core::fork::Mark;
use sidecar_health::{Health, HealthReport};
use sidecar_metrics::{Families, MetricsCollector};
use sidecar_observer::{Event, FlushReport, HandlerId, Observe, Observed, Observer, ObserverStats};
use sidecar_perf::PerfMonitor;
use sidecar_profiler::Profiler;
use sidecar_sampler::Sampler;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long dropping the sidecar may wait for the queue to empty.
const DROP_DEADLINE: Duration = Duration::from_secs(1);

/// A running sidecar. Not `Clone`: dropping it stops everything, waiting at most one second for events to be
/// handled. Hand out [`SidecarHandle`]s instead; whatever a handle can do, the sidecar can do too.
#[must_use = "dropping the sidecar stops it"]
pub struct Sidecar {
    handle: SidecarHandle,
    /// None once it has been stopped.
    parts: Option<Parts>,
    /// Of the process whose threads these are.
    mark: Mark,
}

/// What runs, in the order in which it is to be dropped.
pub(crate) struct Parts {
    #[cfg(feature = "http")]
    pub(crate) server: Option<sidecar_http::Server>,
    /// Ends the watch over the configuration's files when dropped.
    pub(crate) _watch: Option<Watching>,
    /// Ends the periodic thread when dropped.
    pub(crate) _ticker: Ticker,
    /// Ends the history's thread when dropped.
    pub(crate) _history: Ticker,
    /// Keeps the observer's worker running.
    pub(crate) _observer: Observer,
    /// Another sidecar may decide about the process's breakers when it is dropped.
    pub(crate) _seat: Seat,
}

/// A handle to a sidecar: cheap to clone, and it does not keep the sidecar running. Once that has stopped,
/// events are dropped as `stopped`; everything else still answers with what it last knew.
#[derive(Clone)]
pub struct SidecarHandle {
    pub(crate) shared: Arc<Pieces>,
}

/// The pieces, composed.
pub(crate) struct Pieces {
    pub(crate) config: Live<SidecarConfig>,
    pub(crate) sampler: Sampler,
    /// Detached: the guard alone keeps it running.
    pub(crate) observer: Observer,
    pub(crate) breakers: BreakerRegistry,
    pub(crate) health: Health,
    pub(crate) metrics: MetricsCollector,
    pub(crate) perf: PerfMonitor,
    pub(crate) objectives: Objectives,
    pub(crate) detection: Detection,
    pub(crate) profiler: Profiler,
    pub(crate) shedding: Shedding,
    pub(crate) alerts: alerts::Alerts,
    /// The number of its [`Seat`].
    pub(crate) seat: u64,
}

impl Sidecar {
    /// Starts with the defaults and what the environment says; reads no file, serves nothing.
    ///
    /// # Errors
    /// When a variable is out of range, or the system has no room for a thread.
    pub fn start() -> Result<Self, StartError> {
        Self::builder().start()
    }

    /// Starts building a sidecar.
    pub fn builder() -> SidecarBuilder {
        SidecarBuilder::default()
    }

    pub(crate) fn new(handle: SidecarHandle, parts: Parts) -> Self {
        Self { handle, parts: Some(parts), mark: Mark::here() }
    }

    /// A handle that may outlive the sidecar.
    #[must_use]
    pub fn handle(&self) -> SidecarHandle {
        self.handle.clone()
    }

    /// Where the endpoints are served, if they are.
    #[cfg(feature = "http")]
    #[must_use]
    pub fn address(&self) -> Option<&sidecar_http::Address> {
        let server = self.parts.as_ref().and_then(|parts| parts.server.as_ref());
        server.map(sidecar_http::Server::address)
    }

    /// The address and port at which the endpoints are served, if they are, and not on a Unix socket.
    #[cfg(feature = "http")]
    #[must_use]
    pub fn local_addr(&self) -> Option<std::net::SocketAddr> {
        self.address().and_then(sidecar_http::Address::tcp)
    }

    /// Stops in order, within `deadline`: readiness goes off, waiting events are handled, the endpoints
    /// close, alerts of configured rules are resolved. Says what became of all events since the start. In a forked
    /// child it stops nothing and returns at once.
    pub fn stop(mut self, deadline: Duration) -> FlushReport {
        self.end(deadline)
    }

    fn end(&mut self, deadline: Duration) -> FlushReport {
        let start = Instant::now();
        let parts = self.parts.take();
        if self.mark.is_forked() {
            // The threads are the parent's. What they share with this copy is leaked: dropping it would ask for locks
            // that one of them may have held.
            std::mem::forget((parts, self.handle()));
            return self.shared.observer.shutdown(Duration::ZERO);
        }
        self.health().drain();
        let report = self.shared.observer.shutdown(deadline);
        #[cfg(feature = "http")]
        if let Some(server) = parts.as_ref().and_then(|parts| parts.server.as_ref()) {
            server.shutdown(deadline.saturating_sub(start.elapsed()));
        }
        self.shared.alerts.shutdown(deadline.saturating_sub(start.elapsed()));
        self.health().stop();
        drop(parts);
        report
    }
}

impl Drop for Sidecar {
    fn drop(&mut self) {
        // Whoever stopped it has waited as long as they wanted to.
        if self.parts.is_some() {
            let _ = self.end(DROP_DEADLINE);
        }
    }
}

impl Deref for Sidecar {
    type Target = SidecarHandle;

    fn deref(&self) -> &SidecarHandle {
        &self.handle
    }
}

/// Events.
impl SidecarHandle {
    /// Offers an event that is already built; see [`observe!`](crate::observe) for one that is not.
    pub fn observe(&self, event: Event) -> Observed {
        self.shared.observer.observe(event)
    }

    /// Offers an event whose fields are built only if it is kept.
    pub fn observe_with(&self, event_type: &str, fields: impl FnOnce(Event) -> Event) -> Observed {
        self.shared.observer.observe_with(event_type, fields)
    }

    /// Has `handler` called with every event of one type.
    pub fn register_handler(
        &self,
        event_type: &str,
        handler: impl Fn(&Event) + Send + Sync + 'static,
    ) -> HandlerId {
        self.shared.observer.on(event_type, handler)
    }

    /// The ledger and the queue.
    #[must_use]
    pub fn stats(&self) -> ObserverStats {
        self.shared.observer.stats()
    }
}

/// The pieces.
impl SidecarHandle {
    /// The breakers that appear in health, metrics and `/circuit-breakers`.
    #[must_use]
    pub fn breakers(&self) -> &BreakerRegistry {
        &self.shared.breakers
    }

    /// A builder for a breaker to be registered with [`breakers`](SidecarHandle::breakers). What it is not given there
    /// is as configured, also when that changes: `observability.circuit_breaker`, and above it the breaker's own
    /// section in `runtime.sidecar.breakers`.
    pub fn breaker(&self, name: &str) -> BreakerBuilder {
        Breaker::builder(name).follow()
    }

    /// A hook for alert rules that posts to the Alertmanager at `url`, through the breaker `alertmanager`; to be
    /// started, and given to rules.
    ///
    /// # Errors
    /// When a breaker of this name has other settings than the configured ones.
    #[cfg(feature = "alertmanager")]
    pub fn alertmanager(
        &self,
        url: &str,
    ) -> Result<sidecar_metrics::AlertmanagerBuilder, sidecar_breaker::RegisterError> {
        let breaker = self.breakers().register(self.breaker(alerts::BREAKER))?;
        Ok(alerts::guarded(sidecar_metrics::AlertmanagerHook::builder(url), breaker))
    }

    /// Components and their statuses.
    #[must_use]
    pub fn health(&self) -> &Health {
        &self.shared.health
    }

    /// The application's metrics, and the sidecar's own.
    #[must_use]
    pub fn metrics(&self) -> &MetricsCollector {
        &self.shared.metrics
    }

    /// The operations that appear in metrics and `/performance`: those of [`PerfMonitor::global`], unless the builder
    /// was given others.
    #[must_use]
    pub fn perf(&self) -> &PerfMonitor {
        &self.shared.perf
    }

    /// What the process and the sidecar cost.
    #[must_use]
    pub fn profiler(&self) -> &Profiler {
        &self.shared.profiler
    }

    /// Rates by signal and event type.
    #[must_use]
    pub fn sampler(&self) -> &Sampler {
        &self.shared.sampler
    }

    /// The observer. This handle does not keep it running.
    #[must_use]
    pub fn observer(&self) -> &Observer {
        &self.shared.observer
    }

    /// The configuration in force.
    #[must_use]
    pub fn config(&self) -> Arc<SidecarConfig> {
        self.shared.config.get()
    }

    /// The configuration with where each value came from, how reloads went, and a way to be told of new ones.
    #[must_use]
    pub fn live_config(&self) -> &Live<SidecarConfig> {
        &self.shared.config
    }

    /// Reads the configuration again, from the same files and the environment, below what code has set. What changed
    /// is in force when this returns. A sidecar that has stopped takes no notice.
    ///
    /// # Errors
    /// Everything that is wrong, at once; then everything stays as it was.
    pub fn reload_config(&self) -> Result<Reload, ConfigErrors> {
        self.shared.config.reload()
    }

    /// The health report, with the checks' own texts.
    #[must_use]
    pub fn health_report(&self) -> HealthReport {
        self.shared.health.report()
    }

    /// Every metric by name, as a scrape would find it.
    #[must_use]
    pub fn get_metrics(&self) -> Families {
        self.shared.metrics.families()
    }

    /// Every metric in the classic Prometheus text format.
    #[must_use]
    pub fn export_metrics(&self) -> String {
        self.shared.metrics.export_prometheus()
    }
}

/// Endpoints.
#[cfg(feature = "http")]
impl SidecarHandle {
    /// A builder with every route of the sidecar, for a second server or, with the feature `tower`, for a service
    /// to be mounted in a server of the application. What it serves does not keep the sidecar running.
    pub fn endpoints(&self) -> sidecar_http::EndpointsBuilder {
        crate::wiring::endpoints::routes(self)
    }
}

impl Observe for SidecarHandle {
    fn observer(&self) -> &Observer {
        &self.shared.observer
    }
}

impl Observe for Sidecar {
    fn observer(&self) -> &Observer {
        &self.handle.shared.observer
    }
}

impl fmt::Debug for SidecarHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SidecarHandle").field("observer", &self.shared.observer).finish_non_exhaustive()
    }
}

impl fmt::Debug for Sidecar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sidecar").field("observer", &self.shared.observer).finish_non_exhaustive()
    }
}
