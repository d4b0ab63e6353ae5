use super::*;
use crate::alerts::rule::AlertRule;
use std::time::{Duration, UNIX_EPOCH};

fn checked(rule: AlertRule) -> Checked {
    rule.check().expect("the rule is valid")
}

fn rule() -> AlertRule {
    AlertRule::from_fn("High", Vec::new).label("severity", "page")
}

fn at(second: u64) -> Now {
    Now { steady: second * 1_000_000_000, wall: UNIX_EPOCH + Duration::from_secs(second) }
}

fn read(values: &[(&str, f64)]) -> Vec<Reading> {
    values.iter().map(|(host, value)| Reading::new(&[("host", host)], *value)).collect()
}

/// Host and state of each alert.
fn states<'a>(alerts: impl IntoIterator<Item = &'a Alert>) -> Vec<(String, AlertState)> {
    let state = |alert: &Alert| (alert.label("host").unwrap_or_default().to_owned(), alert.state());
    alerts.into_iter().map(state).collect()
}

fn named(host: &str, state: AlertState) -> (String, AlertState) {
    (host.to_owned(), state)
}

#[test]
fn each_series_has_an_alert_of_its_own_with_its_times() {
    let rule = checked(rule().above(5.0).hold(Duration::from_secs(10)).annotation("summary", "too high"));
    let mut set = Set::default();
    assert!(set.step(&rule, read(&[("a", 6.0), ("b", 1.0)]), at(0)).is_empty());
    assert_eq!(states(set.alerts()), [named("a", AlertState::Pending)]);
    let edges = set.step(&rule, read(&[("a", 7.0), ("b", 6.0)]), at(10));
    assert_eq!(states(&edges), [named("a", AlertState::Firing)]);
    let alert = &edges[0];
    assert_eq!((alert.name(), alert.value(), alert.reason()), ("High", Some(7.0), AlertReason::Threshold));
    assert_eq!(alert.labels().collect::<Vec<_>>(), [("host", "a"), ("severity", "page")]);
    assert_eq!(alert.annotations().collect::<Vec<_>>(), [("summary", "too high")]);
    assert_eq!((alert.since(), alert.fired_at(), alert.resolved_at()), (at(0).wall, Some(at(10).wall), None));
    let edges = set.step(&rule, read(&[("a", 1.0), ("b", 2.0)]), at(20));
    assert_eq!(states(&edges), [named("a", AlertState::Resolved)]);
    assert_eq!((edges[0].value(), edges[0].resolved_at()), (Some(1.0), Some(at(20).wall)));
    assert_eq!(states(set.alerts()), [named("a", AlertState::Resolved)], "it is listed for a while");
    assert!(set.step(&rule, Vec::new(), at(20 + 15 * 60 - 1)).is_empty());
    assert_eq!(set.alerts().count(), 1);
    assert!(set.step(&rule, Vec::new(), at(20 + 15 * 60)).is_empty());
    assert_eq!((set.alerts().count(), set.series.len()), (0, 0));
}

#[test]
fn an_alert_that_comes_again_has_new_times() {
    let rule = checked(rule().above(5.0));
    let mut set = Set::default();
    for second in [0, 30] {
        let edges = set.step(&rule, read(&[("a", 6.0)]), at(second));
        assert_eq!((edges[0].since(), edges[0].fired_at()), (at(second).wall, Some(at(second).wall)));
        assert_eq!(edges[0].resolved_at(), None);
        assert_eq!(set.step(&rule, read(&[("a", 0.0)]), at(second + 10)).len(), 1);
    }
}

#[test]
fn of_too_many_series_the_worst_are_kept_and_the_rest_counted() {
    for (below, sign) in [(false, 1.0), (true, -1.0)] {
        let rule = rule().keep_absent_for(Duration::ZERO);
        let rule = checked(if below { rule.below(0.0) } else { rule.above(0.0) });
        let many = |from: usize, to: usize| -> Vec<Reading> {
            let reading = |n: usize| Reading::new(&[("host", &*n.to_string())], sign * n as f64);
            (from..to).map(reading).collect()
        };
        let mut set = Set::default();
        let edges = set.step(&rule, many(1, MAX_ALERT_SERIES + 8), at(0));
        assert_eq!((edges.len(), set.left_out()), (MAX_ALERT_SERIES, 7));
        let least = edges.iter().map(|alert| (sign * alert.value().expect("a value")) as usize).min();
        assert_eq!(least, Some(8), "those left out are the seven best");
        // Worse ones do not push out what fires.
        assert!(set.step(&rule, many(1, 300), at(5)).is_empty());
        assert_eq!((set.series.len(), set.left_out()), (MAX_ALERT_SERIES, 299 - MAX_ALERT_SERIES));
        // What is over makes room, listed or not.
        let edges = set.step(&rule, many(50, 150), at(10));
        assert_eq!(set.left_out(), 0);
        let fired: usize = edges.iter().filter(|alert| alert.state() == AlertState::Firing).count();
        assert_eq!((fired, edges.len() - fired), (150 - 108, 50 - 8));
        assert_eq!(set.series.len(), MAX_ALERT_SERIES);
    }
}

#[test]
fn a_rules_label_stands_over_a_tag_and_of_readings_that_become_alike_the_worst_counts() {
    let rule = checked(rule().above(5.0).label("host", "all"));
    let mut set = Set::default();
    let edges = set.step(&rule, read(&[("a", 1.0), ("b", 9.0), ("c", f64::NAN), ("d", 7.0)]), at(0));
    assert_eq!(states(&edges), [named("all", AlertState::Firing)]);
    assert_eq!(edges[0].value(), Some(9.0));
    assert!(set.step(&rule, read(&[("a", 1.0), ("b", 6.0)]), at(5)).is_empty());
    let tags = [("alertname", "Other"), ("empty", "")];
    let edges = set.step(&rule, vec![Reading::new(&tags, 1.0)], at(10));
    assert_eq!(states(&edges), [named("all", AlertState::Resolved)], "neither of the tags is one");
}

#[test]
fn tags_too_long_to_keep_are_left_out() {
    let rule = checked(rule().above(5.0));
    let mut set = Set::default();
    let long = "h".repeat(MAX_TAG_BYTES);
    assert!(set.step(&rule, read(&[(&long, 9.0)]), at(0)).is_empty());
    assert_eq!((set.left_out(), set.series.len()), (1, 0));
}

#[test]
fn a_series_that_was_there_is_missed_and_so_are_all_if_none_ever_was() {
    let rule = checked(rule().absent(Duration::from_secs(20)));
    let mut set = Set::default();
    assert!(set.step(&rule, Vec::new(), at(0)).is_empty());
    assert!(set.step(&rule, read(&[("a", f64::NAN)]), at(10)).is_empty());
    let edges = set.step(&rule, Vec::new(), at(20));
    assert_eq!(
        (states(&edges), edges[0].reason()),
        (vec![named("", AlertState::Firing)], AlertReason::NoData)
    );
    assert_eq!((edges[0].value(), edges[0].label("severity")), (None, Some("page")));
    let edges = set.step(&rule, read(&[("a", 1.0), ("b", 2.0)]), at(30));
    assert_eq!(states(&edges), [named("", AlertState::Resolved)]);
    assert!(set.step(&rule, read(&[("b", 2.0)]), at(40)).is_empty());
    let edges = set.step(&rule, read(&[("b", 2.0)]), at(50));
    assert_eq!(states(&edges), [named("a", AlertState::Firing)]);
    assert_eq!(edges[0].value(), None, "the alert has begun without a value");
    let edges = set.step(&rule, read(&[("a", 1.0), ("b", 2.0)]), at(60));
    assert_eq!(states(&edges), [named("a", AlertState::Resolved)]);
    assert!(set.step(&rule, read(&[("a", 1.0), ("b", 2.0)]), at(15 * 60 + 60)).is_empty());
    assert_eq!((set.alerts().count(), set.series.len()), (0, 2), "the two are watched, the stand-in is gone");
}

#[test]
fn a_series_whose_absence_is_watched_gives_way_to_one_that_fires() {
    let rule = checked(rule().above(5.0).absent(Duration::from_secs(20)));
    let hosts: Vec<String> = (0..MAX_ALERT_SERIES).map(|n| format!("h{n}")).collect();
    let mut calm: Vec<(&str, f64)> = hosts.iter().map(|host| (&**host, 1.0)).collect();
    let mut set = Set::default();
    assert!(set.step(&rule, read(&calm), at(0)).is_empty());
    calm.push(("calm", 1.0));
    assert!(set.step(&rule, read(&calm), at(5)).is_empty());
    assert_eq!(set.left_out(), 1);
    calm.push(("bad", 9.0));
    let edges = set.step(&rule, read(&calm), at(10));
    assert_eq!(states(&edges), [named("bad", AlertState::Firing)]);
    assert_eq!((set.series.len(), set.left_out()), (MAX_ALERT_SERIES, 1));
}

#[test]
fn a_rule_that_goes_resolves_what_fires() {
    let rule = checked(rule().above(5.0).hold(Duration::from_secs(10)));
    let mut set = Set::default();
    set.step(&rule, read(&[("a", 6.0)]), at(0));
    set.step(&rule, read(&[("a", 6.0), ("b", 6.0)]), at(10));
    let over = set.resolve_all(at(11).wall);
    assert_eq!(states(&over), [named("a", AlertState::Resolved)]);
    assert_eq!((over[0].resolved_at(), set.alerts().count()), (Some(at(11).wall), 0));
}
