//! What `observe!` costs the thread that calls it, beside its floor: one uncontended atomic addition.
//!
//! `sampled-out` is counted and not kept; `accepted/4-fields` moves an event with four small fields into its
//! lane while the worker drains it; `refused/full` finds a queue of one event occupied.

use criterion::{Criterion, criterion_group, criterion_main};
use sidecar_runtime::observer::{DropPolicy, Event, Observer, TypeId, observe};
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// Offered between two waits for an empty queue, so that nothing is ever dropped; half of the queue.
const BURST: u64 = 5_000;

fn floor(criterion: &mut Criterion) {
    let counter = AtomicU64::new(0);
    criterion.bench_function("floor/fetch_add", |bencher| bencher.iter(|| counter.fetch_add(1, Relaxed)));
}

fn sampled_out(criterion: &mut Criterion) {
    let observer = Observer::builder().admit(|_: TypeId| None).start().expect("defaults are valid");
    criterion.bench_function("sampled-out", |bencher| {
        bencher.iter(|| observe!(observer, "test_end", test_id = black_box("t1")));
    });
}

fn accepted(criterion: &mut Criterion) {
    let observer = Observer::builder().start().expect("defaults are valid");
    criterion.bench_function("accepted/4-fields", |bencher| {
        bencher.iter_custom(|rounds| {
            let (mut left, mut spent) = (rounds, Duration::ZERO);
            while left > 0 {
                let burst = left.min(BURST);
                let start = Instant::now();
                for n in 0..burst {
                    observe!(
                        observer,
                        "test_end",
                        test_id = "t1",
                        status = "passed",
                        duration_ms = n,
                        retry = false
                    );
                }
                spent += start.elapsed();
                left -= burst;
                let _ = observer.flush(Duration::from_secs(10));
            }
            spent
        });
    });
    let dropped = observer.stats().dropped;
    let full = dropped["queue_full"] + dropped["evicted"] + dropped["bytes"];
    assert_eq!(full, 0, "the figure is that of accepted events: {dropped:?}");
}

fn refused(criterion: &mut Criterion) {
    let observer = Observer::builder().queue_size(1).drop_policy(DropPolicy::Newest).start().expect("valid");
    let (held, wait) = mpsc::channel::<()>();
    let wait = std::sync::Mutex::new(wait);
    observer.on("hold", move |_| {
        let _ = wait.lock().map(|wait| wait.recv());
    });
    observer.observe(Event::new("hold"));
    criterion.bench_function("refused/full", |bencher| {
        bencher.iter(|| observe!(observer, "test_end", test_id = black_box("t1")));
    });
    drop(held);
}

criterion_group!(benches, floor, sampled_out, accepted, refused);
criterion_main!(benches);
