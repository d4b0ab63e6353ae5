//! Breakers that follow their registry: what they are not given is what the registry says, now and later.

use crate::support::secs;
use sidecar_breaker::{Breaker, BreakerRegistry, BreakerSettings, RegisterError};

fn settings(set: impl FnOnce(&mut BreakerSettings) -> &mut BreakerSettings) -> BreakerSettings {
    let mut settings = BreakerSettings::default();
    set(&mut settings);
    settings
}

fn threshold(breaker: &Breaker) -> u32 {
    breaker.settings().failure_threshold()
}

#[test]
fn what_is_not_given_is_the_registry_s_and_changes_with_it() {
    let registry = BreakerRegistry::new();
    registry.set_defaults(settings(|s| s.set_failure_threshold(9).set_timeout(secs(7)))).expect("in range");
    let builder = || Breaker::builder("follows").timeout(secs(3)).follow();
    let follows = registry.register(builder()).expect("a new name");
    let stays = registry.register(Breaker::builder("stays")).expect("a new name");
    assert_eq!((threshold(&follows), follows.settings().timeout(), threshold(&stays)), (9, secs(3), 5));
    registry.set_defaults(settings(|s| s.set_failure_threshold(2))).expect("in range");
    assert_eq!((threshold(&follows), follows.settings().timeout(), threshold(&stays)), (2, secs(3), 5));
    let again = registry.register(builder()).expect("given the same settings");
    assert_eq!((threshold(&again), registry.len(), registry.errors()), (2, 2, 0));
    let other = registry.register(builder().timeout(secs(4)));
    assert!(matches!(other, Err(RegisterError::Conflict { .. })), "{other:?}");
}

#[test]
fn settings_by_name_stand_between_those_of_all_and_those_given() {
    let registry = BreakerRegistry::new();
    let [given, named, plain] = ["given", "named", "plain"].map(|name| {
        let builder = Breaker::builder(name).follow();
        let builder = if name == "given" { builder.failure_threshold(3) } else { builder };
        registry.register(builder).expect("a new name")
    });
    assert_eq!([&given, &named, &plain].map(threshold), [3, 5, 5], "nobody has said what they are");
    let own = || settings(|s| s.set_failure_threshold(7));
    let by_name = ["given", "named", "absent"].map(|name| (name.to_owned(), own()));
    let common = settings(|s| s.set_failure_threshold(9).set_success_threshold(4));
    registry.set_defaults_by_name(common.clone(), by_name).expect("in range");
    assert_eq!([&given, &named, &plain].map(threshold), [3, 7, 9]);
    assert_eq!(named.settings().success_threshold(), 4);
    let absent = registry.register(Breaker::builder("absent").follow()).expect("a new name");
    assert_eq!(threshold(&absent), 7);
    registry.set_defaults(common).expect("in range");
    assert_eq!([&given, &named, &plain, &absent].map(threshold), [3, 9, 9, 9]);
}

#[test]
fn what_is_out_of_range_changes_nothing() {
    let registry = BreakerRegistry::new();
    let follows = registry.register(Breaker::builder("follows").follow()).expect("a new name");
    let bad = settings(|s| s.set_failure_threshold(0));
    assert_eq!(registry.set_defaults(bad.clone()).expect_err("zero").field(), "failure_threshold");
    let fine = settings(|s| s.set_failure_threshold(9));
    assert!(registry.set_defaults_by_name(fine, [("follows".to_owned(), bad)]).is_err());
    assert_eq!(threshold(&follows), 5);
}

#[test]
fn defaults_that_do_not_go_with_what_was_given_are_left_out_and_counted() {
    let registry = BreakerRegistry::new();
    let follows =
        registry.register(Breaker::builder("follows").timeout(secs(90)).follow()).expect("a new name");
    let common = settings(|s| s.set_failure_threshold(9).set_max_timeout(secs(80)));
    registry.set_defaults(common).expect("in range by itself");
    assert_eq!((threshold(&follows), registry.errors()), (5, 1));
    let late = registry.register(Breaker::builder("late").timeout(secs(90)).follow()).expect("a new name");
    assert_eq!((threshold(&late), registry.errors()), (5, 2));
}

#[test]
fn following_keeps_nobody_in_a_full_registry() {
    let registry = BreakerRegistry::with_limit(1);
    for name in ["first", "second"] {
        drop(registry.register(Breaker::builder(name).follow()).expect("the other is idle"));
        registry.set_defaults(settings(|s| s.set_failure_threshold(9))).expect("in range");
    }
    assert_eq!(registry.names().iter().map(|name| &**name).collect::<Vec<_>>(), ["second"]);
}
