//! The configured boosts are the sampler's.

use sidecar_harness::PATIENCE;
use sidecar_runtime::config::Adaptive;
use sidecar_runtime::sampler::Anomaly;
use sidecar_runtime::{Sidecar, SidecarBuilder, SidecarConfig, observe};
use std::time::Duration;

/// The rate of events, 0.1 as configured, after five errors; and how long it stays.
fn after_five_errors(set: fn(&mut Adaptive)) -> (f64, Option<Duration>) {
    let mut config = SidecarConfig::default().sampling_rate("events", 0.1);
    set(&mut config.runtime.sidecar.sampling.adaptive);
    let sidecar = Sidecar::builder().config(config).start().expect("the settings are valid");
    let sampler = sidecar.sampler();
    (0..5).for_each(|_| {
        sampler.report_anomaly("events", Anomaly::Error);
    });
    let ends_in = sampler.stats().signals[0].boost_ends_in;
    (sampler.rate(sampler.intern("e")), ends_in)
}

#[test]
fn five_errors_boost_as_configured() {
    let (rate, ends_in) = after_five_errors(|_| {});
    assert_eq!(rate, 0.5);
    assert!(ends_in.is_some_and(|left| left <= Duration::from_secs(60)), "{ends_in:?}");
    let (rate, ends_in) = after_five_errors(|adaptive| {
        adaptive.boost_factor = 2.0;
        adaptive.boost_duration = Duration::from_secs(3_600);
    });
    assert_eq!(rate, 0.2);
    assert!(ends_in.is_some_and(|left| left > Duration::from_secs(60)), "{ends_in:?}");
}

#[test]
fn nothing_is_boosted_where_adaptive_is_disabled() {
    assert_eq!(after_five_errors(|adaptive| adaptive.enabled = false), (0.1, None));
}

/// Ten events with this status and duration after a thousand of 10 ms that passed, and what the rate of `test_x` is
/// then.
fn rate_after(builder: SidecarBuilder, detect: Option<bool>, status: &str, duration_ms: u64) -> f64 {
    let mut config = SidecarConfig::default().sampling_rate("events", 1.0).event_type_rate("test_x", 0.1);
    config.runtime.sidecar.sampling.adaptive.detect = detect;
    let sidecar = builder.config(config).start().expect("the settings are valid");
    let wait = || assert_eq!(sidecar.observer().flush(PATIENCE).waiting, 0);
    // Kept, whatever the rate: what is learned is learned from these.
    let sampler = sidecar.sampler();
    sampler.set_rates([], [("test_x", 1.0)]).expect("in range");
    for _ in 0..1_000 {
        observe!(sidecar, "test_x", status = "passed", duration_ms = 10);
    }
    wait();
    for _ in 0..10 {
        observe!(sidecar, "test_x", status = status, duration_ms = duration_ms);
    }
    wait();
    sampler.set_rates([], [("test_x", 0.1)]).expect("in range");
    sampler.rate(sampler.intern("test_x"))
}

#[test]
fn anomalies_are_found_in_events_where_that_is_asked_for() {
    let library = || Sidecar::builder();
    assert_eq!(rate_after(library(), Some(true), "passed", 10), 0.1);
    assert_eq!(rate_after(library(), Some(true), "failed", 10), 0.5);
    assert_eq!(rate_after(library(), Some(true), "passed", 500), 0.5);
    assert_eq!(rate_after(library(), None, "failed", 500), 0.1, "the library looks for none, unless told to");
    assert_eq!(rate_after(library().keep_all(), None, "failed", 10), 0.5, "who keeps all does");
    assert_eq!(rate_after(library().keep_all(), Some(false), "failed", 10), 0.1);
}
