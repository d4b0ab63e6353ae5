use super::*;
use crate::alerts::Alert;

fn rule() -> AlertRule {
    AlertRule::from_fn("HighErrors", Vec::new)
}

#[track_caller]
fn refused(rule: AlertRule) -> (&'static str, String, String) {
    match rule.check() {
        Err(AlertError::Setting { rule, error }) => (error.field(), error.value().to_owned(), rule),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_rule_needs_something_to_fire_on() {
    assert_eq!(refused(rule()).0, "above");
    assert_eq!(refused(rule().clear_above(1.0).absent(MAX_HOLD)).0, "clear_above");
    for good in [rule().above(0.0), rule().below(-1.0), rule().absent(MAX_HOLD)] {
        assert!(good.check().is_ok());
    }
}

#[test]
fn thresholds_are_finite_and_in_order() {
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert_eq!(refused(rule().above(bad)).0, "above", "{bad}");
        assert_eq!(refused(rule().below(bad)).0, "below", "{bad}");
        assert_eq!(refused(rule().above(1.0).clear_below(bad)).0, "clear_below", "{bad}");
        assert_eq!(refused(rule().below(1.0).clear_above(bad)).0, "clear_above", "{bad}");
    }
    assert_eq!(refused(rule().above(1.0).clear_below(1.5)).1, "1.5");
    assert_eq!(refused(rule().below(1.0).clear_above(0.5)).0, "clear_above");
    assert_eq!(refused(rule().above(1.0).clear_above(0.5)).0, "clear_above");
    assert_eq!(refused(rule().below(1.0).clear_below(1.5)).0, "clear_below");
    assert!(rule().above(1.0).clear_below(1.0).check().is_ok());
    assert!(rule().below(1.0).clear_above(1.0).check().is_ok());
}

#[test]
fn times_have_a_range() {
    let long = MAX_HOLD + Duration::from_nanos(1);
    let with = || rule().above(1.0);
    assert_eq!(refused(with().hold(long)).0, "hold");
    assert_eq!(refused(with().keep_firing_for(long)).0, "keep_firing_for");
    assert_eq!(refused(with().keep_absent_for(long)).0, "keep_absent_for");
    assert_eq!(refused(with().absent(long)).0, "absent");
    assert_eq!(refused(with().absent(Duration::ZERO)).1, "0ns");
    assert!(with().hold(MAX_HOLD).keep_firing_for(MAX_HOLD).keep_absent_for(MAX_HOLD).check().is_ok());
}

#[test]
fn names_labels_and_annotations_are_bounded() {
    let named = |name: &str| AlertRule::from_fn(name, Vec::new).above(1.0);
    assert_eq!(refused(named("")).0, "name");
    assert_eq!(refused(named("a\nb")).1, "\"a\\nb\"");
    assert_eq!(refused(named(&"n".repeat(4_000))).2.len(), MAX_RULE_NAME_BYTES);
    assert!(named(&"n".repeat(MAX_RULE_NAME_BYTES)).check().is_ok());
    for bad in ["alertname", "le", "__name__", "a-b", ""] {
        assert_eq!(refused(named("a").label(bad, "v")).0, "labels", "{bad}");
        assert_eq!(refused(named("a").annotation(bad, "v")).0, "annotations", "{bad}");
    }
    assert_eq!(refused(named("a").label("team", "x").label("team", "y")).1, "\"team\"");
    let many = |n| (0..n).fold(named("a"), |rule, at| rule.label(format!("l{at}"), "v"));
    assert!(many(MAX_LABELS).check().is_ok());
    assert_eq!(refused(many(MAX_LABELS + 1)).1, "33");
    let long = |bytes| named("a").annotation("k", "v".repeat(bytes));
    assert!(long(MAX_ANNOTATION_BYTES - 1).check().is_ok());
    assert_eq!(refused(long(MAX_ANNOTATION_BYTES)).1, "8193 bytes");
}

#[test]
fn a_query_out_of_range_is_refused_with_the_rule() {
    let query = Query::new("errors_total").by("host");
    assert!(AlertRule::new("HighErrors", query.clone()).above(1.0).check().is_ok());
    let bad = AlertRule::new("HighErrors", query.last(Duration::ZERO)).above(1.0);
    let error = bad.check().expect_err("no range");
    assert!(matches!(error, AlertError::Query { .. }));
    assert!(error.to_string().starts_with("alert rule \"HighErrors\": last is 0 s"), "{error}");
}

#[test]
fn hooks_are_bounded() {
    let with = |hooks| (0..hooks).fold(rule().above(1.0), |rule, _| rule.notify(|_: &Alert| {}));
    assert!(with(MAX_ALERT_HOOKS).check().is_ok());
    assert_eq!(refused(with(MAX_ALERT_HOOKS + 1)).0, "notify");
}

#[test]
fn an_error_names_rule_field_value_and_range() {
    let error = rule().above(f64::NAN).check().expect_err("NaN is no threshold");
    assert_eq!(error.to_string(), "alert rule \"HighErrors\": above is NaN, but must be a finite number");
}

#[test]
fn a_label_without_a_value_is_none() {
    let checked = rule().above(1.0).label("b", "2").label("none", "").label("a", "1").check().expect("valid");
    let keys: Vec<&str> = checked.labels.iter().map(|(key, _)| &**key).collect();
    assert_eq!(keys, ["a", "b"]);
}
