//! Measured operations beside a sidecar: shown, configured, and together with a breaker.

use crate::client::get;
use crate::support::{builder, component, everything, judged_again};
use sidecar_harness::process::alone;
use sidecar_runtime::breaker::BreakerRegistry;
use sidecar_runtime::health::Status;
use sidecar_runtime::metrics::Value;
use sidecar_runtime::perf::{Completion, OVERFLOW, PerfMonitor};
use sidecar_runtime::{Sidecar, SidecarBuilder, monitor_performance, protected};
use std::io;
use std::time::Duration;

/// A monitor that no other test sees.
fn own() -> PerfMonitor {
    PerfMonitor::builder().build().expect("the settings are valid")
}

fn started(builder: SidecarBuilder) -> Sidecar {
    builder.start().expect("the settings are valid")
}

#[test]
fn operations_are_served_by_name() {
    let sidecar = started(builder().perf(own()).http("127.0.0.1:0"));
    assert_eq!(get(&sidecar, "/performance").json(), serde_json::json!({}));
    sidecar.perf().operation("transform").record(Duration::from_millis(150), Completion::Success);
    let reply = get(&sidecar, "/performance");
    assert_eq!(reply.status, 200);
    let transform = &reply.json()["transform"];
    assert_eq!((&transform["latency_p95"], &transform["count"]), (&150.0.into(), &1.into()));
    assert_eq!(transform["since_start"]["successes"], 1);
}

#[test]
fn they_are_metrics_in_seconds() {
    let sidecar = started(builder().perf(own()));
    let operation = sidecar.perf().operation("transform");
    operation.record(Duration::from_millis(150), Completion::Success);
    operation.record(Duration::from_millis(3), Completion::Panicked);
    let metrics = sidecar.get_metrics();
    for (result, count) in [("success", 1.0), ("failure", 0.0), ("cancelled", 0.0), ("panicked", 1.0)] {
        let tags = [("operation", "transform"), ("result", result)];
        assert_eq!(metrics.value("sidecar_operation_total", &tags), Some(count), "{result}");
    }
    let durations = metrics.get("sidecar_operation_duration_seconds").expect("it is there");
    let [sample] = durations.samples() else { panic!("one operation: {durations:?}") };
    let Value::Histogram(durations) = sample.value() else { panic!("a histogram: {sample:?}") };
    assert_eq!((sample.tag("operation"), durations.count()), (Some("transform"), 2));
    assert!((durations.sum - 0.153).abs() < 1e-9, "{durations:?}");
    assert_eq!(sidecar.metrics().errors(), 0);
}

#[test]
fn the_configuration_decides_what_is_recorded() {
    let mut config = everything();
    config.observability.performance.enabled = false;
    config.observability.performance.percentiles = vec![0.25];
    let sidecar = started(Sidecar::builder().config(config).perf(own()));
    sidecar.perf().operation("transform").measure(|| ());
    assert_eq!(sidecar.perf().snapshot()[0].count, 0);
    assert_eq!(sidecar.perf().settings().percentiles, [0.25]);
}

#[test]
fn a_reload_is_in_force_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("sidecar.yml");
    let write = |performance: &str| {
        let text = format!("observability:\n  performance: {{ {performance} }}\n");
        std::fs::write(&file, text).expect("the folder is there");
    };
    write("enabled: false");
    let sidecar = started(Sidecar::builder().config_file(&file).watch_config(false).perf(own()));
    let operation = sidecar.perf().operation("transform");
    operation.measure(|| ());
    write("sample_rate: 0.0, percentiles: [0.9]");
    sidecar.reload_config().expect("it is valid");
    operation.measure(|| ());
    let seen = &sidecar.perf().snapshot()[0];
    assert_eq!((seen.count, seen.samples), (1, 0));
    assert_eq!(sidecar.perf().settings().percentiles, [0.9]);
}

#[test]
fn those_under_way_are_a_gauge() {
    let sidecar = started(builder().perf(own()));
    let timer = sidecar.perf().operation("transform").start_owned();
    let in_flight =
        || sidecar.get_metrics().value("sidecar_operations_in_flight", &[("operation", "transform")]);
    assert_eq!(in_flight(), Some(1.0));
    timer.success();
    assert_eq!(in_flight(), Some(0.0));
}

#[test]
fn their_memory_is_the_sidecar_s_own_and_a_fifth_of_its_bound() {
    let mut config = everything();
    config.runtime.sidecar.resources.max_memory_mb = 50.0;
    let sidecar = started(Sidecar::builder().config(config).perf(own()));
    assert_eq!(sidecar.perf().settings().max_bytes, 10 * 1_024 * 1_024);
    let before = sidecar.perf().bytes();
    sidecar.perf().operation("work").measure(|| ());
    let rise = sidecar.perf().bytes() - before;
    assert!(rise >= 10_000, "{rise}");
    sidecar.profiler().refresh();
    assert!(sidecar.profiler().snapshot().own.memory_bytes >= sidecar.perf().bytes() as u64);
}

#[test]
fn those_beyond_the_limit_are_counted_as_the_overflow_operation() {
    let sidecar = started(builder().perf(own()));
    for number in 0..1_100 {
        sidecar.perf().operation(&format!("operation-{number}")).record(Duration::ZERO, Completion::Success);
    }
    let metrics = sidecar.get_metrics();
    let overflow = [("operation", OVERFLOW), ("result", "success")];
    assert_eq!(metrics.value("sidecar_operation_total", &overflow), Some(100.0));
    let family = metrics.get("sidecar_operation_duration_seconds").expect("it is there");
    assert_eq!(family.samples().len(), 1_001);
}

#[test]
fn a_sidecar_that_cannot_start_leaves_a_monitor_as_it_was() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("there is a port");
    let address = taken.local_addr().expect("it has one").to_string();
    let (clock, hand) = sidecar_core::Clock::mock();
    let monitor = PerfMonitor::builder().clock(clock).build().expect("the settings are valid");
    let operation = monitor.operation("transform");
    builder().perf(monitor.clone()).http(&*address).start().expect_err("the port is taken");
    hand.increment(Duration::from_secs(600));
    operation.record(Duration::from_millis(3), Completion::Success);
    hand.increment(Duration::from_secs(1));
    assert_eq!(monitor.operation_metrics("transform").map(|seen| seen.count), Some(1), "a second ago");
}

#[test]
fn what_is_recorded_after_the_end_counts_all_the_same() {
    let monitor = own();
    let operation = monitor.operation("transform");
    drop(started(builder().perf(monitor.clone())));
    operation.record(Duration::from_millis(3), Completion::Success);
    assert_eq!(monitor.operation_metrics("transform").map(|seen| seen.count), Some(1));
}

const PROMISE: &str =
    "runtime: { sidecar: { objectives: [{ operation: transform, target: 0.99, latency: 0.25 }] } }";

fn promising(text: &str) -> Sidecar {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("sidecar.yml");
    std::fs::write(&file, text).expect("the folder is there");
    started(Sidecar::builder().config_file(&file).watch_config(false).perf(own()).http("127.0.0.1:0"))
}

#[test]
fn an_objective_that_is_missed_shows_in_metrics_health_and_at_its_operation() {
    let sidecar = promising(PROMISE);
    let operation = sidecar.perf().operation("transform");
    (0..80).for_each(|_| operation.record(Duration::from_millis(3), Completion::Success));
    judged_again(&sidecar, "objectives");
    assert_eq!(component(&sidecar, "objectives").0, Status::Healthy);
    (0..20).for_each(|_| operation.record(Duration::from_millis(300), Completion::Success));
    judged_again(&sidecar, "objectives");
    assert_eq!(component(&sidecar, "objectives").0, Status::Degraded);
    let objective = "99 % within 250ms";
    for span in ["window", "retention"] {
        let tags = [("operation", "transform"), ("objective", objective), ("span", span)];
        let rate = sidecar.get_metrics().value("sidecar_objective_burn_rate", &tags).expect("it is there");
        assert!((rate - 20.0).abs() < 1e-9, "{rate}");
    }
    let seen = get(&sidecar, "/performance").json();
    assert_eq!(seen["transform"]["objectives"][0]["objective"], objective);
    assert_eq!(seen["transform"]["count"], 100);
}

#[test]
fn few_operations_miss_no_objective() {
    let sidecar = promising(PROMISE);
    let operation = sidecar.perf().operation("transform");
    (0..9).for_each(|_| operation.record(Duration::from_millis(300), Completion::Success));
    judged_again(&sidecar, "objectives");
    assert_eq!(component(&sidecar, "objectives").0, Status::Healthy);
}

#[test]
fn a_generous_objective_is_missed_by_half_of_what_can_be() {
    let sidecar = promising("runtime: { sidecar: { objectives: [{ operation: work, target: 0.9 }] } }");
    let operation = sidecar.perf().operation("work");
    let record = |count, completion| (0..count).for_each(|_| operation.record(Duration::ZERO, completion));
    record(60, Completion::Success);
    record(40, Completion::Failure);
    judged_again(&sidecar, "objectives");
    assert_eq!(component(&sidecar, "objectives").0, Status::Healthy);
    record(40, Completion::Failure);
    judged_again(&sidecar, "objectives");
    assert_eq!(component(&sidecar, "objectives").0, Status::Degraded);
}

#[monitor_performance(operation_name = "first")]
#[protected(name = "first", failure_threshold = 2)]
fn measured_first(result: io::Result<u8>) -> io::Result<u8> {
    result
}

#[protected(name = "last", failure_threshold = 2)]
#[monitor_performance(operation_name = "last")]
fn measured_last(result: io::Result<u8>) -> io::Result<u8> {
    result
}

#[test]
fn a_refused_call_is_no_operation_in_either_order() {
    alone("performance::a_refused_call_is_no_operation_in_either_order", &[], || {
        let sidecar = started(builder());
        type Call = fn(io::Result<u8>) -> io::Result<u8>;
        for (name, call) in [("first", measured_first as Call), ("last", measured_last)] {
            assert!(call(Ok(7)).is_ok());
            (0..2).for_each(|_| assert!(call(Err(io::ErrorKind::Other.into())).is_err()));
            assert!(call(Ok(7)).is_err(), "refused");
            let breaker = BreakerRegistry::global().get(name).expect("it was called").snapshot();
            let seen = sidecar.perf().operation_metrics(name).expect("the global monitor is shown");
            assert_eq!((breaker.successes, breaker.failures, breaker.rejected), (1, 2, 1), "{name}");
            assert_eq!((seen.successes, seen.failures, seen.count), (1, 2, 3), "{name}");
        }
    });
}
