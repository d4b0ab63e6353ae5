//! The budget holds, as the system's own figures have it: CPU time of the sidecar's threads from `/proc`, and memory
//! from the allocator. Each test has a process of its own, for all that is in one is counted together.

#![expect(clippy::print_stdout, reason = "a long run says what it has measured")]

use crate::support::everything;
use sidecar_harness::alloc::{Counting, live_bytes};
use sidecar_harness::process::alone;
use sidecar_harness::{Gate, PATIENCE, eventually};
use sidecar_runtime::observer::{Observed, Reason};
use sidecar_runtime::perf::Completion;
use sidecar_runtime::{Sidecar, SidecarConfig, observe};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Percent of a core, as `SidecarConfig` has it unless it is set.
const CPU_BUDGET: f64 = 5.0;

/// Longest text of an event here; and so many bytes of it, and no other memory, are the hog's.
const TEXT_BYTES: usize = 100_000;

const MEMORY_BUDGET_MB: f64 = 10.0;
const BYTES_PER_MB: f64 = 1_048_576.0;

/// What the sidecar's threads have used, and for how long they have waited for a core that others had.
#[derive(Clone, Copy, Default)]
struct Used {
    cpu: Duration,
    waited: Duration,
}

impl Used {
    fn read() -> Self {
        let mut used = Self::default();
        for task in fs::read_dir("/proc/self/task").expect("Linux") {
            let path = task.expect("a thread").path();
            let read = |name| fs::read_to_string(path.join(name)).unwrap_or_default();
            if read("comm").starts_with("sidecar-") {
                let text = read("schedstat");
                let mut nanos = text.split_whitespace().map(|word| word.parse().unwrap_or(0));
                used.cpu += Duration::from_nanos(nanos.next().unwrap_or(0));
                used.waited += Duration::from_nanos(nanos.next().unwrap_or(0));
            }
        }
        used
    }
}

/// Offers 200 000 events in a second, 200 each millisecond, until told to stop. What comes late is made up for, unless it
/// is very late.
fn flood(sidecar: &Sidecar, stop: &AtomicBool) {
    const TICK: Duration = Duration::from_millis(1);
    let mut due = Instant::now();
    while !stop.load(SeqCst) {
        for number in 0..200 {
            observe!(sidecar, "busy", number = number);
        }
        due = (due + TICK).max(Instant::now() - 100 * TICK);
        thread::sleep(due.saturating_duration_since(Instant::now()));
    }
}

/// How long CPU time is measured, in seconds: eight, or `BUDGET_SECONDS`.
fn window() -> Duration {
    let asked = env::var("BUDGET_SECONDS").ok().and_then(|seconds| seconds.parse().ok());
    Duration::from_secs(asked.unwrap_or(8))
}

#[test]
fn cpu_use_is_the_budget_whatever_is_offered() {
    alone("budgets::cpu_use_is_the_budget_whatever_is_offered", &[], || {
        let sidecar = Sidecar::builder().config(everything()).start().expect("valid settings");
        sidecar.register_handler("busy", |_| {
            let start = Instant::now();
            while start.elapsed() < Duration::from_micros(50) {}
        });
        let stop = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| flood(&sidecar, &stop));
            // Whatever fails below, the thread must end.
            let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| held(&sidecar)));
            stop.store(true, SeqCst);
            if let Err(panic) = outcome {
                std::panic::resume_unwind(panic);
            }
        });
        assert!(sidecar.stats().dropped[Reason::Budget.name()] > 0);
    });
}

/// Measures until a window says that the budget is used and kept. None may be twice over it.
fn held(sidecar: &Sidecar) {
    let share = || sidecar.get_metrics().value("sidecar_budget_share_ratio", &[]);
    eventually("it sheds", || share().is_some_and(|share| share < 0.1));
    // What waited is worked off first.
    eventually("the queue is short", || sidecar.stats().queue_size < 100);
    thread::sleep(Duration::from_secs(3));
    let begun = Instant::now();
    loop {
        let charged = || {
            sidecar.profiler().refresh();
            sidecar.profiler().snapshot().own.charged_cpu_seconds
        };
        let (before, charged_before, start) = (Used::read(), charged(), Instant::now());
        thread::sleep(window());
        let (after, elapsed) = (Used::read(), start.elapsed().as_secs_f64());
        let threads = (after.cpu - before.cpu).as_secs_f64() / elapsed * 100.0;
        let calls = (charged() - charged_before) / elapsed * 100.0;
        let waited = (after.waited - before.waited).as_secs_f64() / elapsed * 100.0;
        let said =
            format!("{threads:.2} % of a core in threads, {calls:.2} % in calls, {waited:.2} % waited");
        println!("{said}");
        assert!(threads < 2.0 * CPU_BUDGET, "{said}");
        let is_kept = threads + calls <= 1.1 * CPU_BUDGET;
        let is_used = threads + calls >= 0.9 * CPU_BUDGET;
        // Where others keep the threads waiting, nobody can say that they might have used more.
        if is_kept && (is_used || waited > 1.0) {
            return;
        }
        assert!(begun.elapsed() + 2 * window() < PATIENCE / 2, "never {CPU_BUDGET} %, at last {said}");
    }
}

/// A sidecar with a small budget of memory and room in it for long texts.
fn small() -> (Sidecar, Gate) {
    let mut config: SidecarConfig = everything().max_text_bytes(TEXT_BYTES);
    config.runtime.sidecar.resources.max_memory_mb = MEMORY_BUDGET_MB;
    // Here it is the memory that is short.
    config.runtime.sidecar.resources.max_cpu_percent = 100.0;
    // A slow handler is not a hung one.
    config.runtime.sidecar.handlers.timeout = 2 * PATIENCE;
    let sidecar = Sidecar::builder().config(config).start().expect("valid settings");
    let gate = Gate::default();
    let inside = gate.clone();
    sidecar.register_handler("hold", move |_| inside.enter());
    sidecar.register_handler("long", |_| thread::sleep(Duration::from_millis(2)));
    (sidecar, gate)
}

fn offer_long(sidecar: &Sidecar) -> Observed {
    sidecar.observe_with("long", |event| event.with("text", "x".repeat(TEXT_BYTES)))
}

/// What the sidecar accounts for as its own, at this moment.
fn own_bytes(sidecar: &Sidecar) -> u64 {
    sidecar.profiler().refresh();
    sidecar.profiler().snapshot().own.memory_bytes
}

/// Fills what operations and the history may hold, or begins to: the history takes a reading once in a second.
fn fill(sidecar: &Sidecar) {
    for operation in 0..200 {
        let operation = sidecar.perf().operation(&format!("operation-{operation}"));
        (0..400)
            .for_each(|step| operation.record(Duration::from_nanos(50 << (step % 30)), Completion::Success));
    }
}

#[test]
fn a_memory_hog_is_within_the_budget_at_every_look() {
    alone("budgets::a_memory_hog_is_within_the_budget_at_every_look", &[], || {
        let (sidecar, _gate) = small();
        for number in 0..3_000 {
            sidecar.metrics().set_gauge("level", 1.0, &[("number", &number.to_string())]);
        }
        let budget = (MEMORY_BUDGET_MB * BYTES_PER_MB) as u64;
        fill(&sidecar);
        let mut most = 0;
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(4) {
            (0..20).for_each(|_| {
                offer_long(&sidecar);
            });
            let own = own_bytes(&sidecar);
            assert!(own <= budget, "{own} bytes");
            most = most.max(own);
        }
        assert!(!sidecar.profiler().is_over_budget().memory_over_budget);
        let stats = sidecar.stats();
        let dropped: u64 = stats.dropped.values().sum();
        assert!(dropped > 0 && most > budget / 3, "it was a hog: {most} bytes, {stats:?}");
    });
}

#[test]
fn what_is_accounted_for_is_what_the_allocator_gave() {
    alone("budgets::what_is_accounted_for_is_what_the_allocator_gave", &[], || {
        let (sidecar, gate) = small();
        for number in 0..3_000 {
            sidecar.metrics().set_gauge("level", 1.0, &[("number", &number.to_string())]);
        }
        assert_eq!(offer_long(&sidecar), Observed::Accepted);
        assert_eq!(sidecar.observer().flush(PATIENCE).waiting, 0);
        let (own_before, live_before) = (own_bytes(&sidecar), live_bytes());
        let parts = || {
            let (queue, history) = (sidecar.stats().queue_bytes, sidecar.metrics().history_stats().bytes);
            (queue as u64, history, sidecar.perf().bytes() as u64)
        };
        let parts_before = parts();
        sidecar.observe_with("hold", |event| event);
        gate.wait_until_held();
        // Nothing leaves the queue now, so that what is read one after the other belongs together.
        (0..100).for_each(|_| {
            offer_long(&sidecar);
        });
        fill(&sidecar);
        thread::sleep(Duration::from_secs(3));
        let (own, live) = (own_bytes(&sidecar) - own_before, live_bytes() - live_before);
        let said =
            format!("{own} bytes accounted for, {live} held; {parts_before:?} before, {:?} now", parts());
        println!("{said}");
        assert!(own > 4_000_000, "{said}");
        assert!((own as f64 / live as f64 - 1.0).abs() < 0.05, "{said}");
        gate.open();
    });
}
