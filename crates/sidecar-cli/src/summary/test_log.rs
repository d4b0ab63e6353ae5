//! Which tests failed and which took how long, kept by handlers while events pass.

use super::MAX_LISTED;
use super::cut::cut;
use serde::Serialize;
use sidecar_core::histogram::LogLinear;
use sidecar_runtime::observer::{Event, Observer, Value};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

const NANOS_PER_MILLI: f64 = 1e6;

/// Durations, the slowest tests and the first failed ones, from `test_end` events. Fixed memory, however many there are.
#[derive(Clone, Debug, Default)]
pub(crate) struct TestLog {
    seen: Arc<Mutex<Seen>>,
}

#[derive(Debug, Default)]
struct Seen {
    nanos: LogLinear,
    /// Slowest first, at most [`MAX_LISTED`].
    slowest: Vec<SlowTest>,
    /// In order of appearance, at most [`MAX_LISTED`].
    failed: Vec<String>,
}

/// A test and its duration.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct SlowTest {
    pub(crate) test_id: String,
    pub(crate) duration_ms: f64,
    pub(crate) status: String,
}

/// Durations in milliseconds; `None` where no test had one. Percentiles are at most 3.2 % too high.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Durations {
    pub(crate) count: u64,
    pub(crate) p50: Option<f64>,
    pub(crate) p95: Option<f64>,
    pub(crate) p99: Option<f64>,
    pub(crate) max: Option<f64>,
}

impl TestLog {
    /// A log that follows the observer's `test_end` events from now on.
    pub(crate) fn attach(observer: &Observer) -> Self {
        let log = Self::default();
        let handler = log.clone();
        observer.on("test_end", move |event| handler.record(event));
        log
    }

    fn record(&self, event: &Event) {
        let status = event.get("status").and_then(Value::as_str).unwrap_or_default();
        if status == "failed" {
            let mut seen = self.lock();
            if seen.failed.len() < MAX_LISTED {
                seen.failed.push(cut(event.test().unwrap_or_default()));
            }
        }
        let duration = event.get("duration_ms").and_then(Value::as_f64);
        let Some(duration_ms) = duration.filter(|ms| ms.is_finite() && *ms >= 0.0) else { return };
        let mut seen = self.lock();
        seen.nanos.record((duration_ms * NANOS_PER_MILLI) as u64);
        let place = seen.slowest.partition_point(|slower| slower.duration_ms >= duration_ms);
        if place < MAX_LISTED {
            let slow =
                SlowTest { test_id: cut(event.test().unwrap_or_default()), duration_ms, status: cut(status) };
            seen.slowest.insert(place, slow);
            seen.slowest.truncate(MAX_LISTED);
        }
    }

    /// The first tests that failed.
    pub(crate) fn failed(&self) -> Vec<String> {
        self.lock().failed.clone()
    }

    pub(crate) fn slowest(&self) -> Vec<SlowTest> {
        self.lock().slowest.clone()
    }

    pub(crate) fn durations(&self) -> Durations {
        let nanos = &self.lock().nanos;
        let [p50, p95, p99] = [0.5, 0.95, 0.99].map(|q| nanos.quantile(q).map(|found| millis(found.upper)));
        Durations { count: nanos.count(), p50, p95, p99, max: nanos.max().map(millis) }
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn millis(nanos: u64) -> f64 {
    nanos as f64 / NANOS_PER_MILLI
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(name: &str, duration_ms: f64) -> Event {
        Event::new("test_end").with("test_id", name).with("status", "passed").with("duration_ms", duration_ms)
    }

    #[test]
    fn the_slowest_tests_come_first_and_are_ten() {
        let log = TestLog::default();
        for n in 0..100 {
            log.record(&end(&format!("t{n}"), f64::from(n * 37 % 100)));
        }
        let slowest = log.slowest();
        assert_eq!(slowest.len(), MAX_LISTED);
        let durations: Vec<f64> = slowest.iter().map(|test| test.duration_ms).collect();
        assert_eq!(durations, [99.0, 98.0, 97.0, 96.0, 95.0, 94.0, 93.0, 92.0, 91.0, 90.0]);
        assert_eq!(slowest[0].test_id, "t27");
    }

    #[test]
    fn the_first_failed_tests_are_listed() {
        let log = TestLog::default();
        for n in 0..30 {
            let status = if n % 2 == 0 { "passed" } else { "failed" };
            log.record(&Event::new("test_end").with("test_id", format!("t{n}")).with("status", status));
        }
        let failed = log.failed();
        assert_eq!((failed.len(), failed[0].as_str(), failed[9].as_str()), (10, "t1", "t19"));
    }

    #[test]
    fn percentiles_are_never_understated_and_nothing_seen_means_none() {
        let log = TestLog::default();
        assert!(log.durations().p50.is_none());
        (1..=100).for_each(|n| log.record(&end("t", f64::from(n))));
        let found = log.durations();
        for (percentile, truth) in [(found.p50, 50.0), (found.p95, 95.0), (found.p99, 99.0)] {
            let value = percentile.expect("tests were seen");
            assert!((truth..=truth * 1.033).contains(&value), "{value} for {truth}");
        }
        assert_eq!((found.count, found.max), (100, Some(100.0)));
    }

    #[test]
    fn durations_that_are_none_are_passed_over() {
        let log = TestLog::default();
        log.record(&Event::new("test_end"));
        for bad in [f64::NAN, f64::INFINITY, -1.0] {
            log.record(&end("t", bad));
        }
        assert_eq!(log.durations().count, 0);
    }
}
