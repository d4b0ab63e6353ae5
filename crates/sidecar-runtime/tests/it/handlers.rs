//! Handlers that fail, as configured.

use crate::support::{everything, offer};
use sidecar_harness::{Gate, PATIENCE};
use sidecar_runtime::config::SidecarConfig;
use sidecar_runtime::observer::{HandlerState, Observed};
use sidecar_runtime::{Sidecar, observe};
use sidecar_testkit::assert_conserved;
use std::time::Duration;

#[test]
fn handlers_are_limited_as_configured() {
    let text = "runtime: {sidecar: {handlers: {timeout: 2, suspend_after: 1, suspend_for: 3600}}}\n";
    let folder = tempfile::tempdir().expect("room for a folder");
    let path = folder.path().join("s.yml");
    std::fs::write(&path, text).expect("room for a file");
    let none: [(&str, &str); 0] = [];
    let loaded = SidecarConfig::load_with(&[path], none).expect("valid settings");
    let config = loaded.config.sampling_rate("events", 1.0);
    let sidecar = Sidecar::builder().config(config).start().expect("valid settings");
    let gate = Gate::default();
    let held = gate.clone();
    sidecar.register_handler("hangs", move |_| held.enter());
    sidecar.register_handler("panics", |_| panic!("a handler fails, as it was told to"));
    for event_type in ["hangs", "panics", "panics"] {
        assert_eq!(offer(|| observe!(sidecar, event_type)), Observed::Accepted);
    }
    assert_eq!(sidecar.observer().flush(PATIENCE).waiting, 0);
    let stats = sidecar.stats();
    assert_eq!((stats.failed, stats.events_processed, stats.skipped_calls), (3, 0, 1));
    assert_conserved!(stats);
    let handlers = sidecar.observer().handlers();
    assert_eq!((handlers[0].hung, handlers[1].state), (1, HandlerState::Suspended));
    gate.open();
}

#[test]
fn limits_out_of_range_are_refused_by_key() {
    let mut config = everything();
    config.runtime.sidecar.handlers.timeout = Duration::from_millis(1);
    config.runtime.sidecar.handlers.suspend_after = 0;
    config.runtime.sidecar.handlers.suspend_for = Duration::ZERO;
    let error = config.validate().expect_err("out of range").to_string();
    for key in ["timeout", "suspend_after", "suspend_for"] {
        assert!(error.contains(&format!("runtime.sidecar.handlers.{key} is ")), "{error}");
    }
}
