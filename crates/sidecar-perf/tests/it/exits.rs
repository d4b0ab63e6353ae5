//! Every operation ends once, however it does.

use crate::{ends, monitor};
use sidecar_perf::{Completion, Operation, PerfMonitor, Timer};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

struct Scene {
    monitor: PerfMonitor,
    operation: Operation,
    hand: Arc<sidecar_core::clock::Mock>,
}

impl Scene {
    fn new() -> Self {
        let (monitor, hand) = monitor(|builder| builder);
        let operation = monitor.operation("transform");
        Self { monitor, operation, hand }
    }

    /// Ends, and what is in flight.
    fn seen(&self) -> ([u64; 4], u64) {
        let metrics = self.monitor.operation_metrics("transform").expect("it is known");
        assert_eq!(ends(&metrics), ends(&metrics.since_start));
        assert_eq!((metrics.count, metrics.samples), (ends(&metrics).iter().sum(), metrics.count));
        (ends(&metrics), metrics.in_flight)
    }
}

#[test]
fn what_is_measured_succeeds_fails_or_panics() {
    let scene = Scene::new();
    assert_eq!(scene.operation.measure(|| 7), 7);
    assert_eq!(scene.seen(), ([1, 0, 0, 0], 0));
    assert_eq!(scene.operation.try_measure(|| Ok::<_, ()>(7)), Ok(7));
    assert_eq!(scene.operation.try_measure(|| Err::<(), _>(7)), Err(7));
    assert_eq!(scene.seen(), ([2, 1, 0, 0], 0));
    assert!(catch_unwind(|| scene.operation.measure(|| panic!("as it was told"))).is_err());
    assert_eq!(scene.seen(), ([2, 1, 0, 1], 0));
    scene.operation.measure(|| assert_eq!(scene.seen().1, 1));
}

#[test]
fn a_timer_ends_as_it_says_or_is_cancelled() {
    let scene = Scene::new();
    let (one, other, dropped) = (scene.operation.start(), scene.operation.start(), scene.operation.start());
    assert_eq!(scene.seen(), ([0; 4], 3));
    scene.hand.increment(Duration::from_millis(3));
    one.success();
    other.failure();
    drop(dropped);
    assert_eq!(scene.seen(), ([1, 1, 1, 0], 0));
    let metrics = scene.monitor.operation_metrics("transform").expect("it is known");
    assert_eq!((metrics.latency_min, metrics.latency_max), (Some(3.0), Some(3.0)));
    assert_eq!(metrics.error_rate, Some(0.5), "the cancelled one is not counted");
}

#[test]
fn a_timer_dropped_by_a_panic_has_panicked() {
    let scene = Scene::new();
    let timer = scene.operation.start();
    let dropping = move || {
        let _timer = timer;
        panic!("as it was told")
    };
    assert!(catch_unwind(AssertUnwindSafe(dropping)).is_err());
    assert_eq!(scene.seen(), ([0, 0, 0, 1], 0));
}

#[test]
fn a_timer_that_began_within_a_panic_is_cancelled_by_being_dropped() {
    struct OnUnwind<'a>(&'a Operation);

    impl Drop for OnUnwind<'_> {
        fn drop(&mut self) {
            let _: Timer = self.0.start();
            self.0.start().success();
        }
    }

    let scene = Scene::new();
    let unwind = || {
        let _guard = OnUnwind(&scene.operation);
        panic!("as it was told")
    };
    assert!(catch_unwind(AssertUnwindSafe(unwind)).is_err());
    assert_eq!(scene.seen(), ([1, 0, 1, 0], 0));
}

#[test]
fn durations_measured_elsewhere_are_recorded_as_they_are() {
    let scene = Scene::new();
    for (millis, completion) in (1..).zip(Completion::ALL) {
        scene.operation.record(Duration::from_millis(millis), completion);
    }
    assert_eq!(scene.seen(), ([1; 4], 0));
    let metrics = scene.monitor.operation_metrics("transform").expect("it is known");
    assert_eq!(
        (metrics.latency_min, metrics.latency_avg, metrics.latency_max),
        (Some(1.0), Some(2.5), Some(4.0))
    );
    assert_eq!(metrics.error_rate, Some(2.0 / 3.0));
}

#[test]
fn the_clones_of_a_handle_and_those_found_by_name_are_one_operation() {
    let scene = Scene::new();
    scene.operation.clone().measure(|| ());
    scene.monitor.clone().operation("transform").measure(|| ());
    assert_eq!(scene.seen().0, [2, 0, 0, 0]);
    assert_eq!(scene.monitor.operation_metrics("unknown"), None);
}
