//! Testing a program that uses the sidecar: time that the test moves, faults that come when they are told to, and a
//! ledger that must add up.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use sidecar_runtime::breaker::{Breaker, BreakerRegistry, RegisterError, State};
use sidecar_runtime::{Sidecar, SidecarConfig, observe};
use sidecar_testkit::{Script, Step, VirtualClock, assert_conserved, drive_closed};
use std::time::Duration;

/// What is to be tested: it charges through a breaker, and tells of what it could not charge.
struct Checkout<'a> {
    sidecar: &'a Sidecar,
    payments: Breaker,
}

impl<'a> Checkout<'a> {
    fn new(
        sidecar: &'a Sidecar,
        breakers: &BreakerRegistry,
        clock: &VirtualClock,
    ) -> Result<Self, RegisterError> {
        let payments = Breaker::builder("payments").failure_threshold(3).clock(clock);
        Ok(Self { sidecar, payments: breakers.register(payments)? })
    }

    fn charge(&self, service: &Script) -> bool {
        let is_charged = self.payments.call(|| service.call()).is_ok();
        if !is_charged {
            observe!(self.sidecar, "charge_failed");
        }
        is_charged
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let config = SidecarConfig::default().sampling_rate("events", 1.0);
    let sidecar = Sidecar::builder().config(config).start()?;
    // A handler that fails once.
    let handler = Script::new([Step::Err]);
    let called = handler.clone();
    sidecar.register_handler("charge_failed", move |_| called.handle());

    let clock = VirtualClock::new();
    let checkout = Checkout::new(&sidecar, sidecar.breakers(), &clock)?;
    let service = Script::new([Step::Ok, Step::Err, Step::Err, Step::Err]);

    assert!(checkout.charge(&service));
    for _ in 0..5 {
        assert!(!checkout.charge(&service));
    }
    assert_eq!(checkout.payments.state(), State::Open);
    println!("of 6 charges {} reached the service, then the breaker was open", service.calls());

    // Nobody sleeps: the half minute passes at once.
    drive_closed(&checkout.payments, &clock);
    assert!(checkout.charge(&service));
    println!(
        "{} s later it is {}",
        Duration::from_nanos(clock.now()).as_secs(),
        checkout.payments.state().as_str()
    );

    let left = sidecar.observer().flush(Duration::from_secs(10)).waiting;
    assert_eq!(left, 0);
    assert_conserved!(sidecar, "all charges that failed are told of");
    println!("{} events, all accounted for", sidecar.stats().events_received);
    Ok(())
}
