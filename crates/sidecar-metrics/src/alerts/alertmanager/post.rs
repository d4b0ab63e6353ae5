//! One post: where to, what is in it, and how it can go wrong.

use super::backlog::{Outcome, Posted};
use crate::alerts::alert::AlertState;
use serde_json::{Map, Value, json};
use sidecar_core::SettingsError;
use sidecar_core::timestamp::rfc3339;
use std::fmt;
use std::time::{Duration, SystemTime};
use ureq::Agent;

/// Where the API takes alerts.
const PATH: &str = "/api/v2/alerts";

const ALLOWED: &str = "an http or https address";

/// Why a post failed. Its text never holds the address.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PostError {
    /// The guard did not let it through.
    Refused,
    /// The answer had another status than 2xx.
    Status(u16),
    /// There was no answer in time, or none at all.
    Transport(String),
}

impl PostError {
    pub(crate) fn outcome(&self) -> Outcome {
        match self {
            // What the server cannot read it will never read. Other errors may be those of something in between.
            Self::Status(400 | 413 | 422) => Outcome::Rejected,
            _ => Outcome::Failed,
        }
    }
}

impl fmt::Display for PostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused => f.write_str("the guard refused it"),
            Self::Status(status) => write!(f, "the answer was {status}"),
            Self::Transport(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for PostError {}

impl From<ureq::Error> for PostError {
    fn from(error: ureq::Error) -> Self {
        match error {
            ureq::Error::StatusCode(status) => Self::Status(status),
            // It would show the address.
            ureq::Error::BadUri(_) => Self::Transport("the address is of no use".to_owned()),
            other => Self::Transport(other.to_string()),
        }
    }
}

/// Where to post.
pub(crate) struct Target {
    agent: Agent,
    url: String,
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Target").field(&shown(&self.url)).finish()
    }
}

impl Target {
    pub(crate) fn new(url: &str) -> Result<Self, SettingsError> {
        let refused = || SettingsError::new("url", format_args!("{:?}", shown(url)), ALLOWED);
        let uri: ureq::http::Uri = url.parse().map_err(|_| refused())?;
        let is_http = matches!(uri.scheme_str(), Some("http" | "https"));
        if !is_http || uri.host().is_none_or(str::is_empty) || uri.query().is_some() {
            return Err(refused());
        }
        let base = url.trim_end_matches('/');
        let url = if base.ends_with(PATH) { base.to_owned() } else { format!("{base}{PATH}") };
        let agent = Agent::config_builder().max_redirects(0).build().into();
        Ok(Self { agent, url })
    }

    /// Anything but a 2xx answer within `timeout` is an error.
    pub(crate) fn post(&self, body: &[u8], timeout: Duration) -> Result<(), PostError> {
        let request = self.agent.post(&self.url).config().timeout_global(Some(timeout)).build();
        let mut answer = request.content_type("application/json").send(body)?;
        if !answer.status().is_success() {
            return Err(PostError::Status(answer.status().as_u16()));
        }
        // An answer that breaks off may come from something that has not passed the alerts on.
        answer.body_mut().with_config().limit(64 << 10).read_to_vec()?;
        Ok(())
    }
}

/// An address without what may be secret in it.
pub(crate) fn shown(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    let Some((secret, rest)) = url.rsplit_once('@') else { return url.to_owned() };
    let scheme = secret.split_once("://").map_or("", |(scheme, _)| scheme);
    format!("{scheme}://***@{rest}")
}

/// What is posted: a list of alerts. A firing one ends `ahead` from now, if nothing more comes.
pub(crate) fn body(batch: &[Posted], generator: Option<&str>, now: SystemTime, ahead: Duration) -> Vec<u8> {
    let alerts: Vec<Value> = batch.iter().map(|posted| alert(posted, generator, now + ahead)).collect();
    Value::Array(alerts).to_string().into_bytes()
}

fn alert(posted: &Posted, generator: Option<&str>, ahead: SystemTime) -> Value {
    let alert = &posted.alert;
    let map = |pairs: &mut dyn Iterator<Item = (&str, &str)>| -> Map<String, Value> {
        pairs.map(|(key, value)| (key.to_owned(), value.into())).collect()
    };
    let labels = map(&mut alert.labels().chain([("alertname", alert.name())]));
    let mut annotations = map(&mut alert.annotations());
    if let Some(value) = alert.value {
        annotations.entry("value").or_insert_with(|| value.to_string().into());
    }
    let starts = alert.fired_at.unwrap_or(alert.since);
    let ends = match (alert.state, alert.resolved_at) {
        (AlertState::Resolved, Some(at)) => at,
        _ => ahead,
    };
    let mut value = json!({
        "labels": labels,
        "annotations": annotations,
        "startsAt": rfc3339(starts),
        // An end before the start would be refused, and the wall clock may step back.
        "endsAt": rfc3339(ends.max(starts)),
    });
    if let Some(generator) = generator {
        value["generatorURL"] = generator.into();
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_checked_and_the_path_is_added_once() {
        for (given, url) in [
            ("http://127.0.0.1:9093", "http://127.0.0.1:9093/api/v2/alerts"),
            ("https://am.example.org/prefix/", "https://am.example.org/prefix/api/v2/alerts"),
            ("http://am:9093/api/v2/alerts", "http://am:9093/api/v2/alerts"),
            ("http://user:secret@am:9093/", "http://user:secret@am:9093/api/v2/alerts"),
        ] {
            assert_eq!(Target::new(given).map(|target| target.url), Ok(url.to_owned()));
        }
        for bad in ["", "am:9093", "ftp://am", "http://", "http:///path", "http://a b", "http://am?token=x"] {
            let error = Target::new(bad).map(|target| target.url).expect_err(bad);
            assert_eq!((error.field(), error.allowed()), ("url", ALLOWED));
        }
    }

    #[test]
    fn what_may_be_secret_is_not_shown() {
        assert_eq!(shown("https://user:p@ss@am.example.org/x"), "https://***@am.example.org/x");
        assert_eq!(shown("user:pass@am"), "://***@am");
        assert_eq!(shown("http://am/x?token=y"), "http://am/x");
        let error = Target::new("ftp://user:pass@am").map(|target| target.url).expect_err("not http");
        assert!(!error.to_string().contains("pass"), "{error}");
    }

    #[test]
    fn what_the_server_cannot_read_is_not_worth_trying_again() {
        for (status, outcome) in [
            (400, Outcome::Rejected),
            (422, Outcome::Rejected),
            (401, Outcome::Failed),
            (404, Outcome::Failed),
            (429, Outcome::Failed),
            (503, Outcome::Failed),
        ] {
            assert_eq!(PostError::Status(status).outcome(), outcome, "{status}");
        }
        assert_eq!(PostError::Refused.outcome(), Outcome::Failed);
    }
}
