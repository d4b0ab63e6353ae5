//! One ledger, however it is looked at.

use crate::support::{Answers, everything, offer};
use sidecar_harness::PATIENCE;
use sidecar_runtime::observer::{Event, Observed, ObserverStats, Reason};
use sidecar_runtime::{Sidecar, SidecarBuilder, SidecarHandle, observe};
use sidecar_testkit::assert_conserved;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

const PRODUCERS: u64 = 3;
const EACH: u64 = 4_000;

fn tight() -> SidecarBuilder {
    let config =
        everything().sampling_rate("test_events", 0.5).event_type_rate("never", 0.0).max_queue_size(50);
    Sidecar::builder().config(config)
}

/// Threads that race with the worker and with each other, handlers that panic and that observe themselves, and
/// a switch that is thrown meanwhile. Afterwards nothing is waiting.
fn traffic(sidecar: &SidecarHandle) -> Answers {
    let reentrant = Arc::new(AtomicU64::new(0));
    let (handle, count) = (sidecar.clone(), Arc::clone(&reentrant));
    sidecar.register_handler("bad", |_| panic!("a handler fails, as it was told to"));
    sidecar.register_handler("echo", move |_| {
        assert_eq!(observe!(handle, "echo"), Observed::Dropped(Reason::Reentrant));
        count.fetch_add(1, SeqCst);
    });
    let produce = || {
        let mut answers = Answers::default();
        for n in 0..EACH {
            let observed = match n % 100 {
                0 => observe!(sidecar, "bad", n = n),
                1 => sidecar.observe(Event::new("echo")),
                2 => sidecar.observe_with("never", |event| event),
                3..50 => observe!(sidecar, "test_end", n = n),
                _ => observe!(sidecar, "login", n = n),
            };
            answers.add(observed);
            if n == EACH / 2 {
                sidecar.observer().set_enabled(false);
                answers.add(observe!(sidecar, "login"));
                sidecar.observer().set_enabled(true);
            }
        }
        answers
    };
    let mut answers = std::thread::scope(|scope| {
        let producers: Vec<_> = (0..PRODUCERS).map(|_| scope.spawn(produce)).collect();
        let answers =
            producers.into_iter().map(|producer| producer.join().expect("no panic reaches a producer"));
        answers.fold(Answers::default(), Answers::plus)
    });
    assert_eq!(sidecar.observer().flush(PATIENCE).waiting, 0);
    assert_eq!(answers.total(), PRODUCERS * (EACH + 1));
    // The race may evict every event of a rare type; now that the queue is empty, one of each gets through.
    for rare in ["bad", "echo"] {
        offer(|| {
            let observed = observe!(sidecar, rare);
            answers.add(observed);
            observed
        });
    }
    assert_eq!(sidecar.observer().flush(PATIENCE).waiting, 0);
    answers.dropped.insert("reentrant", reentrant.load(SeqCst));
    answers
}

/// The ledger says what the answers said.
fn assert_agree(stats: &ObserverStats, answers: &Answers) {
    assert_conserved!(stats);
    assert_eq!(stats.events_received, answers.total());
    assert_eq!(stats.sampled_out, answers.sampled_out);
    assert_eq!(stats.events_processed + stats.failed + stats.dropped["evicted"], answers.accepted);
    for (reason, count) in stats.dropped.iter().filter(|(reason, _)| **reason != "evicted") {
        assert_eq!(*count, answers.dropped.get(reason).copied().unwrap_or(0), "{reason}");
    }
    let never = &stats.by_type["never"];
    let refused: u64 = never.dropped.values().sum();
    assert_eq!(never.sampled_out + refused, PRODUCERS * EACH / 100, "{never:?}");
    assert!(stats.failed > 0 && stats.errors + stats.skipped_calls == stats.failed, "{stats:?}");
}

#[test]
fn every_offered_event_is_accounted_for_by_type_and_reason() {
    let sidecar = tight().start().expect("valid settings");
    let answers = traffic(&sidecar);
    let stats = sidecar.stats();
    assert_agree(&stats, &answers);
    let report = sidecar.stop(PATIENCE);
    assert_eq!((report.processed, report.failed), (stats.events_processed, stats.failed));
    assert_eq!((report.dropped, report.waiting), (stats.events_dropped, 0));
}

#[test]
fn the_metrics_say_the_same() {
    let sidecar = tight().start().expect("valid settings");
    traffic(&sidecar);
    let (stats, metrics) = (sidecar.stats(), sidecar.get_metrics());
    let value = |name: &str, tags: &[(&str, &str)]| metrics.value(name, tags).map(|value| value as u64);
    for (name, row) in &stats.by_type {
        assert_eq!(value("sidecar_events_total", &[("event_type", name)]), Some(row.received), "{name}");
    }
    for (reason, count) in &stats.dropped {
        assert_eq!(value("sidecar_events_dropped_total", &[("reason", reason)]), Some(*count), "{reason}");
    }
    let received = metrics.get("sidecar_events_total").expect("it is there").samples();
    let received: f64 = received.iter().filter_map(|sample| sample.value().as_f64()).sum();
    assert_eq!(received as u64, stats.events_received);
    assert_eq!(value("sidecar_errors_total", &[]), Some(stats.errors));
}

#[cfg(feature = "http")]
#[test]
fn over_http_both_are_the_same_to_the_last_digit() {
    use crate::client::get;
    let sidecar = tight().http("127.0.0.1:0").start().expect("valid settings");
    let answers = traffic(&sidecar);
    let stats = sidecar.stats();
    assert_agree(&stats, &answers);

    let json = get(&sidecar, "/events/stats").json();
    assert_eq!(json, serde_json::to_value(&stats).expect("serialisable"));

    let text = get(&sidecar, "/metrics").body;
    let line = |begin: String| {
        let found = text.lines().find_map(|line| line.strip_prefix(&begin));
        found.and_then(|value| value.trim().parse::<u64>().ok()).unwrap_or_else(|| panic!("no {begin}"))
    };
    for (name, row) in &stats.by_type {
        assert_eq!(line(format!("sidecar_events_total{{event_type=\"{name}\"}}")), row.received);
    }
    for (reason, count) in &stats.dropped {
        assert_eq!(line(format!("sidecar_events_dropped_total{{reason=\"{reason}\"}}")), *count);
    }
    let handled = stats.events_processed + stats.failed;
    assert_eq!(line("sidecar_processing_latency_ms_count".to_owned()), handled);
    assert_eq!(line("sidecar_queue_size".to_owned()), 0);
}
