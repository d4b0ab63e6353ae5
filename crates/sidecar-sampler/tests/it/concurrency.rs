//! Threads that sample while others change everything.

use crate::support::{World, secs};
use sidecar_harness::Draws;
use sidecar_sampler::{Anomaly, Decision, Signal};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;

const RATES: [f64; 3] = [0.1, 0.25, 0.7];
const FACTORS: [f64; 3] = [1.0, 2.0, 3.3];
const SHARES: [f64; 3] = [1.0, 0.5, 0.3];

fn set(world: &World, rate: f64, factor: f64, share: f64) {
    world.sampler.set_rate("events", rate).expect("valid");
    // So that the last boost is over, which a factor of 1.0 leaves as it is.
    world.advance(secs(10));
    world.sampler.boost("events", factor, secs(10));
    world.sampler.set_throttle(share);
}

/// Every probability that any combination of what is set may give.
fn possible() -> BTreeSet<u64> {
    let world = World::new();
    let mut found = BTreeSet::new();
    for rate in RATES.into_iter().chain([0.1]) {
        for factor in FACTORS {
            for share in SHARES {
                set(&world, rate, factor, share);
                found.insert(world.rate("e").to_bits());
            }
        }
    }
    found
}

#[test]
fn every_recorded_probability_is_one_that_was_set() {
    let (world, possible, done) = (World::new(), possible(), AtomicBool::new(false));
    let (id, other) = (world.sampler.intern("e"), world.sampler.intern("test_end"));
    thread::scope(|scope| {
        let sampling = |seed: u8| {
            let (world, possible, done) = (&world, &possible, &done);
            move || {
                let mut kept = 0u32;
                while !done.load(Relaxed) || kept == 0 {
                    let decision = if seed == 0 {
                        world.sampler.decide(id)
                    } else {
                        world.sampler.decide_keyed(id, &kept.to_le_bytes())
                    };
                    if let Decision::Keep(probability) = decision {
                        assert!(possible.contains(&probability.as_f64().to_bits()), "{probability:?}");
                    }
                    kept += 1;
                    std::hint::black_box(world.sampler.decide(other));
                }
            }
        };
        let samplers = [scope.spawn(sampling(0)), scope.spawn(sampling(1))];
        let mut draws = Draws::seeded(5);
        for _ in 0..3_000 {
            let [rate, factor, share] =
                [RATES, FACTORS, SHARES].map(|values| values[draws.below(3) as usize]);
            set(&world, rate, factor, share);
        }
        done.store(true, Relaxed);
        for sampler in samplers {
            sampler.join().expect("no panic");
        }
    });
    world.advance(secs(10));
    world.sampler.set_throttle(1.0);
    world.sampler.set_rate("events", 0.25).expect("valid");
    assert_eq!(world.rate("e"), 0.25, "nothing of a boost is left");
}

#[test]
fn anomalies_from_many_threads_begin_one_boost_and_are_all_counted() {
    let world = World::new();
    let begun: usize = thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    (0..1_000).filter(|_| world.sampler.report_anomaly("events", Anomaly::Error)).count()
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).sum()
    });
    let stats = world.stats(Signal::Events);
    assert_eq!((begun, stats.boosts, stats.anomalies.error), (1, 1, 4_000));
}
