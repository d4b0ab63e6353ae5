//! `#[protected]` beside a sidecar. Its breakers are the process's, so each test has one to itself.

use crate::reloading::{File, reload};
use crate::support::{builder, everything, judged_again};
use sidecar_harness::PATIENCE;
use sidecar_harness::process::alone;
use sidecar_runtime::breaker::{Breaker, BreakerRegistry, State};
use sidecar_runtime::health::Status;
use sidecar_runtime::perf::PerfMonitor;
use sidecar_runtime::{Reload, Sidecar, SidecarHandle, protected};
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

fn settings(failures: u32, enabled: bool) -> String {
    format!(
        "runtime: {{ sidecar: {{ enabled: {enabled} }} }}\n\
         observability:\n  circuit_breaker: {{ failure_threshold: {failures} }}\n\
         \x20 performance: {{ percentiles: [0.{failures}] }}\n"
    )
}

/// Of the component `configuration`, once it has been judged from what happened before.
fn message(sidecar: &SidecarHandle) -> Option<String> {
    judged_again(sidecar, "configuration");
    let report = sidecar.health_report();
    let component = report.component("configuration").expect("it is built in");
    assert_eq!(component.status(), Status::Healthy);
    component.message().map(str::to_owned)
}

#[test]
fn of_several_sidecars_the_first_one_decides_until_it_stops() {
    alone("attributes::of_several_sidecars_the_first_one_decides_until_it_stops", &[], || {
        assert_eq!(fetch(Ok(7)).ok(), Some(7));
        let breaker = BreakerRegistry::global().get("fetch").expect("it was called");
        let stands = || {
            let failures = breaker.settings().failure_threshold();
            // The operations of attributes go by the same sidecar.
            let percentiles = &PerfMonitor::global().settings().percentiles;
            assert_eq!(percentiles, &[f64::from(failures) / 10.0]);
            (failures, BreakerRegistry::global().is_enabled())
        };
        let files =
            [(2, true), (3, false), (4, true)].map(|(failures, on)| File::new(&settings(failures, on)));
        let [first, second, third] = &files;
        let one = first.start();
        // Whether it shows them is another matter.
        let shown = || BreakerRegistry::global().clone();
        let two = second.builder().watch_config(false).breakers(shown()).start().expect("valid settings");
        let three = third.start();
        assert_eq!((stands(), message(&one)), ((2, true), None));
        assert!(two.breakers().state_of("fetch").is_some());
        for later in [&two, &three] {
            let message = message(later).expect("it says so");
            assert!(message.contains("another sidecar of this process"), "{message}");
        }
        second.write(&settings(5, false));
        assert_eq!((reload(&two), stands()), (Reload::Changed, (2, true)));
        let own = two.breakers().register(two.breaker("own")).expect("a new name");
        assert_eq!(own.settings().failure_threshold(), 2, "the process's registry has one set of settings");
        first.write(&settings(6, true));
        assert_eq!((reload(&one), stands()), (Reload::Changed, (6, true)));
        let gone = one.handle();
        let _ = one.stop(PATIENCE);
        assert_eq!((stands(), message(&two)), ((5, false), None), "the next one takes over with all it has");
        first.write(&settings(7, true));
        assert_eq!((reload(&gone), stands()), (Reload::Changed, (5, false)));
        // One that is not the first leaves without a trace.
        drop(three);
        assert_eq!(stands(), (5, false));
        second.write(&settings(5, true));
        assert_eq!((reload(&two), stands()), (Reload::Changed, (5, true)));
        drop(two);
        assert_eq!(stands(), (5, true), "what was in force last stays");
        let _next = third.start();
        assert_eq!(stands(), (4, true));
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
