//! The JSON stream of test runners.

use crate::program::libtest::{self, Said};
use crate::program::lines::{Line, Lines};
use crate::program::object::Object;
use sidecar_runtime::observer::{Event, Value};

/// Longest output that a failure keeps, in bytes.
const MAX_OUTPUT_BYTES: usize = 4 << 10;

pub(super) fn run(bytes: &[u8]) {
    let mut lines = Lines::new(bytes);
    let mut expected = 0;
    while let Some((number, line)) = lines.next().expect("reading from memory does not fail") {
        expected += 1;
        assert_eq!(number, expected);
        let Line::Whole(line) = line else { continue };
        let read = Object::parse(line).and_then(|object| libtest::read(&object));
        match read {
            Ok(Some(Said { event, failure })) => check(&event, failure.as_deref()),
            Ok(None) => {}
            Err(malformed) => assert!(!malformed.to_string().is_empty()),
        }
    }
}

fn check(event: &Event, failure: Option<&Event>) {
    let kind = event.event_type();
    assert!(["suite_start", "suite_end", "test_start", "test_end"].contains(&kind), "{kind}");
    let has_failed = kind == "test_end" && text(event, "status") == Some("failed");
    assert_eq!(failure.is_some(), has_failed);
    for event in [event].into_iter().chain(failure) {
        assert!(!event.event_type().starts_with("test") || event.test().is_some(), "{event:?}");
        let took = event.get("duration_ms").map(|value| value.as_f64().expect("a duration is a number"));
        assert!(took.is_none_or(|millis| millis.is_finite() && millis >= 0.0), "{took:?}");
    }
    if let Some(failure) = failure {
        assert_eq!((failure.event_type(), failure.test()), ("test_failure", event.test()));
        assert!(text(failure, "output").is_some_and(|output| output.len() <= MAX_OUTPUT_BYTES));
    }
}

fn text<'a>(event: &'a Event, key: &str) -> Option<&'a str> {
    event.get(key).and_then(Value::as_str)
}
