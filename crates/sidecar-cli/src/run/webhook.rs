//! `--webhook`: every test failure is posted, through a circuit breaker.

use crate::failure::Failure;
use crate::summary::WebhookCounts;
use sidecar_runtime::breaker::{Breaker, CallError};
use sidecar_runtime::observer::Event;
use sidecar_runtime::{Sidecar, SidecarHandle};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;
use ureq::Agent;

/// From connecting to the whole answer. Handlers run one after the other, so this delays every later event.
const DEADLINE: Duration = Duration::from_secs(5);
const CONNECT_DEADLINE: Duration = Duration::from_secs(2);

/// What became of the posts.
#[derive(Debug, Default)]
pub(crate) struct Webhook {
    delivered: AtomicU64,
    failed: AtomicU64,
    rejected: AtomicU64,
}

impl Webhook {
    pub(crate) fn counts(&self) -> WebhookCounts {
        let [delivered, failed, rejected] =
            [&self.delivered, &self.failed, &self.rejected].map(|count| count.load(Relaxed));
        WebhookCounts { delivered, failed, rejected }
    }
}

/// Posts every `test_failure` to `url` from now on.
pub(crate) fn attach(sidecar: &Sidecar, url: &str) -> Result<Arc<Webhook>, Failure> {
    check(url)?;
    let breaker = register(sidecar)?;
    let agent: Agent = Agent::config_builder()
        .timeout_global(Some(DEADLINE))
        .timeout_connect(Some(CONNECT_DEADLINE))
        .max_redirects(0)
        .build()
        .into();
    let webhook = Arc::new(Webhook::default());
    let (url, counts) = (url.to_owned(), Arc::clone(&webhook));
    sidecar.register_handler("test_failure", move |event| {
        let count = match breaker.call(|| post(&agent, &url, event)) {
            Ok(()) => &counts.delivered,
            Err(CallError::Rejected(_)) => &counts.rejected,
            Err(_) => &counts.failed,
        };
        count.fetch_add(1, Relaxed);
    });
    Ok(webhook)
}

fn register(sidecar: &SidecarHandle) -> Result<Breaker, Failure> {
    sidecar.breakers().register(sidecar.breaker("webhook")).map_err(Failure::new)
}

fn check(url: &str) -> Result<(), Failure> {
    let valid = url.parse::<ureq::http::Uri>().is_ok_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some_and(|host| !host.is_empty())
    });
    if valid {
        return Ok(());
    }
    Err(Failure::new(format_args!("--webhook {url:?} must be an http or https address")))
}

/// Anything but a 2xx answer within the deadline is a failure.
fn post(agent: &Agent, url: &str, event: &Event) -> Result<(), ureq::Error> {
    let body = serde_json::to_vec(event).map_err(|error| ureq::Error::Io(error.into()))?;
    let answer = agent.post(url).content_type("application/json").send(&body[..])?;
    if answer.status().is_success() {
        return Ok(());
    }
    Err(ureq::Error::StatusCode(answer.status().as_u16()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_http_addresses_are_taken() {
        for good in ["http://127.0.0.1:9/hook", "https://example.org"] {
            assert!(check(good).is_ok(), "{good}");
        }
        for bad in ["", "hook", "ftp://example.org", "http://", "http:///path", "https://exa mple.org"] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }
}
