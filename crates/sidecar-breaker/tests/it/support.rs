//! A breaker in virtual time, and the words that the tests share.

use sidecar_breaker::{Breaker, BreakerBuilder, CallError, State};
use sidecar_core::Clock;
use sidecar_core::clock::Mock;
use std::sync::Arc;
use std::time::Duration;

pub(crate) const TIMEOUT: Duration = Duration::from_secs(60);
pub(crate) const WINDOW: Duration = Duration::from_secs(120);
pub(crate) const NANO: Duration = Duration::from_nanos(1);

pub(crate) const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A breaker and the hand that moves its clock.
pub(crate) struct World {
    pub(crate) breaker: Breaker,
    pub(crate) hand: Arc<Mock>,
}

impl World {
    /// The documented defaults: 5 failures in 120 s, 60 s open, 3 probes, 2 successes.
    pub(crate) fn new() -> Self {
        Self::with(|builder| builder)
    }

    pub(crate) fn with(settings: impl FnOnce(BreakerBuilder) -> BreakerBuilder) -> Self {
        let (clock, hand) = Clock::mock();
        let breaker =
            settings(Breaker::builder("world")).clock(clock).build().expect("the settings are in range");
        Self { breaker, hand }
    }

    pub(crate) fn advance(&self, by: Duration) {
        self.hand.increment(by);
    }

    /// Opens by failures and waits until a call may probe.
    pub(crate) fn due(self) -> Self {
        self.fail(5);
        assert_eq!(self.breaker.state(), State::Open);
        self.advance(TIMEOUT);
        self
    }

    /// Opened by hand.
    pub(crate) fn tripped(self) -> Self {
        self.breaker.trip();
        self
    }

    pub(crate) fn fail(&self, times: usize) {
        for _ in 0..times {
            assert_eq!(fail(&self.breaker), Err(CallError::Inner("down")));
        }
    }

    pub(crate) fn succeed(&self, times: usize) {
        for _ in 0..times {
            assert_eq!(succeed(&self.breaker), Ok(()));
        }
    }

    #[track_caller]
    pub(crate) fn expect(&self, state: State) {
        assert_eq!(self.breaker.state(), state);
    }
}

pub(crate) fn succeed(breaker: &Breaker) -> Result<(), CallError<&'static str>> {
    breaker.call(|| Ok(()))
}

pub(crate) fn fail(breaker: &Breaker) -> Result<(), CallError<&'static str>> {
    breaker.call(|| Err("down"))
}

/// Whether a call would have been refused; the permit is dropped.
pub(crate) fn is_refused(breaker: &Breaker) -> bool {
    breaker.try_acquire().is_err()
}
