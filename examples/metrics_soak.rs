//! Memory of metrics that nobody reads: millions of events, and millions of tag values that an attacker chose.
//!
//! `metrics_soak [EVENTS [VALUES]]`; a hundred thousand of each unless given.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use sidecar_harness::alloc::{Counting, counted};
use sidecar_metrics::{MetricsCollector, OVERFLOW_TAG};
use std::error::Error;
use std::time::Instant;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse::<u64>());
    let events = arguments.next().unwrap_or(Ok(100_000))?;
    let values = arguments.next().unwrap_or(Ok(100_000))?;
    let metrics = MetricsCollector::new();

    let counter = metrics.counter("events_total", &[("kind", "held")])?;
    let histogram = metrics.histogram("event_seconds", &[("kind", "held")])?;
    let event = |at: u64| {
        counter.increment();
        histogram.record((at % 1_000) as f64 / 1_000.0);
        metrics.increment("events_total", &[("kind", "by name"), ("shard", "1")]);
    };
    (0..1_000).for_each(event);
    report("events, three recordings each", events, || (0..events).for_each(event));
    assert_eq!(counter.value(), events + 1_000);

    let ordinary = |_: u64| metrics.increment("logins_total", &[("user", "ordinary")]);
    let attack = |at: u64| {
        let user = Value::new(at);
        metrics.increment("logins_total", &[("user", user.text())]);
        metrics.record_histogram("login_seconds", 0.1, &[("user", user.text())]);
    };
    ordinary(0);
    (0..2_000).for_each(attack);
    let others = values.min(1_000_000);
    report("increments of another series, before", others, || (0..others).for_each(ordinary));
    report("tag values, two recordings each", values, || (2_000..2_000 + values).for_each(attack));
    report("increments of another series, after", others, || (0..others).for_each(ordinary));

    let families = metrics.families();
    let samples = families.get("logins_total").map_or(&[][..], |family| family.samples());
    let total: f64 = samples.iter().filter_map(|sample| sample.value().as_f64()).sum();
    assert_eq!(total, (2_000 + values + 2 * others + 1) as f64);
    println!(
        "{} series, {} values in the overflow series",
        samples.len(),
        families.value("logins_total", &[OVERFLOW_TAG]).unwrap_or(0.0)
    );
    for metric in metrics.overflow_report() {
        println!("{}: about {} series refused; tags {:?}", metric.name, metric.distinct, metric.tags);
    }
    Ok(())
}

fn report(what: &str, times: u64, work: impl FnOnce()) {
    let start = Instant::now();
    let ((), tally) = counted(work);
    let each = start.elapsed().as_nanos() / u128::from(times.max(1));
    println!(
        "{times} {what}: {each} ns each, {} allocations, {} bytes more",
        tally.allocations, tally.live_bytes
    );
    assert_eq!(tally.live_bytes, 0, "memory grew");
}

/// A number as text, without an allocation.
struct Value([u8; 16]);

impl Value {
    fn new(number: u64) -> Self {
        let mut digits = [b'0'; 16];
        let mut rest = number;
        for digit in digits.iter_mut().rev() {
            *digit = b"0123456789abcdef"[(rest % 16) as usize];
            rest /= 16;
        }
        Self(digits)
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.0).expect("digits")
    }
}
