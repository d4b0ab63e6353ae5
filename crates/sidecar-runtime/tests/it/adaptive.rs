//! The configured boosts are the sampler's.

use sidecar_runtime::config::Adaptive;
use sidecar_runtime::sampler::Anomaly;
use sidecar_runtime::{Sidecar, SidecarConfig};
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
