//! Configuration and pieces: new settings are pushed to each piece, without a restart.

use crate::config::{Adaptive, MAX_EVENT_TYPE_RATES, Sampling, SidecarConfig};
use crate::sidecar::{Pieces, SidecarHandle};
use crate::wiring::governor::EVENT_TYPE;
use crate::wiring::{attributes, breakers, memory, operations};
use sidecar_breaker::BreakerRegistry;
use sidecar_config::{Live, Watch};
use sidecar_core::{SettingsError, panics};
use sidecar_health::{BuiltIn, CheckOutcome, HealthSettings, RegisterError};
use sidecar_metrics::SourceOutput;
use sidecar_observer::{DropPolicy, Observer, ObserverSettings};
use std::fmt;
use std::io;
use std::sync::Arc;

/// Said by a sidecar that is not the first one of its process.
const FOLLOW_ANOTHER: &str =
    "what attributes do follows another sidecar of this process, which was started first";

/// Ends the watch over the configuration's files when dropped.
pub(crate) struct Watching(Watch);

impl Watching {
    /// `None` if there is no file to watch.
    pub(crate) fn start(config: &Live<SidecarConfig>) -> io::Result<Option<Self>> {
        if config.files().is_empty() { Ok(None) } else { config.watch().map(Self).map(Some) }
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        self.0.stop();
    }
}

/// Has every later configuration applied, and shows how reloads go.
pub(crate) fn register(pieces: &Arc<Pieces>) -> Result<(), RegisterError> {
    let weak = Arc::downgrade(pieces);
    let follow = move |config: &SidecarConfig| {
        if let Some(pieces) = weak.upgrade() {
            apply(&pieces, config);
            pieces.detection.configure(&pieces, config);
            let handle = SidecarHandle { shared: pieces };
            told("alerts", handle.shared.alerts.configure(&handle, config));
        }
    };
    pieces.config.subscribe(follow).expect("a new configuration has room for its first subscriber");
    let weak = Arc::downgrade(pieces);
    pieces.metrics.register_source(move |out| {
        if let Some(pieces) = weak.upgrade() {
            reloads(out, &pieces.config);
        }
    });
    let weak = Arc::downgrade(pieces);
    let judge = move || weak.upgrade().map_or_else(CheckOutcome::healthy, |pieces| verdict(&pieces));
    pieces.health.add_built_in(BuiltIn::new("configuration", judge))
}

/// The settings of the observer, as configured.
pub(crate) fn observer(config: &SidecarConfig, settings: &mut ObserverSettings) {
    let section = &config.runtime.sidecar;
    let (resources, handlers) = (&section.resources, &section.handlers);
    settings.queue_size = resources.max_queue_size;
    settings.queue_bytes = memory::queue_bytes(resources.max_memory_mb);
    settings.drop_policy = if resources.drop_on_full { DropPolicy::Oldest } else { DropPolicy::Newest };
    settings.handler_timeout = handlers.timeout;
    settings.suspend_after = handlers.suspend_after;
    settings.suspend_for = handlers.suspend_for;
    settings.max_text_bytes = section.max_text_bytes;
    settings.redact.clone_from(&section.redact_fields);
}

/// The rates of event types: the configured ones, and that of the governor's own event, if there is room for it.
pub(crate) fn event_types(sampling: &Sampling) -> impl Iterator<Item = (&str, f64)> {
    let configured = &sampling.event_types;
    let has_room = configured.len() < MAX_EVENT_TYPE_RATES && !configured.contains_key(EVENT_TYPE);
    let own = has_room.then_some((EVENT_TYPE, 1.0));
    configured.iter().map(|(event_type, rate)| (event_type.as_str(), *rate)).chain(own)
}

/// The settings of health, as configured.
pub(crate) fn health(config: &SidecarConfig, settings: &mut HealthSettings) {
    let section = &config.observability.health;
    settings.enabled = section.enabled;
    settings.check_interval = section.check_interval;
    settings.degraded_threshold = section.degraded_threshold;
    settings.critical_components = breakers::critical_components(config).into_iter().collect();
}

/// Every setting has been checked, so a piece refuses none; if one did, the others are told all the same.
fn apply(pieces: &Pieces, config: &SidecarConfig) {
    let sampling = &config.runtime.sidecar.sampling;
    let signals = sampling.rates().filter_map(|(signal, rate)| rate.map(|rate| (signal, rate)));
    told("sampling", pieces.sampler.set_rates(signals, event_types(sampling)));
    let Adaptive { enabled, boost_factor, boost_duration, .. } = sampling.adaptive;
    let adaptive = pieces.sampler.set_adaptive(|settings| {
        (settings.enabled, settings.boost_factor, settings.boost_duration) =
            (enabled, boost_factor, boost_duration);
    });
    told("sampling.adaptive", adaptive);
    told("resources and handlers", pieces.observer.update(|settings| observer(config, settings)));
    let resources = &config.runtime.sidecar.resources;
    told("resources", pieces.profiler.set_budget(resources.max_cpu_percent, resources.max_memory_mb));
    let bytes = memory::history_bytes(resources.max_memory_mb);
    told("the history of the metrics", pieces.metrics.set_history(config.history_retention(), bytes));
    told("performance", operations::configure(&pieces.perf, config));
    pieces.objectives.configure(&pieces.perf, config);
    told("health", pieces.health.update(|settings| health(config, settings)));
    told("breakers", breakers::configure(&pieces.breakers, config));
    switch(&pieces.observer, &pieces.breakers, config);
    told("what attributes go by", attributes::decide(pieces));
}

/// Has the breakers and the operations follow the configuration, which may be shared with others than the sidecar. For
/// its start: they know nothing of it before.
///
/// # Errors
/// None for settings that have been checked.
pub(crate) fn take_effect(pieces: &Pieces) -> Result<(), SettingsError> {
    loop {
        let current = pieces.config.current();
        let config = current.settings();
        breakers::configure(&pieces.breakers, config)?;
        operations::configure(&pieces.perf, config)?;
        pieces.objectives.configure(&pieces.perf, config);
        switch(&pieces.observer, &pieces.breakers, config);
        // The files are being watched already.
        if pieces.config.generation() == current.number() {
            return Ok(());
        }
    }
}

/// The kill switch: events are refused, and breakers let everything through. Those of the process are
/// [`decided`](attributes::decide) about elsewhere.
pub(crate) fn switch(observer: &Observer, breakers: &BreakerRegistry, config: &SidecarConfig) {
    let enabled = config.runtime.sidecar.enabled;
    observer.set_enabled(enabled);
    if !breakers.is_same(BreakerRegistry::global()) {
        breakers.set_enabled(enabled);
    }
}

pub(crate) fn told(what: &str, result: Result<(), impl fmt::Display>) {
    if let Err(error) = result {
        // A subscriber of the log is foreign code.
        let _ = panics::contain(|| tracing::error!("{what} stays as it was: {error}"));
    }
}

fn follow_another(pieces: &Pieces) -> bool {
    cfg!(feature = "macros") && !attributes::is_first(pieces.seat)
}

/// Says at the start what the component `configuration` goes on saying.
pub(crate) fn tell_of_another(pieces: &Pieces) {
    if follow_another(pieces) {
        // A subscriber of the log is foreign code.
        let _ = panics::contain(|| tracing::warn!("{FOLLOW_ANOTHER}"));
    }
}

fn verdict(pieces: &Pieces) -> CheckOutcome {
    match pieces.config.status().error {
        None if follow_another(pieces) => CheckOutcome::healthy().with_message(FOLLOW_ANOTHER),
        None => CheckOutcome::healthy(),
        Some(errors) => CheckOutcome::degraded(format!("the last reload was refused: {errors}")),
    }
}

fn reloads(out: &mut SourceOutput, config: &Live<SidecarConfig>) {
    let status = config.status();
    let mut family = out.counter("sidecar_config_reloads_total", "Reloads of the configuration, by outcome.");
    for (result, count) in
        [("changed", status.changed), ("unchanged", status.unchanged), ("refused", status.refused)]
    {
        family.sample(&[("result", result)], count);
    }
    out.gauge("sidecar_config_generation", "Number of the configuration in force, from 1.")
        .sample(&[], config.generation());
    out.gauge("sidecar_config_is_refused", "1 if the last reload was refused, else 0.")
        .sample(&[], u64::from(status.error.is_some()));
}
