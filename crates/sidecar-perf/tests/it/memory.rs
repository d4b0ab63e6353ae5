//! What is allocated, and when.

use crate::support::{monitor, ms};
use sidecar_harness::Draws;
use sidecar_harness::alloc::{assert_allocates_nothing, counted};
use sidecar_perf::Completion;
use std::time::Duration;

/// As the crate's documentation states them.
const CELL: i64 = 10_240;
const LARGEST_SLICE: i64 = 10_240;
const MOST_SLICES: i64 = 29;

#[test]
fn recording_allocates_nothing() {
    let (monitor, hand) = monitor(|b| b);
    let operation = monitor.operation("work");
    let mut duration = 0;
    assert_allocates_nothing(|| {
        duration += 77_777;
        operation.record(Duration::from_nanos(duration), Completion::Success);
    });
    assert_allocates_nothing(|| operation.measure(|| hand.increment(ms(1))));
    assert_allocates_nothing(|| drop(operation.start_owned()));
    let _ = operation.try_measure(|| Err::<(), _>(()));
}

#[test]
fn recording_allocates_nothing_where_only_some_durations_are_drawn_or_cells_are_shared() {
    let (monitor, _) = monitor(|b| b.sample_rate(0.5));
    let operations: Vec<_> = (0..65).map(|number| monitor.operation(&number.to_string())).collect();
    for operation in &operations {
        assert_allocates_nothing(|| operation.measure(|| ()));
    }
}

#[test]
fn a_thread_allocates_one_cell_for_an_operation() {
    let (monitor, _) = monitor(|b| b);
    let operation = monitor.operation("work");
    let ((), tally) = counted(|| operation.record(ms(1), Completion::Success));
    // The pool's two lists of cells grow too.
    assert!((CELL - 200..=CELL + 200).contains(&tally.live_bytes), "{tally:?}");
}

#[test]
fn an_operation_stays_within_its_bound_whatever_is_recorded_for_however_long() {
    let (monitor, hand) = monitor(|b| b);
    let operation = monitor.operation("work");
    operation.record(ms(1), Completion::Success);
    let mut draws = Draws::seeded(1);
    let ((), tally) = counted(|| {
        // A day and a half, every bucket in every slice.
        for _ in 0..26_000 {
            (0..53)
                .for_each(|octave| operation.record(Duration::from_nanos(1 << octave), Completion::Success));
            let magnitude = draws.below(53);
            let nanos = draws.below(1 << magnitude);
            operation.record(Duration::from_nanos(nanos), Completion::Success);
            hand.increment(ms(5_000));
            monitor.tick(monitor.clock().now());
        }
    });
    let bound = MOST_SLICES * LARGEST_SLICE;
    assert!(tally.live_bytes <= bound, "{tally:?} of {bound}");
    let held = monitor.bytes() as i64;
    assert!((tally.live_bytes..=tally.live_bytes + CELL + 2_000).contains(&held), "{held} {tally:?}");
}

#[test]
fn an_operation_at_rest_lets_go_of_its_slices() {
    let (monitor, hand) = monitor(|b| b.retention(Duration::from_secs(120)));
    let operation = monitor.operation("work");
    let idle = |periods: u64| {
        for _ in 0..periods {
            hand.increment(ms(5_000));
            monitor.tick(monitor.clock().now());
        }
    };
    // What was seen once is remembered, to compare with.
    let work = || (0..1_000).for_each(|each| operation.record(ms(each), Completion::Success));
    work();
    idle(60);
    let before = monitor.bytes();
    work();
    idle(2);
    assert!(monitor.bytes() > before);
    idle(60);
    assert_eq!(monitor.bytes(), before);
}

#[test]
fn names_beyond_the_limit_cost_nothing() {
    let (monitor, _) = monitor(|b| b.max_operations(2));
    (0..3)
        .for_each(|number| monitor.operation(&format!("known-{number}")).record(ms(1), Completion::Success));
    let mut number = 0;
    let names: Vec<_> = (0..1_001).map(|number| format!("unknown-{number}")).collect();
    assert_allocates_nothing(|| {
        monitor.operation(&names[number]).record(ms(1), Completion::Success);
        number += 1;
    });
}

#[test]
fn above_its_memory_a_monitor_merges_slices_and_forgets_no_count() {
    let (monitor, hand) = monitor(|b| b.max_bytes(64 * 1_024));
    let operations: Vec<_> = (0..4).map(|number| monitor.operation(&number.to_string())).collect();
    let mut recorded = 0;
    let mut tick = |periods: u64| {
        for _ in 0..periods {
            for operation in &operations {
                (0..500).for_each(|each| {
                    operation.record(Duration::from_micros(100 * each), Completion::Success)
                });
            }
            recorded += 500;
            hand.increment(ms(5_000));
            monitor.tick(monitor.clock().now());
        }
        recorded
    };
    tick(12 * 60);
    let most = 4 * (11 * (500 * 8 + 200) + CELL) + 4_000;
    assert!((monitor.bytes() as i64) < most, "{} of {most}", monitor.bytes());
    let total = tick(1);
    for found in monitor.snapshot() {
        assert_eq!(found.since_start.count, total);
        assert!((60.0..=80.0).contains(&found.seconds), "{}", found.seconds);
        assert_eq!(found.count, found.seconds as u64 / 5 * 500);
    }
}

#[test]
fn cells_of_one_s_own_are_given_out_from_half_of_the_memory() {
    let (monitor, _) = monitor(|b| b.max_bytes(64 * 1_024));
    let operations: Vec<_> = (0..5).map(|number| monitor.operation(&number.to_string())).collect();
    operations.iter().for_each(|operation| operation.record(ms(1), Completion::Success));
    assert!(format!("{monitor:?}").contains("cells_left: 0"), "{monitor:?}");
    assert!(monitor.snapshot().iter().all(|found| found.count == 1));
}

#[test]
fn more_memory_gives_cells_to_those_who_shared_and_less_leaves_them_theirs() {
    let (monitor, _) = monitor(|b| b.max_bytes(64 * 1_024));
    let operations: Vec<_> = (0..5).map(|number| monitor.operation(&number.to_string())).collect();
    let record = || operations.iter().for_each(|operation| operation.record(ms(1), Completion::Success));
    let cells_left =
        |left: u32| assert!(format!("{monitor:?}").contains(&format!("cells_left: {left},")), "{monitor:?}");
    record();
    cells_left(0);
    monitor.update(|settings| settings.max_bytes = 12 * 10_240 + 8_000).expect("in range");
    record();
    cells_left(1);
    monitor.update(|settings| settings.max_bytes = 64 * 1_024).expect("in range");
    record();
    cells_left(0);
    assert!(monitor.snapshot().iter().all(|found| found.count == 3));
}
