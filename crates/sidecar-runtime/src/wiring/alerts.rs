//! Alerts and breakers: what is posted to an Alertmanager passes a breaker.

use sidecar_breaker::{Breaker, CallError, Verdict};
use sidecar_metrics::{AlertmanagerBuilder, PostError};

/// The breaker's name.
pub(crate) const BREAKER: &str = "alertmanager";

/// Puts the breaker around each post.
pub(crate) fn guarded(builder: AlertmanagerBuilder, breaker: Breaker) -> AlertmanagerBuilder {
    builder.guard(move |post| {
        breaker.call_with(verdict, post).map_err(|error| match error {
            CallError::Inner(error) => error,
            _ => PostError::Refused,
        })
    })
}

/// Whoever says that it cannot read something is there and works.
fn verdict(result: &Result<(), PostError>) -> Verdict {
    match result {
        Ok(()) | Err(PostError::Status(400 | 413 | 422)) => Verdict::Success,
        Err(_) => Verdict::Failure,
    }
}
