//! Which rate an event type follows, and how rates change.

use sidecar_sampler::{EventTypes, Sampler, TypeId};

fn rate(sampler: &Sampler, event_type: &str) -> f64 {
    sampler.rate(sampler.intern(event_type))
}

#[test]
fn without_configuration_every_signal_has_its_default() {
    let sampler = Sampler::builder().build().expect("defaults are valid");
    for (event_type, expected) in [
        ("anything", 0.1),
        ("trace_1", 0.05),
        ("span", 0.05),
        ("profile", 0.01),
        ("test_end", 0.2),
        ("perf_cpu", 0.05),
        ("debug", 0.01),
        ("log", 0.01),
    ] {
        assert!((rate(&sampler, event_type) - expected).abs() < 1e-12, "{event_type}");
    }
}

#[test]
fn a_configured_events_rate_also_holds_for_signals_without_one() {
    let sampler = Sampler::builder().rate("events", 0.5).rate("traces", 0.25).build().expect("valid");
    assert_eq!(rate(&sampler, "test_end"), 0.5);
    assert_eq!(rate(&sampler, "span"), 0.25);
}

#[test]
fn a_type_s_own_rate_comes_first() {
    let sampler = Sampler::builder().rate("events", 0.0).event_type_rate("test_end", 1.0).build();
    let sampler = sampler.expect("valid");
    assert_eq!((rate(&sampler, "test_end"), rate(&sampler, "test_start")), (1.0, 0.0));
}

#[test]
fn keep_all_fills_only_what_is_not_given() {
    let sampler = Sampler::builder().keep_all().rate("traces", 0.5).build().expect("valid");
    assert_eq!((rate(&sampler, "test_end"), rate(&sampler, "span")), (1.0, 0.5));
}

#[test]
fn rates_change_while_running_and_bad_ones_change_nothing() {
    let sampler = Sampler::builder().rate("events", 1.0).build().expect("valid");
    assert!(sampler.should_sample("a"));
    sampler.set_rate("events", 0.0).expect("valid");
    assert!(!sampler.should_sample("a"));
    sampler.set_event_type_rate("a", 1.0).expect("valid");
    assert!(sampler.should_sample("a"));
    assert_eq!(sampler.set_rate("events", 1.5).expect_err("too high").field(), "events");
    assert_eq!(sampler.set_rate("evnts", 0.5).expect_err("unknown").field(), "signal");
    assert!(sampler.set_event_type_rate("a", f64::NAN).is_err());
    assert_eq!((rate(&sampler, "a"), rate(&sampler, "b")), (1.0, 0.0));
}

#[test]
fn bad_settings_are_refused_by_name() {
    let error = Sampler::builder().rate("traces", -0.1).build().expect_err("negative");
    assert_eq!(error.to_string(), "traces is -0.1, but must be a number from 0.0 to 1.0");
    let error = Sampler::builder().event_type_rate("x", 2.0).build().expect_err("too high");
    assert_eq!(error.field(), "event_types");
    assert!(Sampler::builder().rate("nothing", 0.1).build().is_err());
}

#[test]
fn type_rates_are_bounded() {
    let full = (0..1_024).fold(Sampler::builder(), |b, n| b.event_type_rate(format!("t{n}"), 0.5));
    let sampler = full.build().expect("1 024 are allowed");
    assert!(sampler.set_event_type_rate("t0", 0.1).is_ok(), "a known one may change");
    assert!(sampler.set_event_type_rate("one_more", 0.1).is_err());
}

#[test]
fn a_configured_rate_survives_a_flood_of_other_types() {
    let names = EventTypes::with_limit(3);
    let sampler = Sampler::builder().names(names).rate("events", 0.0).event_type_rate("login", 1.0).build();
    let sampler = sampler.expect("valid");
    for n in 0..100 {
        sampler.intern(&format!("flood-{n}"));
    }
    assert_eq!(rate(&sampler, "login"), 1.0);
}

#[test]
fn types_beyond_the_bound_share_the_rate_of_events() {
    let names = EventTypes::with_limit(3);
    let sampler = Sampler::builder().names(names).rate("events", 0.5).rate("traces", 0.25).build();
    let sampler = sampler.expect("valid");
    assert_eq!(rate(&sampler, "span_a"), 0.25);
    assert_eq!(rate(&sampler, "span_b"), 0.25);
    assert_eq!(sampler.intern("span_c"), TypeId::OVERFLOW);
    assert_eq!(rate(&sampler, "span_c"), 0.5);
}

#[test]
fn a_change_is_never_overwritten_by_a_thread_that_resolved_the_old_rate() {
    let sampler = Sampler::builder().rate("events", 0.0).build().expect("valid");
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            while !sampler.should_sample("end") {
                std::hint::black_box(sampler.should_sample("a"));
            }
        });
        for step in 0..2_000 {
            let rate_now = f64::from(step % 2);
            sampler.set_rate("events", rate_now).expect("valid");
            assert_eq!(rate(&sampler, "a"), rate_now, "step {step}");
        }
        sampler.set_event_type_rate("end", 1.0).expect("valid");
        reader.join().expect("no panic");
    });
}
