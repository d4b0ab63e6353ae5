//! `#[protected]`: what the functions do that it stands on.

mod both;
mod calls;
mod configured;
mod costs;
mod fallbacks;
mod futures;
mod names;
mod shapes;
mod ui;

use crate::support::TIMEOUT;
use sidecar_breaker::{Breaker, BreakerBuilder, BreakerRegistry, RejectReason, Rejected};
use sidecar_core::Clock;
use sidecar_core::clock::Mock;
use std::sync::Arc;

/// What the functions of these tests fail with.
#[derive(Debug, PartialEq)]
enum Failed {
    Refused(RejectReason),
    Inner(&'static str),
}

impl From<Rejected> for Failed {
    fn from(rejected: Rejected) -> Self {
        Self::Refused(rejected.reason())
    }
}

const OPEN: Failed = Failed::Refused(RejectReason::Open);
const DOWN: Failed = Failed::Inner("down");

/// Registers the breaker that the attribute with this name is going to find, with a hand that moves its clock.
/// `settings` has to give what the attribute gives.
fn in_virtual_time(
    name: &'static str,
    settings: fn(BreakerBuilder) -> BreakerBuilder,
) -> (Breaker, Arc<Mock>) {
    let (clock, hand) = Clock::mock();
    let builder = settings(Breaker::builder(name)).clock(clock);
    (BreakerRegistry::global().register(builder).expect("nobody has the name yet"), hand)
}

/// The breaker of a place that has been called.
#[track_caller]
fn breaker(name: &str) -> Breaker {
    BreakerRegistry::global().get(name).unwrap_or_else(|| {
        panic!("there is no {name} among {:?}", BreakerRegistry::global().names());
    })
}
