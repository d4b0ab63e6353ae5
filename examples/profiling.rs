//! Profiling: what operations take, what the process costs, and which part of that is the sidecar's.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use sidecar_runtime::perf::PerfMonitor;
use sidecar_runtime::{Sidecar, SidecarConfig, monitor_performance, observe};
use std::error::Error;
use std::time::Duration;

struct ValidationService;

impl ValidationService {
    #[monitor_performance(operation_name = "syntax_validation")]
    fn validate_syntax(&self, code: &str) -> Result<usize, String> {
        let depth = code.chars().try_fold(0usize, |depth, character| match character {
            '(' => Some(depth + 1),
            ')' => depth.checked_sub(1),
            _ => Some(depth),
        });
        if depth == Some(0) { Ok(code.len()) } else { Err(format!("{code}: a parenthesis has no partner")) }
    }

    #[monitor_performance(operation_name = "semantic_validation")]
    fn validate_semantics(&self, source: &str, target: &str) -> f64 {
        let same = source.bytes().zip(target.bytes()).filter(|(source, target)| source == target).count();
        same as f64 / source.len().max(1) as f64
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    // The operations of attributes stand in the monitor of the process, which a sidecar shows.
    let sidecar = Sidecar::builder().config(SidecarConfig::default()).start()?;
    let service = ValidationService;
    for number in 0..1_000 {
        let code = if number % 10 == 0 { "f(x" } else { "f(x)" };
        if service.validate_syntax(code).is_ok() {
            service.validate_semantics(code, "f(y)");
        }
        observe!(sidecar, "validated", number = number);
    }

    for name in ["syntax_validation", "semantic_validation"] {
        let metrics = PerfMonitor::global().operation_metrics(name).ok_or("it was called")?;
        let start = &metrics.since_start;
        println!("{name}: {} calls, p95 {:.4} ms", start.count, metrics.latency_p95.unwrap_or_default());
    }
    let text = sidecar.export_metrics();
    let failures = r#"sidecar_operation_total{operation="syntax_validation",result="failure"} 100"#;
    assert!(text.contains(failures), "an `Err` is a failure");

    // The profiler reads once a second by itself; here at once.
    sidecar.profiler().refresh();
    let snapshot = sidecar.profiler().snapshot();
    println!("the process: {:.1} MB, {:?} threads", snapshot.memory_mb, snapshot.thread_count);
    println!("the sidecar: {:.3} MB, {:.4} s of CPU", snapshot.own.memory_mb, snapshot.own.cpu_seconds);
    let budget = sidecar.profiler().is_over_budget();
    println!("its budget: {} % of a core, {} MB", budget.max_cpu_percent, budget.max_memory_mb);
    assert!(!budget.memory_over_budget, "only the sidecar's own memory counts");
    assert!(snapshot.own.memory_mb < snapshot.memory_mb);

    let _ = sidecar.stop(Duration::from_secs(1));
    Ok(())
}
