//! Breakers and health: every registered breaker appears as a component, degraded while it is not closed.
//! Breakers and configuration: the settings of those that give none of their own.

use crate::config::CircuitBreakerConfig;
use sidecar_breaker::{Breaker, BreakerRegistry, BreakerSettings, State};
use sidecar_health::{BuiltIn, CheckOutcome, Health};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Keeps health's list of breakers, and the state it knows of each, the same as the registry's.
#[derive(Default)]
pub(crate) struct BreakerComponents {
    /// By the breaker's name. The states are copies: asking the registry by name counts as a use there, so
    /// judging would decide which breaker is evicted, and a breaker that is held here never would be.
    shown: HashMap<String, Arc<Mutex<State>>>,
}

impl BreakerComponents {
    pub(crate) fn sync(&mut self, registry: &BreakerRegistry, health: &Health) {
        let state_of = |breaker: Breaker| (breaker.name().to_owned(), breaker.state());
        let found: HashMap<String, State> = registry.breakers().into_iter().map(state_of).collect();
        self.shown.retain(|name, _| {
            let stays = found.contains_key(name);
            if !stays {
                health.remove_built_in(&component(name));
            }
            stays
        });
        for (name, state) in found {
            if let Some(shown) = self.shown.get(&name) {
                *lock(shown) = state;
                continue;
            }
            let shown = Arc::new(Mutex::new(state));
            let judged = Arc::clone(&shown);
            let built_in = BuiltIn::new(component(&name), move || outcome(*lock(&judged)));
            if health.add_built_in(built_in).is_ok() {
                self.shown.insert(name, shown);
            }
        }
    }
}

fn component(breaker: &str) -> String {
    format!("breaker:{breaker}")
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
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

fn outcome(state: State) -> CheckOutcome {
    match state {
        State::Open | State::ForcedOpen => CheckOutcome::degraded("the circuit is open"),
        State::HalfOpen => CheckOutcome::degraded("the circuit is half open"),
        _ => CheckOutcome::healthy(),
    }
}
