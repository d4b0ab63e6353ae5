//! Many threads, random ends, and slices that end meanwhile.

use crate::ends;
use sidecar_core::Clock;
use sidecar_harness::Draws;
use sidecar_perf::{Completion, PerfMonitor};
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;
use std::time::Duration;

const THREADS: u64 = 4;
const CALLS: u64 = 5_000;

#[test]
fn no_end_is_lost_and_the_bounds_hold_throughout() {
    let (clock, hand) = Clock::mock();
    let monitor = PerfMonitor::builder().clock(clock).max_operations(2).build().expect("valid settings");
    let is_done = AtomicBool::new(false);
    let told: Vec<[u64; 4]> = thread::scope(|scope| {
        let recorders: Vec<_> = (0..THREADS)
            .map(|seed| {
                let monitor = &monitor;
                scope.spawn(move || {
                    let mut draws = Draws::seeded(seed);
                    let mut told = [0; 4];
                    for _ in 0..CALLS {
                        // The third is the overflow.
                        let operation = monitor.operation(["a", "b", "c"][draws.below(3) as usize]);
                        let which = draws.below(4) as usize;
                        told[which] += 1;
                        let timer = operation.start();
                        match Completion::ALL[which] {
                            Completion::Success => timer.success(),
                            Completion::Failure => timer.failure(),
                            Completion::Cancelled => drop(timer),
                            other => {
                                operation.record(Duration::from_nanos(draws.below(1 << 40)), other);
                                // Counted below as cancelled.
                                told[2] += 1;
                            }
                        }
                    }
                    told
                })
            })
            .collect();
        let reader = scope.spawn(|| {
            while !is_done.load(Relaxed) {
                hand.increment(Duration::from_secs(3));
                for row in monitor.snapshot() {
                    assert!(row.count <= row.since_start.count);
                    for figures in [&row.window, &row.since_start] {
                        assert!(
                            figures.percentiles.iter().all(|found| found.lower <= found.upper),
                            "{figures:?}"
                        );
                        assert!(figures.latency_min <= figures.latency_max, "{figures:?}");
                    }
                }
            }
        });
        let told = recorders.into_iter().map(|recorder| recorder.join().expect("no panic")).collect();
        is_done.store(true, Relaxed);
        reader.join().expect("no panic");
        told
    });
    let rows = monitor.snapshot();
    let sum = |of: &dyn Fn(usize) -> u64| (0..rows.len()).map(of).sum::<u64>();
    for which in 0..4 {
        let expected: u64 = told.iter().map(|told| told[which]).sum();
        assert_eq!(sum(&|row| ends(&rows[row].since_start)[which]), expected, "{which}");
    }
    let count = sum(&|row| rows[row].since_start.count);
    assert_eq!((sum(&|row| rows[row].since_start.samples), sum(&|row| rows[row].in_flight)), (count, 0));
    // Nothing hangs in a slice for good.
    hand.increment(Duration::from_secs(120));
    for row in monitor.snapshot() {
        assert_eq!((row.count, row.samples, row.latency_p50), (0, 0, None));
    }
}

#[test]
fn threads_that_update_at_the_same_time_lose_no_change() {
    let monitor = PerfMonitor::builder().percentiles([]).build().expect("valid settings");
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for _ in 0..8 {
                    monitor.update(|settings| settings.percentiles.push(0.5)).expect("valid");
                }
            });
        }
    });
    assert_eq!(monitor.settings().percentiles.len(), 32);
}
