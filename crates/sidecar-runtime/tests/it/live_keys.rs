//! Every live key, changed once while events are offered.

use crate::reloading::{DISABLED, File};
use crate::support::{Answers, assert_conserved};
use sidecar_harness::PATIENCE;
use sidecar_harness::process::alone;
use sidecar_runtime::observer::DropPolicy;
use sidecar_runtime::perf::Completion;
use sidecar_runtime::sampler::Anomaly;
use sidecar_runtime::{Reload, SidecarHandle, observe};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::{Duration, Instant};

/// One step of the list: what the file says below `runtime.sidecar`, and whether it is in force.
type Step = (&'static str, fn(&SidecarHandle) -> bool);

const STEPS: &[Step] = &[
    ("sampling: { events: 0.25 }", |s| of_type(s, "x") == 0.25),
    ("sampling: { traces: 0.125 }", |s| of_type(s, "trace_x") == 0.125),
    ("sampling: { profiling: 0.125 }", |s| of_type(s, "profile_x") == 0.125),
    ("sampling: { test_events: 0.125 }", |s| of_type(s, "test_x") == 0.125),
    ("sampling: { perf_metrics: 0.125 }", |s| of_type(s, "perf_x") == 0.125),
    ("sampling: { debug_logs: 0.125 }", |s| of_type(s, "debug_x") == 0.125),
    ("sampling: { event_types: { x: 0.5 } }", |s| of_type(s, "x") == 0.5),
    ("sampling: { adaptive: disabled }", |s| !anomaly(s)),
    ("sampling: { adaptive: { boost_factor: 4.0 }, traces: 0.125 }", |s| {
        anomaly(s) && of_type(s, "trace_x") == 0.5
    }),
    ("sampling: { adaptive: { detect: true }, debug_logs: 0.125 }", |s| {
        // What is offered says that it failed.
        let until = Instant::now() + PATIENCE;
        std::iter::from_fn(|| (Instant::now() < until).then(std::thread::yield_now))
            .any(|()| of_type(s, "debug_x") > 0.125)
    }),
    ("objectives: [{ operation: x, target: 0.5, latency: 0.25 }]", |s| {
        s.perf().operation("x").record(Duration::from_secs(1), Completion::Success);
        let metrics = s.get_metrics();
        metrics.get("sidecar_objective_burn_rate").is_some_and(|family| !family.samples().is_empty())
    }),
    ("resources: { max_queue_size: 123 }", |s| s.observer().settings().queue_size == 123),
    ("resources: { max_memory_mb: 50 }", |s| {
        s.observer().settings().queue_bytes == 20 << 20 && s.profiler().is_over_budget().max_memory_mb == 50.0
    }),
    ("resources: { max_cpu_percent: 7 }", |s| s.profiler().is_over_budget().max_cpu_percent == 7.0),
    ("resources: { drop_on_full: false }", |s| s.observer().settings().drop_policy == DropPolicy::Newest),
    ("handlers: { timeout: 3 }", |s| s.observer().settings().handler_timeout == Duration::from_secs(3)),
    ("handlers: { suspend_after: 3 }", |s| s.observer().settings().suspend_after == 3),
    ("handlers: { suspend_for: 3 }", |s| s.observer().settings().suspend_for == Duration::from_secs(3)),
    ("redact_fields: [secret]", |s| s.observer().settings().redact == ["secret"]),
    ("breakers: { own: { failure_threshold: 3, critical: true } }", |s| {
        let breaker = s.breakers().register(s.breaker("own")).expect("a new name");
        let missing = s.health().unregistered_critical_components();
        breaker.settings().failure_threshold() == 3 && missing == ["breaker:own"]
    }),
    ("enabled: false", |s| observe!(s, "x") == DISABLED),
];

fn of_type(sidecar: &SidecarHandle, name: &str) -> f64 {
    let sampler = sidecar.sampler();
    sampler.rate(sampler.intern(name))
}

/// Whether many anomalies of traces begin a boost.
fn anomaly(sidecar: &SidecarHandle) -> bool {
    (0..100).any(|_| sidecar.sampler().report_anomaly("traces", Anomaly::Error))
}

/// Offers events until `done`; says what became of them.
fn load(sidecar: &SidecarHandle, done: &AtomicBool) -> Answers {
    let mut answers = Answers::default();
    while !done.load(SeqCst) {
        for event_type in ["x", "trace_x", "test_x", "debug_x"] {
            answers.add(observe!(sidecar, event_type, secret = "s", status = "failed"));
        }
    }
    answers
}

#[test]
fn every_live_key_takes_effect_under_load_and_the_ledger_stays_exact() {
    // One of the keys reaches the breakers of the whole process.
    let name = "live_keys::every_live_key_takes_effect_under_load_and_the_ledger_stays_exact";
    alone(name, &[], change_every_key_under_load);
}

fn change_every_key_under_load() {
    let section = |inside: &str| format!("runtime: {{ sidecar: {{ {inside} }} }}\n");
    let file = File::new(&section(""));
    let (sidecar, done) = (file.start(), AtomicBool::new(false));
    let mut answers = std::thread::scope(|scope| {
        let producers: Vec<_> = (0..2).map(|_| scope.spawn(|| load(&sidecar, &done))).collect();
        let troubles: Vec<_> = STEPS
            .iter()
            .filter(|(inside, holds)| {
                file.write(&section(inside));
                let changed = matches!(sidecar.reload_config(), Ok(Reload::Changed));
                !(changed && holds(&sidecar))
            })
            .map(|(inside, _)| inside)
            .collect();
        // Before anything is asserted, or the load would never end.
        done.store(true, SeqCst);
        assert!(troubles.is_empty(), "not in force: {troubles:?}");
        let answers = producers.into_iter().map(|producer| producer.join().expect("no panic"));
        answers.fold(Answers::default(), Answers::plus)
    });
    // That of the last step.
    answers.add(DISABLED);
    assert_eq!(sidecar.observer().flush(PATIENCE).waiting, 0);
    let stats = sidecar.stats();
    assert_conserved(&stats);
    assert_eq!((stats.events_received, stats.sampled_out), (answers.total(), answers.sampled_out));
    assert_eq!(stats.events_processed + stats.failed + stats.dropped["evicted"], answers.accepted);
    assert_eq!(stats.dropped["disabled"], answers.dropped["disabled"]);
}
