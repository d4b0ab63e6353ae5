//! `--push`: the metrics of a run that nobody scrapes go to a Pushgateway when it ends.

use crate::failure::Failure;
use crate::summary::Pushed;
use std::fmt::Display;
use std::thread;
use std::time::{Duration, Instant};
use ureq::Agent;

/// Where the metrics of a run go, under a gateway's address, if that names no job.
const PATH: &str = "/metrics/job/sidecar";
/// How long one attempt may take, from connecting to the end of the answer.
const TIMEOUT: Duration = Duration::from_secs(5);
/// How long all attempts may take together.
const PATIENCE: Duration = Duration::from_secs(15);
/// The same after a signal: whoever sent it is waiting.
const HURRY: Duration = Duration::from_secs(5);
/// The pause after the first attempt; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// Most attempts.
const MAX_ATTEMPTS: u32 = 4;
/// The classic text, as a scrape would get it.
const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// A group of metrics on a Pushgateway.
pub(crate) struct Target {
    agent: Agent,
    url: String,
}

impl Target {
    /// Takes a gateway's address, or that of a group on it: `.../metrics/job/JOB`, with more labels if need be.
    pub(crate) fn new(url: &str) -> Result<Self, Failure> {
        Ok(Self { agent: Agent::config_builder().max_redirects(0).build().into(), url: group(url)? })
    }

    /// Replaces the group's metrics with `text`. Tries again what may go better a moment later.
    pub(crate) fn push(&self, text: &str, is_hurried: bool) -> Pushed {
        let deadline = Instant::now() + if is_hurried { HURRY } else { PATIENCE };
        let mut pause = FIRST_PAUSE;
        for attempt in 1.. {
            let left = deadline.saturating_duration_since(Instant::now());
            let error = match self.put(text, left.min(TIMEOUT)) {
                Ok(()) => return Pushed { delivered: true, attempts: attempt, error: None },
                Err(error) => error,
            };
            if attempt == MAX_ATTEMPTS || !may_pass(&error) || Instant::now() + pause >= deadline {
                let error = Some(said(&error));
                return Pushed { delivered: false, attempts: attempt, error };
            }
            thread::sleep(pause);
            pause *= 2;
        }
        unreachable!("the last attempt returns")
    }

    fn put(&self, text: &str, timeout: Duration) -> Result<(), ureq::Error> {
        let request = self.agent.put(&self.url).config().timeout_global(Some(timeout)).build();
        let answer = request.content_type(CONTENT_TYPE).send(text)?;
        if answer.status().is_success() {
            return Ok(());
        }
        Err(ureq::Error::StatusCode(answer.status().as_u16()))
    }
}

/// The address to put to. What is refused is not repeated: it may hold a password.
fn group(url: &str) -> Result<String, Failure> {
    let uri = url.parse::<ureq::http::Uri>().ok().filter(|uri| {
        let is_http = matches!(uri.scheme_str(), Some("http" | "https"));
        is_http && uri.host().is_some_and(|host| !host.is_empty()) && uri.query().is_none()
    });
    let uri = uri.ok_or_else(|| Failure::new("--push must be an http or https address without a query"))?;
    let url = url.trim_end_matches('/');
    let path = uri.path();
    if path.contains("/metrics/job/") || path.contains("/metrics/job@base64/") {
        return Ok(url.to_owned());
    }
    Ok(format!("{url}{PATH}"))
}

/// Whether the gateway may take it at another attempt.
fn may_pass(error: &ureq::Error) -> bool {
    match error {
        ureq::Error::StatusCode(status) => *status >= 500 || matches!(status, 408 | 429),
        _ => true,
    }
}

/// An error in words, without the address.
fn said(error: &ureq::Error) -> String {
    match error {
        ureq::Error::BadUri(_) => "the address is of no use".to_owned(),
        other => (other as &dyn Display).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gateways_address_gets_the_job_and_a_groups_is_taken_as_it_is() {
        for (given, url) in [
            ("http://gate:9091", "http://gate:9091/metrics/job/sidecar"),
            ("http://gate:9091/", "http://gate:9091/metrics/job/sidecar"),
            ("https://gate/prefix/", "https://gate/prefix/metrics/job/sidecar"),
            ("http://user:pass@gate/", "http://user:pass@gate/metrics/job/sidecar"),
            ("http://gate/metrics/job/ci/instance/main", "http://gate/metrics/job/ci/instance/main"),
            ("http://gate/metrics/job@base64/Y2k", "http://gate/metrics/job@base64/Y2k"),
        ] {
            assert_eq!(group(given).ok().as_deref(), Some(url), "{given}");
        }
        for bad in ["", "gate:9091", "ftp://user:pass@gate", "http://", "http:///metrics", "http://gate/?a=b"]
        {
            let error = group(bad).expect_err(bad).to_string();
            assert!(error.contains("--push") && !error.contains("pass"), "{error}");
        }
    }

    #[test]
    fn what_the_gateway_refuses_is_not_tried_again() {
        for (status, again) in
            [(400, false), (404, false), (302, false), (408, true), (429, true), (503, true)]
        {
            assert_eq!(may_pass(&ureq::Error::StatusCode(status)), again, "{status}");
        }
        assert!(may_pass(&ureq::Error::HostNotFound));
    }
}
