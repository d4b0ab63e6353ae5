//! Decisions by draw follow their probability, with fixed seeds and a stated error.

use crate::support::{assert_binomial, assert_independent};
use sidecar_sampler::Sampler;

#[test]
fn the_share_kept_is_the_probability() {
    const OFFERED: u32 = 500_000;
    for (seed, p) in (1..).zip([1e-5, 1e-4, 0.001, 0.01, 0.1, 0.5, 0.9, 0.999]) {
        let sampler = Sampler::builder().seed(seed).rate("events", p).build().expect("valid");
        let id = sampler.intern("e");
        let kept = (0..OFFERED).filter(|_| sampler.sample(id).is_some()).count();
        assert_binomial(kept as u32, OFFERED, p);
    }
}

#[test]
fn the_generator_of_a_thread_follows_the_probability() {
    const OFFERED: u32 = 500_000;
    let sampler = Sampler::builder().rate("events", 0.1).build().expect("valid");
    let id = sampler.intern("e");
    // Its seed is another in every run: one false alarm in 1.7 million of them.
    let kept = (0..OFFERED).filter(|_| sampler.sample(id).is_some()).count();
    assert_binomial(kept as u32, OFFERED, 0.1);
}

#[test]
fn zero_keeps_nothing_and_one_keeps_everything() {
    let sampler = Sampler::builder().rate("events", 0.0).event_type_rate("all", 1.0).build().expect("valid");
    let (none, all) = (sampler.intern("none"), sampler.intern("all"));
    for _ in 0..100_000 {
        assert!(sampler.sample(none).is_none());
        assert_eq!(sampler.sample(all).map(|p| p.weight()), Some(1.0));
    }
}

#[test]
fn two_types_that_take_turns_are_independent() {
    let sampler = Sampler::builder().seed(11).rate("events", 0.3).rate("traces", 0.1).build().expect("valid");
    let (first, second) = (sampler.intern("e"), sampler.intern("span"));
    let mut table = [0u32; 4];
    for _ in 0..500_000 {
        let kept = [first, second].map(|id| usize::from(sampler.sample(id).is_some()));
        table[kept[0] * 2 + kept[1]] += 1;
    }
    let [neither, only_second, only_first, both] = table.map(f64::from);
    assert_independent(both, only_first, only_second, neither);
}

#[test]
fn one_decision_says_nothing_about_the_next() {
    let sampler = Sampler::builder().seed(12).rate("events", 0.3).build().expect("valid");
    let id = sampler.intern("e");
    let mut table = [0u32; 4];
    let mut last = 0;
    for _ in 0..500_000 {
        let kept = usize::from(sampler.sample(id).is_some());
        table[last * 2 + kept] += 1;
        last = kept;
    }
    let [neither, only_second, only_first, both] = table.map(f64::from);
    assert_independent(both, only_first, only_second, neither);
}

#[test]
fn a_seed_repeats_its_decisions() {
    let run = || -> Vec<bool> {
        let sampler = Sampler::builder().seed(42).rate("events", 0.3).build().expect("valid");
        (0..64).map(|_| sampler.should_sample("e")).collect()
    };
    assert_eq!(run(), run());
}
