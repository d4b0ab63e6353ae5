//! The throttle multiplies what is in force, and what it takes is told apart by the same draw.

use crate::support::{World, assert_binomial, secs};
use sidecar_sampler::{Decision, Sampler};

const RATES: [f64; 8] = [0.0, 1e-5, 0.01, 0.1, 0.3, 0.5, 0.999, 1.0];

#[test]
fn a_throttle_multiplies_every_rate_boosts_included() {
    let world = World::new();
    world.sampler.set_throttle(0.5);
    assert!((world.rate("e") - 0.05).abs() < 1e-12);
    assert!(world.sampler.boost("events", 5.0, secs(60)));
    assert!((world.rate("e") - 0.25).abs() < 1e-12);
    assert!((world.rate("test_end") - 0.05).abs() < 1e-12);
    world.sampler.set_throttle(1.0);
    assert_eq!((world.rate("e"), world.rate("test_end")), (0.5, 0.1));
}

#[test]
fn a_share_outside_the_range_counts_as_its_end_and_what_is_no_number_changes_nothing() {
    let sampler = Sampler::builder().build().expect("valid");
    assert_eq!(sampler.throttle(), 1.0);
    for (share, expected) in [
        (0.25, 0.25),
        (f64::NAN, 0.25),
        (-1.0, 0.0),
        (2.0, 1.0),
        (f64::NEG_INFINITY, 0.0),
        (f64::INFINITY, 1.0),
    ] {
        sampler.set_throttle(share);
        assert_eq!(sampler.throttle(), expected, "{share}");
    }
}

#[test]
fn an_event_is_throttled_exactly_if_its_key_is_kept_without_the_throttle() {
    let world = World::new();
    let sampler = &world.sampler;
    let id = sampler.intern("e");
    let mut seen = [0; 3];
    for rate in RATES {
        for boost in [1.0, 1.5, 5.0, 1_000.0] {
            world.advance(secs(61));
            sampler.set_rate("events", rate).expect("valid");
            assert_eq!(sampler.boost("events", boost, secs(60)), boost > 1.0);
            for share in RATES {
                for key in 0..50u32 {
                    sampler.set_throttle(1.0);
                    let without = sampler.decide_keyed(id, &key.to_le_bytes());
                    sampler.set_throttle(share);
                    let with = sampler.decide_keyed(id, &key.to_le_bytes());
                    let case = format!("rate {rate} boost {boost} share {share} key {key}");
                    match with {
                        Decision::Keep(probability) => {
                            assert!(without.kept().is_some(), "{case}");
                            assert_eq!(probability.as_f64(), sampler.rate(id), "{case}");
                            seen[0] += 1;
                        }
                        Decision::Throttled => {
                            assert!(without.kept().is_some() && share < 1.0, "{case}");
                            seen[1] += 1;
                        }
                        _ => {
                            assert_eq!(without, Decision::SampledOut, "{case}");
                            seen[2] += 1;
                        }
                    }
                }
            }
        }
    }
    assert!(seen.iter().all(|count| *count > 500), "the grid has every case: {seen:?}");
}

#[test]
fn draws_without_a_key_are_told_apart_too() {
    const OFFERED: u32 = 200_000;
    let world = World::with(|builder| builder.seed(3).rate("events", 0.4));
    world.sampler.set_throttle(0.25);
    let id = world.sampler.intern("e");
    let decisions: Vec<_> = (0..OFFERED).map(|_| world.sampler.decide(id)).collect();
    let count = |what: fn(&Decision) -> bool| decisions.iter().filter(|one| what(one)).count() as u32;
    assert_binomial(count(|one| matches!(one, Decision::Keep(_))), OFFERED, 0.1);
    assert_binomial(count(|one| *one == Decision::Throttled), OFFERED, 0.3);
    assert_binomial(count(|one| *one == Decision::SampledOut), OFFERED, 0.6);
}

#[test]
fn a_throttle_of_zero_keeps_nothing_and_blames_itself_only_for_what_would_have_passed() {
    let world = World::with(|builder| builder.rate("events", 1.0).rate("traces", 0.0));
    world.sampler.set_throttle(0.0);
    let (all, none) = (world.sampler.intern("e"), world.sampler.intern("span"));
    for _ in 0..1_000 {
        assert_eq!(world.sampler.decide(all), Decision::Throttled);
        assert_eq!(world.sampler.decide(none), Decision::SampledOut);
    }
}
