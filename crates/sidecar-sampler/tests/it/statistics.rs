//! Decisions follow their probability, with fixed seeds and a stated error.

use sidecar_sampler::Sampler;

/// Five standard deviations of a binomial count: about one false alarm in 1.7 million draws of a seed.
fn tolerance(n: f64, p: f64) -> f64 {
    5.0 * (n * p * (1.0 - p)).sqrt()
}

#[test]
fn the_share_kept_is_the_probability() {
    const OFFERED: u32 = 200_000;
    for (seed, p) in [(1, 1e-4), (2, 0.01), (3, 0.1), (4, 0.5), (5, 0.9), (6, 0.999)] {
        let sampler = Sampler::builder().seed(seed).rate("events", p).build().expect("valid");
        let id = sampler.intern("e");
        let kept = (0..OFFERED).filter(|_| sampler.sample(id).is_some()).count() as f64;
        let expected = f64::from(OFFERED) * p;
        assert!((kept - expected).abs() <= tolerance(f64::from(OFFERED), p), "p {p}: {kept} of {expected}");
    }
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
fn weights_restore_the_offered_count_while_rates_change() {
    const PER_STEP: u32 = 50_000;
    let sampler = Sampler::builder().seed(7).rate("events", 0.5).build().expect("valid");
    let id = sampler.intern("e");
    let (mut estimate, mut variance) = (0.0, 0.0);
    for p in [0.5, 0.05, 0.9, 0.01] {
        sampler.set_rate("events", p).expect("valid");
        estimate += (0..PER_STEP).filter_map(|_| sampler.sample(id)).map(|kept| kept.weight()).sum::<f64>();
        variance += f64::from(PER_STEP) * (1.0 - p) / p;
    }
    let offered = f64::from(PER_STEP) * 4.0;
    assert!((estimate - offered).abs() <= 5.0 * variance.sqrt(), "{estimate} of {offered}");
}

#[test]
fn a_seed_repeats_its_decisions() {
    let run = || -> Vec<bool> {
        let sampler = Sampler::builder().seed(42).rate("events", 0.3).build().expect("valid");
        (0..64).map(|_| sampler.should_sample("e")).collect()
    };
    assert_eq!(run(), run());
}
