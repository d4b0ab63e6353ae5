//! Breakers and health: every registered breaker appears as a component, degraded while it is not closed.
//! Breakers and configuration: the settings of those that give none of their own.

use crate::config::{BreakerConfig, CircuitBreakerConfig, SidecarConfig};
use sidecar_breaker::{BreakerRegistry, BreakerSettings, State};
use sidecar_core::SettingsError;
use sidecar_health::{BuiltIn, CheckOutcome, Health};
use std::collections::HashSet;
use std::sync::Arc;

/// Keeps health's list of breakers the same as the registry's.
#[derive(Default)]
pub(crate) struct BreakerComponents {
    /// Names, for a breaker that is held here would never be evicted.
    shown: HashSet<Arc<str>>,
}

impl BreakerComponents {
    pub(crate) fn sync(&mut self, registry: &BreakerRegistry, health: &Health) {
        let found = registry.names();
        self.shown.retain(|name| {
            let stays = found.binary_search(name).is_ok();
            if !stays {
                health.remove_built_in(&component(name));
            }
            stays
        });
        for name in found {
            if self.shown.contains(&name) {
                continue;
            }
            let (registry, judged) = (registry.clone(), Arc::clone(&name));
            // `state_of` does not count as use: judging must not decide which breaker is evicted.
            let judge = move || registry.state_of(&judged).map_or_else(CheckOutcome::healthy, outcome);
            if health.add_built_in(BuiltIn::new(component(&name), judge)).is_ok() {
                self.shown.insert(name);
            }
        }
    }
}

/// The name under which a breaker appears in health.
pub(crate) fn component(breaker: &str) -> String {
    format!("breaker:{breaker}")
}

/// Has a sidecar's own breakers follow the configuration, unless they are the process's: see
/// [`decide`](super::attributes::decide).
pub(crate) fn configure(registry: &BreakerRegistry, config: &SidecarConfig) -> Result<(), SettingsError> {
    if registry.is_same(BreakerRegistry::global()) {
        return Ok(());
    }
    give(registry, config)
}

/// Has the breakers follow the configuration that are made to: those of [`SidecarHandle::breaker`] and of
/// `#[protected]`, those that there are and those to come.
///
/// [`SidecarHandle::breaker`]: crate::SidecarHandle::breaker
pub(crate) fn give(registry: &BreakerRegistry, config: &SidecarConfig) -> Result<(), SettingsError> {
    let named = config.runtime.sidecar.breakers.iter().map(|(name, own)| (name.clone(), named(own)));
    registry.set_defaults_by_name(common(&config.observability.circuit_breaker), named)
}

/// The configured settings of all; a round of probes may take as long as the circuit stays open.
fn common(config: &CircuitBreakerConfig) -> BreakerSettings {
    let mut settings = BreakerSettings::default();
    settings
        .set_failure_threshold(config.failure_threshold)
        .set_sliding_window(config.sliding_window_size)
        .set_timeout(config.timeout)
        .set_half_open_max_calls(config.half_open_max_calls)
        .set_success_threshold(config.success_threshold);
    settings
}

/// What one breaker has of its own.
fn named(config: &BreakerConfig) -> BreakerSettings {
    let mut settings = BreakerSettings::default();
    if let Some(failures) = config.failure_threshold {
        settings.set_failure_threshold(failures);
    }
    if let Some(window) = config.sliding_window_size {
        settings.set_sliding_window(window);
    }
    if let Some(timeout) = config.timeout {
        settings.set_timeout(timeout);
    }
    if let Some(calls) = config.half_open_max_calls {
        settings.set_half_open_max_calls(calls);
    }
    if let Some(successes) = config.success_threshold {
        settings.set_success_threshold(successes);
    }
    if let Some(timeout) = config.probe_timeout {
        settings.set_probe_timeout(timeout);
    }
    settings
}

/// Names of the components that are critical: those of the list, and breakers that say so themselves.
pub(crate) fn critical_components(config: &SidecarConfig) -> Vec<String> {
    let breakers = config.runtime.sidecar.breakers.iter().filter(|(_, own)| own.critical);
    let listed = config.observability.health.critical_components.iter().cloned();
    listed.chain(breakers.map(|(name, _)| component(name))).collect()
}

/// How often an attribute did not get the breaker it asks for.
pub(crate) fn attribute_errors() -> u64 {
    #[cfg(feature = "macros")]
    return BreakerRegistry::global().errors();
    #[cfg(not(feature = "macros"))]
    0
}

fn outcome(state: State) -> CheckOutcome {
    match state {
        State::Open | State::ForcedOpen => CheckOutcome::degraded("the circuit is open"),
        State::HalfOpen => CheckOutcome::degraded("the circuit is half open"),
        _ => CheckOutcome::healthy(),
    }
}
