//! Spans of tracing.

use crate::support::{metrics, monitor, ms, tally};
use sidecar_perf::{OVERFLOW, SpanLayer};
use std::panic::{AssertUnwindSafe, catch_unwind};
use tracing::subscriber::with_default;
use tracing::{Level, debug_span, error, info_span, trace_span};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry;

#[test]
fn spans_end_as_successes_failures_or_panics() {
    let (monitor, _) = monitor(|b| b);
    with_default(registry().with(SpanLayer::new(monitor.clone())), || {
        info_span!("work").in_scope(|| ());
        info_span!("work").in_scope(|| error!("no"));
        catch_unwind(AssertUnwindSafe(|| info_span!("work").in_scope(|| panic!("on purpose"))))
            .expect_err("it panics");
        drop(info_span!("work"));
        let open = info_span!("work");
        open.in_scope(|| assert_eq!(tally(&monitor, "work"), [1, 1, 0, 1, 1]));
        drop(open);
        info_span!("outer").in_scope(|| info_span!("work").in_scope(|| error!("no")));
    });
    assert_eq!(tally(&monitor, "work"), [2, 2, 0, 1, 0]);
    assert_eq!(tally(&monitor, "outer"), [1, 0, 0, 0, 0], "an error is that of the innermost span");
}

#[test]
fn time_inside_is_told_from_time_between() {
    let (monitor, hand) = monitor(|b| b);
    with_default(registry().with(SpanLayer::new(monitor.clone())), || {
        let span = info_span!("work");
        hand.increment(ms(1_000));
        span.in_scope(|| span.in_scope(|| hand.increment(ms(3))));
        hand.increment(ms(50));
        span.in_scope(|| hand.increment(ms(4)));
        hand.increment(ms(20));
    });
    let found = metrics(&monitor, "work");
    assert_eq!((found.polls, found.busy, found.waiting), (2, ms(7), ms(70)));
    assert_eq!(found.latency_max, Some(77.0));
}

#[test]
fn levels_and_names_choose_and_names_are_bounded() {
    let (monitor, _) = monitor(|b| b.max_operations(1));
    let layer = SpanLayer::new(monitor.clone()).level(Level::DEBUG).only(["one", "two", "three"]);
    with_default(registry().with(layer), || {
        debug_span!("one").in_scope(|| ());
        trace_span!("one").in_scope(|| ());
        info_span!("two").in_scope(|| ());
        info_span!("three").in_scope(|| ());
        info_span!("four").in_scope(|| ());
    });
    assert_eq!((tally(&monitor, "one")[0], tally(&monitor, OVERFLOW)[0]), (1, 2));
}

#[test]
fn several_layers_measure_the_same_spans_each_for_itself() {
    let [(one, _), (other, _)] = [(); 2].map(|()| monitor(|b| b));
    let layers = registry()
        .with(SpanLayer::new(one.clone()).only(["render"]))
        .with(SpanLayer::new(other.clone()).only(["render", "print"]));
    with_default(layers, || {
        info_span!("render").in_scope(|| {});
        info_span!("print").in_scope(|| error!("no paper"));
    });
    assert_eq!(tally(&one, "render"), [1, 0, 0, 0, 0]);
    assert!(one.operation_metrics("print").is_none());
    assert_eq!((tally(&other, "render"), tally(&other, "print")), ([1, 0, 0, 0, 0], [0, 1, 0, 0, 0]));
}
