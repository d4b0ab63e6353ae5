//! The door for the sidecar's own parts.

use std::fmt;
use std::sync::Arc;

use sidecar_core::panics::contain;

use crate::contained::Contained;
use crate::evidence::Evidence;
use crate::outcome::CheckOutcome;
use crate::{SettingsError, names};

/// A component that stands for a part of the sidecar itself, under a name reserved for it.
///
/// **This is for whoever assembles a sidecar from its pieces**, not for an application's own components:
/// the closure runs on the scheduler, where it must neither block nor take long (reading a few
/// counters is right). A panic in it is contained. Every answer is a verdict, without thresholds.
///
/// Names are `observer`, `metrics`, `profiler`, `configuration` and `breaker:NAME`. Built-in components
/// never touch readiness, and none but a breaker can be critical.
///
/// ```
/// use sidecar_health::{BuiltIn, CheckOutcome, Health, Status};
///
/// let health = Health::builder()
///     .built_in(BuiltIn::new("observer", || CheckOutcome::degraded("the queue is nearly full")))
///     .start()?;
/// assert_eq!(health.report().status(), Status::Degraded);
/// assert!(health.is_ready());
/// # Ok::<(), sidecar_health::StartError>(())
/// ```
#[must_use = "a built-in component is judged once it is added"]
#[derive(Clone)]
pub struct BuiltIn {
    name: String,
    judge: Judge,
    critical: bool,
}

impl BuiltIn {
    /// A built-in component and the closure that judges it.
    pub fn new(name: impl Into<String>, judge: impl Fn() -> CheckOutcome + Send + Sync + 'static) -> Self {
        Self { name: name.into(), judge: Judge::new(judge), critical: false }
    }

    /// Whether the whole is only as good as this component; for `breaker:NAME` alone. Defaults to false.
    ///
    /// Critical though it is, it has no say in readiness, which follows the components that the
    /// application registered and no others: what its closure says may turn the report unhealthy and takes
    /// no instance out of service. An application that must not get work while a breaker is open says so with
    /// a critical [`Component`](crate::Component) that looks at the breaker.
    pub fn critical(mut self, critical: bool) -> Self {
        self.critical = critical;
        self
    }

    pub(crate) fn validate(self) -> Result<(String, Judge, bool), SettingsError> {
        names::check_built_in(&self.name)?;
        if self.critical && names::breaker(&self.name).is_none() {
            let allowed = "false: of the built-in components only a breaker can be marked critical";
            return Err(SettingsError::new("critical", "true", allowed));
        }
        Ok((self.name, self.judge, self.critical))
    }
}

impl fmt::Debug for BuiltIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BuiltIn")
            .field("name", &self.name)
            .field("critical", &self.critical)
            .finish_non_exhaustive()
    }
}

/// The closure, shared so that it can be called while nothing is locked.
#[derive(Clone)]
pub(crate) struct Judge(Arc<Contained<Box<dyn Fn() -> CheckOutcome + Send + Sync>>>);

impl Judge {
    fn new(judge: impl Fn() -> CheckOutcome + Send + Sync + 'static) -> Self {
        Self(Arc::new(Contained::new(Box::new(judge))))
    }

    /// The scheduler's own: that it is asked at all is the evidence.
    pub(crate) fn scheduler() -> Self {
        Self::new(CheckOutcome::healthy)
    }

    pub(crate) fn ask(&self) -> Evidence {
        Evidence::answered(contain(|| (self.0)()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_breaker_can_be_marked_critical() {
        let of = |name: &str| BuiltIn::new(name, CheckOutcome::healthy).critical(true).validate();
        assert!(of("breaker:payments").is_ok());
        assert_eq!(of("metrics").err().expect("refused").field(), "critical");
    }

    #[test]
    fn a_panic_is_evidence_like_any_other() {
        let evidence = Judge::new(|| panic!("inside")).ask();
        assert!(!evidence.passed());
        assert_eq!(evidence.outcome.message(), Some("inside"));
    }
}
