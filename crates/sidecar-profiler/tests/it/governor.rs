//! The governor against a simulated sidecar: a queue, a worker, and what its items cost.

use proptest::prelude::*;
use sidecar_profiler::{Decision, Governor, Window};
use std::time::Duration;

const BUDGET: f64 = 5.0;
/// In percent of one core: above this a window has overshot.
const OVER: f64 = BUDGET * 1.1;

/// A sidecar of one worker thread, in windows of a second.
struct Plant {
    governor: Governor,
    decision: Option<Decision>,
    queue_size: f64,
    backlog: f64,
    /// CPU use of each window so far, in percent.
    cpu: Vec<f64>,
    shares: Vec<f64>,
}

impl Plant {
    fn new() -> Self {
        Self {
            governor: Governor::new(BUDGET),
            decision: None,
            queue_size: 10_000.0,
            backlog: 0.0,
            cpu: Vec::new(),
            shares: Vec::new(),
        }
    }

    /// Windows of a second in which this many events are offered, each costing so much.
    fn run(&mut self, windows: usize, offered: f64, cost: f64) -> &mut Self {
        for _ in 0..windows {
            let share = self.decision.map_or(1.0, |decision| decision.share);
            let most = self.decision.and_then(|decision| decision.most_per_second).unwrap_or(f64::INFINITY);
            let passed = (offered * share).min(most);
            let queued = (self.backlog + passed).min(self.queue_size + 1.0 / cost);
            // The worker is one thread: a second of CPU time in a second at most.
            let handled = queued.min(1.0 / cost).floor();
            self.backlog = (queued - handled).min(self.queue_size);
            let mut window = Window::new();
            window.elapsed = Duration::from_secs(1);
            window.cpu = Duration::from_secs_f64(handled * cost);
            window.handled = handled as u64;
            window.wanted = offered as u64;
            window.backlog = self.backlog as u64;
            let decision = self.governor.judge(&window);
            assert!(decision.share > 0.0 && decision.share <= 1.0, "{decision:?}");
            self.cpu.push(handled * cost * 100.0);
            self.shares.push(decision.share);
            self.decision = Some(decision);
        }
        self
    }

    fn last(&self, windows: usize) -> &[f64] {
        &self.cpu[self.cpu.len() - windows..]
    }

    /// How many of the last windows overshot.
    fn overshoots(&self, windows: usize) -> usize {
        self.last(windows).iter().filter(|percent| **percent > OVER).count()
    }
}

#[test]
fn within_the_budget_nothing_is_held_back() {
    let mut plant = Plant::new();
    plant.run(60, 10_000.0, 2e-6);
    assert!(plant.shares.iter().all(|share| *share == 1.0));
}

#[test]
fn a_hundredfold_load_overshoots_one_window_and_what_that_left_waiting() {
    let mut plant = Plant::new();
    plant.run(10, 2_000.0, 10e-6).run(30, 200_000.0, 10e-6);
    // Two windows: the one of the step, and what it left in the queue.
    assert!(plant.overshoots(30) <= 2, "{:?}", &plant.cpu[9..20]);
    assert!(plant.cpu[11] < 11.0, "the queue's 10 000, and no more: {}", plant.cpu[11]);
    let settled = plant.last(25);
    assert!(settled.iter().all(|percent| (4.5..=5.0).contains(percent)), "{settled:?}");
    plant.run(5, 2_000.0, 10e-6);
    assert_eq!(plant.shares.last(), Some(&1.0), "everything passes again");
}

#[test]
fn a_hundredfold_cost_overshoots_one_window_beside_what_waits() {
    let mut plant = Plant::new();
    plant.run(10, 20_000.0, 2e-6).run(30, 20_000.0, 200e-6);
    // What had been let in before is worked off first; it is known, and nothing is added to it.
    assert!(plant.overshoots(30) <= 4, "{:?}", &plant.cpu[9..20]);
    let settled = plant.last(25);
    assert!(settled.iter().all(|percent| (4.0..=5.5).contains(percent)), "{settled:?}");
}

#[test]
fn a_cost_that_falls_gives_the_room_back_within_five_windows_or_what_growth_allows() {
    let mut plant = Plant::new();
    plant.run(20, 20_000.0, 200e-6).run(6, 20_000.0, 2e-6);
    assert_eq!(plant.shares.last(), Some(&1.0), "{:?}", plant.shares);
    assert_eq!(plant.overshoots(6), 0);
}

#[test]
fn a_ramp_is_followed_without_overshoot() {
    let mut plant = Plant::new();
    for step in 0..100 {
        plant.run(1, 1_000.0 * 1.06_f64.powi(step), 10e-6);
    }
    assert_eq!(plant.overshoots(99), 0, "{:?}", plant.cpu);
}

#[test]
fn a_steady_load_does_not_swing() {
    let mut plant = Plant::new();
    plant.run(100, 100_000.0, 7e-6);
    let settled = plant.last(90);
    let (low, high) =
        settled.iter().fold((f64::MAX, 0.0_f64), |(low, high), cpu| (low.min(*cpu), high.max(*cpu)));
    assert!((high - low) / high < 0.1, "from {low} to {high}");
    assert!(low > 4.5 && high <= 5.0);
}

#[test]
fn idle_and_back_is_as_if_nothing_had_been() {
    let mut plant = Plant::new();
    plant.run(10, 100_000.0, 10e-6).run(100, 0.0, 10e-6);
    assert_eq!(plant.shares.last(), Some(&1.0));
    plant.run(10, 100_000.0, 10e-6);
    assert!(plant.overshoots(10) <= 1, "{:?}", plant.last(10));
}

#[test]
fn a_machine_that_slept_teaches_nothing() {
    let mut governor = Governor::new(BUDGET);
    let window = |seconds, cpu_millis, handled| {
        let mut window = Window::new();
        window.elapsed = Duration::from_secs(seconds);
        window.cpu = Duration::from_millis(cpu_millis);
        (window.handled, window.wanted) = (handled, handled);
        window
    };
    let before = governor.judge(&window(1, 10, 1_000));
    let asleep = governor.judge(&window(30, 29_000, 1_000));
    assert_eq!((asleep.share, asleep.cost_seconds), (before.share, before.cost_seconds));
}

#[test]
fn an_absurd_cost_does_not_shut_it_for_ever() {
    let mut plant = Plant::new();
    plant.queue_size = 1.0;
    // A second each, and then what they usually cost.
    plant.run(5, 1_000.0, 1.0).run(120, 1_000.0, 2e-6);
    assert_eq!(plant.shares.last(), Some(&1.0), "{:?}", plant.shares);
}

#[test]
fn a_handler_that_takes_a_second_for_each_still_gets_one_now_and_then() {
    let mut plant = Plant::new();
    plant.queue_size = 1.0;
    plant.run(600, 1_000.0, 1.0);
    let settled = plant.last(300);
    let average = settled.iter().sum::<f64>() / 300.0;
    assert!(average > 0.0 && average <= OVER, "{average}");
}

#[test]
fn the_budget_may_change() {
    let mut plant = Plant::new();
    plant.run(10, 100_000.0, 10e-6);
    plant.governor.set_budget(1.0);
    plant.run(10, 100_000.0, 10e-6);
    assert!(plant.last(8).iter().all(|percent| (0.85..=1.05).contains(percent)), "{:?}", plant.last(8));
}

proptest! {
    /// Whatever comes, once things are steady the budget holds, and is used.
    #[test]
    fn once_things_are_steady_the_budget_holds(
        phases in prop::collection::vec((1.0_f64..6.0, -7.0_f64..-3.5, 1_usize..8), 1..6),
    ) {
        let mut plant = Plant::new();
        for (rate, cost, windows) in &phases {
            plant.run(*windows, 10_f64.powf(*rate), 10_f64.powf(*cost));
        }
        let (rate, cost, _) = phases[phases.len() - 1];
        let (rate, cost) = (10_f64.powf(rate), 10_f64.powf(cost));
        plant.run(60, rate, cost);
        let settled = plant.last(20);
        let expected = (rate.floor() * cost * 100.0).min(BUDGET);
        for percent in settled {
            prop_assert!(*percent <= OVER, "{percent} of {expected}");
        }
        let average = settled.iter().sum::<f64>() / 20.0;
        prop_assert!(average >= expected * 0.85, "{average} of {expected}");
    }
}
