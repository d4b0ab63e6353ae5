//! `POST /events`.

use crate::http::{gzip, post};
use crate::program::{Outcome as _, Serving as _, run};
use serde_json::{Value, json};
use sidecar_harness::http::{Reply, ask};
use sidecar_harness::process::Program;
use std::net::SocketAddr;

const EVENT: &str = r#"{"event_type":"x","data":{"n":1}}"#;

fn serving(variables: &[(&str, &str)]) -> (Program, SocketAddr) {
    let launch = run(["--listen", "127.0.0.1:0"]);
    let launch = variables.iter().fold(launch, |launch, (name, value)| launch.env(name, value));
    let mut program = launch.start();
    let address = program.address();
    (program, address)
}

#[track_caller]
fn receipt(reply: &Reply) -> Value {
    assert_eq!(reply.status, 202, "{reply:?}");
    reply.json()
}

fn ended(program: Program) -> crate::program::Summary {
    program.signal("TERM");
    let ended = program.end();
    assert_eq!(ended.code, Some(0));
    ended.summary()
}

#[test]
fn every_accepted_event_is_in_the_receipt_and_in_the_ledger() {
    let (program, address) = serving(&[]);
    let none = json!({"count": 0, "lines": []});
    let expected =
        |accepted: u64| json!({"accepted": accepted, "sampled_out": 0, "dropped": {}, "malformed": none});
    let lines = format!("{EVENT}\n{EVENT}\r\n\n{EVENT}");
    assert_eq!(receipt(&post(address, &[], lines.as_bytes())), expected(3));
    let packed = post(address, &["Content-Encoding: gzip"], &gzip(lines.as_bytes()));
    assert_eq!(receipt(&packed), expected(3));
    let pretty = "{\n  \"event_type\": \"test_end\",\n  \"data\": {\"status\": \"failed\"}\n}\n";
    let json_type = ["Content-Type: application/json; charset=utf-8"];
    assert_eq!(receipt(&ask(address, "POST /events", &json_type, pretty.as_bytes())), expected(1));
    assert_eq!(receipt(&post(address, &["Content-Length: 0"], b"")), expected(0));
    let summary = ended(program);
    summary.assert_all_processed(7);
    assert_eq!((summary.lines(), summary.tests()), ([0, 0, 0], [0, 1, 0]), "lines are those of the input");
}

#[test]
fn malformed_lines_are_numbered_and_the_others_taken() {
    let (program, address) = serving(&[]);
    let deep = r#"{"a":"#.repeat(10_000);
    let body = format!("{EVENT}\n\nnonsense\n[1]\n{{\"data\":{{}}}}\n{deep}\n{EVENT}\n");
    let receipt = receipt(&post(address, &[], body.as_bytes()));
    assert_eq!((&receipt["accepted"], &receipt["malformed"]["count"]), (&2.into(), &4.into()));
    let lines = receipt["malformed"]["lines"].as_array().expect("a list");
    let numbers: Vec<u64> = lines.iter().flat_map(|line| line["line"].as_u64()).collect();
    assert_eq!(numbers, [3, 4, 5, 6]);
    assert_eq!(lines[3]["reason"], "nested deeper than 128 levels");
    ended(program).assert_all_processed(2);
}

#[test]
fn a_hundred_thousand_malformed_lines_are_counted_and_a_hundred_listed() {
    let (_program, address) = serving(&[]);
    let receipt = receipt(&post(address, &[], "x\n".repeat(100_000).as_bytes()));
    assert_eq!(receipt["malformed"]["count"], 100_000);
    assert_eq!(receipt["malformed"]["lines"].as_array().map(Vec::len), Some(100));
}

#[test]
fn what_finds_no_room_or_no_sample_is_in_the_receipt_and_in_the_ledger() {
    let sampled = [("SIDECAR_MAX_QUEUE_SIZE", "10"), ("SIDECAR_SAMPLE_EVENTS", "0.5")];
    let (program, address) = serving(&sampled);
    let receipt = receipt(&post(address, &[], format!("{EVENT}\n").repeat(10_000).as_bytes()));
    let count = |value: &Value| value.as_u64().expect("a count");
    let refused: u64 = receipt["dropped"].as_object().expect("an object").values().map(count).sum();
    let (accepted, sampled_out) = (count(&receipt["accepted"]), count(&receipt["sampled_out"]));
    assert_eq!(accepted + sampled_out + refused, 10_000);
    let ledger = ended(program).ledger();
    assert_eq!((ledger.received, ledger.sampled_out), (10_000, sampled_out));
    // What was accepted may still have made room for what came after it.
    let evicted = ledger.dropped["evicted"];
    assert_eq!((ledger.processed + evicted, ledger.dropped()), (accepted, refused + evicted));
}

#[test]
fn other_bodies_are_refused() {
    let (program, address) = serving(&[]);
    let of_type = |content_type: &str, body: &[u8]| {
        ask(address, "POST /events", &[&format!("Content-Type: {content_type}")], body).status
    };
    assert_eq!(of_type("text/plain", EVENT.as_bytes()), 415);
    assert_eq!(ask(address, "POST /events", &[], EVENT.as_bytes()).status, 415);
    assert_eq!(post(address, &["Content-Encoding: br"], b"x").status, 415);
    assert_eq!(post(address, &["Content-Encoding: gzip"], b"not gzip").status, 400);
    assert_eq!(post(address, &[], &[b' '; (1 << 20) + 1]).status, 413);
    let bomb = gzip(&vec![b' '; 4 << 20]);
    assert!(bomb.len() < 1 << 20);
    assert_eq!(post(address, &["Content-Encoding: gzip"], &bomb).status, 413);
    let full = format!("{}{EVENT}", " ".repeat((1 << 20) - EVENT.len()));
    assert_eq!(receipt(&post(address, &[], full.as_bytes()))["accepted"], 1, "a mebibyte passes");
    ended(program).assert_all_processed(1);
}
