//! The ledger adds up, whatever happens meanwhile.

use crate::assert_conserved;
use proptest::prelude::*;
use sidecar_harness::PATIENCE;
use sidecar_observer::{
    Admission, DropPolicy, Event, Observed, Observer, Probability, Reason, TypeId, observe,
};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

#[test]
fn threads_that_race_with_the_worker_lose_nothing_unaccounted() {
    const EACH: u64 = 20_000;
    let coin = AtomicU64::new(0);
    let every_third =
        move |_: TypeId| (!coin.fetch_add(1, Relaxed).is_multiple_of(3)).then_some(Probability::CERTAIN);
    let observer = Observer::builder().queue_size(64).admit(every_third).start().expect("valid settings");
    observer.on("b", |_| panic!("every b fails"));
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                for n in 0..EACH {
                    observer.observe(Event::new(if n % 100 == 0 { "b" } else { "a" }).with("n", n));
                }
            });
        }
        for _ in 0..50 {
            let stats = observer.stats();
            let settled = stats.sampled_out + stats.events_dropped + stats.events_processed + stats.failed;
            assert!(settled <= stats.events_received, "more outcomes than events: {stats:?}");
            std::thread::yield_now();
        }
    });
    let report = observer.shutdown(PATIENCE);
    let stats = observer.stats();
    assert_eq!(stats.events_received, 3 * EACH);
    assert_eq!(report.waiting, 0);
    assert_eq!((report.processed, report.failed), (stats.events_processed, stats.failed));
    assert_conserved(&stats);
}

#[test]
fn events_offered_while_stopping_are_handled_or_refused_never_left() {
    for _ in 0..20 {
        let observer = Observer::builder().start().expect("valid settings");
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    (0..500).for_each(|_| {
                        observer.observe(Event::new("e"));
                    })
                });
            }
            let _ = observer.shutdown(PATIENCE);
        });
        let stats = observer.stats();
        assert_eq!((stats.events_received, stats.queue_size), (1_000, 0));
        assert_conserved(&stats);
    }
}

#[derive(Clone, Debug)]
enum Step {
    Observe(u8),
    Waiting(u8),
    Enable(bool),
    Flush,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..4u8).prop_map(Step::Observe),
        2 => (0..4u8).prop_map(Step::Waiting),
        1 => any::<bool>().prop_map(Step::Enable),
        1 => Just(Step::Flush),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn any_sequence_of_calls_conserves_events(
        steps in prop::collection::vec(step(), 0..120),
        // Events one by one, and in batches.
        size in prop_oneof![1..8usize, 640..2_048usize],
        newest in any::<bool>(),
    ) {
        let policy = if newest { DropPolicy::Newest } else { DropPolicy::Oldest };
        let gate = |id: TypeId| match id.index() % 4 {
            0 => Admission::SampledOut,
            1 => Admission::OverBudget,
            _ => Admission::Keep(Probability::CERTAIN),
        };
        let observer = Observer::builder().queue_size(size).drop_policy(policy).admit(gate).start();
        let observer = observer.expect("valid settings");
        observer.on("t1", |_| panic!("t1 always fails"));
        let mut offered = 0;
        for step in steps {
            match step {
                Step::Observe(n) => {
                    offered += 1;
                    observer.observe(Event::new(format!("t{n}")));
                }
                Step::Waiting(n) => {
                    offered += 1;
                    observer.observe_waiting(Event::new(format!("t{n}")));
                }
                Step::Enable(enabled) => observer.set_enabled(enabled),
                Step::Flush => prop_assert_eq!(observer.flush(PATIENCE).waiting, 0),
            }
        }
        let _ = observer.shutdown(PATIENCE);
        let stats = observer.stats();
        prop_assert_eq!(stats.events_received, offered);
        assert_conserved(&stats);
    }
}

#[test]
fn kept_events_are_those_not_sampled_out_nor_refused_before_sampling() {
    let half = |id: TypeId| (id.index() == 1).then_some(Probability::CERTAIN);
    let observer = Observer::builder().admit(half).start().expect("valid settings");
    observer.observe(Event::new("kept"));
    observer.observe(Event::new("out"));
    observer.set_enabled(false);
    observer.observe(Event::new("kept"));
    let _ = observer.shutdown(Duration::from_secs(30));
    observer.observe(Event::new("kept"));
    let stats = observer.stats();
    assert_eq!((stats.events_received, stats.events_sampled, stats.sampled_out), (4, 1, 1));
    assert_eq!((stats.dropped["disabled"], stats.dropped["stopped"]), (1, 1));
}

#[test]
fn what_a_budget_takes_is_dropped_and_was_never_kept() {
    let of_three = |id: TypeId| match id.index() {
        1 => Admission::Keep(Probability::CERTAIN),
        2 => Admission::SampledOut,
        _ => Admission::OverBudget,
    };
    let observer = Observer::builder().admit(of_three).start().expect("valid settings");
    assert_eq!(observer.stats().dropped["budget"], 0, "there before the first");
    let over = Observed::Dropped(Reason::Budget);
    assert_eq!(observer.observe_waiting(Event::new("kept")), Observed::Accepted);
    assert_eq!(observe!(observer, "out"), Observed::SampledOut);
    let unevaluated = || -> u64 { unreachable!("the fields of an event that is not kept are not evaluated") };
    assert_eq!(observe!(observer, "over", n = unevaluated()), over);
    let name = "over".to_owned();
    assert_eq!(observe!(observer, &name), over);
    assert_eq!(observer.observe(Event::new("over")), over);
    assert_eq!(observer.observe_with("over", |event| event.with("n", unevaluated())), over);
    assert_eq!(observer.observe_waiting(Event::new("over")), over);
    assert_eq!(observer.shutdown(PATIENCE).waiting, 0);
    let stats = observer.stats();
    assert_conserved(&stats);
    assert_eq!((stats.events_received, stats.events_sampled, stats.sampled_out), (7, 1, 1));
    assert_eq!((stats.events_dropped, stats.dropped["budget"]), (5, 5));
    assert_eq!(stats.by_type["over"].dropped.get("budget"), Some(&5));
}
