//! Composing a sidecar: settings, pieces, wiring, threads.

use crate::config::{Adaptive, SidecarConfig};
use crate::error::StartError;
use crate::sidecar::{Parts, Pieces, Sidecar, SidecarHandle};
use crate::wiring::anomalies::Detection;
use crate::wiring::attributes::Seat;
use crate::wiring::breakers::{self, BreakerComponents};
use crate::wiring::gate::Gate;
use crate::wiring::governor::{Regulator, Shedding};
use crate::wiring::live::{self, Watching};
use crate::wiring::operations::Objectives;
use crate::wiring::ticker::{Tick, Ticker};
use crate::wiring::{alerts, memory, operations, sources, vitals};
use sidecar_breaker::BreakerRegistry;
use sidecar_config::{ConfigError, Live};
use sidecar_core::{Clock, EventTypes, SettingsError, panics};
use sidecar_health::{Component, Health, HealthBuilder};
use sidecar_metrics::MetricsCollector;
use sidecar_observer::Observer;
use sidecar_perf::PerfMonitor;
use sidecar_profiler::Profiler;
use sidecar_sampler::Sampler;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// How often health's list of breakers is compared with the registry.
const BREAKER_SYNC: Duration = Duration::from_secs(1);

/// What health does on runtimes of the application's.
#[cfg(feature = "tokio")]
#[derive(Debug, Default)]
struct Runtimes {
    checks: Option<tokio::runtime::Handle>,
    watched: Option<tokio::runtime::Handle>,
}

#[cfg(feature = "tokio")]
impl Runtimes {
    fn apply(self, mut health: HealthBuilder) -> HealthBuilder {
        if let Some(runtime) = self.checks {
            health = health.runtime(runtime);
        }
        if let Some(runtime) = self.watched {
            health = health.watch_runtime(runtime);
        }
        health
    }
}

/// Builds and starts a [`Sidecar`].
#[derive(Debug, Default)]
#[must_use = "a builder does nothing until it is started"]
pub struct SidecarBuilder {
    files: Vec<PathBuf>,
    config: Option<SidecarConfig>,
    watch: Option<bool>,
    keep_all: bool,
    components: Vec<Component>,
    breakers: Option<BreakerRegistry>,
    critical_breakers: Vec<String>,
    perf: Option<PerfMonitor>,
    #[cfg(feature = "tokio")]
    runtimes: Runtimes,
    #[cfg(feature = "http")]
    http: crate::http::HttpSettings,
}

impl SidecarBuilder {
    /// A configuration file to read, in YAML, TOML or JSON; of several, later ones win. The environment comes
    /// on top. Defaults to none.
    pub fn config_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.files.push(path.into());
        self
    }

    /// The configuration as code made it. Nothing else is read then, no file and no variable: start from
    /// [`SidecarConfig::load`] or [`from_file`](SidecarConfig::from_file) to have them below what code sets, also when
    /// they are loaded again. Defaults to none.
    pub fn config(mut self, config: SidecarConfig) -> Self {
        self.config = Some(config);
        self
    }

    /// Whether the configuration's files are watched, and loaded again when they change. It takes a thread,
    /// `sidecar-config`, if there are any. Defaults to `true`.
    pub fn watch_config(mut self, watch: bool) -> Self {
        self.watch = Some(watch);
        self
    }

    /// Keeps every event whose rate is not configured, instead of sampling by the signals' defaults; and sheds none for
    /// a CPU budget that is not configured, be it by a file, a variable or in code. Defaults to off.
    pub fn keep_all(mut self) -> Self {
        self.keep_all = true;
        self
    }

    /// A component of the application's health, there from the start; it may depend on others that are added
    /// here, in any order. Defaults to none.
    pub fn component(mut self, component: Component) -> Self {
        self.components.push(component);
        self
    }

    /// The runtime on which asynchronous checks run: see [`HealthBuilder::runtime`]. Defaults to that of whoever
    /// calls [`start`](Self::start), if they are inside one.
    #[cfg(feature = "tokio")]
    pub fn runtime(mut self, runtime: tokio::runtime::Handle) -> Self {
        self.runtimes.checks = Some(runtime);
        self
    }

    /// A runtime to watch: see [`HealthBuilder::watch_runtime`]. Defaults to none.
    #[cfg(feature = "tokio")]
    pub fn watch_runtime(mut self, runtime: tokio::runtime::Handle) -> Self {
        self.runtimes.watched = Some(runtime);
        self
    }

    /// The breakers to show, for example [`BreakerRegistry::global`], where those of `#[protected]` stand; of several
    /// sidecars those follow the one that was started first. Defaults to a registry of its own.
    pub fn breakers(mut self, registry: BreakerRegistry) -> Self {
        self.breakers = Some(registry);
        self
    }

    /// Marks a breaker critical in health, wherever the configuration comes from and whether or not the breaker is
    /// registered: see [`BreakerConfig::critical`](crate::config::BreakerConfig::critical). Defaults to none.
    pub fn critical_breaker(mut self, name: impl Into<String>) -> Self {
        self.critical_breakers.push(name.into());
        self
    }

    /// The operations to show, which follow `observability.performance`. Defaults to those of
    /// [`PerfMonitor::global`], where those of `#[monitor_performance]` stand.
    pub fn perf(mut self, monitor: PerfMonitor) -> Self {
        self.perf = Some(monitor);
        self
    }

    /// Serves the endpoints at `address`, `HOST:PORT` or `unix:PATH`, on a thread of their own. Defaults to not
    /// serving.
    #[cfg(feature = "http")]
    pub fn http(mut self, address: impl Into<String>) -> Self {
        self.http.address = Some(address.into());
        self
    }

    /// Further settings of the endpoints: token, hosts, `POST /events`. Defaults to none.
    #[cfg(feature = "http")]
    pub fn http_settings(
        mut self,
        set: impl FnOnce(crate::http::HttpSettings) -> crate::http::HttpSettings,
    ) -> Self {
        self.http = set(self.http);
        self
    }

    /// Checks every setting, starts every piece, and serves if an address was given.
    ///
    /// # Errors
    /// What can be mended: a bad configuration, an address in use, no room for a thread. Nothing is left running then,
    /// and the process's breakers and operations, and those that were given, are as they were.
    pub fn start(self) -> Result<Sidecar, StartError> {
        let config = match (self.config, self.files.first()) {
            (Some(config), None) => config,
            (Some(_), Some(file)) => {
                let message = "is not read beside a configuration given in code";
                return Err(StartError::Config(ConfigError::file(file, message).into()));
            }
            (None, _) => {
                let loaded = SidecarConfig::load(&self.files).map_err(StartError::Config)?;
                // A subscriber is foreign code: what it does is no reason not to start.
                let tell = || loaded.warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
                let _ = panics::contain(tell);
                loaded.config
            }
        };
        let config = self.critical_breakers.into_iter().fold(config, SidecarConfig::critical_breaker);
        let config = config.into_live().map_err(StartError::Config)?;
        let clock = Clock::new();
        let health = Health::builder();
        #[cfg(feature = "tokio")]
        let health = self.runtimes.apply(health);
        let (registry, seat) = (self.breakers.unwrap_or_default(), Seat::take());
        let perf = self.perf.unwrap_or_else(|| PerfMonitor::global().clone());
        let (observer, pieces) = compose(config, self.keep_all, registry, perf, health, &clock, &seat)?;
        let pieces = Arc::new(pieces);
        vitals::register(&pieces, &clock).map_err(StartError::Component)?;
        sources::register(&pieces);
        live::register(&pieces).map_err(StartError::Component)?;
        pieces.health.register_all(self.components).map_err(StartError::Component)?;
        let handle = SidecarHandle { shared: pieces };
        handle.shared.alerts.configure(&handle, &handle.config())?;
        handle.shared.detection.configure(&handle.shared, &handle.config());
        // The first round runs here, so that every built-in component has its verdict before anyone asks.
        let mut ticks = ticks(&handle, self.keep_all);
        ticks.iter_mut().for_each(|tick| {
            tick(clock.now());
        });
        // On a thread of its own, because sources are foreign code: one that hangs must not hold up the checks. The
        // first reading is made here, where only our own sources are there.
        let mut history = history_tick(&handle);
        history(clock.now());
        let history = Ticker::start("history", clock.clone(), vec![history])
            .map_err(sidecar_core::StartError::Thread)?;
        let ticker = Ticker::start("tick", clock, ticks).map_err(sidecar_core::StartError::Thread)?;
        handle.health().ticked_by(ticker.thread().clone());
        let watch = if self.watch.unwrap_or(true) { Watching::start(handle.live_config()) } else { Ok(None) };
        let watch = watch.map_err(sidecar_core::StartError::Thread)?;
        #[cfg(feature = "http")]
        let server = self.http.serve(&handle).map_err(StartError::Http)?;
        // Last: a start that fails leaves everything as it was that is not the sidecar's own.
        live::take_effect(&handle.shared)?;
        seat.occupy(&handle.shared)?;
        live::tell_of_another(&handle.shared);
        let parts = Parts {
            #[cfg(feature = "http")]
            server,
            _watch: watch,
            _ticker: ticker,
            _history: history,
            _observer: observer,
            _seat: seat,
        };
        Ok(Sidecar::new(handle, parts))
    }
}

fn compose(
    live: Live<SidecarConfig>,
    keep_all: bool,
    registry: BreakerRegistry,
    perf: PerfMonitor,
    health: HealthBuilder,
    clock: &Clock,
    seat: &Seat,
) -> Result<(Observer, Pieces), StartError> {
    let (config, names) = (live.get(), EventTypes::default());
    let sampler = sampler(&config, keep_all, names.clone(), clock)?;
    let (resources, shedding) = (config.runtime.sidecar.resources, Shedding::default());
    let observer = Observer::builder()
        .settings(|settings| live::observer(&config, settings))
        .admit(Gate { sampler: sampler.clone(), allowance: Arc::clone(&shedding.allowance) })
        .names(names)
        .clock(clock.clone())
        .start()?;
    observer.set_enabled(config.runtime.sidecar.enabled);
    let profiler = Profiler::builder()
        .max_cpu_percent(resources.max_cpu_percent)
        .max_memory_mb(resources.max_memory_mb)
        .clock(clock.clone())
        .build()?;
    let queue = observer.detached();
    let bytes = move || queue.queue_bytes() as u64;
    profiler.account("queue", bytes).expect("a new profiler has room for its first account");
    let producers = observer.detached();
    let cost = move || producers.producer_nanos();
    profiler.charge("observe", cost).expect("a new profiler has room for its first charge");
    let metrics = MetricsCollector::builder()
        .retention(config.history_retention())
        .history_bytes(memory::history_bytes(resources.max_memory_mb))
        .build()?;
    let history = metrics.clone();
    let bytes = move || history.history_stats().bytes;
    profiler.account("history", bytes).expect("a new profiler has room for its second account");
    let settings = &config.observability.health;
    let health = health
        .enabled(settings.enabled)
        .check_interval(settings.check_interval)
        .degraded_threshold(settings.degraded_threshold)
        .critical_components(breakers::critical_components(&config))
        .clock(clock.clone())
        .build()?;
    operations::account(&perf, &profiler);
    let detection = Detection::new(keep_all, clock.clone());
    detection.account(&profiler);
    let detached = observer.detached();
    let pieces = Pieces {
        config: live,
        sampler,
        observer: detached,
        breakers: registry,
        health,
        metrics,
        perf,
        profiler,
        shedding,
        alerts: alerts::Alerts::default(),
        objectives: Objectives::default(),
        detection,
        seat: seat.id(),
    };
    Ok((observer, pieces))
}

fn sampler(
    config: &SidecarConfig,
    keep_all: bool,
    names: EventTypes,
    clock: &Clock,
) -> Result<Sampler, SettingsError> {
    let mut builder = Sampler::builder().names(names).clock(clock.clone());
    if keep_all {
        builder = builder.keep_all();
    }
    let sampling = &config.runtime.sidecar.sampling;
    for (signal, rate) in sampling.rates() {
        builder = rate.into_iter().fold(builder, |builder, rate| builder.rate(signal, rate));
    }
    for (event_type, rate) in live::event_types(sampling) {
        builder = builder.event_type_rate(event_type, rate);
    }
    let Adaptive { enabled, boost_factor, boost_duration, .. } = sampling.adaptive;
    builder.adaptive(enabled).boost_factor(boost_factor).boost_duration(boost_duration).build()
}

fn ticks(handle: &SidecarHandle, keep_all: bool) -> Vec<Tick> {
    let [health, profiler, governor, breakers] = std::array::from_fn(|_| Arc::downgrade(&handle.shared));
    let mut regulator = Regulator::new(handle.config().runtime.sidecar.resources.max_cpu_percent, keep_all);
    let mut shown = BreakerComponents::default();
    // Weak, so that the thread keeps nothing alive while it sleeps.
    vec![
        Box::new(move |now| profiler.upgrade().map_or(u64::MAX, |pieces| pieces.profiler.tick(now))),
        Box::new(move |now| governor.upgrade().map_or(u64::MAX, |pieces| regulator.tick(&pieces, now))),
        Box::new(move |now| {
            let Some(pieces) = breakers.upgrade() else { return u64::MAX };
            shown.sync(&pieces.breakers, &pieces.health);
            now + sidecar_core::clock::nanos(BREAKER_SYNC)
        }),
        operations::tick(handle.perf()),
        Box::new(move |now| health.upgrade().map_or(u64::MAX, |pieces| pieces.health.tick(now))),
    ]
}

fn history_tick(handle: &SidecarHandle) -> Tick {
    let pieces = Arc::downgrade(&handle.shared);
    Box::new(move |now| pieces.upgrade().map_or(u64::MAX, |pieces| pieces.metrics.tick(now)))
}
