//! The quick start's patterns, one by one.

use crate::support::{Hold, becomes, everything, offer, started};
use sidecar_harness::process::alone;
use sidecar_harness::{PATIENCE, eventually};
use sidecar_runtime::health::{CheckOutcome, Component, Status};
use sidecar_runtime::metrics::Kind;
use sidecar_runtime::observer::{Event, Observed, Value};
use sidecar_runtime::{Sidecar, SidecarConfig, observe};
use sidecar_testkit::assert_conserved;
use std::sync::mpsc;
use std::time::Duration;

#[test]
fn start_observe_health_stop() {
    alone("quick_start::start_observe_health_stop", &[], || {
        let sidecar = Sidecar::start().expect("the defaults are valid");
        let observed = offer(|| {
            observe!(sidecar, "test_event", test_id = "test_123", status = "passed", duration_ms = 1234)
        });
        assert!(matches!(observed, Observed::Accepted | Observed::SampledOut), "{observed:?}");
        assert_eq!(sidecar.health_report().status(), Status::Healthy);
        let test_events = sidecar.sampler().rate(sidecar.sampler().intern("test_event"));
        assert!((test_events - 0.2).abs() < 1e-9, "the default of test events");
        let report = sidecar.stop(PATIENCE);
        assert_eq!((report.failed, report.waiting), (0, 0));
    });
}

#[test]
fn start_follows_the_environment() {
    let variables =
        [("SIDECAR_SAMPLE_EVENTS", "1.0"), ("SIDECAR_MAX_QUEUE_SIZE", "3"), ("SIDECAR_OTHER", "x")];
    alone("quick_start::start_follows_the_environment", &variables, || {
        let sidecar = Sidecar::start().expect("the variables are valid");
        assert_eq!(sidecar.config().runtime.sidecar.resources.max_queue_size, 3);
        assert_eq!(offer(|| observe!(sidecar, "anything")), Observed::Accepted);
    });
}

#[test]
fn dropping_the_sidecar_handles_what_waits_and_stops() {
    let sidecar = started();
    let (send, receive) = mpsc::channel();
    sidecar.register_handler("test_event", move |event| {
        let _ = send.send(event.clone());
    });
    let handle = sidecar.handle();
    assert_eq!(offer(|| observe!(sidecar, "test_event", test_id = "test_123")), Observed::Accepted);
    drop(sidecar);
    let event: Event = receive.try_recv().expect("it was handled before the drop returned");
    assert_eq!(
        (event.test(), event.get("test_id").and_then(Value::as_str)),
        (Some("test_123"), Some("test_123"))
    );
    assert_conserved!(handle.stats());
}

#[test]
fn a_test_s_start_and_end_arrive_in_order() {
    let sidecar = started();
    let (send, receive) = mpsc::channel();
    for event_type in ["test_start", "test_end"] {
        let send = send.clone();
        sidecar.register_handler(event_type, move |event| {
            let _ = send.send((event.event_type().to_owned(), event.test().map(str::to_owned)));
        });
    }
    offer(|| observe!(sidecar, "test_start", test_id = "login_test"));
    offer(|| observe!(sidecar, "test_end", test_id = "login_test", status = "passed", duration_ms = 1234));
    let report = sidecar.stop(PATIENCE);
    let login = || Some("login_test".to_owned());
    let seen: Vec<_> = receive.try_iter().collect();
    assert_eq!(seen, [("test_start".to_owned(), login()), ("test_end".to_owned(), login())]);
    assert_eq!(report.processed, 2);
}

#[test]
fn rates_are_set_in_code() {
    let config = SidecarConfig::default()
        .sampling_rate("events", 0.5)
        .sampling_rate("test_events", 0.8)
        .sampling_rate("debug_logs", 0.0)
        .event_type_rate("login", 1.0);
    let sidecar = Sidecar::builder().config(config).start().expect("the rates are valid");
    let sampler = sidecar.sampler();
    for (event_type, rate) in
        [("anything", 0.5), ("test_end", 0.8), ("span", 0.5), ("debug_line", 0.0), ("login", 1.0)]
    {
        assert!((sampler.rate(sampler.intern(event_type)) - rate).abs() < 1e-9, "{event_type}");
    }
    assert_eq!(offer(|| observe!(sidecar, "login")), Observed::Accepted);
    assert_eq!(observe!(sidecar, "debug_line"), Observed::SampledOut);
    sidecar.sampler().set_rate("debug_logs", 1.0).expect("a valid rate");
    assert_eq!(offer(|| observe!(sidecar, "debug_line")), Observed::Accepted);
}

#[test]
fn an_event_is_handed_to_the_handlers_of_its_type() {
    let sidecar = started();
    let (send, receive) = mpsc::channel();
    sidecar.register_handler("test_failure", move |event| {
        let _ = send.send(event.get("test_id").and_then(Value::as_str).map(str::to_owned));
    });
    offer(|| observe!(sidecar, "test_end", test_id = "another"));
    offer(|| observe!(sidecar, "test_failure", test_id = "test_123"));
    assert_eq!(receive.recv_timeout(PATIENCE), Ok(Some("test_123".to_owned())));
    let _ = sidecar.stop(PATIENCE);
    assert_eq!(receive.try_iter().count(), 0);
}

#[test]
fn a_component_with_limits_degrades_the_whole_and_is_named() {
    let sidecar = started();
    assert_eq!(sidecar.health_report().status(), Status::Healthy);
    let cache = Component::new("cache", || CheckOutcome::degraded("half of it is gone"));
    sidecar.health().register(cache).expect("a new name");
    becomes(&sidecar, "cache", Status::Degraded);
    let report = sidecar.health_report();
    assert_eq!(report.status(), Status::Degraded);
    let others = report.components().filter(|each| each.status() != Status::Healthy);
    let others: Vec<_> = others.map(|each| (each.name(), each.message())).collect();
    assert_eq!(others, [("cache", Some("half of it is gone"))]);
}

#[test]
fn metrics_are_there_from_the_first_moment() {
    let sidecar = started();
    let metrics = sidecar.get_metrics();
    assert!(metrics.contains_key("sidecar_events_total"));
    assert_eq!(metrics.get("sidecar_events_total").map(|family| family.kind()), Some(Kind::Counter));
    let text = sidecar.export_metrics();
    assert!(text.contains("# TYPE sidecar_events_total counter\n"), "{text}");
    offer(|| observe!(sidecar, "test_event"));
    let counted = || sidecar.get_metrics().value("sidecar_events_total", &[("event_type", "test_event")]);
    assert!(counted().is_some_and(|count| count >= 1.0));
}

#[test]
fn the_application_s_own_metrics_stand_beside_them() {
    let sidecar = started();
    sidecar.metrics().increment("tests_executed", &[("framework", "pytest")]);
    sidecar.metrics().set_gauge("active_transformations", 42.0, &[]);
    sidecar.metrics().record_histogram("validation_duration_ms", 150.0, &[]);
    let text = sidecar.export_metrics();
    for line in [
        "tests_executed{framework=\"pytest\"} 1",
        "active_transformations 42",
        "validation_duration_ms_count 1",
        "# TYPE sidecar_events_total counter",
    ] {
        assert!(text.lines().any(|other| other == line), "{line} in {text}");
    }
}

#[test]
fn resource_use_is_known_at_once() {
    let sidecar = started();
    let snapshot = sidecar.profiler().snapshot();
    assert!(snapshot.cpu_percent >= 0.0 && snapshot.memory_mb > 0.0, "{snapshot:?}");
    let budget = sidecar.profiler().is_over_budget();
    assert_eq!((budget.max_cpu_percent, budget.max_memory_mb), (5.0, 100.0));
    assert_eq!(budget.cpu_over_budget, budget.cpu_percent > 5.0);
    eventually("a second reading", || sidecar.profiler().summary(Duration::from_secs(60)).is_some());
}

#[test]
fn a_high_drop_rate_shows_and_a_larger_queue_mends_it() {
    let drop_rate = |queue: usize| {
        let sidecar = Sidecar::builder().config(everything().max_queue_size(queue)).start().expect("valid");
        let hold = Hold::worker_of(&sidecar);
        for _ in 0..99 {
            observe!(sidecar, "burst");
        }
        drop(hold);
        let _ = sidecar.observer().flush(PATIENCE);
        let stats = sidecar.stats();
        assert_conserved!(stats);
        stats.events_dropped as f64 / stats.events_received as f64
    };
    assert!(drop_rate(10) > 0.2);
    assert!(drop_rate(20_000) < 0.2);
}

#[test]
fn texts_are_cut_where_configuration_says() {
    let sidecar = Sidecar::builder().config(everything().max_text_bytes(64)).start().expect("valid settings");
    let (send, receive) = mpsc::channel();
    sidecar.register_handler("note", move |event| drop(send.send(event.clone())));
    for (given, kept, truncated) in [(64, 64, false), (65, 64, true)] {
        let text = "x".repeat(given);
        assert_eq!(offer(|| observe!(sidecar, "note", text = text.as_str())), Observed::Accepted);
        let event: Event = receive.recv_timeout(PATIENCE).expect("it is handled");
        let arrived = event.get("text").and_then(Value::as_str).map(str::len);
        assert_eq!((arrived, event.is_truncated()), (Some(kept), truncated));
    }
}

#[test]
fn fields_that_configuration_names_arrive_without_their_values() {
    let sidecar = Sidecar::builder().config(everything().redact_fields(["password"])).start();
    let sidecar = sidecar.expect("valid settings");
    let (send, receive) = mpsc::channel();
    sidecar.register_handler("login", move |event| drop(send.send(event.clone())));
    let login = || observe!(sidecar, "login", user = "ann", Password = "hunter2");
    assert_eq!(offer(login), Observed::Accepted);
    let event: Event = receive.recv_timeout(PATIENCE).expect("it is handled");
    let texts = ["user", "Password"].map(|name| event.get(name).and_then(Value::as_str));
    assert_eq!(texts, [Some("ann"), Some("[redacted]")]);
}
