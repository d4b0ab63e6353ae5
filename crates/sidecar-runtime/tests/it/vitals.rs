//! The sidecar watches itself, and is never critical.

use crate::support::{Hold, becomes, component, everything, judged_again, offer_times, started};
use sidecar_harness::PATIENCE;
use sidecar_runtime::health::Status;
use sidecar_runtime::observer::{Observed, Reason};
use sidecar_runtime::{Sidecar, SidecarHandle, observe};

/// What a trouble of the sidecar's own may do: degrade the whole, and nothing else.
#[track_caller]
fn assert_harmless(sidecar: &SidecarHandle, name: &str) {
    assert!(!component(sidecar, name).1, "{name} is not critical");
    assert_eq!(sidecar.health_report().status(), Status::Degraded);
    assert!(sidecar.health().is_ready() && sidecar.health().is_live());
}

fn with_queue(events: usize) -> Sidecar {
    Sidecar::builder().config(everything().max_queue_size(events)).start().expect("valid settings")
}

#[test]
fn all_are_judged_within_start() {
    let sidecar = started();
    let report = sidecar.health_report();
    let found: Vec<_> =
        report.components().map(|each| (each.name(), each.status(), each.is_critical())).collect();
    let healthy = Status::Healthy;
    let expected = [
        ("configuration", healthy, false),
        ("metrics", healthy, false),
        ("objectives", healthy, false),
        ("observer", healthy, false),
        ("profiler", healthy, false),
        ("scheduler", healthy, true),
    ];
    assert_eq!(found, expected);
    assert!(report.components().all(|each| each.is_built_in() && each.last_check().is_some()));
    assert_eq!(report.status(), Status::Healthy);
}

#[test]
fn an_observer_that_drops_most_events_is_unhealthy() {
    let sidecar = with_queue(10);
    let hold = Hold::worker_of(&sidecar);
    for _ in 0..200 {
        observe!(sidecar, "x");
    }
    becomes(&sidecar, "observer", Status::Unhealthy);
    assert_harmless(&sidecar, "observer");
    drop(hold);
}

#[test]
fn a_queue_that_is_nearly_full_degrades_the_observer_until_it_is_empty_again() {
    let sidecar = with_queue(10);
    let hold = Hold::worker_of(&sidecar);
    offer_times(8, || observe!(sidecar, "x"));
    becomes(&sidecar, "observer", Status::Degraded);
    assert_harmless(&sidecar, "observer");
    drop(hold);
    becomes(&sidecar, "observer", Status::Healthy);
}

#[test]
fn an_observer_whose_handlers_fail_is_unhealthy() {
    let sidecar = started();
    sidecar.register_handler("bad", |_| panic!("a handler fails, as it was told to"));
    offer_times(100, || observe!(sidecar, "good"));
    offer_times(20, || observe!(sidecar, "bad"));
    let _ = sidecar.observer().flush(PATIENCE);
    becomes(&sidecar, "observer", Status::Unhealthy);
    assert_harmless(&sidecar, "observer");
}

#[test]
fn sampled_out_events_are_no_trouble() {
    let config = everything().event_type_rate("never", 0.0);
    let sidecar = Sidecar::builder().config(config).start().expect("valid settings");
    for _ in 0..500 {
        observe!(sidecar, "never");
    }
    judged_again(&sidecar, "observer");
    assert_eq!(component(&sidecar, "observer").0, Status::Healthy);
}

#[test]
fn events_that_a_budget_takes_are_trouble_unlike_those_of_a_lower_rate() {
    let sidecar = started();
    sidecar.sampler().set_throttle(0.0);
    for _ in 0..200 {
        assert_eq!(observe!(sidecar, "x"), Observed::Dropped(Reason::Budget));
    }
    assert_eq!((sidecar.stats().dropped["budget"], sidecar.stats().sampled_out), (200, 0));
    let shown = sidecar.get_metrics().value("sidecar_events_dropped_total", &[("reason", "budget")]);
    assert_eq!(shown, Some(200.0));
    becomes(&sidecar, "observer", Status::Unhealthy);
    assert_harmless(&sidecar, "observer");
}

#[test]
fn metrics_that_overflow_are_named() {
    let sidecar = started();
    for n in 0..=1_000 {
        sidecar.metrics().increment("requests_total", &[("path", &format!("/{n}"))]);
    }
    becomes(&sidecar, "metrics", Status::Degraded);
    assert_harmless(&sidecar, "metrics");
    let report = sidecar.health_report();
    let message = report.component("metrics").and_then(|found| found.message()).unwrap_or_default();
    assert!(message.contains("requests_total"), "{message}");
}

#[test]
fn a_profiler_over_its_budget_says_which() {
    let mut config = everything();
    config.runtime.sidecar.resources.max_memory_mb = 1.0;
    config.runtime.sidecar.resources.max_cpu_percent = 100.0;
    let sidecar = Sidecar::builder().config(config).start().expect("valid settings");
    sidecar.profiler().account("ballast", || 2 << 20).expect("room for one more");
    becomes(&sidecar, "profiler", Status::Degraded);
    assert_harmless(&sidecar, "profiler");
    let report = sidecar.health_report();
    let message = report.component("profiler").and_then(|found| found.message()).unwrap_or_default();
    assert!(message.contains("memory budget"), "{message}");
    assert!(sidecar.profiler().is_over_budget().memory_excess_mb >= 1.0);
}
