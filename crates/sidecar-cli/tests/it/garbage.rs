//! Input that is not what it should be.

use crate::program::{Outcome as _, run};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use tempfile::TempDir;

const LINES: u64 = 20_000;

/// One line in a hundred is garbage; every kind comes in turn.
fn garbage(turn: u64) -> (&'static str, Vec<u8>) {
    match turn % 8 {
        0 => ("not_utf8", b"\x00\xff\xfe\x80\x1b[2J binary".to_vec()),
        1 => ("not_json", br#"{"event_type":"test_end","data":{"st"#.to_vec()),
        2 => ("too_deep", br#"{"a":"#.repeat(10_000)),
        3 => ("not_an_object", b"[1, 2, 3]".to_vec()),
        4 => ("bad_field", br#"{"event_type":"x","timestamp":"yesterday"}"#.to_vec()),
        5 => ("bad_field", br#"{"data":{}}"#.to_vec()),
        6 => ("ignored", b"   ".to_vec()),
        _ => ("not_json", b"\x00\x01\x02\x03".to_vec()),
    }
}

#[test]
fn one_bad_line_in_a_hundred_costs_exactly_itself() {
    let dir = TempDir::new().expect("a directory");
    let path = dir.path().join("mixed.ndjson");
    let mut file = BufWriter::new(File::create(&path).expect("created"));
    let (mut expected, mut ignored) = (BTreeMap::<&str, u64>::from([("too_long", 1)]), 0);
    for number in 1..=LINES {
        let (line, end) = match number {
            10_000 => (vec![b'x'; 10 << 20], "\n"),
            _ if number % 100 == 0 => {
                let (kind, line) = garbage(number / 100);
                match kind {
                    "ignored" => ignored += 1,
                    kind => *expected.entry(kind).or_default() += 1,
                }
                (line, "\n")
            }
            _ => {
                let line = format!(r#"{{"event_type":"step","data":{{"n":{number}}}}}"#);
                (line.into_bytes(), if number % 3 == 0 { "\r\n" } else { "\n" })
            }
        };
        file.write_all(&line).and_then(|()| file.write_all(end.as_bytes())).expect("written");
    }
    drop(file.into_inner().expect("written"));

    let ended = run([path.to_str().expect("UTF-8")]).end();
    let (summary, malformed) = (ended.summary(), expected.values().sum::<u64>());
    assert_eq!(ended.code, Some(0));
    assert_eq!(malformed + ignored, 200);
    summary.assert_all_processed(LINES - malformed - ignored);
    assert_eq!(summary.lines(), [LINES, ignored, malformed]);
    let kinds = summary.json["input"]["malformed_by_kind"].as_object().expect("an object");
    let kinds: BTreeMap<&str, u64> =
        kinds.iter().map(|(kind, count)| (kind.as_str(), count.as_u64().expect("a count"))).collect();
    assert_eq!(kinds, expected);
    let peak = summary.json["process"]["peak_memory_mb"].as_f64().expect("a number");
    assert!(peak < 60.0, "{peak} MB at most, of which one line may take 16");

    let first = &summary.json["input"]["first_malformed"];
    assert_eq!(first.as_array().map(Vec::len), Some(10));
    assert_eq!(
        (&first[0]["line"], first[0]["reason"].as_str()),
        (&100.into(), Some("not JSON: EOF while parsing a string at byte 36"))
    );
    let told: Vec<&str> = ended.stderr.lines().collect();
    assert_eq!(told.len(), 10, "{told:?}");
    assert_eq!(told[1], "sidecar: line 200 skipped: nested deeper than 128 levels");
    assert!(!ended.stderr.contains(['\x1b', '\0']), "nothing of the lines themselves reaches a terminal");
}

#[test]
fn an_endless_line_is_passed_over_in_little_memory() {
    let mut program = run(["-"]).stdin(std::process::Stdio::piped()).start();
    let mut stdin = program.stdin();
    let chunk = vec![b'{'; 1 << 20];
    (0..100).for_each(|_| stdin.write_all(&chunk).expect("it reads"));
    stdin.write_all(b"\n{\"event_type\":\"x\"}").expect("it reads");
    drop(stdin);
    let summary = program.end().summary();
    summary.assert_all_processed(1);
    assert_eq!(summary.json["input"]["malformed_by_kind"]["too_long"], 1);
    let peak = summary.json["process"]["peak_memory_mb"].as_f64().expect("a number");
    assert!(peak < 60.0, "{peak} MB");
}

#[test]
fn an_event_of_eight_mebibytes_passes_and_one_byte_more_does_not() {
    let line = |length: usize| {
        let frame = r#"{"event_type":"x","data":{"text":""}}"#;
        format!("{}\n", frame.replace("\"\"", &format!("\"{}\"", "y".repeat(length - frame.len()))))
    };
    let ended = run(["-"]).fed(format!("{}{}", line(8 << 20), line((8 << 20) + 1)));
    let summary = ended.summary();
    summary.assert_all_processed(1);
    assert_eq!(
        (summary.lines(), &summary.json["input"]["first_malformed"][0]["line"]),
        ([2, 0, 1], &2.into())
    );
}

#[test]
fn many_names_and_of_any_length_leave_the_summary_small() {
    let mut input = String::new();
    for number in 0..300 {
        let name = format!("{number}{}", "\\u0001\\\"\\n".repeat(400));
        let data = format!(r#"{{"test_id":"{name}","status":"failed","duration_ms":{number}}}"#);
        input += &format!("{{\"event_type\":\"test_end\",\"data\":{data}}}\n{{\"event_type\":\"{name}\"}}\n");
    }
    let summary = run(["-"]).fed(input).summary();
    summary.assert_all_processed(600);
    assert_eq!(summary.tests(), [0, 300, 0]);
}

#[test]
fn strict_ends_at_the_first_malformed_line_and_keeps_what_came_before() {
    let event = "{\"event_type\":\"x\"}\n";
    let ended = run(["-", "--strict"]).fed(format!("{event}{event}\nhalf\n{event}"));
    let summary = ended.summary();
    assert_eq!(ended.code, Some(2));
    summary.assert_all_processed(2);
    assert_eq!((summary.lines(), &summary.json["ended_by"]), ([4, 1, 1], &"malformed line 4".into()));
    assert_eq!(ended.stderr, "sidecar: line 4: not JSON: expected value at byte 1; --strict ends here\n");
}
