//! Threads that come and go lose nothing.

use crate::support::{metrics, monitor, ms};
use sidecar_harness::Draws;
use sidecar_perf::Completion;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread;

#[test]
fn threads_that_end_at_any_time_lose_no_count() {
    const THREADS: u64 = 120;
    let (monitor, hand) = monitor(|b| b);
    let names = ["one", "two", "three"];
    let is_over = AtomicBool::new(false);
    let expected = thread::scope(|scope| {
        // Slices are closed and read all the while.
        scope.spawn(|| {
            while !is_over.load(SeqCst) {
                hand.increment(ms(2_500));
                monitor.tick(monitor.clock().now());
                let seen = monitor.snapshot();
                assert!(seen.iter().all(|found| found.since_start.count <= THREADS * 2_000));
            }
        });
        let start = |seed: u64| {
            let monitor = &monitor;
            scope.spawn(move || {
                let mut draws = Draws::seeded(seed);
                let operations = names.map(|name| monitor.operation(name));
                let mut counts = [0; 3];
                for _ in 0..draws.below(2_000) {
                    let which = draws.below(3) as usize;
                    counts[which] += 1;
                    match draws.below(3) {
                        0 => operations[which].measure(|| ()),
                        1 => drop(operations[which].start_owned()),
                        _ => operations[which].record(ms(draws.below(900)), Completion::Failure),
                    }
                }
                counts
            })
        };
        let mut expected = [0; 3];
        for first in (0..THREADS).step_by(4) {
            let beside_each_other = [0, 1, 2, 3].map(|each| start(first + each));
            for life in beside_each_other {
                let counts: [u64; 3] = life.join().expect("no panic");
                expected.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
            }
        }
        is_over.store(true, SeqCst);
        expected
    });
    for (name, expected) in names.iter().zip(expected) {
        let found = metrics(&monitor, name);
        let start = &found.since_start;
        assert_eq!((start.count, start.samples, found.in_flight), (expected, expected, 0), "{name}");
    }
}

#[test]
fn threads_without_a_cell_of_their_own_are_counted_too() {
    const THREADS: u64 = 70;
    let (monitor, _) = monitor(|b| b);
    let all_there = Barrier::new(THREADS as usize);
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let operation = monitor.operation("work");
            let all_there = &all_there;
            scope.spawn(move || {
                operation.record(ms(thread), Completion::Success);
                // Nobody gives a cell back before all have asked for one.
                all_there.wait();
                (0..100).for_each(|_| operation.measure(|| ()));
            });
        }
    });
    let found = metrics(&monitor, "work");
    assert_eq!((found.count, found.samples, found.in_flight), (THREADS * 101, THREADS * 101, 0));
    assert_eq!(found.latency_max, Some(69.0));
}

#[test]
fn a_thread_measures_more_operations_than_it_has_cells_for() {
    let (monitor, _) = monitor(|b| b);
    let operations: Vec<_> = (0..200).map(|number| monitor.operation(&number.to_string())).collect();
    for _ in 0..10 {
        operations.iter().for_each(|operation| operation.record(ms(3), Completion::Success));
    }
    assert!(monitor.snapshot().iter().all(|found| found.count == 10 && found.latency_p50 == Some(3.0)));
}

#[test]
fn an_operation_that_ends_on_another_thread_leaves_nothing_in_flight() {
    let (monitor, _) = monitor(|b| b);
    let operation = monitor.operation("work");
    let timers: Vec<_> = (0..10).map(|_| operation.start_owned()).collect();
    assert_eq!(metrics(&monitor, "work").in_flight, 10);
    thread::spawn(move || drop(timers)).join().expect("no panic");
    assert_eq!((metrics(&monitor, "work").in_flight, metrics(&monitor, "work").cancelled), (0, 10));
}
