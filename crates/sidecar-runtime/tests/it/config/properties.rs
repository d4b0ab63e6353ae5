use proptest::prelude::*;
use sidecar_runtime::config::SidecarConfig;

use super::{NO_VARIABLES, file};

const KNOWN: &[&str] = &[
    "runtime",
    "sidecar",
    "enabled",
    "sampling",
    "events",
    "event_types",
    "adaptive",
    "boost_duration",
    "resources",
    "max_queue_size",
    "redact_fields",
    "max_text_bytes",
    "breakers",
    "critical",
    "observability",
    "health",
    "critical_components",
    "performance",
    "percentiles",
    "circuit_breaker",
    "handlers",
    "metrics",
    "retention_seconds",
    "suspend_after",
    "alerts",
    "alertmanager",
    "name",
    "metric",
    "above",
    "absent_after",
    "labels",
    "timeout",
];

fn key() -> impl Strategy<Value = String> {
    prop_oneof![9 => proptest::sample::select(KNOWN).prop_map(str::to_owned), 1 => "[a-z._]{0,8}"]
}

fn value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("~".to_owned()),
        any::<bool>().prop_map(|flag| flag.to_string()),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<f64>().prop_map(|number| format!("{number:e}")),
        Just(".nan".to_owned()),
        "[a-z*&!%@]{0,6}",
    ];
    leaf.prop_recursive(5, 40, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5)
                .prop_map(|items| format!("[{}]", items.join(", "))),
            proptest::collection::vec((key(), inner), 0..5).prop_map(|entries| {
                let entries: Vec<_> =
                    entries.iter().map(|(key, value)| format!("\"{key}\": {value}")).collect();
                format!("{{{}}}", entries.join(", "))
            }),
        ]
    })
}

proptest! {
    #[test]
    fn no_file_panics_and_what_is_accepted_is_valid(
        sidecar in value(),
        health in value(),
        performance in value(),
        variable in "\\PC{0,12}",
    ) {
        let text = format!(
            "runtime: {{sidecar: {sidecar}}}\nobservability: {{health: {health}, performance: {performance}}}\n"
        );
        let (_directory, path) = file("s.yml", text);
        match SidecarConfig::load_with(&[path], [("SIDECAR_CPU_BUDGET", variable)]) {
            Ok(loaded) => prop_assert!(loaded.config.validate().is_ok()),
            Err(errors) => prop_assert!(errors.len() > 0 && !errors.to_string().is_empty()),
        }
    }

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), ending in 0..3_usize) {
        let (_directory, path) = file(["s.yml", "s.toml", "s.json"][ending], bytes);
        let _ = SidecarConfig::load_with(&[path], NO_VARIABLES);
    }
}
