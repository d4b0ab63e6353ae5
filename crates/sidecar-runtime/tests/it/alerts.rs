//! Rules are evaluated while a sidecar runs, and posts to an Alertmanager pass a breaker.

use crate::reloading::{File, reload};
use crate::support::{becomes, everything, started};
use sidecar_harness::{PATIENCE, eventually};
use sidecar_runtime::breaker::State;
use sidecar_runtime::config::AlertConfig;
use sidecar_runtime::health::Status;
use sidecar_runtime::metrics::{Alert, AlertRule, AlertState, Reading};
use sidecar_runtime::{Reload, Sidecar};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

fn firing() -> AlertRule {
    AlertRule::from_fn("High", || vec![Reading::new(&[], 6.0)]).above(5.0)
}

#[test]
fn rules_are_evaluated_without_anybody_asking() {
    let sidecar = started();
    let heard = Arc::new(AtomicUsize::new(0));
    let hearing = Arc::clone(&heard);
    let hook = move |alert: &Alert| {
        assert_eq!(alert.state(), AlertState::Firing);
        hearing.fetch_add(1, Relaxed);
    };
    sidecar.metrics().alert(firing().notify(hook)).expect("the rule is valid");
    eventually("the notification", || heard.load(Relaxed) == 1);
    assert_eq!(sidecar.get_metrics().value("sidecar_alerts_firing", &[]), Some(1.0));
}

#[test]
fn an_alertmanager_that_is_not_there_opens_its_breaker() {
    let sidecar = started();
    // Nobody listens on this port.
    let hook = sidecar.alertmanager("http://127.0.0.1:1").expect("the breaker is new");
    let hook = hook.first_retry(Duration::from_millis(1)).start().expect("the hook starts");
    sidecar.metrics().alert(firing().notify(hook.clone())).expect("the rule is valid");
    eventually("a post that is refused", || hook.stats().refused > 0);
    assert_eq!(hook.stats().failed, 5, "the configured threshold");
    assert_eq!(sidecar.breakers().get("alertmanager").map(|breaker| breaker.state()), Some(State::Open));
    becomes(&sidecar, "breaker:alertmanager", Status::Degraded);
    assert!(sidecar.metrics().flush_alerts(PATIENCE), "nobody waits for it");
}

fn configured() -> AlertConfig {
    let mut alert = AlertConfig::default();
    (alert.name, alert.metric) = ("NoHeartbeats".to_owned(), "heartbeats_total".to_owned());
    // There is no such metric, so it fires.
    alert.absent_after = Some(Duration::from_millis(1));
    alert.labels.insert("severity".to_owned(), "page".to_owned());
    alert
}

#[test]
fn configured_rules_are_watched_and_posted_where_the_configuration_says() {
    let mut config = everything();
    config.runtime.sidecar.alerts = vec![configured()];
    // Nobody listens on this port, and the breaker tells of it.
    config.runtime.sidecar.alertmanager.url = Some("http://127.0.0.1:1".to_owned());
    config.observability.circuit_breaker.failure_threshold = 1;
    let sidecar = Sidecar::builder().config(config).start().expect("the settings are valid");
    let open = || sidecar.breakers().state_of("alertmanager") == Some(State::Open);
    eventually("a failed post", open);
    let alerts = sidecar.metrics().alerts();
    let firing: Vec<&Alert> = alerts.firing().collect();
    assert_eq!(firing.iter().map(|alert| alert.name()).collect::<Vec<_>>(), ["NoHeartbeats"]);
    assert_eq!(firing[0].label("severity"), Some("page"));
    let report = sidecar.stop(Duration::from_millis(100));
    assert_eq!(report.waiting, 0, "an Alertmanager that is not there holds up nothing");
}

/// As [`configured`], and where to.
fn posting(url: Option<&str>) -> String {
    let url = url.map_or_else(String::new, |url| format!(", alertmanager: {{ url: '{url}' }}"));
    let rule = "{ name: NoHeartbeats, metric: heartbeats_total, absent_after: 0.001 }";
    format!("runtime: {{ sidecar: {{ alerts: [{rule}]{url} }} }}\n")
}

/// An Alertmanager that takes everything: what it was posted, one after the other.
fn alertmanager() -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback is there");
    let url = format!("http://{}", listener.local_addr().expect("it is bound"));
    let (posts, posted) = channel();
    // Until nobody wants to know any more.
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.expect("a client"));
            let (mut head, mut length) = (String::new(), 0);
            while stream.read_line(&mut head).is_ok_and(|read| read > 2) {}
            for line in head.lines() {
                if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().expect("a length");
                }
            }
            let mut body = vec![0; length];
            if stream.read_exact(&mut body).is_err() {
                continue;
            }
            let answer = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
            let _ = stream.get_mut().write_all(answer.as_bytes());
            if posts.send(String::from_utf8(body).expect("JSON is text")).is_err() {
                return;
            }
        }
    });
    (url, posted)
}

#[track_caller]
fn hears(posted: &Receiver<String>, what: &str) {
    let heard = posted.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("{what}"));
    assert!(heard.contains("NoHeartbeats"), "{heard}");
}

#[test]
fn the_address_follows_the_configuration_and_nothing_is_lost_on_the_way() {
    let file = File::new(&posting(Some("http://127.0.0.1:1")));
    let sidecar = file.start();
    let open = || sidecar.breakers().state_of("alertmanager") == Some(State::Open);
    eventually("nobody listens there", open);
    let firing = || sidecar.metrics().alerts().firing().map(|alert| alert.since()).collect::<Vec<_>>();
    let since = firing();
    assert_eq!(since.len(), 1);
    let (first, second) = (alertmanager(), alertmanager());
    for (url, posted) in [&first, &second] {
        file.write(&posting(Some(url)));
        assert_eq!(reload(&sidecar), Reload::Changed);
        hears(posted, "what fires is posted to the new address");
        assert_ne!(sidecar.breakers().state_of("alertmanager"), Some(State::Open));
    }
    assert!(first.1.try_recv().is_err(), "the old one hears no more");
    file.write(&posting(None));
    assert_eq!(reload(&sidecar), Reload::Changed);
    hears(&second.1, "without an address what fires is resolved at the last one");
    file.write(&posting(Some(&first.0)));
    assert_eq!(reload(&sidecar), Reload::Changed);
    hears(&first.1, "an address that is new hears of what fires already");
    assert_eq!(firing(), since, "it is the same alert all the time");
    let _ = sidecar.stop(PATIENCE);
    hears(&first.1, "at the end it is resolved");
}

#[test]
fn what_somebody_set_by_hand_stays_when_the_address_changes() {
    let file = File::new(&posting(Some("http://127.0.0.1:1")));
    let sidecar = file.start();
    sidecar.breakers().get("alertmanager").expect("it is posted").force_open();
    file.write(&posting(Some("http://127.0.0.1:2")));
    assert_eq!(reload(&sidecar), Reload::Changed);
    assert_eq!(sidecar.breakers().state_of("alertmanager"), Some(State::ForcedOpen));
}

#[test]
fn a_sidecar_that_has_stopped_posts_nothing_more() {
    let file = File::new(&posting(None));
    let sidecar = file.start();
    let handle = sidecar.handle();
    let _ = sidecar.stop(PATIENCE);
    file.write(&posting(Some("http://127.0.0.1:1")));
    assert_eq!(reload(&handle), Reload::Changed);
    assert_eq!(handle.breakers().state_of("alertmanager"), None);
}

#[test]
fn without_rules_nothing_is_started_for_them() {
    let mut config = everything();
    config.runtime.sidecar.alertmanager.url = Some("http://127.0.0.1:1".to_owned());
    let sidecar = Sidecar::builder().config(config).start().expect("the settings are valid");
    assert_eq!(sidecar.breakers().state_of("alertmanager"), None);
    assert!(!sidecar.get_metrics().contains_key("sidecar_alerts_firing"));
}
