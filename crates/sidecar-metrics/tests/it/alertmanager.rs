//! The hook with a server that follows a script.

mod server;

use parking_lot::Mutex;
use serde_json::Value;
use server::{Act, Server};
use sidecar_core::timestamp::parse_rfc3339;
use sidecar_harness::{PATIENCE, eventually};
use sidecar_metrics::{
    AlertRule, AlertmanagerBuilder, AlertmanagerHook, MetricsCollector, PostError, Reading,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// A collector whose one rule fires as long as it is told to, through `hook`.
struct Source {
    metrics: MetricsCollector,
    value: Arc<Mutex<f64>>,
    ticks: AtomicU64,
}

impl Source {
    fn new(hook: &AlertmanagerHook) -> Self {
        let value = Arc::new(Mutex::new(0.0));
        let read = Arc::clone(&value);
        let readings = move || vec![Reading::new(&[("host", "a \"b\"\n")], *read.lock())];
        let rule = AlertRule::from_fn("High", readings).above(5.0).label("severity", "page");
        let rule = rule.annotation("summary", "It is too high.").notify(hook.clone());
        let metrics = MetricsCollector::new();
        metrics.alert(rule).expect("the rule is valid");
        Self { metrics, value, ticks: AtomicU64::new(0) }
    }

    /// Makes the alert fire, or be over, and waits until the hook has heard.
    fn set(&self, fires: bool) {
        *self.value.lock() = if fires { 7.5 } else { 1.0 };
        self.metrics.tick_alerts(self.ticks.fetch_add(5_000_000_000, Relaxed));
        assert!(self.metrics.flush_alerts(PATIENCE));
    }
}

/// Never posts again by itself, and tries again at once.
fn builder(server: &Server) -> AlertmanagerBuilder {
    let builder = AlertmanagerHook::builder(&server.url());
    builder
        .resend(Duration::from_secs(3_600))
        .first_retry(Duration::from_millis(1))
        .timeout(Duration::from_secs(60))
}

fn text<'a>(alert: &'a Value, path: &str) -> &'a str {
    alert.pointer(path).and_then(Value::as_str).unwrap_or_else(|| panic!("{path} of {alert}"))
}

#[test]
fn an_alert_arrives_with_everything_and_so_does_its_end() {
    let server = Server::start([]);
    let hook = builder(&server).generator_url("http://127.0.0.1:8080/").start().expect("the hook starts");
    let source = Source::new(&hook);
    source.set(true);
    assert!(hook.flush(PATIENCE));
    source.set(false);
    assert!(hook.flush(PATIENCE));
    let requests = server.requests();
    assert!(requests[0].head.starts_with("POST /api/v2/alerts HTTP/1.1\r\n"), "{}", requests[0].head);
    assert!(requests[0].head.to_lowercase().contains("content-type: application/json"));
    let alerts: Vec<&Value> = requests.iter().flat_map(|request| &request.alerts).collect();
    assert_eq!(alerts.len(), 2);
    for alert in &alerts {
        assert_eq!(text(alert, "/labels/alertname"), "High");
        assert_eq!(text(alert, "/labels/host"), "a \"b\"\n");
        assert_eq!(text(alert, "/labels/severity"), "page");
        assert_eq!(text(alert, "/annotations/summary"), "It is too high.");
        assert_eq!(text(alert, "/generatorURL"), "http://127.0.0.1:8080/");
        let times = ["/startsAt", "/endsAt"].map(|path| parse_rfc3339(text(alert, path)).expect("a time"));
        assert!(times[0] <= times[1], "{alert}");
    }
    assert_eq!(text(alerts[0], "/annotations/value"), "7.5");
    assert_eq!(text(alerts[0], "/startsAt"), text(alerts[1], "/startsAt"));
    let [ahead, over] =
        [alerts[0], alerts[1]].map(|alert| parse_rfc3339(text(alert, "/endsAt")).expect("a time"));
    let four_hours = Duration::from_secs(4 * 3_600);
    assert!(
        ahead.duration_since(over).is_ok_and(|ahead| ahead > four_hours - PATIENCE && ahead <= four_hours)
    );
    assert_eq!((hook.stats().delivered, hook.stats().failed, hook.stats().waiting), (2, 0, 0));
}

#[test]
fn whatever_goes_wrong_the_newest_state_arrives() {
    for fault in [Act::Close, Act::Status(500), Act::Status(429), Act::Half, Act::Garbage, Act::Hang] {
        let server = Server::start([fault, fault]);
        let timeout = if matches!(fault, Act::Hang) { Duration::from_millis(100) } else { PATIENCE };
        let hook = builder(&server).timeout(timeout).start().expect("the hook starts");
        let source = Source::new(&hook);
        source.set(true);
        eventually("two failures", || hook.stats().failed >= 2);
        assert!(hook.stats().last_error.is_some());
        assert!(hook.flush(PATIENCE), "{fault:?}");
        assert_eq!(server.firing(), ["High"], "{fault:?}");
        source.set(false);
        assert!(hook.flush(PATIENCE), "{fault:?}");
        assert!(server.firing().is_empty(), "{fault:?}");
    }
}

#[test]
fn where_nobody_listens_nothing_is_lost_and_the_end_has_a_deadline() {
    // Nobody listens on this port.
    let hook =
        AlertmanagerHook::builder("http://user:secret@127.0.0.1:1").first_retry(Duration::from_millis(1));
    let hook = hook.start().expect("the hook starts");
    Source::new(&hook).set(true);
    eventually("failures", || hook.stats().failed >= 3);
    assert_eq!(hook.stats().waiting, 1);
    assert!(!hook.shutdown(Duration::from_millis(20)));
    let shown = format!("{hook:?} {:?}", hook.stats());
    assert!(!shown.contains("secret"), "{shown}");
}

#[test]
fn only_the_newest_state_is_tried_again() {
    let server = Server::start([Act::Held]);
    let hook = builder(&server).start().expect("the hook starts");
    let source = Source::new(&hook);
    source.set(true);
    server.wait_until_held();
    // While the first post hangs, and without waiting for it.
    source.set(false);
    source.set(true);
    source.set(false);
    server.let_go();
    assert!(hook.flush(PATIENCE));
    assert_eq!(server.requests().len(), 2);
    assert!(server.firing().is_empty());
}

#[test]
fn a_firing_alert_is_posted_again_and_again() {
    let server = Server::start([]);
    let hook = builder(&server).resend(Duration::from_millis(100)).start().expect("the hook starts");
    Source::new(&hook).set(true);
    eventually("four posts", || server.requests().len() >= 4);
    let starts: Vec<String> =
        server.requests().iter().map(|request| text(&request.alerts[0], "/startsAt").to_owned()).collect();
    assert!(starts.iter().all(|start| *start == starts[0]), "{starts:?}");
}

#[test]
fn what_the_server_cannot_read_is_not_tried_again() {
    let server = Server::start([Act::Status(400)]);
    let hook = builder(&server).start().expect("the hook starts");
    let source = Source::new(&hook);
    source.set(true);
    assert!(hook.flush(PATIENCE));
    assert_eq!((hook.stats().rejected, hook.stats().last_error), (1, Some(PostError::Status(400))));
    source.set(false);
    assert!(hook.flush(PATIENCE));
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn credentials_are_sent() {
    let server = Server::start([]);
    let url = server.url().replace("://", "://user:secret@");
    let hook = AlertmanagerHook::new(&url).expect("the hook starts");
    Source::new(&hook).set(true);
    assert!(hook.flush(PATIENCE));
    // `user:secret` in base 64: RFC 7617.
    let head = &server.requests()[0].head;
    assert!(head.contains("Basic dXNlcjpzZWNyZXQ="), "{head}");
}

#[test]
fn a_guard_stands_around_each_post_and_may_refuse_or_panic() {
    let server = Server::start([]);
    let calls = AtomicU64::new(0);
    let guard = move |post: &mut dyn FnMut() -> Result<(), PostError>| match calls.fetch_add(1, Relaxed) {
        0 => Err(PostError::Refused),
        1 => Ok(()),
        2 => panic!("the guard panics"),
        _ => post(),
    };
    let hook = builder(&server).guard(guard).start().expect("the hook starts");
    Source::new(&hook).set(true);
    assert!(hook.flush(PATIENCE));
    let stats = hook.stats();
    assert_eq!((stats.refused, stats.failed, stats.delivered), (2, 1, 1));
    assert_eq!((server.requests().len(), server.firing()), (1, vec!["High".to_owned()]));
}

#[test]
fn at_the_end_what_fires_is_resolved() {
    let server = Server::start([Act::Ok, Act::Status(503)]);
    let hook = builder(&server).start().expect("the hook starts");
    let source = Source::new(&hook);
    source.set(true);
    assert!(hook.flush(PATIENCE));
    assert_eq!(server.firing(), ["High"]);
    assert!(hook.shutdown(PATIENCE), "tried again within the deadline");
    assert!(server.firing().is_empty());
    source.set(false);
    assert_eq!((hook.stats().dropped, server.requests().len()), (1, 3));
}

#[test]
fn an_end_during_a_post_that_hangs_does_not_wait_for_it() {
    let server = Server::start([Act::Held]);
    let hook = builder(&server).start().expect("the hook starts");
    let source = Source::new(&hook);
    source.set(true);
    server.wait_until_held();
    assert!(!hook.shutdown(Duration::from_millis(20)));
    server.let_go();
}

#[test]
fn another_address_hears_of_what_fires_and_of_what_waited() {
    let (old, new) = (Server::start([]), Server::start([]));
    let hook = builder(&old).start().expect("the hook starts");
    let source = Source::new(&hook);
    source.set(true);
    assert!(hook.flush(PATIENCE));
    assert_eq!(old.firing(), ["High"]);
    let error = hook.set_url("am:9093").expect_err("not http");
    assert_eq!(error.field(), "url");
    hook.set_url(&new.url().replace("://", "://user:secret@")).expect("an address");
    assert!(hook.flush(PATIENCE));
    assert_eq!((new.firing(), old.requests().len()), (vec!["High".to_owned()], 1));
    assert!(!format!("{hook:?}").contains("secret"));
    source.set(false);
    assert!(hook.flush(PATIENCE));
    assert_eq!((new.firing().len(), new.requests().len(), old.requests().len()), (0, 2, 1));
}

#[test]
fn what_an_old_address_did_not_take_goes_to_the_new_one_without_a_pause() {
    let new = Server::start([]);
    // Nobody listens on this port, and the next attempt would be far away.
    let hook = AlertmanagerHook::builder("http://127.0.0.1:1").first_retry(Duration::from_secs(30));
    let hook = hook.start().expect("the hook starts");
    let source = Source::new(&hook);
    source.set(true);
    eventually("a failure", || hook.stats().failed == 1);
    hook.set_url(&new.url()).expect("an address");
    eventually("it arrives", || new.firing() == ["High"]);
}

#[test]
fn a_post_to_an_old_address_that_is_under_way_counts_for_nothing_at_the_new_one() {
    let (old, new) = (Server::start([Act::Held]), Server::start([]));
    let hook = builder(&old).start().expect("the hook starts");
    let source = Source::new(&hook);
    source.set(true);
    old.wait_until_held();
    hook.set_url(&new.url()).expect("an address");
    assert_eq!(hook.stats().waiting, 1);
    old.let_go();
    assert!(hook.flush(PATIENCE));
    assert_eq!((old.firing(), new.firing()), (vec!["High".to_owned()], vec!["High".to_owned()]));
}

#[test]
fn a_hook_that_is_dropped_resolves_too() {
    let server = Server::start([]);
    let hook = builder(&server).start().expect("the hook starts");
    let source = Source::new(&hook);
    source.set(true);
    drop((hook, source));
    eventually("the end of the alert", || server.requests().iter().any(|request| !request.is_firing()));
}
