//! Weighted counts estimate what was offered without bias, also while everything changes and the changes depend on
//! what was kept.

use crate::support::{World, secs};
use sidecar_harness::Draws;
use sidecar_sampler::{Anomaly, Decision};
use std::time::Duration;

const RUNS: u64 = 200;
const STEPS: u32 = 25;
const PER_STEP: u32 = 80;

/// The errors of two estimates in one run, each in standard deviations: of what was offered, from what was kept;
/// and of what was offered, from what was kept or throttled.
fn run(seed: u64) -> [f64; 2] {
    let world = World::with(|builder| builder.seed(seed).rate("events", 0.3));
    let id = world.sampler.intern("e");
    let mut draws = Draws::seeded(!seed);
    let (mut sums, mut variances) = ([0.0; 2], [0.0; 2]);
    for _ in 0..STEPS {
        // Known before the draws of this step, because nothing changes during it.
        let stats = world.sampler.stats();
        let throttle = stats.throttle;
        let kept_with = world.sampler.rate(id);
        let passed_with = kept_with / throttle;
        let mut kept = 0;
        for _ in 0..PER_STEP {
            let decision = world.sampler.decide(id);
            if let Some(probability) = decision.kept() {
                assert!(
                    (probability.as_f64() - kept_with).abs() < 1e-12,
                    "what is recorded is what is in force"
                );
                kept += 1;
                sums[0] += probability.weight();
            }
            if matches!(decision, Decision::Keep(_) | Decision::Throttled) {
                sums[1] += 1.0 / passed_with;
            }
        }
        for (index, p) in [kept_with, passed_with].into_iter().enumerate() {
            sums[index] -= f64::from(PER_STEP);
            variances[index] += f64::from(PER_STEP) * (1.0 - p) / p;
        }
        match draws.below(6) {
            0 => world.sampler.set_rate("events", 0.02 + draws.below(90) as f64 / 100.0).expect("valid"),
            1 => assert!(world.sampler.boost("e", 2.0 + draws.below(4) as f64, secs(1 + draws.below(9)))),
            2 => (0..5).for_each(|_| {
                world.sampler.report_anomaly("events", Anomaly::Slow);
            }),
            // A controller that looks at what was kept.
            3 | 4 => world.sampler.set_throttle((20.0 / f64::from(kept.max(1))).clamp(0.1, 1.0)),
            _ => world.advance(Duration::from_secs(draws.below(40))),
        }
    }
    [0, 1].map(|index| sums[index] / variances[index].sqrt())
}

#[test]
fn weights_restore_what_was_offered_while_rates_boosts_and_throttle_change() {
    let errors: Vec<_> = (0..RUNS).map(run).collect();
    for index in [0, 1] {
        let errors = errors.iter().map(|run| run[index]);
        // Each error has mean 0 and variance 1, nearly normal: beyond 5 is one run in a million, and the mean of
        // all is within 5 / sqrt(RUNS).
        assert!(errors.clone().all(|error| error.abs() < 5.0), "{errors:?}");
        let mean = errors.clone().sum::<f64>() / RUNS as f64;
        assert!(mean.abs() < 5.0 / (RUNS as f64).sqrt(), "mean {mean}");
        // The sum of squares has mean RUNS and deviation sqrt(2 RUNS) = 20; a generator that is too even fails too.
        let squares = errors.map(|error| error * error).sum::<f64>();
        assert!((squares - RUNS as f64).abs() < 5.0 * (2.0 * RUNS as f64).sqrt(), "squares {squares}");
    }
}
