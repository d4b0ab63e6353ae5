//! The budget holds: a sidecar that would cost too much sheds its own work, and says so. Linux alone tells the CPU time
//! of threads. Each test has a process of its own, for the threads of every sidecar in one are counted together.

use crate::support::everything;
use sidecar_harness::eventually;
use sidecar_harness::process::alone;
use sidecar_runtime::health::Status;
use sidecar_runtime::observer::{Reason, Value};
use sidecar_runtime::{Sidecar, observe};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// CPU time of all threads named `sidecar-`, as the kernel has it.
fn own_cpu() -> Duration {
    let tasks = std::fs::read_dir("/proc/self/task").expect("Linux");
    let read = |path: std::path::PathBuf| std::fs::read_to_string(path).unwrap_or_default();
    let own = tasks.filter_map(|task| {
        let path = task.ok()?.path();
        let is_own = read(path.join("comm")).starts_with("sidecar-");
        let nanos = read(path.join("schedstat")).split_whitespace().next()?.parse().ok()?;
        is_own.then(|| Duration::from_nanos(nanos))
    });
    own.sum()
}

/// Offers some two thousand events a second, until told to stop.
fn offer(sidecar: &Sidecar, stop: &AtomicBool) {
    while !stop.load(SeqCst) {
        for _ in 0..20 {
            observe!(sidecar, "busy", number = 1);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_handler_that_burns_cpu_is_held_to_the_budget_and_recovers() {
    alone("governing::a_handler_that_burns_cpu_is_held_to_the_budget_and_recovers", &[], || {
        let sidecar = Sidecar::builder().config(everything()).start().expect("valid settings");
        let handle = sidecar.handle();
        let burns = Arc::new(AtomicBool::new(true));
        let burning = Arc::clone(&burns);
        sidecar.register_handler("busy", move |_| {
            let start = Instant::now();
            while burning.load(SeqCst) && start.elapsed() < Duration::from_micros(500) {}
        });
        let said = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&said);
        sidecar.register_handler("sidecar_budget", move |event| {
            log.lock().expect("no panic").push(event.get("is_shedding") == Some(&Value::Bool(true)));
        });
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| offer(&sidecar, &stop));
            // Whatever fails below, the thread must end.
            let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                let share = || sidecar.get_metrics().value("sidecar_budget_share_ratio", &[]);
                eventually("it sheds", || share().is_some_and(|share| share < 0.5));
                let report = || sidecar.health_report();
                eventually("health says so", || {
                    report().component("profiler").is_some_and(|it| it.status() == Status::Degraded)
                });
                // What waited is worked off first.
                eventually("the queue is short", || sidecar.stats().queue_size < 100);
                let (cpu, start) = (own_cpu(), Instant::now());
                std::thread::sleep(Duration::from_secs(4));
                let percent = (own_cpu() - cpu).as_secs_f64() / start.elapsed().as_secs_f64() * 100.0;
                assert!(percent < 10.0, "{percent} % of a core, where without a budget it is a whole one");
                assert!(sidecar.stats().dropped[Reason::Budget.name()] > 0);
                burns.store(false, SeqCst);
                eventually("everything passes again", || share() == Some(1.0));
            }));
            stop.store(true, SeqCst);
            if let Err(panic) = outcome {
                std::panic::resume_unwind(panic);
            }
        });
        let stats = sidecar.stop(Duration::from_secs(60));
        assert_eq!(stats.waiting, 0);
        let said = said.lock().expect("no panic").clone();
        assert!(said.contains(&false), "the end of the shedding was said: {said:?}");
        let stats = handle.stats();
        let settled = stats.sampled_out + stats.events_dropped + stats.events_processed + stats.failed;
        assert_eq!(stats.events_received, settled);
    });
}
