//! Settings are checked once, by `build`.

use sidecar_profiler::{Profiler, StartError};
use std::time::Duration;

#[test]
fn limits_must_be_finite_and_above_zero() {
    for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let cpu = Profiler::builder().max_cpu_percent(bad).build().expect_err("out of range");
        assert_eq!((cpu.field(), cpu.value()), ("max_cpu_percent", &*bad.to_string()));
        let memory = Profiler::builder().max_memory_mb(bad).build().expect_err("out of range");
        assert_eq!(memory.field(), "max_memory_mb");
    }
}

#[test]
fn the_interval_has_a_range() {
    for bad in [Duration::ZERO, Duration::from_millis(199), Duration::from_secs(3_601), Duration::MAX] {
        let error = Profiler::builder().interval(bad).build().expect_err("out of range");
        assert_eq!((error.field(), error.allowed()), ("interval", "a duration from 200 ms to 1 h"));
    }
    for good in [Duration::from_millis(200), Duration::from_secs(3_600)] {
        assert!(Profiler::builder().interval(good).build().is_ok());
    }
}

#[test]
fn start_refuses_what_build_refuses() {
    let error = Profiler::builder().max_cpu_percent(0.0).start().expect_err("out of range");
    assert!(matches!(&error, StartError::Settings(error) if error.field() == "max_cpu_percent"));
    assert_eq!(error.to_string(), "max_cpu_percent is 0, but must be a finite number above 0");
}
