//! The rolling window against a list of all that was recorded, in virtual time.

use crate::series::{assert_is_true_to, value};
use crate::support::{Hand, metrics, monitor, ms};
use proptest::prelude::*;
use sidecar_harness::Draws;
use sidecar_perf::{Completion, Operation, PerfMonitor};
use std::time::Duration;

const WINDOW: u64 = 60_000_000_000;
const SLICE: u64 = WINDOW / 12;

#[derive(Clone, Copy, Debug)]
enum Step {
    Record,
    Time,
    Wait(u64),
    Read,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let wait = prop_oneof![
        6 => 0..1_000_u64,
        6 => 1_000..9_000_u64,
        2 => 50_000..70_000_u64,
        1 => 7_000_000..7_400_000_u64,
    ];
    let step = prop_oneof![
        3 => Just(Step::Record),
        3 => Just(Step::Time),
        4 => wait.prop_map(Step::Wait),
        2 => Just(Step::Read),
    ];
    prop::collection::vec(step, 1..120)
}

/// A monitor, and all that it was told.
struct World {
    monitor: PerfMonitor,
    hand: Hand,
    operation: Operation,
    draws: Draws,
    /// When each one ended, and how long it took.
    recorded: Vec<(u64, u64)>,
    /// When the next tick is due, where there are ticks.
    due: Option<u64>,
}

impl World {
    fn new(is_ticked: bool) -> Self {
        let (monitor, hand) = monitor(|b| b);
        let operation = monitor.operation("work");
        let due = is_ticked.then(|| monitor.tick(monitor.clock().now()));
        Self { monitor, hand, operation, draws: Draws::seeded(7), recorded: Vec::new(), due }
    }

    fn now(&self) -> u64 {
        self.monitor.clock().now()
    }

    /// Lets time pass; with every tick when it is due, unless the machine sleeps.
    fn wait(&mut self, milliseconds: u64) {
        let end = self.now() + milliseconds * 1_000_000;
        let sleeps = milliseconds > 1_000_000;
        while let Some(due) = self.due.filter(|due| *due <= end && !sleeps) {
            // An operation that took its time may have made it late.
            self.hand.increment(due.saturating_sub(self.now()));
            self.due = Some(self.monitor.tick(self.now()));
        }
        self.hand.increment(end - self.now());
        if sleeps && self.due.is_some() {
            self.due = Some(self.monitor.tick(end));
        }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Record => {
                let nanos = value(5, 0, &mut self.draws);
                self.operation.record(Duration::from_nanos(nanos), Completion::Success);
                self.recorded.push((self.now(), nanos));
            }
            Step::Time => {
                let nanos = self.draws.below(50_000_000);
                let timer = self.operation.start();
                self.hand.increment(nanos);
                timer.success();
                self.recorded.push((self.now(), nanos));
            }
            Step::Wait(milliseconds) => self.wait(milliseconds),
            Step::Read => {
                let found = metrics(&self.monitor, "work");
                let now = self.now();
                let within = |age: u64| self.recorded.iter().filter(|(at, _)| at + age > now).count();
                let count = found.count as usize;
                assert!(
                    count >= within(WINDOW),
                    "{count} of {}, all of the window are there",
                    within(WINDOW)
                );
                if self.due.is_some() {
                    // Where the machine has slept, the slice before counts from its last operation on.
                    assert!(count <= within(WINDOW + 2 * SLICE), "{count} of {}", within(WINDOW + 2 * SLICE));
                }
                if within(WINDOW + 2 * SLICE) == 0 {
                    assert_eq!(count, 0, "what is old is gone, ticked or not");
                }
                let all: Vec<_> = self.recorded.iter().map(|(_, nanos)| *nanos).collect();
                assert_is_true_to(&found.window, &all[all.len() - count..]);
                assert_is_true_to(&found.since_start, &all);
                let rate = found.count as f64 / found.seconds;
                assert!(found.count == 0 || (found.throughput - rate).abs() <= rate * 1e-9);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn a_ticked_window_is_exact_to_its_slices(steps in steps()) {
        let mut world = World::new(true);
        steps.into_iter().chain([Step::Read]).for_each(|step| world.step(step));
    }

    #[test]
    fn without_ticks_nothing_of_the_window_is_missing_and_nothing_old_looks_recent(steps in steps()) {
        let mut world = World::new(false);
        steps.into_iter().chain([Step::Read]).for_each(|step| world.step(step));
    }
}

#[test]
fn a_window_that_is_ticked_is_exact_to_one_slice() {
    let mut world = World::new(true);
    for _ in 0..400 {
        world.step(Step::Record);
        world.wait(700);
        let now = world.now();
        let within = |age: u64| world.recorded.iter().filter(|(at, _)| at + age > now).count() as u64;
        let found = metrics(&world.monitor, "work");
        assert!((within(WINDOW)..=within(WINDOW + SLICE)).contains(&found.count));
        if now >= 1_000_000_000_000 + WINDOW + SLICE {
            assert!((60.0..=65.0).contains(&found.seconds), "{}", found.seconds);
            assert!((found.throughput - 1.0 / 0.7).abs() < 0.05, "{}", found.throughput);
        }
    }
}

#[test]
fn the_rate_of_errors_leaves_out_what_was_cancelled() {
    let (monitor, hand) = monitor(|b| b);
    let operation = monitor.operation("work");
    let [success, failure, cancelled, panicked] =
        [Completion::Success, Completion::Failure, Completion::Cancelled, Completion::Panicked];
    for completion in [success, success, success, failure, cancelled, cancelled, panicked] {
        operation.record(ms(2), completion);
    }
    hand.increment(ms(10_000));
    let found = metrics(&monitor, "work");
    assert_eq!((found.count, found.error_rate), (7, Some(0.4)));
    assert_eq!((found.seconds, found.throughput), (10.0, 0.7));
    let only = monitor.operation("cancelled");
    only.record(ms(1), cancelled);
    assert_eq!(metrics(&monitor, "cancelled").error_rate, None);
}
