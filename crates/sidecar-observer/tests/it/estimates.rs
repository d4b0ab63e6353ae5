//! Counts restored from what handlers saw, although most of it was sampled out or lost.

use crate::{assert_conserved, hold};
use sidecar_harness::{Gate, PATIENCE};
use sidecar_observer::{Admission, Event, Observed, Observer, Probability, TypeId};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

const OFFERED: u64 = 20_000;
const RATE: f64 = 0.25;

/// A draw that is the same in every run (SplitMix64).
fn draw(number: u64) -> u64 {
    let mixed = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// An observer of 50 events that keeps every type but `gate` at [`RATE`], and the sum of the weights that its handlers
/// see of `flood`.
fn sampling() -> (Observer, Arc<Mutex<f64>>) {
    let quarter = Probability::from_threshold(1 << 61).expect("not zero");
    let drawn = AtomicU64::new(0);
    let decide = move |id: TypeId| match id.index() {
        1 => Admission::Keep(Probability::CERTAIN),
        _ if draw(drawn.fetch_add(1, Relaxed)) >> 62 == 0 => Admission::Keep(quarter),
        _ => Admission::SampledOut,
    };
    let observer = Observer::builder().queue_size(50).admit(decide).start().expect("valid settings");
    let sum = Arc::new(Mutex::new(0.0));
    let weights = Arc::clone(&sum);
    observer.on("flood", move |event| *weights.lock().expect("no panic") += event.probability().weight());
    (observer, sum)
}

/// Holds the worker; its event is the first, and so are its type's id and its place in the queue.
fn held(observer: &Observer) -> Gate {
    let gate = hold(observer, "gate");
    assert_eq!(observer.observe_waiting(Event::new("gate")), Observed::Accepted);
    gate.wait_until_held();
    gate
}

/// The events that were offered, by what handlers saw of them.
fn restored(observer: &Observer, sum: &Mutex<f64>) -> f64 {
    let row = &observer.stats().by_type["flood"];
    *sum.lock().expect("no panic") * row.loss_correction().expect("some were handled")
}

#[track_caller]
fn assert_close(estimate: f64) {
    let deviation = ((1.0 - RATE) / (RATE * OFFERED as f64)).sqrt();
    let error = estimate / OFFERED as f64 - 1.0;
    assert!(error.abs() < 4.0 * deviation, "{estimate} for {OFFERED}: {error} against {deviation}");
}

#[test]
fn a_flood_is_counted_from_the_few_that_arrive() {
    let (observer, sum) = sampling();
    let gate = held(&observer);
    (0..OFFERED).for_each(|_| _ = observer.observe(Event::new("flood")));
    gate.open();
    assert_eq!(observer.shutdown(PATIENCE).waiting, 0);
    let stats = observer.stats();
    assert_conserved(&stats);
    let row = &stats.by_type["flood"];
    assert_eq!(row.processed, 49, "beside the one that was held");
    assert!(row.dropped["evicted"] > 4_000, "{row:?}");
    assert_close(restored(&observer, &sum));
}

#[test]
fn whatever_share_arrives_the_estimate_is_the_same() {
    let restored = || {
        let (observer, sum) = sampling();
        observer.observe_waiting(Event::new("gate"));
        (0..OFFERED).for_each(|_| _ = observer.observe(Event::new("flood")));
        assert_eq!(observer.shutdown(PATIENCE).waiting, 0);
        restored(&observer, &sum)
    };
    let (one, other) = (restored(), restored());
    assert_close(one);
    assert!((one - other).abs() < 1e-6, "{one} and {other}");
}

#[test]
fn without_losses_it_is_one_and_without_events_there_is_none() {
    let observer = Observer::builder().start().expect("defaults are valid");
    observer.on("bad", |_| panic!("it fails, as it was told to"));
    let gate = held(&observer);
    observer.observe_waiting(Event::new("waiting"));
    assert_eq!(observer.stats().by_type["waiting"].loss_correction(), None);
    gate.open();
    observer.observe_waiting(Event::new("bad"));
    observer.set_enabled(false);
    observer.observe(Event::new("waiting"));
    observer.observe(Event::new("never"));
    assert_eq!(observer.shutdown(PATIENCE).waiting, 0);
    let stats = observer.stats();
    let factor = |name: &str| stats.by_type[name].loss_correction();
    assert_eq!((factor("waiting"), factor("bad"), factor("never")), (Some(1.0), Some(1.0), None));
}

#[test]
fn what_a_budget_takes_is_in_the_probability_and_is_not_made_up_for_twice() {
    let half = Probability::from_threshold(1 << 62).expect("not zero");
    let offered = AtomicU64::new(0);
    let every_other = move |_: TypeId| {
        let kept = offered.fetch_add(1, Relaxed).is_multiple_of(2);
        if kept { Admission::Keep(half) } else { Admission::OverBudget }
    };
    let observer = Observer::builder().admit(every_other).start().expect("valid settings");
    (0..100).for_each(|_| _ = observer.observe_waiting(Event::new("e")));
    assert_eq!(observer.shutdown(PATIENCE).processed, 50);
    let row = &observer.stats().by_type["e"];
    assert_eq!((row.dropped["budget"], row.loss_correction()), (50, Some(1.0)));
    assert_eq!(row.processed as f64 * half.weight(), 100.0);
}
