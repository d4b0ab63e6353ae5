//! What the user can mend at start is a typed error.

use crate::support::{builder, everything, started};
use sidecar_runtime::health::{Component, RegisterError};
use sidecar_runtime::{Sidecar, SidecarConfig, StartError};

fn refused(config: SidecarConfig) -> String {
    match Sidecar::builder().config(config).start() {
        Err(StartError::Config(errors)) => errors.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_bad_value_in_code_is_named_at_once() {
    let mut config = everything()
        .sampling_rate("traces", 1.5)
        .event_type_rate("login", f64::NAN)
        .sampling_rate("evnts", 0.5);
    config.runtime.sidecar.resources.max_queue_size = 0;
    config.observability.circuit_breaker.half_open_max_calls = 256;
    config.observability.health.degraded_threshold = -0.1;
    let errors = refused(config);
    for key in [
        "runtime.sidecar.sampling.traces",
        "runtime.sidecar.sampling.event_types.login",
        "runtime.sidecar.sampling.evnts",
        "runtime.sidecar.resources.max_queue_size",
        "observability.circuit_breaker.half_open_max_calls",
        "observability.health.degraded_threshold",
    ] {
        assert!(errors.contains(key), "{key} in {errors}");
    }
}

#[test]
fn a_file_that_is_wrong_or_missing_is_named() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("sidecar.yml");
    std::fs::write(&path, "runtime:\n  sidecar:\n    enabeld: true\n").expect("a file");
    for file in [path, directory.path().join("missing.yml")] {
        match Sidecar::builder().config_file(&file).start() {
            Err(StartError::Config(errors)) => assert!(errors.to_string().contains(&*file.to_string_lossy())),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_file_beside_a_configuration_in_code_is_refused_instead_of_passed_over() {
    match Sidecar::builder().config(SidecarConfig::default()).config_file("sidecar.yml").start() {
        Err(StartError::Config(errors)) => assert!(errors.to_string().contains("sidecar.yml"), "{errors}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_file_is_followed() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("sidecar.yml");
    std::fs::write(&path, "runtime: {sidecar: {sampling: {events: 0.25, adaptive: enabled}}}\n")
        .expect("a file");
    let sidecar = Sidecar::builder().config_file(path).start().expect("a valid file");
    assert_eq!(sidecar.sampler().rate(sidecar.sampler().intern("anything")), 0.25);
}

#[test]
fn a_component_that_is_refused_is_named() {
    let twice = builder()
        .component(Component::new("database", || true))
        .component(Component::new("database", || true));
    match twice.start() {
        Err(StartError::Component(RegisterError::Duplicate { name, .. })) => assert_eq!(name, "database"),
        other => panic!("{other:?}"),
    }
    let reserved = builder().component(Component::new("scheduler", || true)).start();
    assert!(matches!(reserved, Err(StartError::Component(RegisterError::Settings(_)))), "{reserved:?}");
    let error = reserved.expect_err("refused").to_string();
    assert!(error.contains("scheduler"), "{error}");
}

#[test]
fn a_start_that_failed_is_in_nobody_s_way() {
    let mut config = everything();
    config.runtime.sidecar.resources.max_memory_mb = f64::INFINITY;
    assert!(refused(config).contains("max_memory_mb"));
    assert!(started().health().is_ready());
}

#[cfg(feature = "http")]
mod http {
    use super::*;
    use sidecar_harness::process::alone;
    use sidecar_runtime::breaker::{Breaker, BreakerRegistry};
    use sidecar_runtime::config::ObjectiveConfig;
    use sidecar_runtime::http::ServeError;
    use sidecar_runtime::perf::PerfMonitor;
    use std::net::TcpListener;

    #[test]
    fn a_port_in_use_is_named_and_free_again_later() {
        let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = taken.local_addr().expect("it is bound").to_string();
        match builder().http(&address).start() {
            Err(StartError::Http(ServeError::Bind { address: named, .. })) => assert_eq!(named, address),
            other => panic!("{other:?}"),
        }
        drop(taken);
        let sidecar = builder().http(&address).start().expect("the port is free now");
        assert_eq!(sidecar.local_addr().map(|found| found.to_string()), Some(address));
    }

    #[test]
    fn a_start_that_failed_leaves_what_is_the_process_s_as_it_was() {
        alone("start_errors::http::a_start_that_failed_leaves_what_is_the_process_s_as_it_was", &[], || {
            let breakers = BreakerRegistry::global();
            let follows = breakers.register(Breaker::builder("follows").follow()).expect("there is room");
            let own = PerfMonitor::builder().build().expect("valid settings");
            let stands = || {
                let settings = [PerfMonitor::global(), &own].map(PerfMonitor::settings);
                (follows.settings(), breakers.is_enabled(), settings, PerfMonitor::global().snapshot().len())
            };
            let mut config = everything();
            let mut checkout = ObjectiveConfig::default();
            checkout.operation = "checkout".into();
            config.runtime.sidecar.objectives = vec![checkout];
            config.runtime.sidecar.enabled = false;
            config.observability.circuit_breaker.failure_threshold = 2;
            config.observability.performance.percentiles = vec![0.25];
            let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
            let address = taken.local_addr().expect("it is bound").to_string();
            let before = stands();
            for perf in [PerfMonitor::global(), &own] {
                let builder = Sidecar::builder().config(config.clone()).breakers(breakers.clone());
                let failed = builder.perf(perf.clone()).http(&address).start();
                assert!(matches!(failed, Err(StartError::Http(_))), "{failed:?}");
                assert_eq!(stands(), before);
            }
            drop(taken);
            let builder = Sidecar::builder().config(config).breakers(breakers.clone());
            let _started = builder.http(&address).start().expect("the port is free now");
            assert_eq!((follows.settings().failure_threshold(), breakers.is_enabled()), (2, false));
            assert_eq!(PerfMonitor::global().settings().percentiles, [0.25]);
            assert!(PerfMonitor::global().operation_metrics("checkout").is_some());
        });
    }

    #[test]
    fn an_address_that_others_reach_needs_a_token_or_a_word() {
        let open = builder().http("0.0.0.0:0").start();
        assert!(matches!(open, Err(StartError::Http(ServeError::Unauthenticated { .. }))), "{open:?}");
        let guarded = builder().http("0.0.0.0:0").http_settings(|http| http.token("secret")).start();
        assert!(guarded.is_ok(), "{guarded:?}");
        let said = builder().http("0.0.0.0:0").http_settings(|http| http.allow_unauthenticated(true)).start();
        assert!(said.is_ok(), "{said:?}");
    }

    #[test]
    fn an_unusable_address_or_token_is_refused_and_the_token_not_repeated() {
        let nowhere = builder().http("here").start();
        assert!(matches!(nowhere, Err(StartError::Http(ServeError::Address { .. }))), "{nowhere:?}");
        let token = builder().http("127.0.0.1:0").http_settings(|http| http.token("two words")).start();
        let error = token.expect_err("refused");
        assert!(matches!(error, StartError::Http(ServeError::Settings(_))), "{error:?}");
        assert!(!error.to_string().contains("two words"), "{error}");
    }
}
