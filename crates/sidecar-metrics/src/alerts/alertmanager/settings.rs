//! Setting up a hook.

use super::AlertmanagerHook;
use super::backlog::Pace;
use super::post::{PostError, Target, shown};
use super::worker::{Sender, Shared};
use sidecar_core::clock::nanos;
use sidecar_core::{SettingsError, StartError, threads};
use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

/// Stands around each post. It calls what it is given once, and returns what that returns, or
/// [`PostError::Refused`] without calling it.
pub(crate) type Guard =
    dyn Fn(&mut dyn FnMut() -> Result<(), PostError>) -> Result<(), PostError> + Send + Sync;

const SHORT: RangeInclusive<Duration> = Duration::from_millis(100)..=Duration::from_secs(60);
const RETRIES: RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_secs(30);
const LONG: RangeInclusive<Duration> = Duration::from_millis(100)..=Duration::from_secs(3_600);
const ENDS: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(24 * 3_600);

/// Builds an [`AlertmanagerHook`].
#[must_use = "a builder does nothing until `start` is called"]
pub struct AlertmanagerBuilder {
    url: String,
    timeout: Duration,
    first_retry: Duration,
    resend: Duration,
    give_up_after: Duration,
    generator_url: Option<String>,
    guard: Box<Guard>,
}

impl AlertmanagerBuilder {
    pub(crate) fn new(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            timeout: Duration::from_secs(10),
            first_retry: Duration::from_millis(500),
            resend: Duration::from_secs(60),
            give_up_after: Duration::from_secs(15 * 60),
            generator_url: None,
            guard: Box::new(|post| post()),
        }
    }

    /// How long a post may take, from connecting to the end of the answer.
    ///
    /// Defaults to 10 s. From 100 ms to 60 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How long after a failed post the next is made, before the pauses double.
    ///
    /// Defaults to 500 ms. From 1 ms to 30 s.
    pub fn first_retry(mut self, pause: Duration) -> Self {
        self.first_retry = pause;
        self
    }

    /// How often a firing alert is posted again; it ends by itself after four times as long without.
    ///
    /// Defaults to 60 s. From 100 ms to 1 h.
    pub fn resend(mut self, interval: Duration) -> Self {
        self.resend = interval;
        self
    }

    /// How long it is tried to deliver that an alert is over.
    ///
    /// Defaults to 15 minutes. From 1 s to 24 h.
    pub fn give_up_after(mut self, time: Duration) -> Self {
        self.give_up_after = time;
        self
    }

    /// A link in each alert to where it comes from, such as the status page.
    ///
    /// Defaults to none.
    pub fn generator_url(mut self, url: impl Into<String>) -> Self {
        self.generator_url = Some(url.into());
        self
    }

    /// Puts something around each post, such as a circuit breaker: it calls what it is given and returns what that
    /// returns, or [`PostError::Refused`] without calling it, which counts as a failed post.
    ///
    /// Defaults to a plain call.
    pub fn guard(
        mut self,
        guard: impl Fn(&mut dyn FnMut() -> Result<(), PostError>) -> Result<(), PostError> + Send + Sync + 'static,
    ) -> Self {
        self.guard = Box::new(guard);
        self
    }

    /// The hook, with its thread.
    ///
    /// # Errors
    /// When the address is not `http` or `https`, a time is out of range, or the system has no room for a thread.
    pub fn start(self) -> Result<AlertmanagerHook, StartError> {
        let target = Target::new(&self.url)?;
        for (field, value, range, allowed) in [
            ("timeout", self.timeout, SHORT, "from 100 ms to 60 s"),
            ("first_retry", self.first_retry, RETRIES, "from 1 ms to 30 s"),
            ("resend", self.resend, LONG, "from 100 ms to 1 h"),
            ("give_up_after", self.give_up_after, ENDS, "from 1 s to 24 h"),
        ] {
            if !range.contains(&value) {
                return Err(SettingsError::new(field, format_args!("{value:?}"), allowed).into());
            }
        }
        let pace = Pace {
            first_retry: nanos(self.first_retry),
            resend: nanos(self.resend),
            give_up_after: nanos(self.give_up_after),
        };
        let shared = Arc::new(Shared::new(target, pace));
        let sender = Sender {
            timeout: self.timeout,
            ahead: self.resend * 4,
            generator: self.generator_url,
            guard: self.guard,
        };
        let working = Arc::clone(&shared);
        threads::spawn("manager", move || working.work(&sender)).map_err(StartError::Thread)?;
        Ok(AlertmanagerHook::with(shared, shown(&self.url), self.timeout))
    }
}

impl fmt::Debug for AlertmanagerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AlertmanagerBuilder").field("url", &shown(&self.url)).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(builder: AlertmanagerBuilder) -> &'static str {
        match builder.start() {
            Err(StartError::Settings(error)) => error.field(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn times_out_of_range_are_refused_by_name() {
        let builder = || AlertmanagerHook::builder("http://127.0.0.1:9");
        for bad in [Duration::ZERO, Duration::from_secs(100_000)] {
            assert_eq!(refused(builder().timeout(bad)), "timeout");
            assert_eq!(refused(builder().first_retry(bad)), "first_retry");
            assert_eq!(refused(builder().resend(bad)), "resend");
            assert_eq!(refused(builder().give_up_after(bad)), "give_up_after");
        }
        assert_eq!(refused(AlertmanagerHook::builder("am:9093")), "url");
    }

    #[test]
    fn credentials_are_not_printed() {
        let builder = AlertmanagerHook::builder("http://user:secret@127.0.0.1:9/");
        let shown = format!("{builder:?}") + &format!("{:?}", builder.start().expect("valid"));
        assert!(!shown.contains("secret") && !shown.contains("user"), "{shown}");
    }
}
