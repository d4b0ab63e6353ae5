//! Rules on a collector, in virtual time, and what their hooks hear.

use parking_lot::Mutex;
use sidecar_harness::{Gate, PATIENCE};
use sidecar_metrics::{
    Aggregate, Alert, AlertError, AlertRule, AlertState, MAX_ALERT_RULES, MAX_WAITING_NOTIFICATIONS,
    MetricsCollector, Query, Reading,
};
use std::sync::Arc;
use std::time::Duration;

const SECOND: u64 = 1_000_000_000;

/// Whether a tick evaluates.
fn is_due(metrics: &MetricsCollector, now: u64) -> bool {
    let before = metrics.alerts().evaluations;
    assert!(metrics.tick_alerts(now) > now);
    metrics.alerts().evaluations > before
}

/// A value that a test sets and a rule reads.
#[derive(Clone, Default)]
struct Dial(Arc<Mutex<Vec<Reading>>>);

impl Dial {
    fn set(&self, value: f64) {
        *self.0.lock() = vec![Reading::new(&[("host", "a")], value)];
    }

    fn rule(&self, name: &str) -> AlertRule {
        let read = self.clone();
        AlertRule::from_fn(name, move || read.0.lock().clone()).above(5.0)
    }
}

/// Rule and state of each notification, in order.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<(String, AlertState)>>>);

impl Heard {
    fn hook(&self) -> impl Fn(&Alert) + Send + Sync + 'static {
        let heard = self.clone();
        move |alert| heard.0.lock().push((alert.name().to_owned(), alert.state()))
    }

    fn take(&self, metrics: &MetricsCollector) -> Vec<(String, AlertState)> {
        assert!(metrics.flush_alerts(PATIENCE), "the hooks return");
        std::mem::take(&mut self.0.lock())
    }
}

fn named(name: &str, state: AlertState) -> (String, AlertState) {
    (name.to_owned(), state)
}

#[test]
fn a_rule_fires_after_its_hold_and_is_over_below_its_threshold_for_clearing() {
    let (metrics, dial, heard) = (MetricsCollector::new(), Dial::default(), Heard::default());
    let rule = dial.rule("High").clear_below(2.0).hold(Duration::from_secs(10)).notify(heard.hook());
    metrics.alert(rule).expect("the rule is valid");
    dial.set(6.0);
    let mut seen = Vec::new();
    for (second, value) in [(0, 6.0), (5, 6.0), (10, 6.0), (15, 3.0), (20, 1.0)] {
        dial.set(value);
        assert!(is_due(&metrics, second * SECOND));
        let states: Vec<AlertState> = metrics.alerts().alerts.iter().map(Alert::state).collect();
        seen.push((states, heard.take(&metrics).len()));
    }
    let [pending, firing, resolved] = [AlertState::Pending, AlertState::Firing, AlertState::Resolved];
    let expected = [(pending, 0), (pending, 0), (firing, 1), (firing, 0), (resolved, 1)];
    assert_eq!(seen, expected.map(|(state, heard)| (vec![state], heard)));
}

#[test]
fn evaluations_are_an_interval_apart_whatever_the_clock_does() {
    let metrics = MetricsCollector::builder().alert_interval(Duration::from_secs(10)).build().expect("valid");
    let dial = Dial::default();
    metrics.alert(dial.rule("High").hold(Duration::from_secs(10))).expect("the rule is valid");
    dial.set(6.0);
    let due = [(100, true), (105, false), (109, false), (110, true), (3, false), (12, false), (13, true)];
    for (second, expected) in due {
        assert_eq!(is_due(&metrics, second * SECOND), expected, "{second}");
    }
    assert_eq!(metrics.tick_alerts(20 * SECOND), 23 * SECOND);
    assert_eq!(metrics.alerts().firing().count(), 1);
}

#[test]
fn a_first_rule_is_evaluated_at_the_next_tick() {
    let (metrics, dial) = (MetricsCollector::new(), Dial::default());
    metrics.tick_alerts(0);
    assert_eq!(metrics.tick_alerts(SECOND), u64::MAX);
    metrics.alert(dial.rule("High")).expect("valid");
    assert!(is_due(&metrics, 2 * SECOND));
    metrics.alert(dial.rule("Higher")).expect("valid");
    assert!(!is_due(&metrics, 3 * SECOND), "the second waits for the first");
}

#[test]
fn what_the_alerts_are_doing_is_a_metric() {
    let (metrics, dial) = (MetricsCollector::new(), Dial::default());
    assert!(metrics.families().is_empty(), "without a rule there is nothing to say");
    metrics.alert(dial.rule("High").notify(|_: &Alert| panic!("the hook panics"))).expect("valid");
    metrics.alert(dial.rule("Slow").hold(Duration::from_secs(60)).notify(|_: &Alert| {})).expect("valid");
    dial.set(6.0);
    metrics.tick_alerts(0);
    assert!(metrics.flush_alerts(PATIENCE));
    let result = |result| metrics.value("sidecar_alert_notifications_total", &[("result", result)]);
    assert_eq!(metrics.value("sidecar_alerts_firing", &[]), Some(1.0));
    assert_eq!(metrics.value("sidecar_alerts_pending", &[]), Some(1.0));
    assert_eq!((result("panicked"), result("delivered")), (Some(1.0), Some(0.0)));
    assert_eq!(metrics.errors(), 1);
    metrics.tick_alerts(60 * SECOND);
    assert!(metrics.flush_alerts(PATIENCE), "the thread goes on after a panic");
    assert_eq!((result("panicked"), result("delivered")), (Some(1.0), Some(1.0)));
    assert!(metrics.remove_alert("High") && metrics.remove_alert("Slow"));
    assert_eq!(metrics.value("sidecar_alerts_firing", &[]), Some(0.0));
}

#[test]
fn a_hook_that_hangs_delays_no_evaluation_and_what_waits_for_it_is_bounded() {
    let (metrics, gate) = (MetricsCollector::new(), Gate::default());
    let (series, heard) = (Arc::new(Mutex::new(1)), Heard::default());
    let (read, held, hook) = (Arc::clone(&series), gate.clone(), heard.hook());
    let readings = move || -> Vec<Reading> {
        (0..*read.lock()).map(|n: usize| Reading::new(&[("n", &*n.to_string())], 6.0)).collect()
    };
    let rule = AlertRule::from_fn("High", readings).above(5.0).keep_absent_for(Duration::ZERO);
    metrics.alert(rule.notify(move |_: &Alert| held.enter()).notify(hook)).expect("valid");
    metrics.tick_alerts(0);
    gate.wait_until_held();
    // One is with the hook. Fifty go and come again, time after time.
    *series.lock() = 51;
    let mut offered = 0;
    let mut second = 0;
    while offered < MAX_WAITING_NOTIFICATIONS + 100 {
        second += 5;
        assert!(is_due(&metrics, second * SECOND), "it is evaluated");
        offered += 50;
        let next = if *series.lock() == 1 { 51 } else { 1 };
        *series.lock() = next;
    }
    assert!(!metrics.flush_alerts(Duration::ZERO));
    let dropped = metrics.value("sidecar_alert_notifications_total", &[("result", "dropped")]);
    assert_eq!(dropped, Some((offered - MAX_WAITING_NOTIFICATIONS) as f64));
    gate.open();
    assert_eq!(heard.take(&metrics).len(), MAX_WAITING_NOTIFICATIONS + 1);
}

#[test]
fn hooks_hear_of_edges_in_their_order() {
    let (metrics, dial, heard) = (MetricsCollector::new(), Dial::default(), Heard::default());
    metrics.alert(dial.rule("High").notify(heard.hook())).expect("valid");
    let edges: Vec<_> = (0..100)
        .map(|n| {
            let is_high = n % 2 == 0;
            dial.set(if is_high { 6.0 } else { 1.0 });
            metrics.tick_alerts(n * 5 * SECOND);
            named("High", if is_high { AlertState::Firing } else { AlertState::Resolved })
        })
        .collect();
    assert_eq!(heard.take(&metrics), edges);
}

#[test]
fn a_rule_that_is_taken_away_resolves_and_may_come_again() {
    let (metrics, dial, heard) = (MetricsCollector::new(), Dial::default(), Heard::default());
    let rule = || dial.rule("High").notify(heard.hook());
    metrics.alert(rule()).expect("valid");
    let error = metrics.alert(rule()).expect_err("it is there");
    assert_eq!(error.to_string(), "alert rule \"High\" is there already");
    dial.set(6.0);
    metrics.tick_alerts(0);
    assert!(metrics.remove_alert("High"));
    assert!(!metrics.remove_alert("High"));
    assert_eq!(
        heard.take(&metrics),
        [named("High", AlertState::Firing), named("High", AlertState::Resolved)]
    );
    assert!(metrics.alerts().alerts.is_empty());
    metrics.alert(rule()).expect("the name is free");
    metrics.tick_alerts(5 * SECOND);
    assert_eq!(heard.take(&metrics), [named("High", AlertState::Firing)]);
}

#[test]
fn a_reading_that_panics_is_no_data_and_costs_the_other_rules_nothing() {
    let (metrics, dial) = (MetricsCollector::new(), Dial::default());
    metrics.alert(AlertRule::from_fn("Bad", || panic!("no reading")).above(1.0)).expect("valid");
    metrics.alert(dial.rule("High")).expect("valid");
    dial.set(6.0);
    assert!(is_due(&metrics, 0));
    let alerts = metrics.alerts();
    assert_eq!(alerts.alerts.iter().map(Alert::name).collect::<Vec<_>>(), ["High"]);
    assert_eq!((metrics.errors(), alerts.rules), (1, 2));
}

#[test]
fn a_reading_may_use_the_collector_and_its_alerts() {
    let metrics = MetricsCollector::new();
    let inner = metrics.clone();
    let read = move || {
        inner.tick_alerts(SECOND);
        assert_eq!(inner.alerts().evaluations, 0, "one evaluates at a time");
        inner.increment("readings", &[]);
        vec![Reading::new(
            &[],
            inner.value("readings", &[]).expect("it was incremented") + inner.alerts().rules as f64,
        )]
    };
    metrics.alert(AlertRule::from_fn("Own", read).above(1.5)).expect("valid");
    assert!(is_due(&metrics, 0));
    assert_eq!(metrics.alerts().firing().map(Alert::value).collect::<Vec<_>>(), [Some(2.0)]);
    assert_eq!(metrics.errors(), 0);
    assert!(metrics.remove_alert("Own"), "or the collector would keep itself alive");
}

#[test]
fn the_number_of_rules_is_bounded() {
    let (metrics, dial) = (MetricsCollector::new(), Dial::default());
    for n in 0..MAX_ALERT_RULES {
        metrics.alert(dial.rule(&n.to_string())).expect("there is room");
    }
    assert!(matches!(
        metrics.alert(dial.rule("more")),
        Err(AlertError::TooManyRules { limit: MAX_ALERT_RULES, .. })
    ));
    assert!(metrics.remove_alert("0"));
    metrics.alert(dial.rule("more")).expect("there is room again");
}

#[test]
fn the_collectors_end_lets_the_hooks_finish() {
    let (metrics, dial, heard) = (MetricsCollector::new(), Dial::default(), Heard::default());
    metrics.alert(dial.rule("High").notify(heard.hook())).expect("valid");
    dial.set(6.0);
    metrics.tick_alerts(0);
    drop(metrics);
    sidecar_harness::eventually("the notification", || heard.0.lock().len() == 1);
    sidecar_harness::eventually("the end of the thread", || Arc::strong_count(&heard.0) == 1);
}

/// The paved path: errors per second, of each host.
#[test]
fn a_rule_on_a_query_fires_on_the_series_that_is_too_high() {
    let (metrics, heard) = (MetricsCollector::new(), Heard::default());
    let query =
        Query::new("errors_total").by("host").last(Duration::from_secs(10)).aggregate(Aggregate::Rate);
    let rule = AlertRule::new("HighErrors", query).above(0.5).clear_below(0.15).hold(Duration::from_secs(10));
    metrics.alert(rule.notify(heard.hook())).expect("the rule is valid");
    let mut edges = Vec::new();
    for second in 0..60 {
        if (10..30).contains(&second) {
            metrics.increment("errors_total", &[("host", "a"), ("kind", "x")]);
        }
        if second % 10 == 0 {
            metrics.increment("errors_total", &[("host", "b"), ("kind", "x")]);
        }
        metrics.tick(second * SECOND);
        edges.extend(heard.take(&metrics).into_iter().map(|(_, state)| (second, state)));
    }
    let [(fired, AlertState::Firing), (resolved, AlertState::Resolved)] = edges[..] else {
        panic!("{edges:?}")
    };
    // Over half of the last ten seconds had an error from the 16th second on, and one of them to the 39th.
    assert!((25..=35).contains(&fired) && (38..=45).contains(&resolved), "{edges:?}");
    let alerts = metrics.alerts().alerts;
    assert_eq!(alerts.iter().map(|alert| alert.label("host")).collect::<Vec<_>>(), [Some("a")]);
}

#[test]
fn a_query_that_has_no_answer_is_counted_and_is_no_data() {
    let metrics = MetricsCollector::new();
    metrics.set_gauge("load", 9.0, &[]);
    metrics
        .alert(AlertRule::new("Rate", Query::new("load").aggregate(Aggregate::Rate)).above(1.0))
        .expect("valid");
    metrics.alert(AlertRule::new("Load", Query::new("load")).above(1.0)).expect("valid");
    metrics.tick(0);
    assert_eq!(metrics.alerts().firing().map(Alert::name).collect::<Vec<_>>(), ["Load"]);
    assert_eq!(metrics.errors(), 1, "a gauge has no rate");
}
