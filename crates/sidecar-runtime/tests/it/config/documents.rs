use std::time::Duration;

use sidecar_runtime::config::SidecarConfig;

use super::{NO_VARIABLES, document};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn the_quick_starts_file_loads_unchanged() {
    let loaded = SidecarConfig::load_with(&[document("quick-start.yml")], NO_VARIABLES).expect("valid");
    assert!(loaded.warnings.is_empty());
    let sidecar = &loaded.config.runtime.sidecar;
    assert!(sidecar.enabled);
    assert_eq!(sidecar.sampling.events, Some(0.1));
    assert_eq!(sidecar.sampling.traces, None);
    assert!(sidecar.sampling.adaptive.enabled);
    assert_eq!(sidecar.sampling.adaptive.boost_factor, 5.0);
    assert_eq!(sidecar.sampling.adaptive.boost_duration, 60 * SECOND);
    assert_eq!(sidecar.resources.max_queue_size, 10_000);
    assert_eq!(sidecar.resources.max_cpu_percent, 5.0);
    assert_eq!(sidecar.resources.max_memory_mb, 100.0);
    assert!(sidecar.resources.drop_on_full);
    assert_eq!(loaded.config.observability, SidecarConfig::default().observability);
}

#[test]
fn the_hardening_documents_blocks_load_unchanged() {
    let files =
        ["circuit-breaker", "health", "performance"].map(|name| document(&format!("hardening-{name}.yml")));
    let loaded = SidecarConfig::load_with(&files, NO_VARIABLES).expect("valid");
    assert!(loaded.warnings.is_empty());
    let observability = &loaded.config.observability;
    let breaker = observability.circuit_breaker;
    assert_eq!(
        (breaker.failure_threshold, breaker.half_open_max_calls, breaker.success_threshold),
        (5, 3, 2)
    );
    assert_eq!((breaker.timeout, breaker.sliding_window_size), (60 * SECOND, 120 * SECOND));
    assert!(observability.health.enabled);
    assert_eq!(observability.health.check_interval, 30 * SECOND);
    assert_eq!(observability.health.critical_components, ["database", "ai_api"]);
    assert_eq!(observability.health.degraded_threshold, 0.7);
    assert!(observability.performance.enabled);
    assert_eq!(observability.performance.sample_rate, 1.0);
    assert_eq!(observability.performance.retention, 3600 * SECOND);
    assert_eq!(observability.performance.percentiles, [0.5, 0.95, 0.99]);
    assert_eq!(loaded.config.runtime, SidecarConfig::default().runtime);
}

#[test]
fn every_default_satisfies_its_rule() {
    SidecarConfig::default().validate().expect("valid");
    let loaded = SidecarConfig::load_with(&[], NO_VARIABLES).expect("valid");
    assert_eq!(loaded.config, SidecarConfig::default());
}
