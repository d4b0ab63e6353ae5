use std::ffi::OsString;

use sidecar_config::{ErrorKind, Origin};
use sidecar_runtime::config::{SidecarConfig, discover};

use super::{NO_VARIABLES, load, refused};

#[test]
fn ten_wrong_values_give_ten_errors_each_with_its_line() {
    let text = "\
runtime:
  sidecar:
    enabled: 3
    sampling:
      events: 1.5
      evnts: 0.5
      event_types: {login: -1}
      adaptive: sometimes
    resources:
      max_queue_size: many
observability:
  circuit_breaker:
    timeout: 0
    half_open_max_calls: 256
  performance:
    percentiles: [0.5,
      high, 0.9, 7]
";
    assert_eq!(
        refused("crossbridge.yml", text),
        [
            "crossbridge.yml:3: runtime.sidecar.enabled is 3, but must be true or false",
            "crossbridge.yml:5: runtime.sidecar.sampling.events is 1.5, but must be a number from 0.0 to 1.0",
            "crossbridge.yml:6: runtime.sidecar.sampling.evnts is not a known key; did you mean events?",
            "crossbridge.yml:7: runtime.sidecar.sampling.event_types.login is -1, but must be a number from 0.0 to 1.0",
            "crossbridge.yml:8: runtime.sidecar.sampling.adaptive is \"sometimes\", but must be enabled, disabled, true, false, or a map",
            "crossbridge.yml:10: runtime.sidecar.resources.max_queue_size is \"many\", but must be a whole number from 1 to 10000000",
            "crossbridge.yml:13: observability.circuit_breaker.timeout is 0, but must be a number of seconds from 0.001 to 86400",
            "crossbridge.yml:14: observability.circuit_breaker.half_open_max_calls is 256, but must be a whole number from 1 to 255",
            "crossbridge.yml:17: observability.performance.percentiles.1 is \"high\", but must be a number from 0.0 to 1.0",
            "crossbridge.yml:17: observability.performance.percentiles.3 is 7, but must be a number from 0.0 to 1.0",
        ]
    );
}

#[test]
fn an_alert_rule_is_judged_key_by_key_and_as_a_whole() {
    let text = "\
runtime:
  sidecar:
    alerts:
      - {name: Good, metric: errors_total, by: [host], tags: {team: a}, aggregate: rate, last: 60, above: 0.05, clear: 0.02,
         hold: 30, keep_firing_for: 10, absent_after: 600, labels: {severity: page}, annotations: {summary: Too many.}}
      - {name: NoMetric, above: 1}
      - {name: NoThreshold, metric: m}
      - {name: Clear, metric: m, above: 1, clear: 2}
      - {name: Both, metric: m, above: 1, below: 0}
      - {name: Long, metric: m, above: 1, hold: 604801}
      - {name: Word, metric: m, above: 1, aggregate: mean}
      - {name: Label, metric: m, above: 1, labels: {alertname: x}}
      - {name: Good, metric: m, above: high, absent_after: 60}
      - {name: Absent, metric: m, absent_after: 0, threshold: 1}
    alertmanager: {url: \"http://user:secret@alerts\"}
";
    let errors = refused("s.yml", text);
    let keys: Vec<&str> = errors.iter().filter_map(|error| error.split(' ').nth(1)).collect();
    let expected = [
        "1",
        "2",
        "3.clear",
        "4.below",
        "5.hold",
        "6.aggregate",
        "7.labels",
        "8.above",
        "8.name",
        "9.threshold",
        "9.absent_after",
    ];
    let mut expected = expected.map(|key| format!("runtime.sidecar.alerts.{key}")).to_vec();
    expected.push("runtime.sidecar.alertmanager.url".to_owned());
    assert_eq!(keys, expected, "{errors:#?}");
    assert!(!errors.concat().contains("secret"), "{errors:#?}");
    assert!(
        errors[2].ends_with("clear is 2, but must be a finite number, not higher than above"),
        "{}",
        errors[2]
    );
}

#[test]
fn a_list_that_is_too_long_moves_no_error_to_another_place() {
    let percentiles: Vec<String> = (0..40).map(|number| number.to_string()).collect();
    let text = format!(
        "\
runtime:
  sidecar:
    enabled: 7
observability:
  health:
    degraded_threshold: 5
  performance:
    sample_rate: 3
    percentiles: [{}]
",
        percentiles.join(", ")
    );
    let lines = refused("s.yml", text);
    let rate = "but must be a number from 0.0 to 1.0";
    assert_eq!(
        lines[..4],
        [
            "s.yml:3: runtime.sidecar.enabled is 7, but must be true or false".to_owned(),
            format!("s.yml:6: observability.health.degraded_threshold is 5, {rate}"),
            format!("s.yml:8: observability.performance.sample_rate is 3, {rate}"),
            // The items are judged before the length of their list, and stand on the same line.
            format!("s.yml:9: observability.performance.percentiles.2 is 2, {rate}"),
        ]
    );
    assert_eq!(lines.len(), 3 + 38 + 1, "{lines:?}");
    assert_eq!(
        lines[41],
        "s.yml:9: observability.performance.percentiles is of length 40, but must be of length 32 at most"
    );
}

#[test]
fn a_decimal_is_shown_as_one() {
    let text = "runtime: {sidecar: {resources: {max_queue_size: 1000.0}}}\n";
    assert_eq!(
        refused("s.yml", text),
        [
            "s.yml:1: runtime.sidecar.resources.max_queue_size is 1000.0, but must be a whole number from 1 to 10000000"
        ]
    );
}

#[test]
fn toml_and_json_errors_have_lines_too() {
    let toml = "[runtime.sidecar.sampling]\nevents = 2\n[observability.health]\nchek_interval = 1\n";
    assert_eq!(
        refused("s.toml", toml),
        [
            "s.toml:2: runtime.sidecar.sampling.events is 2, but must be a number from 0.0 to 1.0",
            "s.toml:4: observability.health.chek_interval is not a known key; did you mean check_interval?",
        ]
    );
    let json = "{\"runtime\": {\"sidecar\": {\n\"enabled\": \"yes\",\n\"enabled\": true}}}";
    assert_eq!(
        refused("s.json", json),
        [
            "s.json:2: runtime.sidecar.enabled is \"yes\", but must be true or false",
            "s.json:3: runtime.sidecar.enabled stands twice, first on line 2",
        ]
    );
}

#[test]
fn repeated_keys_are_errors_in_our_sections_only() {
    let text = "other: {a: 1, a: 2}\nruntime:\n  sidecar:\n    enabled: true\n    enabled: false\n";
    assert_eq!(refused("s.yml", text), ["s.yml:5: runtime.sidecar.enabled stands twice, first on line 4"]);
    let text = "runtime: {}\nother: 1\nruntime: {}\n";
    assert_eq!(refused("s.yml", text), ["s.yml:3: runtime stands twice, first on line 1"]);
}

#[test]
fn siblings_are_left_alone_and_near_misses_are_warnings() {
    let text = "\
ai: {model: x}
runtme: {sidecar: {enabled: 7}}
runtime:
  sidecra: {enabled: false}
  workers: 9
observability:
  helth: {}
  tracing: {rate: 3}
1: x
";
    let loaded = load("s.yml", text);
    assert_eq!(loaded.config, SidecarConfig::default());
    let warnings: Vec<_> = loaded
        .warnings
        .iter()
        .map(|warning| (warning.origin().line(), warning.key(), warning.suggestion()))
        .collect();
    assert_eq!(
        warnings,
        [
            (Some(2), "runtme", "runtime"),
            (Some(4), "runtime.sidecra", "runtime.sidecar"),
            (Some(7), "observability.helth", "observability.health"),
        ]
    );
    assert!(loaded.warnings[0].to_string().ends_with("s.yml:2: runtme is left alone; did you mean runtime?"));
}

#[test]
fn a_wrong_value_is_reported_even_where_a_variable_hides_it() {
    let (_directory, path) = super::file("s.yml", "runtime: {sidecar: {sampling: {events: 9}}}");
    let variables = [("SIDECAR_SAMPLE_EVENTS", "0.5"), ("SIDECAR_MAX_QUEUE_SIZE", "lots")];
    let errors = SidecarConfig::load_with(&[path], variables).expect_err("two wrong values");
    let found: Vec<_> = errors.iter().map(|error| (error.origin().clone(), error.value_text())).collect();
    assert_eq!(errors.len(), 2);
    assert_eq!((found[0].0.line(), found[0].1), (Some(1), Some("9")));
    assert_eq!(found[1], (Origin::Variable("SIDECAR_MAX_QUEUE_SIZE".into()), Some("\"lots\"")));
}

#[test]
fn a_bad_variable_is_named_with_its_key_and_range() {
    let errors = SidecarConfig::load_with(&[], [("SIDECAR_SAMPLE_TRACES", "nan")]).expect_err("not a rate");
    assert_eq!(
        errors.to_string(),
        "SIDECAR_SAMPLE_TRACES: runtime.sidecar.sampling.traces is NaN, but must be a number from 0.0 to 1.0"
    );
    let errors = SidecarConfig::load_with(&[], [("SIDECAR_ENABLED", "maybe")]).expect_err("not a flag");
    assert_eq!(
        errors.to_string(),
        "SIDECAR_ENABLED: runtime.sidecar.enabled is \"maybe\", but must be true or false"
    );
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_not_utf_8_is_named() {
    use std::os::unix::ffi::OsStringExt;

    let value = OsString::from_vec(vec![b'1', 0xff]);
    let errors = SidecarConfig::load_with(&[], [("SIDECAR_ENABLED", value)]).expect_err("not UTF-8");
    assert_eq!(errors.iter().next().and_then(|error| error.key()), Some("runtime.sidecar.enabled"));
}

#[test]
fn sections_of_the_wrong_shape_are_errors() {
    assert_eq!(refused("s.yml", "runtime: 5\n"), ["s.yml:1: runtime is 5, but must be a map"]);
    assert_eq!(
        refused("s.yml", "runtime:\n  sidecar: [1]\n"),
        ["s.yml:2: runtime.sidecar is a list, but must be a map"]
    );
    assert_eq!(
        refused("s.yml", "runtime: {sidecar: {sampling: on}}\n"),
        ["s.yml:1: runtime.sidecar.sampling is true, but must be a map"]
    );
    assert_eq!(refused("s.yml", "- 1\n"), ["s.yml: holds a list, but must hold a map of settings"]);
}

#[test]
fn files_that_cannot_be_used_say_why() {
    for empty in ["", " \n\t\n", "# nothing\n", "---\n"] {
        assert_eq!(refused("s.yml", empty), ["s.yml: is empty"], "{empty:?}");
    }
    assert_eq!(refused("s.yml", b"a: 1\nb: \xff\n"), ["s.yml:2: is not UTF-8"]);
    assert_eq!(refused("s.yml", "#".repeat(1024 * 1024 + 1)), ["s.yml: is larger than 1048576 bytes"]);
    assert!(refused("s.conf", "a: 1")[0].starts_with("s.conf: is of no known format"));
    assert!(refused("s.yml", "a: [1,\n")[0].starts_with("s.yml:"));

    let directory = tempfile::tempdir().expect("a directory");
    for (path, text) in
        [(directory.path().to_owned(), "is a directory"), ("absent.yml".into(), "cannot be read")]
    {
        let errors = SidecarConfig::load_with(&[path], NO_VARIABLES).expect_err("unusable");
        assert!(errors.to_string().contains(text), "{errors}");
        assert_eq!(errors.iter().next().map(|error| error.kind()), Some(ErrorKind::Source));
    }
}

#[test]
fn one_unusable_file_does_not_hide_the_errors_of_another() {
    let (_directory, path) = super::file("s.yml", "runtime: {sidecar: {enabled: 1}}");
    let errors =
        SidecarConfig::load_with(&["absent.yml".into(), path], NO_VARIABLES).expect_err("both are wrong");
    assert_eq!(errors.len(), 2);
}

#[test]
fn a_file_full_of_errors_lists_a_hundred_and_says_so() {
    let mut text = "runtime:\n  sidecar:\n    sampling:\n      event_types:\n".to_owned();
    (0..1_000).for_each(|number| text.push_str(&format!("        t{number}: 2\n")));
    let lines = refused("s.yml", &text);
    assert_eq!(lines.len(), 101);
    assert_eq!(lines[100], "s.yml: more is wrong than is listed here");
}

#[test]
fn two_discoverable_files_are_an_error() {
    let directory = tempfile::tempdir().expect("a directory");
    assert_eq!(discover(directory.path()).expect("none"), None);
    let yaml = directory.path().join("crossbridge.yaml");
    std::fs::write(&yaml, "a: 1").expect("a file");
    assert_eq!(discover(directory.path()).expect("one"), Some(yaml));
    std::fs::write(directory.path().join("crossbridge.yml"), "a: 1").expect("a file");
    assert!(discover(directory.path()).is_err());
}

#[test]
fn names_to_redact_are_bounded_in_number_and_length_and_a_long_one_is_not_repeated() {
    let many: Vec<String> = (0..65).map(|n| format!("field{n}")).collect();
    let text = format!("runtime: {{sidecar: {{redact_fields: [{}]}}}}\n", many.join(", "));
    assert_eq!(
        refused("s.yml", text),
        ["s.yml:1: runtime.sidecar.redact_fields is of length 65, but must be of length 64 at most"]
    );
    let text = format!("runtime: {{sidecar: {{redact_fields: [token,\n \"\", {}]}}}}\n", "a".repeat(129));
    assert_eq!(
        refused("s.yml", text),
        [
            "s.yml:2: runtime.sidecar.redact_fields.1 is of 0 bytes, but must be of 1 to 128 bytes",
            "s.yml:2: runtime.sidecar.redact_fields.2 is of 129 bytes, but must be of 1 to 128 bytes",
        ]
    );
}

#[test]
fn breakers_are_bounded_in_number_and_length_of_names_and_have_known_keys() {
    let many: Vec<String> = (0..1_025).map(|n| format!("b{n}: {{critical: true}}")).collect();
    let text = format!("runtime: {{sidecar: {{breakers: {{{}}}}}}}\n", many.join(", "));
    assert_eq!(
        refused("s.yml", text),
        ["s.yml:1: runtime.sidecar.breakers is of length 1025, but must be of length 1024 at most"]
    );
    let text = format!("runtime: {{sidecar: {{breakers: {{? '{}' : {{}}}}}}}}\n", "a".repeat(257));
    assert_eq!(
        refused("s.yml", text),
        [
            "s.yml:1: runtime.sidecar.breakers is with a name of 257 bytes, but must be with names of 1 to 256 bytes"
        ]
    );
    let text =
        "runtime:\n  sidecar:\n    breakers:\n      payments: {critical: 1}\n      mail: {critcal: true}\n";
    let lines = refused("s.yml", text);
    assert!(
        lines.iter().any(|line| line.contains("breakers.payments.critical is 1, but must be true or false"))
    );
    assert!(lines.iter().any(|line| line.contains("critcal") && line.contains("critical")), "{lines:#?}");
}

#[test]
fn the_length_of_texts_has_a_range() {
    for bytes in [63, 1_048_577] {
        let errors = SidecarConfig::default().max_text_bytes(bytes).validate().expect_err("out of range");
        assert_eq!(errors.len(), 1, "{errors}");
        assert!(errors.to_string().contains("runtime.sidecar.max_text_bytes"), "{errors}");
    }
    for bytes in [64, 1_048_576] {
        SidecarConfig::default().max_text_bytes(bytes).validate().expect("in range");
    }
}

#[test]
fn setters_never_fail_and_validation_reports_them_all() {
    let config = SidecarConfig::default()
        .sampling_rate("events", 1.5)
        .sampling_rate("evnts", 0.5)
        .event_type_rate("a.b", f64::NAN)
        .max_queue_size(0);
    let errors = config.validate().expect_err("four slips");
    let keys: Vec<_> = errors.iter().filter_map(|error| error.key()).collect();
    assert_eq!(
        keys,
        [
            "runtime.sidecar.resources.max_queue_size",
            "runtime.sidecar.sampling.event_types.a.b",
            "runtime.sidecar.sampling.events",
            "runtime.sidecar.sampling.evnts",
        ]
    );
    assert!(errors.iter().all(|error| *error.origin() == Origin::Code));
}
