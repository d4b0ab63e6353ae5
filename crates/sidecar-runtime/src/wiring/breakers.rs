//! Breakers and health: every registered breaker appears as a component, degraded while it is not closed.
//! Breakers and configuration: the settings of those that give none of their own.

use crate::config::CircuitBreakerConfig;
use sidecar_breaker::{Breaker, BreakerRegistry, BreakerSettings, State};
use sidecar_health::{BuiltIn, CheckOutcome, Health};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Keeps health's list of breakers the same as the registry's.
pub(crate) struct BreakerComponents {
    shown: Mutex<HashMap<String, String>>,
}

impl BreakerComponents {
    pub(crate) fn new() -> Self {
        Self { shown: Mutex::new(HashMap::new()) }
    }

    pub(crate) fn sync(&self, registry: &BreakerRegistry, health: &Health) {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let names: Vec<String> =
            registry.snapshots().iter().map(|breaker| breaker.name.to_string()).collect();
        shown.retain(|name, component| {
            let stays = names.contains(name);
            if !stays {
                health.remove_built_in(component);
            }
            stays
        });
        for name in names {
            if shown.contains_key(&name) {
                continue;
            }
            let component = format!("breaker:{name}");
            // The registry is asked by name each time: a breaker that is held here could never be evicted.
            let (registry, asked) = (registry.clone(), name.clone());
            let judge =
                move || registry.get(&asked).map_or_else(CheckOutcome::healthy, |found| outcome(&found));
            if health.add_built_in(BuiltIn::new(component.clone(), judge)).is_ok() {
                shown.insert(name, component);
            }
        }
    }
}

/// The configured settings; a round of probes may take as long as the circuit stays open.
pub(crate) fn settings(config: &CircuitBreakerConfig) -> BreakerSettings {
    let mut settings = BreakerSettings::default();
    settings
        .set_failure_threshold(config.failure_threshold)
        .set_sliding_window(config.sliding_window_size)
        .set_timeout(config.timeout)
        .set_half_open_max_calls(config.half_open_max_calls)
        .set_success_threshold(config.success_threshold);
    settings
}

fn outcome(breaker: &Breaker) -> CheckOutcome {
    match breaker.state() {
        State::Open | State::ForcedOpen => CheckOutcome::degraded("the circuit is open"),
        State::HalfOpen => CheckOutcome::degraded("the circuit is half open"),
        _ => CheckOutcome::healthy(),
    }
}
