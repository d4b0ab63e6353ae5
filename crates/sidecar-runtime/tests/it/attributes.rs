//! `#[protected]` beside a sidecar. Its breakers are the process's, so each test has one to itself.

use crate::support::{builder, everything};
use sidecar_harness::process::alone;
use sidecar_runtime::breaker::{Breaker, BreakerRegistry, State};
use sidecar_runtime::{Sidecar, protected};
use std::io;

/// As much of a piece that measures as its attribute uses: counts the operations of this thread.
mod stand_in {
    use std::cell::Cell;

    thread_local!(pub(super) static MEASURED: Cell<u32> = const { Cell::new(0) });

    pub(super) mod __private {
        use super::MEASURED;
        pub(crate) use sidecar_core::calls::{AnyReturned, Returned};

        pub(crate) struct Site;

        impl Site {
            pub(crate) const fn new(_: Option<&'static str>) -> Self {
                Self
            }

            pub(crate) fn start<F>(&'static self, _: F) -> &'static Self {
                MEASURED.set(MEASURED.get() + 1);
                self
            }

            pub(crate) fn run<R>(&self, body: impl FnOnce() -> R) -> R {
                body()
            }

            pub(crate) fn settle(&self, _is_err: bool) {}
        }
    }
}

#[protected(name = "fetch", timeout = 30)]
fn fetch(result: io::Result<u8>) -> io::Result<u8> {
    result
}

fn down() -> io::Result<u8> {
    fetch(Err(io::ErrorKind::ConnectionRefused.into()))
}

fn errors(sidecar: &Sidecar) -> Option<f64> {
    sidecar.get_metrics().get("sidecar_errors_total")?.samples().first()?.value().as_f64()
}

#[test]
fn what_is_not_given_follows_the_configuration() {
    alone("attributes::what_is_not_given_follows_the_configuration", &[], || {
        assert_eq!(fetch(Ok(7)).ok(), Some(7));
        let breaker = BreakerRegistry::global().get("fetch").expect("it was called");
        assert_eq!(breaker.settings().failure_threshold(), 5);
        let mut config = everything();
        config.observability.circuit_breaker.failure_threshold = 2;
        let sidecar = Sidecar::builder().config(config).breakers(BreakerRegistry::global().clone());
        let sidecar = sidecar.start().expect("the settings are valid");
        let settings = breaker.settings();
        assert_eq!((settings.failure_threshold(), settings.timeout().as_secs()), (2, 30));
        assert_eq!((down().is_err(), down().is_err(), breaker.state()), (true, true, State::Open));
        let refused = fetch(Ok(7)).expect_err("it is open");
        assert!(refused.to_string().starts_with("circuit breaker fetch is open"), "{refused}");
        assert!(sidecar.health_report().component("breaker:fetch").is_some());
        assert_eq!(errors(&sidecar), Some(0.0));
    });
}

#[test]
fn one_that_does_not_get_its_settings_is_counted() {
    alone("attributes::one_that_does_not_get_its_settings_is_counted", &[], || {
        let sidecar = builder().start().expect("the settings are valid");
        BreakerRegistry::global().register(Breaker::builder("fetch")).expect("there is room");
        assert_eq!((fetch(Ok(7)).ok(), fetch(Ok(8)).ok()), (Some(7), Some(8)));
        assert_eq!(errors(&sidecar), Some(1.0));
    });
}

#[test]
fn it_finds_its_way_back_to_the_facade_from_behind_another_attribute() {
    #[protected(name = "behind")]
    #[sidecar_macros::monitor_performance(crate = stand_in)]
    fn call() -> io::Result<()> {
        Ok(())
    }
    alone("attributes::it_finds_its_way_back_to_the_facade_from_behind_another_attribute", &[], || {
        assert!(call().is_ok());
        assert!(BreakerRegistry::global().trip("behind"));
        assert!(call().is_err());
        assert_eq!(stand_in::MEASURED.get(), 1, "a refused call is no operation");
    });
}
