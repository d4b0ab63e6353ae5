//! Alerts and configuration: the configured rules.
//! Alerts and breakers: what is posted to an Alertmanager passes a breaker.

use crate::error::StartError;
use crate::sidecar::SidecarHandle;
#[cfg(feature = "alertmanager")]
use sidecar_breaker::{Breaker, CallError, Verdict};
use sidecar_metrics::AlertRule;
#[cfg(feature = "alertmanager")]
use sidecar_metrics::{AlertmanagerBuilder, AlertmanagerHook, PostError};
use std::time::Duration;

/// What posts the alerts of the configured rules, if they are posted.
#[derive(Default)]
pub(crate) struct Posting {
    #[cfg(feature = "alertmanager")]
    hook: Option<AlertmanagerHook>,
}

impl Posting {
    #[cfg(feature = "alertmanager")]
    fn start(handle: &SidecarHandle) -> Result<Self, StartError> {
        let sidecar = &handle.config().runtime.sidecar;
        let Some(url) = sidecar.alertmanager.url.as_deref().filter(|_| !sidecar.alerts.is_empty()) else {
            return Ok(Self::default());
        };
        let hook = handle.alertmanager(url).map_err(StartError::Breaker)?.start()?;
        Ok(Self { hook: Some(hook) })
    }

    /// Validating the configuration has refused an address.
    #[cfg(not(feature = "alertmanager"))]
    fn start(_: &SidecarHandle) -> Result<Self, StartError> {
        Ok(Self::default())
    }

    fn watch(&self, rule: AlertRule) -> AlertRule {
        #[cfg(feature = "alertmanager")]
        let rule = self.hook.iter().cloned().fold(rule, AlertRule::notify);
        rule
    }

    /// Resolves what fires, and waits until that has arrived.
    #[cfg(feature = "alertmanager")]
    pub(crate) fn shutdown(&self, timeout: Duration) {
        if let Some(hook) = &self.hook {
            let _ = hook.shutdown(timeout);
        }
    }

    #[cfg(not(feature = "alertmanager"))]
    pub(crate) fn shutdown(&self, _: Duration) {}
}

/// Gives the configured rules to the collector.
pub(crate) fn register(handle: &SidecarHandle) -> Result<Posting, StartError> {
    let posting = Posting::start(handle)?;
    for alert in &handle.config().runtime.sidecar.alerts {
        handle.metrics().alert(posting.watch(alert.rule()?)).map_err(StartError::Alert)?;
    }
    Ok(posting)
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
