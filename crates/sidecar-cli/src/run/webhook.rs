//! `--webhook`: every test failure is posted, through a circuit breaker.

use super::outbox::Outbox;
use super::progress::Progress;
use crate::failure::Failure;
use crate::summary::WebhookCounts;
use sidecar_runtime::Sidecar;
use sidecar_runtime::breaker::{Breaker, CallError};
use sidecar_runtime::observer::Event;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};
use ureq::Agent;

/// Posts on a thread of its own, so that a slow answer delays other posts and nothing else.
#[derive(Clone, Debug)]
pub(crate) struct Webhook {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    outbox: Outbox,
    handed_over: AtomicU64,
    delivered: AtomicU64,
    failed: AtomicU64,
    rejected: AtomicU64,
}

impl Webhook {
    /// Posts every `test_failure` to `url` from now on. Each post may take as long as `timeout`.
    pub(crate) fn attach(
        sidecar: &Sidecar,
        url: &str,
        timeout: Duration,
        told: &Progress,
    ) -> Result<Self, Failure> {
        let breaker = sidecar.breakers().register(sidecar.breaker("webhook")).map_err(Failure::new)?;
        let webhook = Self { shared: Arc::default() };
        let target = Target::new(url, timeout);
        let (posting, told) = (webhook.clone(), told.clone());
        sidecar_core::threads::spawn("webhook", move || posting.post_all(&target, &breaker, &told))
            .map_err(|error| Failure::new(format_args!("the webhook's thread cannot start: {error}")))?;
        let handing_over = webhook.clone();
        sidecar.register_handler("test_failure", move |event| handing_over.hand_over(event));
        Ok(webhook)
    }

    /// Waits until every failure so far is settled, at most until `deadline`; says whether it is.
    pub(crate) fn wait(&self, deadline: Instant) -> bool {
        self.shared.outbox.wait(deadline)
    }

    /// From now on a failure that finds no room is not posted: the run is ending.
    pub(crate) fn hurry(&self) {
        self.shared.outbox.hurry();
    }

    /// Waits as [`wait`](Self::wait) does, then posts nothing more.
    pub(crate) fn close(&self, deadline: Instant) -> WebhookCounts {
        self.wait(deadline);
        self.shared.outbox.close();
        let shared = &self.shared;
        let [delivered, failed, rejected] =
            [&shared.delivered, &shared.failed, &shared.rejected].map(|count| count.load(Relaxed));
        let settled = delivered + failed + rejected;
        let unsent = shared.handed_over.load(Relaxed).saturating_sub(settled);
        WebhookCounts { delivered, failed, rejected, unsent }
    }

    /// The handler.
    fn hand_over(&self, event: &Event) {
        self.shared.handed_over.fetch_add(1, Relaxed);
        match serde_json::to_vec(event) {
            Ok(body) => self.shared.outbox.put(body),
            Err(_) => {
                self.shared.failed.fetch_add(1, Relaxed);
            }
        }
    }

    fn post_all(&self, target: &Target, breaker: &Breaker, told: &Progress) {
        let shared = &self.shared;
        while let Some(body) = shared.outbox.take() {
            let count = match breaker.call(|| target.post(&body)) {
                Ok(()) => &shared.delivered,
                Err(CallError::Rejected(_)) => &shared.rejected,
                Err(CallError::Inner(error)) => {
                    if shared.failed.load(Relaxed) == 0 {
                        told.say(format_args!("the webhook failed for the first time: {error}"));
                    }
                    &shared.failed
                }
                Err(_) => &shared.failed,
            };
            count.fetch_add(1, Relaxed);
        }
    }
}

/// Where to post.
struct Target {
    agent: Agent,
    url: String,
}

impl Target {
    fn new(url: &str, timeout: Duration) -> Self {
        let agent = Agent::config_builder().timeout_global(Some(timeout)).max_redirects(0).build().into();
        Self { agent, url: url.to_owned() }
    }

    /// Anything but a 2xx answer in time is a failure.
    fn post(&self, body: &[u8]) -> Result<(), ureq::Error> {
        let answer = self.agent.post(&self.url).content_type("application/json").send(body)?;
        if answer.status().is_success() {
            return Ok(());
        }
        Err(ureq::Error::StatusCode(answer.status().as_u16()))
    }
}

/// Refuses what can never be posted to.
pub(crate) fn check(url: &str) -> Result<(), Failure> {
    let valid = url.parse::<ureq::http::Uri>().is_ok_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some_and(|host| !host.is_empty())
    });
    if valid {
        return Ok(());
    }
    Err(Failure::new(format_args!("--webhook {url:?} must be an http or https address")))
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
