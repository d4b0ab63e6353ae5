//! Alerts and configuration: the configured rules.
//! Alerts and breakers: what is posted to an Alertmanager passes a breaker.

use crate::config::{AlertConfig, SidecarConfig};
use crate::error::StartError;
use crate::sidecar::SidecarHandle;
#[cfg(feature = "alertmanager")]
use sidecar_breaker::{Breaker, CallError, Verdict};
use sidecar_metrics::AlertRule;
#[cfg(feature = "alertmanager")]
use sidecar_metrics::{AlertmanagerBuilder, AlertmanagerHook, PostError};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The configured rules that are watched, and what posts their alerts.
#[derive(Default)]
pub(crate) struct Alerts {
    /// Held while rules are changed. Hooks run on a thread of their own.
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    rules: Vec<AlertConfig>,
    #[cfg(feature = "alertmanager")]
    hook: Option<AlertmanagerHook>,
}

impl Alerts {
    /// Has the collector watch the configured rules and no others of those before. What fires of a rule that is gone, or
    /// is another one now, is resolved.
    pub(crate) fn configure(&self, handle: &SidecarHandle, config: &SidecarConfig) -> Result<(), StartError> {
        let section = &config.runtime.sidecar;
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let metrics = handle.metrics();
        let gone = state.rules.extract_if(.., |rule| !section.alerts.contains(rule));
        gone.for_each(|rule| {
            metrics.remove_alert(&rule.name);
        });
        #[cfg(feature = "alertmanager")]
        if state.hook.is_none()
            && !section.alerts.is_empty()
            && let Some(url) = section.alertmanager.url.as_deref()
        {
            state.hook = Some(handle.alertmanager(url).map_err(StartError::Breaker)?.start()?);
        }
        for alert in &section.alerts {
            if !state.rules.contains(alert) {
                metrics.alert(state.posted(alert.rule()?)).map_err(StartError::Alert)?;
                state.rules.push(alert.clone());
            }
        }
        Ok(())
    }

    /// Resolves what fires, and waits until that has arrived.
    #[cfg(feature = "alertmanager")]
    pub(crate) fn shutdown(&self, timeout: Duration) {
        let hook = self.state.lock().unwrap_or_else(PoisonError::into_inner).hook.clone();
        if let Some(hook) = hook {
            let _ = hook.shutdown(timeout);
        }
    }

    #[cfg(not(feature = "alertmanager"))]
    pub(crate) fn shutdown(&self, _: Duration) {}
}

impl State {
    #[cfg(feature = "alertmanager")]
    fn posted(&self, rule: AlertRule) -> AlertRule {
        self.hook.iter().cloned().fold(rule, AlertRule::notify)
    }

    /// Validating the configuration has refused an address.
    #[cfg(not(feature = "alertmanager"))]
    fn posted(&self, rule: AlertRule) -> AlertRule {
        rule
    }
}

/// The breaker's name.
#[cfg(feature = "alertmanager")]
pub(crate) const BREAKER: &str = "alertmanager";

/// Puts the breaker around each post.
#[cfg(feature = "alertmanager")]
pub(crate) fn guarded(builder: AlertmanagerBuilder, breaker: Breaker) -> AlertmanagerBuilder {
    builder.guard(move |post| {
        breaker.call_with(verdict, post).map_err(|error| match error {
            CallError::Inner(error) => error,
            _ => PostError::Refused,
        })
    })
}

/// Whoever says that it cannot read something is there and works.
#[cfg(feature = "alertmanager")]
fn verdict(result: &Result<(), PostError>) -> Verdict {
    match result {
        Ok(()) | Err(PostError::Status(400 | 413 | 422)) => Verdict::Success,
        Err(_) => Verdict::Failure,
    }
}
