//! New settings without a restart: who is told, what takes effect, and what a mistake does.

use crate::support::{becomes, component, offer, offer_times};
use sidecar_harness::process::alone;
use sidecar_harness::{PATIENCE, eventually};
use sidecar_runtime::breaker::{Breaker, BreakerRegistry, State};
use sidecar_runtime::health::Status;
use sidecar_runtime::observer::{Observed, Reason};
use sidecar_runtime::{Reload, Sidecar, SidecarBuilder, SidecarConfig, SidecarHandle, observe};
use sidecar_testkit::assert_conserved;
use std::path::PathBuf;
use std::time::Duration;
use tempfile::TempDir;

pub(crate) const DISABLED: Observed = Observed::Dropped(Reason::Disabled);

/// A configuration file that is rewritten.
pub(crate) struct File {
    directory: TempDir,
    path: PathBuf,
}

impl File {
    pub(crate) fn new(text: &str) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("crossbridge.yml");
        let file = Self { directory, path };
        file.write(text);
        file
    }

    /// As editors do: a new file in the place of the old one.
    pub(crate) fn write(&self, text: &str) {
        let fresh = self.directory.path().join("fresh");
        std::fs::write(&fresh, text).expect("a file");
        std::fs::rename(&fresh, &self.path).expect("one directory");
    }

    /// The settings of the file, whatever the environment says.
    pub(crate) fn load(&self) -> SidecarConfig {
        let none = [("", ""); 0];
        let loaded = SidecarConfig::load_with(std::slice::from_ref(&self.path), none);
        loaded.unwrap_or_else(|errors| panic!("{errors}")).config
    }

    pub(crate) fn builder(&self) -> SidecarBuilder {
        Sidecar::builder().config(self.load())
    }

    /// Runs with the file, which nobody watches.
    pub(crate) fn start(&self) -> Sidecar {
        self.builder().watch_config(false).start().expect("valid settings")
    }
}

fn rate(events: f64) -> String {
    format!("runtime: {{ sidecar: {{ sampling: {{ events: {events:?} }} }} }}\n")
}

fn enabled(enabled: bool) -> String {
    format!("runtime: {{ sidecar: {{ enabled: {enabled}, sampling: {{ events: 1.0 }} }} }}\n")
}

#[track_caller]
pub(crate) fn reload(sidecar: &SidecarHandle) -> Reload {
    sidecar.reload_config().unwrap_or_else(|errors| panic!("{errors}"))
}

fn series(sidecar: &SidecarHandle, name: &str, tags: &[(&str, &str)]) -> f64 {
    sidecar.get_metrics().value(name, tags).unwrap_or_else(|| panic!("no {name} {tags:?}"))
}

fn reloads(sidecar: &SidecarHandle) -> [f64; 3] {
    ["changed", "unchanged", "refused"]
        .map(|result| series(sidecar, "sidecar_config_reloads_total", &[("result", result)]))
}

#[test]
fn a_file_that_changes_is_loaded_again() {
    let file = File::new(&rate(0.0));
    let sidecar = file.builder().start().expect("valid settings");
    assert_eq!(offer(|| observe!(sidecar, "x")), Observed::SampledOut);
    file.write(&rate(1.0));
    eventually("the new rate holds", || observe!(sidecar, "x") == Observed::Accepted);
    assert_eq!(sidecar.config().runtime.sidecar.sampling.events, Some(1.0));
    eventually("it is counted", || reloads(&sidecar) == [1.0, 0.0, 0.0]);
    assert_eq!(series(&sidecar, "sidecar_config_generation", &[]), 2.0);
}

#[test]
fn a_file_that_is_not_watched_is_loaded_when_asked() {
    let file = File::new(&rate(0.0));
    let sidecar = file.start();
    assert_eq!(reload(&sidecar), Reload::Unchanged);
    file.write(&rate(1.0));
    assert_eq!(offer(|| observe!(sidecar, "x")), Observed::SampledOut);
    assert_eq!(reload(&sidecar), Reload::Changed);
    assert_eq!(offer(|| observe!(sidecar, "x")), Observed::Accepted);
    assert_eq!((reloads(&sidecar), sidecar.live_config().generation()), ([1.0, 1.0, 0.0], 2));
}

#[test]
fn a_refused_file_keeps_the_last_good_one_and_shows_until_it_is_mended() {
    let file = File::new(&rate(0.0));
    let sidecar = file.builder().start().expect("valid settings");
    assert_eq!(component(&sidecar, "configuration"), (Status::Healthy, false));
    file.write(&rate(7.0));
    let errors = sidecar.reload_config().expect_err("it is out of range");
    assert!(errors.to_string().contains("from 0.0 to 1.0"), "{errors}");
    becomes(&sidecar, "configuration", Status::Degraded);
    let report = sidecar.health_report();
    let message = report.component("configuration").and_then(|found| found.message()).unwrap_or_default();
    assert!(message.contains("runtime.sidecar.sampling.events"), "{message}");
    assert_eq!(
        (report.status(), series(&sidecar, "sidecar_config_is_refused", &[])),
        (Status::Degraded, 1.0)
    );
    assert!(reloads(&sidecar)[2] >= 1.0, "the watch may have seen it too");
    assert_eq!(offer(|| observe!(sidecar, "x")), Observed::SampledOut);
    file.write(&rate(1.0));
    eventually("the mended file is loaded", || observe!(sidecar, "x") == Observed::Accepted);
    becomes(&sidecar, "configuration", Status::Healthy);
    assert_eq!(series(&sidecar, "sidecar_config_is_refused", &[]), 0.0);
}

#[test]
fn what_code_has_set_stays_above_the_file() {
    let file = File::new(&rate(0.0));
    let config = file.load().max_queue_size(77);
    let sidecar = Sidecar::builder().config(config).watch_config(false).start().expect("valid settings");
    file.write("runtime: { sidecar: { sampling: { events: 1.0 }, resources: { max_queue_size: 5 } } }\n");
    assert_eq!(reload(&sidecar), Reload::Changed);
    assert_eq!(offer(|| observe!(sidecar, "x")), Observed::Accepted);
    assert_eq!(sidecar.config().runtime.sidecar.resources.max_queue_size, 77);
    assert_eq!(sidecar.observer().settings().queue_size, 77);
}

#[test]
fn the_kill_switch_works_both_ways() {
    // It reaches the breakers of the whole process.
    alone("reloading::the_kill_switch_works_both_ways", &[], || {
        let file = File::new(&enabled(true));
        let sidecar = file.start();
        let breaker = sidecar.breakers().register(sidecar.breaker("payments")).expect("a new name");
        let common = BreakerRegistry::global().register(Breaker::builder("common")).expect("a new name");
        let breakers = [&breaker, &common];
        breakers.into_iter().for_each(Breaker::force_open);
        for _ in 0..2 {
            assert_eq!(offer(|| observe!(sidecar, "x")), Observed::Accepted);
            assert!(breakers.iter().all(|breaker| breaker.try_acquire().is_err()));
            file.write(&enabled(false));
            assert_eq!(reload(&sidecar), Reload::Changed);
            assert_eq!(observe!(sidecar, "x"), DISABLED);
            assert!(sidecar.health().is_ready() && breaker.try_acquire().is_ok());
            assert_eq!(common.try_acquire().is_ok(), cfg!(feature = "macros"), "those of attributes");
            file.write(&enabled(true));
            assert_eq!(reload(&sidecar), Reload::Changed);
        }
        assert_eq!(offer(|| observe!(sidecar, "x")), Observed::Accepted);
    });
}

#[test]
fn a_sidecar_that_has_stopped_takes_no_notice() {
    let file = File::new(&rate(0.0));
    let sidecar = file.start();
    let handle = sidecar.handle();
    let _ = sidecar.stop(PATIENCE);
    file.write(&rate(1.0));
    assert_eq!(reload(&handle), Reload::Changed);
    assert_eq!(observe!(handle, "x"), Observed::Dropped(Reason::Stopped));
}

#[test]
fn a_queue_that_shrinks_under_load_keeps_the_ledger_exact() {
    let text = |size: u32| {
        format!(
            "runtime: {{ sidecar: {{ sampling: {{ events: 1 }}, resources: {{ max_queue_size: {size} }} }} }}\n"
        )
    };
    let file = File::new(&text(100));
    let sidecar = file.start();
    let hold = crate::support::Hold::worker_of(&sidecar);
    offer_times(50, || observe!(sidecar, "x"));
    file.write(&text(10));
    assert_eq!(reload(&sidecar), Reload::Changed);
    offer_times(5, || observe!(sidecar, "x"));
    assert!(sidecar.stats().queue_size <= 51, "{:?}", sidecar.stats());
    drop(hold);
    assert_eq!(sidecar.observer().flush(PATIENCE).waiting, 0);
    assert_conserved!(sidecar.stats());
}

#[cfg(feature = "http")]
mod over_http {
    use super::*;
    use crate::client::get;
    use sidecar_harness::http::{Reply, ask};

    fn post(sidecar: &Sidecar, headers: &[&str]) -> Reply {
        ask(sidecar.local_addr().expect("it serves"), "POST /config/reload", headers, "")
    }

    #[test]
    fn with_the_token_it_is_loaded_again_and_says_what_that_did() {
        let file = File::new(&rate(0.0));
        let builder = file.builder().watch_config(false).http("127.0.0.1:0");
        let sidecar = builder.http_settings(|http| http.token("secret")).start().expect("valid settings");
        let token = ["Authorization: Bearer secret"];
        assert_eq!(post(&sidecar, &[]).status, 401);
        file.write(&rate(1.0));
        for (result, generation) in [("changed", 2), ("unchanged", 2)] {
            let reply = post(&sidecar, &token);
            let expected = serde_json::json!({"result": result, "generation": generation});
            assert_eq!((reply.status, reply.json()), (200, expected));
        }
        assert_eq!(offer(|| observe!(sidecar, "x")), Observed::Accepted);
        file.write(&rate(7.0));
        let refused = post(&sidecar, &token);
        assert_eq!(refused.status, 422);
        assert!(refused.body.contains("from 0.0 to 1.0"), "{}", refused.body);
    }

    #[test]
    fn without_a_token_there_is_no_such_route() {
        let file = File::new(&rate(0.0));
        let sidecar = file.builder().http("127.0.0.1:0").start().expect("valid settings");
        assert_eq!(post(&sidecar, &["Authorization: Bearer secret"]).status, 404);
    }

    #[test]
    fn config_says_what_was_given_and_why_the_last_reload_was_refused() {
        let file = File::new(&rate(0.0));
        let sidecar = file.builder().watch_config(false).http("127.0.0.1:0").start().expect("valid settings");
        let config = get(&sidecar, "/config").json();
        let origin = config["given"]["runtime.sidecar.sampling.events"]["origin"].as_str();
        assert!(origin.is_some_and(|origin| origin.ends_with("crossbridge.yml:1")), "{config}");
        assert_eq!(config["refused"], serde_json::Value::Null);
        file.write(&rate(7.0));
        assert!(sidecar.reload_config().is_err());
        let config = get(&sidecar, "/config").json();
        assert!(
            config["refused"][0].as_str().is_some_and(|line| line.contains("from 0.0 to 1.0")),
            "{config}"
        );
        assert_eq!(
            (&config["generation"], &config["runtime"]["sidecar"]["sampling"]["events"]),
            (&serde_json::json!(1), &serde_json::json!(0.0))
        );
        file.write(&rate(0.5));
        assert_eq!(reload(&sidecar), Reload::Changed);
        let config = get(&sidecar, "/config").json();
        assert_eq!(
            (&config["generation"], &config["refused"]),
            (&serde_json::json!(2), &serde_json::Value::Null)
        );
    }
}

fn breaker_sections(common: u32, own: &str) -> String {
    format!(
        "runtime: {{ sidecar: {{ breakers: {{ named: {{ {own} }} }} }} }}\n\
         observability: {{ circuit_breaker: {{ failure_threshold: {common} }} }}\n"
    )
}

#[test]
fn breakers_follow_the_configuration_where_code_gives_them_nothing() {
    // The global registry follows too.
    alone("reloading::breakers_follow_the_configuration_where_code_gives_them_nothing", &[], || {
        let file = File::new(&breaker_sections(4, "failure_threshold: 6, timeout: 2, probe_timeout: 3"));
        let sidecar = file.start();
        let registry = sidecar.breakers();
        let register = |name: &str| registry.register(sidecar.breaker(name)).expect("a new name");
        let [plain, named] = ["plain", "named"].map(register);
        let given = registry.register(sidecar.breaker("given").failure_threshold(8)).expect("a new name");
        let stays = registry.register(Breaker::builder("stays")).expect("a new name");
        let thresholds = || [&plain, &named, &given, &stays].map(|each| each.settings().failure_threshold());
        assert_eq!(thresholds(), [4, 6, 8, 5]);
        let (timeout, probe_timeout) = (named.settings().timeout(), named.settings().probe_timeout());
        assert_eq!((timeout, probe_timeout), (Duration::from_secs(2), Duration::from_secs(3)));
        plain.trip();
        file.write(&breaker_sections(
            3,
            "success_threshold: 7, half_open_max_calls: 9, sliding_window_size: 5",
        ));
        assert_eq!(reload(&sidecar), Reload::Changed);
        assert_eq!((thresholds(), plain.state()), ([3, 3, 8, 5], State::Open));
        let settings = named.settings();
        assert_eq!((settings.success_threshold(), settings.half_open_max_calls()), (7, 9));
        assert_eq!(
            (settings.sliding_window(), settings.timeout()),
            (Duration::from_secs(5), Duration::from_secs(60))
        );
        assert_eq!(register("plain").settings().failure_threshold(), 3, "as given before: nothing");
    });
}

#[test]
fn the_settings_of_health_hold_at_once() {
    use sidecar_runtime::health::Component;
    let section = |inside: &str| format!("observability: {{ health: {{ {inside} }} }}\n");
    let file = File::new(&section("check_interval: 86400"));
    let check = Component::new("database", || false).failure_threshold(1);
    let sidecar = file.builder().watch_config(false).component(check).start().expect("valid settings");
    becomes(&sidecar, "database", Status::Unhealthy);
    let runs = || sidecar.health_report().component("database").map(|found| found.runs()).unwrap_or_default();
    let before = runs();
    file.write(&section("check_interval: 0.001, critical_components: [database]"));
    assert_eq!(reload(&sidecar), Reload::Changed);
    assert_eq!(component(&sidecar, "database"), (Status::Unhealthy, true));
    assert_eq!(sidecar.health_report().status(), Status::Unhealthy);
    eventually("it is checked more often", || runs() > before + 2);
    file.write(&section("enabled: false, degraded_threshold: 0.25"));
    assert_eq!(reload(&sidecar), Reload::Changed);
    assert_eq!(component(&sidecar, "database"), (Status::Unknown, false));
    assert_eq!(sidecar.health().settings().degraded_threshold, 0.25);
    file.write(&section("enabled: true"));
    assert_eq!(reload(&sidecar), Reload::Changed);
    becomes(&sidecar, "database", Status::Unhealthy);
}

#[test]
fn alert_rules_come_change_and_go() {
    let rules = |rules: &str| format!("runtime: {{ sidecar: {{ alerts: [{rules}] }} }}\n");
    let file = File::new(&rules(""));
    let sidecar = file.start();
    let watched = || sidecar.metrics().alerts().rules;
    let absent = "{ name: Gone, metric: heartbeats_total, absent_after: 0.001 }";
    assert_eq!(watched(), 0);
    file.write(&rules(absent));
    assert_eq!((reload(&sidecar), watched()), (Reload::Changed, 1));
    eventually("it fires", || sidecar.metrics().alerts().firing().count() == 1);
    // Another rule of the same name, and one more.
    let other =
        "{ name: Gone, metric: heartbeats_total, above: 1 }, { name: More, metric: tests_total, below: 0 }";
    file.write(&rules(other));
    assert_eq!((reload(&sidecar), watched()), (Reload::Changed, 2));
    assert_eq!(sidecar.metrics().alerts().firing().count(), 0, "what fired is over with its rule");
    file.write(&rules(""));
    assert_eq!((reload(&sidecar), watched()), (Reload::Changed, 0));
}
