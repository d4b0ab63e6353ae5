//! All rates at once, and what makes anomalies boost, while it runs.

use crate::support::{World, secs};
use sidecar_sampler::{Anomaly, Sampler};

#[test]
fn all_rates_are_replaced_at_once_and_what_is_not_named_has_its_default_again() {
    let world = World::with(|builder| builder.rate("traces", 0.5).event_type_rate("signin", 1.0));
    assert_eq!(["signin", "span", "other"].map(|name| world.rate(name)), [1.0, 0.5, 0.1]);
    world.sampler.set_rates([("events", 0.25)], [("other", 0.75)]).expect("valid");
    assert_eq!(["signin", "span", "other"].map(|name| world.rate(name)), [0.25, 0.25, 0.75]);
    world.sampler.set_rates([], []).expect("valid");
    assert_eq!(["signin", "span", "other"].map(|name| world.rate(name)), [0.1, 0.05, 0.1]);
}

#[test]
fn a_sampler_that_keeps_all_goes_on_doing_so() {
    let sampler = Sampler::builder().keep_all().build().expect("valid");
    sampler.set_rates([("traces", 0.5)], []).expect("valid");
    let rate = |name| sampler.rate(sampler.intern(name));
    assert_eq!([rate("span"), rate("other")], [0.5, 1.0]);
}

#[test]
fn a_wrong_rate_among_good_ones_changes_nothing() {
    let world = World::with(|builder| builder.rate("events", 0.5));
    assert!(world.sampler.set_rates([("events", 0.25), ("traces", 2.0)], []).is_err());
    assert!(world.sampler.set_rates([("events", 0.25)], [("signin", -1.0)]).is_err());
    assert!(world.sampler.set_rates([("evnets", 0.25)], []).is_err());
    assert_eq!(world.rate("e"), 0.5);
}

#[test]
fn a_boost_in_force_goes_on_on_top_of_the_new_rates() {
    let world = World::new();
    assert!(world.sampler.boost("events", 5.0, secs(60)));
    world.sampler.set_rates([("events", 0.05)], []).expect("valid");
    assert!((world.rate("e") - 0.25).abs() < 1e-9);
    world.advance(secs(60));
    assert!((world.rate("e") - 0.05).abs() < 1e-9);
}

#[test]
fn what_makes_anomalies_boost_may_change() {
    let world = World::new();
    let report = || world.sampler.report_anomaly("events", Anomaly::Error);
    world.sampler.set_adaptive(|settings| settings.enabled = false).expect("valid");
    assert!(!(0..10).any(|_| report()));
    world
        .sampler
        .set_adaptive(|settings| {
            (settings.enabled, settings.boost_factor, settings.anomaly_threshold) = (true, 2.0, 3);
        })
        .expect("valid");
    world.advance(secs(3_600));
    assert_eq!([(); 3].map(|()| report()), [false, false, true]);
    assert!((world.rate("e") - 0.2).abs() < 1e-9);
    let wrong = world.sampler.set_adaptive(|settings| settings.boost_factor = 0.5);
    assert_eq!(wrong.expect_err("refused").field(), "boost_factor");
    assert!(world.sampler.stats().adaptive);
}
