//! The sidecar's own series: there from the start, described, and right.

use crate::support::{Hold, builder, component, everything, offer, offer_times, started};
use sidecar_harness::{PATIENCE, eventually};
use sidecar_runtime::metrics::{Families, Kind, Value};
use sidecar_runtime::observer::Reason;
use sidecar_runtime::{Sidecar, observe};
use std::collections::BTreeSet;

/// Dashboards and alerts of users know these names: another name or kind here is a breaking change.
const SERIES: [(&str, Kind); 34] = [
    ("process_cpu_seconds_total", Kind::Counter),
    ("process_resident_memory_bytes", Kind::Gauge),
    ("sidecar_breaker_calls_total", Kind::Counter),
    ("sidecar_breaker_state", Kind::Gauge),
    ("sidecar_budget_event_cost_seconds", Kind::Gauge),
    ("sidecar_budget_share_ratio", Kind::Gauge),
    ("sidecar_budget_used_ratio", Kind::Gauge),
    ("sidecar_cgroup_cpu_limit_cores", Kind::Gauge),
    ("sidecar_cgroup_memory_limit_bytes", Kind::Gauge),
    ("sidecar_config_generation", Kind::Gauge),
    ("sidecar_config_is_refused", Kind::Gauge),
    ("sidecar_config_reloads_total", Kind::Counter),
    ("sidecar_cpu_seconds_total", Kind::Counter),
    ("sidecar_cpu_usage", Kind::Gauge),
    ("sidecar_errors_total", Kind::Counter),
    ("sidecar_events_dropped_total", Kind::Counter),
    ("sidecar_events_sampled_out_total", Kind::Counter),
    ("sidecar_events_total", Kind::Counter),
    ("sidecar_health_status", Kind::Gauge),
    ("sidecar_history_bytes", Kind::Gauge),
    ("sidecar_history_evicted_points_total", Kind::Counter),
    ("sidecar_history_series", Kind::Gauge),
    ("sidecar_history_series_left_out", Kind::Gauge),
    ("sidecar_memory_bytes", Kind::Gauge),
    ("sidecar_memory_usage_mb", Kind::Gauge),
    ("sidecar_objective_burn_rate", Kind::Gauge),
    ("sidecar_operation_duration_seconds", Kind::Histogram),
    ("sidecar_operation_total", Kind::Counter),
    ("sidecar_operations_in_flight", Kind::Gauge),
    ("sidecar_processing_latency_ms", Kind::Histogram),
    ("sidecar_processing_latency_seconds", Kind::Histogram),
    ("sidecar_queue_size", Kind::Gauge),
    ("sidecar_thread_count", Kind::Gauge),
    ("tests_executed", Kind::Counter),
];

#[track_caller]
fn value(metrics: &Families, name: &str) -> f64 {
    metrics.value(name, &[]).unwrap_or_else(|| panic!("{name} has no value"))
}

#[test]
fn every_series_is_there_from_the_start_once_and_described() {
    let sidecar = started();
    sidecar.metrics().increment("tests_executed", &[]);
    let metrics = sidecar.get_metrics();
    let found: Vec<_> = metrics.iter().map(|family| (family.name(), family.kind())).collect();
    assert_eq!(found, SERIES);
    let text = sidecar.export_metrics();
    for (name, kind) in SERIES {
        let lines = |begin: String| text.lines().filter(|line| line.starts_with(&begin)).collect::<Vec<_>>();
        let help = lines(format!("# HELP {name} "));
        assert!(help.len() == 1 && help[0].len() > format!("# HELP {name} ").len(), "{name}: {help:?}");
        assert_eq!(lines(format!("# TYPE {name} ")), [format!("# TYPE {name} {}", kind.as_str())]);
    }
}

#[test]
fn counts_of_events_start_at_zero_for_every_reason() {
    let metrics = started().get_metrics();
    let reasons = metrics.get("sidecar_events_dropped_total").expect("it is there").samples();
    let names: BTreeSet<_> = reasons.iter().filter_map(|sample| sample.tag("reason")).collect();
    assert_eq!(names, Reason::ALL.iter().map(|reason| reason.name()).collect());
    assert!(reasons.iter().all(|sample| sample.value().as_f64() == Some(0.0)));
    assert_eq!(metrics.value("sidecar_events_total", &[("event_type", "_other")]), Some(0.0));
    assert_eq!((value(&metrics, "sidecar_errors_total"), value(&metrics, "sidecar_queue_size")), (0.0, 0.0));
}

#[test]
fn what_is_sampled_out_is_received_and_no_loss() {
    let config = everything().event_type_rate("never", 0.0);
    let sidecar = Sidecar::builder().config(config).start().expect("valid settings");
    (0..7).for_each(|_| {
        observe!(sidecar, "never");
    });
    let metrics = sidecar.get_metrics();
    assert_eq!(value(&metrics, "sidecar_events_sampled_out_total"), 7.0);
    assert_eq!(metrics.value("sidecar_events_total", &[("event_type", "never")]), Some(7.0));
    let lost = metrics.get("sidecar_events_dropped_total").expect("it is there").samples();
    assert!(lost.iter().all(|sample| sample.value().as_f64() == Some(0.0)));
}

#[test]
fn the_queue_s_size_counts_what_waits_and_what_is_handled() {
    let sidecar = started();
    let hold = Hold::worker_of(&sidecar);
    offer_times(3, || observe!(sidecar, "x"));
    assert_eq!(value(&sidecar.get_metrics(), "sidecar_queue_size"), 4.0);
    drop(hold);
    let _ = sidecar.observer().flush(PATIENCE);
    assert_eq!(value(&sidecar.get_metrics(), "sidecar_queue_size"), 0.0);
}

#[test]
fn errors_are_panics_in_handlers_and_misused_metrics() {
    let sidecar = started();
    sidecar.register_handler("bad", |_| panic!("a handler fails, as it was told to"));
    offer_times(3, || observe!(sidecar, "bad"));
    sidecar.metrics().increment("both", &[]);
    sidecar.metrics().set_gauge("both", 1.0, &[]);
    let _ = sidecar.observer().flush(PATIENCE);
    assert_eq!(value(&sidecar.get_metrics(), "sidecar_errors_total"), 4.0);
    assert_eq!((sidecar.stats().errors, sidecar.metrics().errors()), (3, 1));
}

#[test]
fn latency_covers_every_handled_event_in_both_units() {
    let sidecar = started();
    sidecar.register_handler("bad", |_| panic!("a handler fails, as it was told to"));
    for event_type in ["good", "bad", "good"] {
        offer(|| observe!(sidecar, event_type));
    }
    let _ = sidecar.observer().flush(PATIENCE);
    let metrics = sidecar.get_metrics();
    let histogram = |name: &str| match metrics.get(name).expect("it is there").samples() {
        [sample] => match sample.value() {
            Value::Histogram(snapshot) => snapshot.clone(),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    };
    let (ms, seconds) =
        (histogram("sidecar_processing_latency_ms"), histogram("sidecar_processing_latency_seconds"));
    assert_eq!((ms.count(), &ms.counts), (3, &seconds.counts));
    assert!(ms.sum > 0.0 && (ms.sum / 1e3 - seconds.sum).abs() < 1e-12, "{ms:?} {seconds:?}");
    let scaled = ms.bounds.iter().zip(&*seconds.bounds).all(|(ms, s)| (ms / 1e3 - s).abs() < 1e-12);
    assert!(scaled, "{:?} {:?}", ms.bounds, seconds.bounds);
}

#[test]
fn the_process_and_the_own_share_are_those_of_the_profiler() {
    let sidecar = started();
    let metrics = sidecar.get_metrics();
    let [mb, bytes] =
        ["sidecar_memory_usage_mb", "process_resident_memory_bytes"].map(|name| value(&metrics, name));
    assert!(bytes > 0.0 && (mb - bytes / f64::from(1 << 20)).abs() < 1e-6, "{mb} {bytes}");
    for name in ["sidecar_cpu_usage", "process_cpu_seconds_total", "sidecar_cpu_seconds_total"] {
        assert!(value(&metrics, name) >= 0.0, "{name}");
    }
    sidecar.profiler().account("ballast", || 12_345_678).expect("room for one more");
    eventually("the account is read", || {
        value(&sidecar.get_metrics(), "sidecar_memory_bytes") >= 12_345_678.0
    });
    let usage = |sidecar: &Sidecar| value(&sidecar.get_metrics(), "sidecar_memory_usage_mb");
    assert!((usage(&sidecar) - sidecar.profiler().snapshot().memory_mb).abs() < 100.0);
}

#[cfg(target_os = "linux")]
#[test]
fn the_threads_of_the_process_are_counted() {
    let sidecar = started();
    assert!(value(&sidecar.get_metrics(), "sidecar_thread_count") >= 3.0, "worker, tick and this test");
}

#[test]
fn limits_of_control_groups_have_a_value_only_where_there_is_one() {
    let sidecar = started();
    let (metrics, snapshot) = (sidecar.get_metrics(), sidecar.profiler().snapshot());
    let shown = |name| metrics.value(name, &[]);
    assert_eq!(shown("sidecar_cgroup_cpu_limit_cores"), snapshot.cgroup_cpu_limit_cores);
    let bytes = snapshot.cgroup_memory_limit_bytes.map(|bytes| bytes as f64);
    assert_eq!(shown("sidecar_cgroup_memory_limit_bytes"), bytes);
}

#[test]
fn a_component_has_exactly_one_status() {
    let check = sidecar_runtime::health::Component::new("database", || false).failure_threshold(1);
    let sidecar = builder().component(check).start().expect("valid settings");
    crate::support::becomes(&sidecar, "database", sidecar_runtime::health::Status::Unhealthy);
    let metrics = sidecar.get_metrics();
    let samples = metrics.get("sidecar_health_status").expect("it is there").samples();
    for name in ["scheduler", "observer", "metrics", "profiler", "configuration", "objectives", "database"] {
        let of: Vec<_> = samples.iter().filter(|sample| sample.tag("component") == Some(name)).collect();
        let set = of.iter().filter(|sample| sample.value().as_f64() == Some(1.0));
        let set: Vec<_> = set.filter_map(|sample| sample.tag("status")).collect();
        assert_eq!((of.len(), &set[..]), (4, &[component(&sidecar, name).0.as_str()][..]), "{name}");
    }
}
