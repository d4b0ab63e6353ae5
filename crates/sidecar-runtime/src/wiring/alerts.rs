//! Alerts and configuration: the configured rules.
//! Alerts and breakers: what is posted to an Alertmanager passes a breaker.

#[cfg(feature = "alertmanager")]
use crate::config::SidecarSection;
use crate::config::{AlertConfig, SidecarConfig};
use crate::error::StartError;
use crate::sidecar::SidecarHandle;
#[cfg(feature = "alertmanager")]
use sidecar_breaker::{Breaker, CallError, State as Circuit, Verdict};
use sidecar_metrics::AlertRule;
#[cfg(feature = "alertmanager")]
use sidecar_metrics::{Alert, AlertHook, AlertmanagerBuilder, AlertmanagerHook, PostError};
#[cfg(feature = "alertmanager")]
use std::sync::Arc;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The configured rules that are watched, and what posts their alerts.
#[derive(Default)]
pub(crate) struct Alerts {
    /// Held while rules are changed. Hooks run on a thread of their own.
    state: Mutex<State>,
    #[cfg(feature = "alertmanager")]
    posting: Posting,
}

#[derive(Default)]
struct State {
    rules: Vec<AlertConfig>,
    has_ended: bool,
}

impl Alerts {
    /// Has the collector watch the configured rules and no others of those before, and their alerts posted where the
    /// configuration says. What fires of a rule that is gone, or is another one now, is resolved.
    pub(crate) fn configure(&self, handle: &SidecarHandle, config: &SidecarConfig) -> Result<(), StartError> {
        let section = &config.runtime.sidecar;
        let mut state = self.state();
        if state.has_ended {
            return Ok(());
        }
        let metrics = handle.metrics();
        let gone = state.rules.extract_if(.., |rule| !section.alerts.contains(rule));
        gone.for_each(|rule| {
            metrics.remove_alert(&rule.name);
        });
        #[cfg(feature = "alertmanager")]
        self.posting.follow(handle, section, &state.rules)?;
        for alert in &section.alerts {
            if !state.rules.contains(alert) {
                metrics.alert(self.posted(alert.rule()?)).map_err(StartError::Alert)?;
                state.rules.push(alert.clone());
            }
        }
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(feature = "alertmanager")]
    fn posted(&self, rule: AlertRule) -> AlertRule {
        rule.notify(self.posting.clone())
    }

    /// Validating the configuration has refused an address.
    #[cfg(not(feature = "alertmanager"))]
    fn posted(&self, rule: AlertRule) -> AlertRule {
        rule
    }

    /// Resolves what fires, and waits until that has arrived. Nothing is configured after this.
    #[cfg(feature = "alertmanager")]
    pub(crate) fn shutdown(&self, timeout: Duration) {
        self.state().has_ended = true;
        if let Some(hook) = self.posting.hook() {
            let _ = hook.shutdown(timeout);
        }
    }

    #[cfg(not(feature = "alertmanager"))]
    pub(crate) fn shutdown(&self, _: Duration) {
        self.state().has_ended = true;
    }
}

/// The hook of the configured rules: posts to the configured address, whichever that is at the time; to nobody while
/// there is none.
#[cfg(feature = "alertmanager")]
#[derive(Clone, Default)]
struct Posting(Arc<Mutex<Option<Posted>>>);

#[cfg(feature = "alertmanager")]
struct Posted {
    url: String,
    hook: AlertmanagerHook,
}

#[cfg(feature = "alertmanager")]
impl Posting {
    fn current(&self) -> MutexGuard<'_, Option<Posted>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hook(&self) -> Option<AlertmanagerHook> {
        self.current().as_ref().map(|posted| posted.hook.clone())
    }

    /// Posts to the configured address from now on. `rules` are those that are watched already.
    ///
    /// A new address hears of all that fires, and takes what waited for the one before. Where there is none any more,
    /// what fires is resolved at the last one, within the time that one post may take.
    fn follow(
        &self,
        handle: &SidecarHandle,
        section: &SidecarSection,
        rules: &[AlertConfig],
    ) -> Result<(), StartError> {
        let mut current = self.current();
        match (&mut *current, section.alertmanager.url.as_deref()) {
            (Some(posted), Some(url)) if posted.url != url => {
                posted.hook.set_url(url)?;
                url.clone_into(&mut posted.url);
                // The circuit knows of the old address alone. What somebody has set by hand stays.
                if let Some(Circuit::Open | Circuit::HalfOpen) = handle.breakers().state_of(BREAKER) {
                    handle.breakers().reset(BREAKER);
                }
            }
            (None, Some(url)) if !section.alerts.is_empty() => {
                let hook = handle.alertmanager(url).map_err(StartError::Breaker)?.start()?;
                // Under the lock that notifications wait for: what is over by now is not told of, and what is over
                // later is told of later.
                let alerts = handle.metrics().alerts();
                let is_ours = |alert: &&Alert| rules.iter().any(|rule| rule.name == alert.name());
                alerts.firing().filter(is_ours).for_each(|alert| hook.notify(alert));
                *current = Some(Posted { url: url.to_owned(), hook });
            }
            (Some(_), None) => *current = None,
            _ => {}
        }
        Ok(())
    }
}

#[cfg(feature = "alertmanager")]
impl AlertHook for Posting {
    fn notify(&self, alert: &Alert) {
        if let Some(posted) = &*self.current() {
            posted.hook.notify(alert);
        }
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
