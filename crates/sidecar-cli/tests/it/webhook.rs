//! Failures posted elsewhere, and what a bad other end does to the run: nothing.

use crate::hook::{ABSENT, Hook, Manner};
use crate::program::{Outcome as _, RECORDING, Serving as _, run};
use serde_json::Value;
use sidecar_harness::eventually_some;
use sidecar_harness::http::{get, try_ask};
use sidecar_harness::process::{Ended, Program};
use std::io::Write;
use std::net::SocketAddr;
use std::process::Stdio;
use std::time::{Duration, Instant};

fn failures(count: usize) -> String {
    (0..count)
        .map(|n| format!("{{\"event_type\":\"test_failure\",\"data\":{{\"n\":{n}}},\"test_id\":\"t{n}\"}}\n"))
        .collect()
}

fn breaker(address: SocketAddr) -> Value {
    get(address, "/circuit-breakers").json()["webhook"].clone()
}

/// Feeds `count` failures to a program that lingers, and waits until the breaker says `done`.
fn lingering(url: &str, count: usize, done: impl Fn(&Value) -> bool) -> (Program, SocketAddr, Value) {
    let words = ["-", "--webhook", url, "--listen", "127.0.0.1:0", "--linger", "86400"];
    let mut program = run(words).stdin(Stdio::piped()).start();
    let address = program.address();
    assert_eq!(breaker(address)["state"], "CLOSED", "it is there before the first line");
    program.stdin().write_all(failures(count).as_bytes()).expect("it reads");
    let found = eventually_some("the breaker", || Some(breaker(address)).filter(&done));
    (program, address, found)
}

fn ended(program: Program, count: u64) -> Ended {
    program.signal("TERM");
    let ended = program.end();
    assert_eq!(ended.code, Some(0));
    ended.summary().assert_all_processed(count);
    ended
}

#[test]
fn each_failure_arrives_as_the_events_own_json() {
    let hook = Hook::start(Manner::Answer(200));
    let ended = run([RECORDING, "--webhook", &hook.url]).end();
    let summary = ended.summary();
    assert_eq!((ended.code, summary.posts()), (Some(0), [4, 0, 0, 0]));
    summary.assert_all_processed(2_602);
    let requests = hook.requests();
    assert_eq!(requests.len(), 4);
    for request in requests {
        let head = request.head.to_ascii_lowercase();
        assert!(
            head.starts_with("post /hook http/1.1\r\n") && head.contains("content-type: application/json")
        );
        let event: Value = serde_json::from_slice(&request.body).expect("JSON");
        assert_eq!((&event["event_type"], &event["probability"]), (&"test_failure".into(), &1.0.into()));
        let test = event["test_id"].as_str().expect("an id");
        assert!(test.contains("$arithmetic::cbrt::test::"));
        assert_eq!(event["data"]["test_id"], test);
        assert!(event["timestamp"].as_str().is_some_and(|time| time.ends_with('Z')));
        let output = event["data"]["output"].as_str().expect("text");
        assert!(output.contains("panicked") && output.len() <= 4 << 10, "{output}");
    }
}

#[test]
fn more_failures_than_wait_at_a_time_all_arrive() {
    let hook = Hook::start(Manner::Answer(204));
    let text = "y".repeat(60_000);
    let input: String = (0..100)
        .map(|n| format!("{{\"event_type\":\"test_failure\",\"data\":{{\"n\":{n},\"text\":\"{text}\"}}}}\n"))
        .collect();
    let summary = run(["-", "--webhook", &hook.url]).fed(input).summary();
    assert_eq!(summary.posts(), [100, 0, 0, 0]);
    summary.assert_all_processed(100);
    let numbers: Vec<u64> = hook
        .requests()
        .iter()
        .map(|request| serde_json::from_slice::<Value>(&request.body).expect("JSON")["data"]["n"].clone())
        .flat_map(|number| number.as_u64())
        .collect();
    assert_eq!(numbers, (0..100).collect::<Vec<_>>(), "in order");
}

#[test]
fn the_fifth_wrong_answer_opens_the_breaker() {
    let hook = Hook::start(Manner::Answer(500));
    let (program, address, breaker) = lingering(&hook.url, 8, |breaker| breaker["rejected"] == 3);
    assert_eq!(breaker["state"], "OPEN");
    assert_eq!(hook.requests().len(), 5);
    let metrics = get(address, "/metrics").body;
    for line in [
        r#"sidecar_breaker_state{breaker="webhook",state="OPEN"} 1"#,
        r#"sidecar_breaker_state{breaker="webhook",state="CLOSED"} 0"#,
        r#"sidecar_breaker_calls_total{breaker="webhook",result="failure"} 5"#,
        r#"sidecar_breaker_calls_total{breaker="webhook",result="rejected"} 3"#,
    ] {
        assert!(metrics.lines().any(|found| found == line), "{line} is not in {metrics}");
    }
    eventually_some("the component", || {
        let health = get(address, "/health");
        (health.json()["components"]["breaker:webhook"]["status"] == "degraded").then_some(health)
    });
    let ended = ended(program, 8);
    assert_eq!(ended.summary().posts(), [0, 5, 3, 0]);
    let told: Vec<&str> = ended.stderr.lines().filter(|line| line.contains("webhook")).collect();
    assert_eq!(told, ["sidecar: the webhook failed for the first time: http status: 500"]);
}

#[test]
fn a_redirect_is_not_followed_and_counts_as_a_failure() {
    let hook = Hook::start(Manner::Answer(302));
    let summary = run(["-", "--webhook", &hook.url]).fed(failures(1)).summary();
    assert_eq!((summary.posts(), hook.requests().len()), ([0, 1, 0, 0], 1));
}

#[test]
fn an_absent_webhook_costs_the_posts_and_nothing_else() {
    let (program, _, breaker) = lingering(ABSENT, 7, |breaker| breaker["rejected"] == 2);
    assert_eq!(breaker["state"], "OPEN");
    assert_eq!(ended(program, 7).summary().posts(), [0, 5, 2, 0]);
}

#[test]
fn a_silent_webhook_is_given_up_after_its_timeout() {
    let hook = Hook::start(Manner::Silent);
    let words = ["-", "--webhook", &hook.url, "--webhook-timeout", "0.1"];
    let ended = run(words).fed(failures(20));
    let summary = ended.summary();
    summary.assert_all_processed(20);
    assert_eq!((ended.code, summary.posts()), (Some(0), [0, 5, 15, 0]));
    // On a slow machine a call may be given up before the other side has read it.
    assert!((1..=5).contains(&hook.requests().len()), "{:?}", hook.requests().len());
}

/// The events pass meanwhile, and a signal waits no longer than it says.
#[test]
fn a_silent_webhook_holds_up_neither_the_events_nor_the_end() {
    let hook = Hook::start(Manner::Silent);
    let words = ["-", "--webhook", &hook.url, "--webhook-timeout", "60", "--listen", "127.0.0.1:0"];
    let mut program = run(words).stdin(Stdio::piped()).start();
    let address = program.address();
    let mut stdin = program.stdin();
    stdin.write_all(failures(1_000).as_bytes()).expect("it reads");
    eventually_some("all events", || {
        let stats = get(address, "/events/stats").json();
        (stats["events_processed"] == 1_000 && stats["queue_size"] == 0).then_some(())
    });
    assert_eq!(hook.requests().len(), 1, "the first is still under way");
    drop(stdin);
    let start = Instant::now();
    program.signal("TERM");
    let ended = program.end();
    assert!(start.elapsed() < Duration::from_secs(40), "{:?}", start.elapsed());
    ended.summary().assert_all_processed(1_000);
    assert_eq!((ended.code, ended.summary().posts()), (Some(0), [0, 0, 0, 1_000]));
}

#[test]
fn a_second_signal_ends_a_run_that_is_ending() {
    let hook = Hook::start(Manner::Silent);
    let words = ["-", "--webhook", &hook.url, "--webhook-timeout", "60", "--listen", "127.0.0.1:0"];
    let mut program = run(words).stdin(Stdio::piped()).start();
    let address = program.address();
    let mut stdin = program.stdin();
    stdin.write_all(failures(1).as_bytes()).expect("it reads");
    eventually_some("a post", || (hook.requests().len() == 1).then_some(()));
    program.signal("INT");
    // The endpoints close once the first signal has been taken up.
    eventually_some("the end to begin", || try_ask(address, "GET /live", &[], b"").is_err().then_some(()));
    program.signal("INT");
    let ended = program.end();
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(130), ""), "no summary any more");
}
