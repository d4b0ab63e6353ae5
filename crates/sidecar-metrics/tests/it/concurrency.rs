//! Writers and readers at once.

use crate::classic;
use crate::parser::histograms;
use sidecar_metrics::MetricsCollector;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

const WRITERS: usize = 4;
const ROUNDS: u64 = 3_000;

/// Sum of a counter's series, and count and sum of a histogram's, as a scrape sees them.
fn scrape(metrics: &MetricsCollector) -> (f64, f64, f64) {
    let mut seen = (0.0, 0.0, 0.0);
    for family in classic(metrics) {
        if family.kind == "counter" {
            seen.0 += family.samples.iter().map(|(_, _, value)| value).sum::<f64>();
            continue;
        }
        for own in histograms(&family).expect("cumulative, and +Inf equal to count").into_values() {
            seen.1 += own.count.expect("a count");
            seen.2 += own.sum.expect("a sum");
        }
    }
    seen
}

#[test]
fn every_scrape_is_consistent_and_the_last_one_exact() {
    let metrics = MetricsCollector::builder().max_series_per_metric(5).build().expect("valid bounds");
    let running = AtomicUsize::new(WRITERS);
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let (metrics, running) = (metrics.clone(), &running);
            scope.spawn(move || {
                let own = writer.to_string();
                let counter = metrics.counter("c_total", &[("writer", &own)]).expect("a new name");
                let histogram = metrics.histogram("h_ms", &[("writer", &own)]).expect("a new name");
                for round in 0..ROUNDS {
                    counter.increment();
                    // Most of these are beyond the bound.
                    metrics.increment("c_total", &[("round", &(round % 20).to_string())]);
                    histogram.record((round % 10) as f64);
                }
                running.fetch_sub(1, SeqCst);
            });
        }
        let mut before = (0.0, 0.0, 0.0);
        loop {
            let last = running.load(SeqCst) == 0;
            let now = scrape(&metrics);
            assert!(now.0 >= before.0 && now.1 >= before.1 && now.2 >= before.2, "{before:?} {now:?}");
            before = now;
            if last {
                break;
            }
        }
        let rounds = (WRITERS as u64 * ROUNDS) as f64;
        assert_eq!(before, (2.0 * rounds, rounds, 4.5 * rounds));
    });
    assert_eq!(metrics.errors(), 0);
}

#[test]
fn a_series_that_many_threads_register_at_once_is_one() {
    let metrics = MetricsCollector::builder().max_series_per_metric(3).build().expect("valid bounds");
    let barrier = std::sync::Barrier::new(WRITERS);
    std::thread::scope(|scope| {
        for _ in 0..WRITERS {
            scope.spawn(|| {
                for at in 0..20 {
                    barrier.wait();
                    metrics.increment("c", &[("at", &at.to_string())]);
                }
            });
        }
    });
    let families = metrics.families();
    let samples = families.get("c").expect("present").samples();
    assert_eq!(samples.len(), 4, "three and the overflow series");
    let values: Vec<Option<f64>> = samples.iter().map(|sample| sample.value().as_f64()).collect();
    assert_eq!(values.iter().filter(|value| **value == Some(WRITERS as f64)).count(), 3, "{values:?}");
    assert!(values.contains(&Some((17 * WRITERS) as f64)), "{values:?}");
}

#[test]
fn threads_that_come_and_go_lose_nothing() {
    const THREADS: u64 = 400;
    let metrics = MetricsCollector::new();
    let counter = metrics.counter("held_total", &[]).expect("a new name");
    let histogram = metrics.histogram("held_ms", &[]).expect("a new name");
    std::thread::scope(|scope| {
        let mut running = std::collections::VecDeque::new();
        for thread in 0..THREADS {
            let (metrics, counter, histogram) = (&metrics, &counter, &histogram);
            // From none to enough to have cells of its own; some end in a panic.
            let calls = thread * 7 % 31;
            running.push_back(scope.spawn(move || {
                for call in 0..calls {
                    counter.increment();
                    histogram.record(call as f64);
                    metrics.increment("c_total", &[("call", &(call % 5).to_string())]);
                    if call == 20 {
                        std::panic::resume_unwind(Box::new(()));
                    }
                }
            }));
            // About twenty at a time, more than have a cell of a histogram.
            if running.len() > 20 {
                let _ = running.pop_front().expect("there are some").join();
            }
        }
        running.into_iter().for_each(|thread| drop(thread.join()));
    });
    let calls = |thread: u64| (thread * 7 % 31).min(21);
    let total: u64 = (0..THREADS).map(calls).sum();
    let values: u64 = (0..THREADS).map(|thread| (0..calls(thread)).sum::<u64>()).sum();
    let families = metrics.families();
    let by_name = families.get("c_total").expect("present").samples();
    let by_name: f64 = by_name.iter().filter_map(|sample| sample.value().as_f64()).sum();
    let held = families.get("held_ms").and_then(|family| family.sample(&[])).expect("present");
    let held = held.value().as_histogram().map(|own| (own.count(), own.sum));
    assert_eq!((counter.value(), by_name, held), (total, total as f64, Some((total, values as f64))));
}
