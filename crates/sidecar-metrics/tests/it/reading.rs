//! Reading back: the same gathering as the exposition.

use crate::classic;
use sidecar_metrics::{Kind, MetricsCollector, Number, Unit, Value};

fn filled() -> MetricsCollector {
    let metrics = MetricsCollector::new();
    metrics.describe("sidecar_events_total", Unit::Count, "Events received");
    for event_type in ["login", "logout", "a"] {
        metrics.increment_by("sidecar_events_total", 2, &[("event_type", event_type)]);
    }
    metrics.record_histogram("latency_ms", 3.0, &[]);
    metrics.register_source(|out| {
        out.gauge("queue_size", "Waiting").sample(&[], 7u64);
    });
    metrics
}

#[test]
fn a_metric_is_found_by_name_with_kind_help_unit_and_values() {
    let families = filled().families();
    assert!(families.contains_key("sidecar_events_total") && !families.contains_key("sidecar_events"));
    let events = families.get("sidecar_events_total").expect("present");
    assert_eq!((events.kind(), events.help()), (Kind::Counter, "Events received"));
    assert_eq!((events.unit(), events.name()), (Some(Unit::Count), "sidecar_events_total"));
    let login = events.sample(&[("event_type", "login")]).expect("present");
    assert_eq!(login.value(), &Value::Number(Number::Integer(2)));
    assert_eq!(login.tags().collect::<Vec<_>>(), [("event_type", "login")]);
    assert_eq!(login.tag("event_type"), Some("login"));
    let latency = families.get("latency_ms").and_then(|family| family.sample(&[])).expect("present");
    assert_eq!(latency.value().as_histogram().map(|own| (own.count(), own.sum)), Some((1, 3.0)));
    assert_eq!((latency.value().as_f64(), families.value("latency_ms", &[])), (None, None));
    assert_eq!(families.value("queue_size", &[]), Some(7.0));
}

#[test]
fn reading_back_and_exposing_have_the_same_names_in_the_same_order() {
    let metrics = filled();
    let families = metrics.families();
    let read: Vec<&str> = families.iter().map(|family| family.name()).collect();
    let exposed: Vec<String> = classic(&metrics).into_iter().map(|family| family.name).collect();
    assert_eq!(read, ["latency_ms", "queue_size", "sidecar_events_total"]);
    assert_eq!(exposed, read);
    assert_eq!((families.len(), families.is_empty()), (3, false));
    assert_eq!((&families).into_iter().count(), 3);
}

#[test]
fn an_unchanged_collector_renders_the_same_bytes_and_another_like_it_too() {
    let (one, other) = (filled(), filled());
    assert_eq!(one.export_prometheus(), one.export_prometheus());
    assert_eq!(one.export_openmetrics(), one.export_openmetrics());
    assert_eq!(one.export_prometheus(), other.export_prometheus());
}

#[test]
fn the_order_of_registration_does_not_show() {
    let (up, down) = (MetricsCollector::new(), MetricsCollector::new());
    for at in 0..50 {
        up.increment(&format!("m{}", at % 5), &[("at", &at.to_string())]);
        let at = 49 - at;
        // Rendering between registrations, so that a stale order would show.
        let _ = down.export_prometheus();
        down.increment(&format!("m{}", at % 5), &[("at", &at.to_string())]);
    }
    assert_eq!(up.export_prometheus(), down.export_prometheus());
}

#[test]
fn series_of_the_registry_and_of_sources_come_in_one_order() {
    let metrics = MetricsCollector::new();
    for at in [8, 0, 4] {
        metrics.set_gauge("g", 1.0, &[("at", &at.to_string())]);
    }
    metrics.register_source(|out| {
        let mut family = out.gauge("g", "");
        for at in [9, 1, 3, 4, 5] {
            family.sample(&[("at", &at.to_string())], 2);
        }
    });
    let expected: String = [(0, 1), (1, 2), (3, 2), (4, 1), (5, 2), (8, 1), (9, 2)]
        .iter()
        .map(|(at, value)| format!("g{{at=\"{at}\"}} {value}\n"))
        .collect();
    assert_eq!(metrics.export_prometheus(), format!("# HELP g g\n# TYPE g gauge\n{expected}"));
    let families = metrics.families();
    let read: Vec<_> =
        families.get("g").expect("present").samples().iter().map(|own| own.tag("at")).collect();
    assert_eq!(read, ["0", "1", "3", "4", "5", "8", "9"].map(Some));
    assert_eq!(metrics.errors(), 2, "one series twice, in each reading");
}
