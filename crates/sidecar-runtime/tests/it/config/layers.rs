use std::time::Duration;

use sidecar_config::Origin;
use sidecar_runtime::config::{SidecarConfig, VARIABLES};

use super::{NO_VARIABLES, file, load};

#[test]
fn later_files_and_then_variables_win() {
    let (_one, first) =
        file("one.yml", "runtime: {sidecar: {sampling: {events: 0.1, traces: 0.2, profiling: 0.3}}}");
    let (_two, second) = file("two.toml", "[runtime.sidecar.sampling]\ntraces = 0.4\nprofiling = 0.5\n");
    let files = [first.clone(), second.clone()];
    let loaded = SidecarConfig::load_with(&files, [("SIDECAR_SAMPLE_PROFILING", " 0.6 ")]).expect("valid");
    let sampling = &loaded.config.runtime.sidecar.sampling;
    assert_eq!((sampling.events, sampling.traces, sampling.profiling), (Some(0.1), Some(0.4), Some(0.6)));

    let origin = |key: &str| {
        let setting = loaded.provenance.get(&format!("runtime.sidecar.{key}")).expect("a known key");
        (setting.value_text().to_owned(), setting.origin().clone())
    };
    assert_eq!(origin("sampling.events"), ("0.1".into(), Origin::File { path: first, line: Some(1) }));
    assert_eq!(origin("sampling.traces"), ("0.4".into(), Origin::File { path: second, line: Some(2) }));
    assert_eq!(
        origin("sampling.profiling"),
        ("0.6".into(), Origin::Variable("SIDECAR_SAMPLE_PROFILING".into()))
    );
    assert_eq!(origin("sampling.test_events"), ("not set".into(), Origin::Default));
    assert_eq!(origin("resources.max_queue_size"), ("10000".into(), Origin::Default));
}

#[test]
fn every_variable_sets_its_key() {
    let values = ["off", "0.2", "0.3", "0.4", "7.5", "64", "123"];
    let variables = VARIABLES.iter().map(|(variable, _)| *variable).zip(values);
    let sidecar = SidecarConfig::load_with(&[], variables).expect("valid").config.runtime.sidecar;
    assert!(!sidecar.enabled);
    assert_eq!(sidecar.sampling.events, Some(0.2));
    assert_eq!(sidecar.sampling.traces, Some(0.3));
    assert_eq!(sidecar.sampling.profiling, Some(0.4));
    assert_eq!(sidecar.resources.max_cpu_percent, 7.5);
    assert_eq!(sidecar.resources.max_memory_mb, 64.0);
    assert_eq!(sidecar.resources.max_queue_size, 123);
}

#[test]
fn blank_and_foreign_variables_are_ignored() {
    let variables =
        [("SIDECAR_SAMPLE_EVENTS", " "), ("SIDECAR_SERVICE_PORT", "tcp://10.0.0.1"), ("SIDECAR_FOO", "x")];
    let loaded = SidecarConfig::load_with(&[], variables).expect("valid");
    assert_eq!(loaded.config, SidecarConfig::default());
}

#[test]
fn a_key_without_a_value_counts_as_not_given() {
    let (_one, first) = file("one.yml", "runtime: {sidecar: {sampling: {events: 0.1}}}");
    let (_two, second) =
        file("two.yml", "observability:\nruntime:\n  sidecar:\n    enabled:\n    sampling:\n      events:\n");
    let loaded = SidecarConfig::load_with(&[first, second], NO_VARIABLES).expect("valid");
    assert_eq!(loaded.config.runtime.sidecar.sampling.events, Some(0.1));
    assert!(loaded.config.runtime.sidecar.enabled);
}

#[test]
fn adaptive_is_a_word_a_flag_or_a_map() {
    let adaptive = |text: &str| {
        load("s.yml", &format!("runtime: {{sidecar: {{sampling: {{adaptive: {text}}}}}}}"))
            .config
            .runtime
            .sidecar
            .sampling
            .adaptive
    };
    assert!(adaptive("enabled").enabled);
    assert!(!adaptive("disabled").enabled);
    assert!(adaptive("true").enabled);
    assert!(!adaptive("false").enabled);
    let long = adaptive("{enabled: false, boost_factor: 3, boost_duration: 1.5}");
    assert_eq!(
        (long.enabled, long.boost_factor, long.boost_duration),
        (false, 3.0, Duration::from_millis(1_500))
    );
    let partial = adaptive("{boost_factor: 2.5}");
    assert_eq!((partial.enabled, partial.boost_factor), (true, 2.5));
}

#[test]
fn adaptive_that_is_disabled_stays_so_when_a_later_file_gives_a_factor() {
    let adaptive = |texts: [&str; 2]| {
        let files = texts
            .map(|text| file("s.yml", format!("runtime: {{sidecar: {{sampling: {{adaptive: {text}}}}}}}")));
        let paths = files.each_ref().map(|(_directory, path)| path.clone());
        let loaded = SidecarConfig::load_with(&paths, NO_VARIABLES).expect("valid");
        let adaptive = loaded.config.runtime.sidecar.sampling.adaptive;
        (adaptive.enabled, adaptive.boost_factor)
    };
    for disabled in ["disabled", "false", "{enabled: false}"] {
        assert_eq!(adaptive([disabled, "{boost_factor: 3}"]), (false, 3.0), "{disabled}");
        assert_eq!(adaptive(["{boost_factor: 3}", disabled]), (false, 3.0), "{disabled}");
    }
}

#[test]
fn many_event_types_may_stand_without_a_rate() {
    let types: String = (0..300).map(|number| format!("        t{number}:\n")).collect();
    let text = format!("runtime:\n  sidecar:\n    sampling:\n      event_types:\n{types}");
    assert_eq!(load("s.yml", &text).config, SidecarConfig::default());
}

#[test]
fn anchors_merges_and_a_byte_order_mark_are_read() {
    let text = "\u{feff}base: &base {events: 0.3, traces: 0.4}\nruntime:\n  sidecar:\n    sampling:\n      <<: *base\n      traces: 0.5\n";
    let sampling = load("s.yaml", text).config.runtime.sidecar.sampling;
    assert_eq!((sampling.events, sampling.traces), (Some(0.3), Some(0.5)));
}

#[test]
fn event_types_merge_across_files_and_names_may_hold_dots() {
    let (_one, first) = file("one.yml", "runtime: {sidecar: {sampling: {event_types: {a.b: 0.1, c: 0.2}}}}");
    let (_two, second) =
        file("two.json", r#"{"runtime": {"sidecar": {"sampling": {"event_types": {"c": 0.3}}}}}"#);
    let loaded = SidecarConfig::load_with(&[first, second], NO_VARIABLES).expect("valid");
    let rates: Vec<_> = loaded.config.runtime.sidecar.sampling.event_types.into_iter().collect();
    assert_eq!(rates, [("a.b".to_owned(), 0.1), ("c".to_owned(), 0.3)]);
}

#[test]
fn from_file_takes_setters_on_top() {
    let (_directory, path) = file("s.yml", "runtime: {sidecar: {resources: {drop_on_full: false}}}");
    let config =
        SidecarConfig::from_file(path).expect("valid").sampling_rate("events", 0.5).max_queue_size(20_000);
    config.validate().expect("valid");
    let sidecar = &config.runtime.sidecar;
    assert_eq!((sidecar.sampling.events, sidecar.resources.max_queue_size), (Some(0.5), 20_000));
    assert!(!sidecar.resources.drop_on_full);
}
