//! What checks say is for those who have the token.

use crate::support::{becomes, builder};
use sidecar_harness::http::{Reply, ask};
use sidecar_runtime::Sidecar;
use sidecar_runtime::health::{CheckOutcome, Component, Status};

const SECRET: &str = "password hunter2 was refused";

/// A sidecar with a component that fails and one that is limited, both with a text and a number.
fn telling(token: Option<&str>) -> Sidecar {
    let sidecar = builder()
        .http("127.0.0.1:0")
        .http_settings(|http| token.into_iter().fold(http, |http, token| http.token(token)));
    let sidecar = sidecar.start().expect("valid settings");
    let failing = || CheckOutcome::unhealthy(SECRET).with_number("attempts", 3.0);
    let limited = || CheckOutcome::degraded(SECRET).with_number("attempts", 3.0);
    sidecar.health().register(Component::new("failing", failing).failure_threshold(1)).expect("a new name");
    sidecar.health().register(Component::new("limited", limited)).expect("a new name");
    becomes(&sidecar, "failing", Status::Unhealthy);
    becomes(&sidecar, "limited", Status::Degraded);
    sidecar
}

fn health(sidecar: &Sidecar, headers: &[&str]) -> Reply {
    ask(sidecar.local_addr().expect("it serves"), "GET /health", headers, "")
}

#[track_caller]
fn assert_redacted(reply: &Reply) {
    assert_eq!(reply.status, 200);
    assert!(!reply.body.contains("hunter2") && !reply.body.contains("attempts"), "{}", reply.body);
    let components = &reply.json()["components"];
    for (name, cause, sentence) in
        [("failing", "error", "the check failed"), ("limited", "degraded", "the check reports limits")]
    {
        assert_eq!(components[name]["cause"], cause);
        assert_eq!(components[name]["message"], sentence);
    }
}

#[test]
fn without_the_token_only_fixed_sentences_are_shown() {
    let sidecar = telling(Some("secret-token"));
    for headers in [&[][..], &["Authorization: Bearer wrong"], &["Authorization: Basic secret-token"]] {
        assert_redacted(&health(&sidecar, headers));
    }
}

#[test]
fn with_the_token_the_checks_own_texts_and_numbers_are_shown() {
    let sidecar = telling(Some("secret-token"));
    let reply = health(&sidecar, &["Authorization: Bearer secret-token"]);
    let components = &reply.json()["components"];
    for name in ["failing", "limited"] {
        assert_eq!(components[name]["message"], SECRET);
        assert_eq!(components[name]["numbers"]["attempts"], 3.0);
    }
}

#[test]
fn where_there_is_no_token_nobody_has_it() {
    let sidecar = telling(None);
    assert_redacted(&health(&sidecar, &[]));
    assert_redacted(&health(&sidecar, &["Authorization: Bearer "]));
}

#[test]
fn in_process_the_texts_are_always_there() {
    let report = telling(Some("secret-token")).health_report();
    assert_eq!(report.component("failing").and_then(|found| found.message()), Some(SECRET));
}
