//! Breakers are driven by what a dependency would do.

use sidecar_breaker::{Breaker, BreakerBuilder, Policy, State};
use sidecar_testkit::{VirtualClock, drive_closed, drive_half_open, drive_open};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

fn breaker(clock: &VirtualClock, edit: impl FnOnce(BreakerBuilder) -> BreakerBuilder) -> Breaker {
    edit(Breaker::builder("x").clock(clock)).build().expect("valid settings")
}

#[test]
fn a_breaker_goes_through_all_states() {
    let clock = VirtualClock::new();
    let rate = Policy::failure_rate(0.5).over_calls(100);
    let (plain, by_rate) =
        (breaker(&clock, |builder| builder), breaker(&clock, |builder| builder.policy(rate)));
    for breaker in [plain, by_rate] {
        drive_open(&breaker);
        assert_eq!(breaker.state(), State::Open);
        drive_open(&breaker);
        drive_closed(&breaker, &clock);
        assert_eq!(breaker.state(), State::Closed);
        drive_half_open(&breaker, &clock);
        assert_eq!(breaker.state(), State::HalfOpen);
        drive_closed(&breaker, &clock);
        assert_eq!(breaker.state(), State::Closed);
    }
}

#[test]
fn what_cannot_be_driven_is_said_and_not_tried_for_ever() {
    let clock = VirtualClock::new();
    let fails = |run: &dyn Fn()| catch_unwind(AssertUnwindSafe(run)).is_err();
    let disabled = breaker(&clock, |builder| builder);
    disabled.disable();
    assert!(fails(&|| drive_open(&disabled)));
    let held = breaker(&clock, |builder| builder);
    held.force_open();
    assert!(fails(&|| drive_half_open(&held, &clock)));
    let elsewhere = breaker(&VirtualClock::new(), |builder| builder.timeout(Duration::from_secs(1)));
    assert!(fails(&|| drive_half_open(&elsewhere, &clock)));
}
