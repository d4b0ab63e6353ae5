//! The rolling window, in virtual time.

use crate::monitor;
use proptest::prelude::*;
use sidecar_perf::{Completion, OperationMetrics, PerfMonitor};
use std::time::Duration;

const SECOND: u64 = 1_000_000_000;
const SLICE: u64 = 5 * SECOND;

fn seen(monitor: &PerfMonitor) -> OperationMetrics {
    monitor.operation_metrics("work").expect("it is known")
}

#[derive(Clone, Debug)]
enum Step {
    Record { nanos: u64, completion: Completion },
    Sleep(u64),
    Tick,
    Read,
}

fn step() -> impl Strategy<Value = Step> {
    let completion = prop::sample::select(&Completion::ALL[..]);
    prop_oneof![
        6 => (1..1_u64 << 40, completion).prop_map(|(nanos, completion)| Step::Record { nanos, completion }),
        3 => (0..7 * SECOND).prop_map(Step::Sleep),
        1 => (0..300 * SECOND).prop_map(Step::Sleep),
        1 => Just(Step::Sleep(SLICE)),
        1 => Just(Step::Tick),
        2 => Just(Step::Read),
    ]
}

/// All that was ever recorded: when, how long, and how it ended.
type Log = Vec<(u64, u64, Completion)>;

fn assert_is(found: &sidecar_perf::Figures, log: &[(u64, u64, Completion)], span: u64) {
    for (completion, count) in [
        (Completion::Success, found.successes),
        (Completion::Failure, found.failures),
        (Completion::Cancelled, found.cancelled),
        (Completion::Panicked, found.panicked),
    ] {
        assert_eq!(log.iter().filter(|entry| entry.2 == completion).count() as u64, count, "{completion:?}");
    }
    assert_eq!((found.count, found.samples), (log.len() as u64, log.len() as u64));
    assert_eq!(found.span_seconds, span as f64 / 1e9);
    assert_eq!(found.throughput, (span > 0).then(|| log.len() as f64 / found.span_seconds));
    let millis = |nanos: Option<u64>| nanos.map(|nanos| nanos as f64 / 1e6);
    assert_eq!(found.latency_min, millis(log.iter().map(|entry| entry.1).min()));
    assert_eq!(found.latency_max, millis(log.iter().map(|entry| entry.1).max()));
    let mut sorted: Vec<u64> = log.iter().map(|entry| entry.1).collect();
    sorted.sort_unstable();
    assert_eq!(found.percentiles.len(), if log.is_empty() { 0 } else { 3 });
    for percentile in &found.percentiles {
        let rank = ((percentile.quantile * log.len() as f64).ceil() as usize).max(1);
        let truth = sorted[rank - 1] as f64 / 1e6;
        assert!(percentile.lower <= truth && truth <= percentile.upper, "{percentile:?} {truth}");
    }
}

proptest! {
    #[test]
    fn it_is_what_a_log_of_everything_says(steps in prop::collection::vec(step(), 1..120)) {
        let (monitor, hand) = monitor(|builder| builder);
        let operation = monitor.operation("work");
        let began = monitor.clock().now();
        let mut log = Log::new();
        for step in steps.into_iter().chain([Step::Read]) {
            let now = monitor.clock().now();
            match step {
                Step::Record { nanos, completion } => {
                    operation.record(Duration::from_nanos(nanos), completion);
                    log.push((now, nanos, completion));
                }
                Step::Sleep(nanos) => hand.increment(Duration::from_nanos(nanos)),
                Step::Tick => prop_assert_eq!(monitor.tick(now), (now / SLICE + 1) * SLICE),
                Step::Read => {
                    let oldest = (now / SLICE).saturating_sub(11) * SLICE;
                    let within: Log = log.iter().filter(|entry| entry.0 >= oldest).copied().collect();
                    let metrics = seen(&monitor);
                    assert_is(&metrics, &within, now - began.max(oldest));
                    assert_is(&metrics.since_start, &log, now - began);
                }
            }
        }
    }
}

#[test]
fn an_empty_window_has_no_figures_and_keeps_those_since_the_start() {
    let (monitor, hand) = monitor(|builder| builder);
    let operation = monitor.operation("work");
    let at_once = seen(&monitor);
    assert_eq!((at_once.throughput, at_once.latency_p50, at_once.error_rate), (None, None, None));
    operation.record(Duration::from_millis(7), Completion::Success);
    hand.increment(Duration::from_secs(3_600));
    let metrics = seen(&monitor);
    assert_eq!((metrics.count, metrics.since_start.count), (0, 1));
    for figure in [metrics.latency_min, metrics.latency_max, metrics.latency_avg, metrics.error_rate] {
        assert_eq!(figure, None);
    }
    for figure in [metrics.latency_p50, metrics.latency_p95, metrics.latency_p99, metrics.polls_avg] {
        assert_eq!(figure, None);
    }
    assert!(metrics.percentiles.is_empty());
    assert_eq!(metrics.since_start.latency_p50, Some(7.0));
}

#[test]
fn reading_resets_nothing() {
    let (monitor, hand) = monitor(|builder| builder);
    monitor.operation("work").record(Duration::from_millis(7), Completion::Failure);
    hand.increment(Duration::from_secs(6));
    assert_eq!(seen(&monitor), seen(&monitor));
    assert_eq!((seen(&monitor).count, monitor.snapshot()), (1, vec![seen(&monitor)]));
}

#[test]
fn throughput_is_over_the_time_that_is_covered() {
    let (monitor, hand) = monitor(|builder| builder.window(Duration::from_secs(12)));
    let operation = monitor.operation("work");
    for _ in 0..200 {
        hand.increment(Duration::from_millis(100));
        operation.measure(|| ());
    }
    let metrics = seen(&monitor);
    // At 20 s: the current second and the eleven before it.
    assert_eq!((metrics.span_seconds, metrics.count), (11.0, 111));
    assert_eq!(metrics.since_start.throughput, Some(10.0));
}

#[test]
fn a_small_step_back_is_waited_for() {
    let (monitor, hand) = monitor(|builder| builder);
    hand.increment(Duration::from_secs(100));
    let operation = monitor.operation("work");
    let timer = operation.start();
    hand.decrement(Duration::from_secs(12));
    timer.success();
    operation.record(Duration::from_millis(1), Completion::Success);
    let metrics = seen(&monitor);
    assert_eq!((metrics.count, metrics.latency_min, metrics.throughput), (2, Some(0.0), None));
    hand.increment(Duration::from_secs(12 + 50));
    assert_eq!(seen(&monitor).count, 2, "they belong to the slice that was current");
    hand.increment(Duration::from_secs(20));
    assert_eq!((seen(&monitor).count, seen(&monitor).since_start.count), (0, 2));
}

#[test]
fn a_clock_that_begins_again_begins_a_new_window() {
    let (monitor, hand) = monitor(|builder| builder);
    hand.increment(Duration::from_secs(1_000));
    let operation = monitor.operation("work");
    operation.record(Duration::from_millis(1), Completion::Success);
    hand.decrement(Duration::from_secs(990));
    operation.record(Duration::from_millis(2), Completion::Success);
    hand.increment(Duration::from_secs(2));
    let metrics = seen(&monitor);
    assert_eq!((metrics.count, metrics.latency_min, metrics.throughput), (1, Some(2.0), Some(0.5)));
    assert_eq!(metrics.since_start.count, 2);
    hand.increment(Duration::from_secs(70));
    assert_eq!(seen(&monitor).count, 0, "and it rolls on");
}
