//! What recording costs in memory, and what an operation takes.

use crate::monitor;
use sidecar_harness::alloc::{assert_allocates_nothing, counted};
use sidecar_perf::{Completion, PerfMonitor};
use std::time::Duration;

/// As the crate's documentation has it.
const LEAST: i64 = 27 * 1_024;
const MOST: i64 = 126 * 1_024;

#[test]
fn recording_and_measuring_allocate_nothing() {
    let (_, tally) = counted(|| PerfMonitor::builder().build().expect("valid settings").operation("work"));
    assert!(tally.allocations > 0, "the allocator counts");
    let (monitor, _) = monitor(|builder| builder.sample_rate(0.5));
    let operation = monitor.operation("work");
    let mut nanos = 1;
    assert_allocates_nothing(|| {
        nanos = (nanos * 7) % (1 << 50);
        operation.record(Duration::from_nanos(nanos), Completion::Success);
        operation.measure(|| ());
        let _ = operation.try_measure(|| Err::<(), _>(()));
        operation.start().success();
        drop(operation.start());
        drop(operation.clone());
    });
}

#[test]
fn once_the_window_has_gone_round_slices_end_without_allocating() {
    let (monitor, hand) = monitor(|builder| builder);
    let operation = monitor.operation("work");
    let slice = || {
        hand.increment(Duration::from_secs(5));
        (0..100).for_each(|at| operation.record(Duration::from_micros(at * at), Completion::Success));
    };
    (0..13).for_each(|_| slice());
    assert_allocates_nothing(slice);
}

#[test]
fn an_operation_takes_no_more_than_is_said() {
    let (monitor, hand) = monitor(|builder| builder);
    // The table of names has room for three.
    monitor.operation("first").measure(|| ());
    let (operation, tally) = counted(|| monitor.operation("work"));
    assert!((22 * 1_024..=LEAST).contains(&tally.live_bytes), "{tally:?}");
    let ((), grown) = counted(|| {
        for _ in 0..40 {
            // One duration for each bucket there is.
            for octave in 0..48_u32 {
                for part in 0..32 {
                    let nanos = (1_u64 << octave) + ((part << octave) >> 5);
                    operation.record(Duration::from_nanos(nanos), Completion::Success);
                }
            }
            hand.increment(Duration::from_secs(5));
        }
    });
    let all = tally.live_bytes + grown.live_bytes;
    assert!((110 * 1_024..=MOST).contains(&all), "{all}");
}

#[test]
fn reading_keeps_nothing() {
    let (monitor, _) = monitor(|builder| builder);
    monitor.operation("work").measure(|| ());
    let (_, tally) = counted(|| drop(monitor.snapshot()));
    assert_eq!(tally.live_bytes, 0);
}
