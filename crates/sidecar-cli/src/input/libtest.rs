//! The JSON stream of libtest and nextest: one object a line, `{"type": "test", "event": "ok", ...}`.

use super::event_line::Object;
use super::malformed::Malformed;
use sidecar_runtime::observer::{Event, Value};

/// Captured output kept with a failure, in bytes from its end.
const MAX_OUTPUT_BYTES: usize = 4 << 10;

/// What a line of the stream says.
#[derive(Debug)]
pub(crate) enum Said {
    /// A test or a suite has begun, or a suite has ended.
    Event(Event),
    /// A test has its verdict.
    Verdict { verdict: Verdict, end: Event, failure: Option<Event> },
    /// A kind that no event comes of: benchmarks, reports, and what runners may yet invent.
    Ignored,
}

/// How a test ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Passed,
    Failed,
    Skipped,
}

impl Verdict {
    fn of(event: &str) -> Option<Self> {
        match event {
            "ok" => Some(Self::Passed),
            "failed" => Some(Self::Failed),
            "ignored" => Some(Self::Skipped),
            _ => None,
        }
    }

    fn status(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

/// Reads one object of the stream.
pub(crate) fn read(object: &Object) -> Result<Said, Malformed> {
    let kind = text(object, "type").ok_or(Malformed::Field { name: "type", expected: "text" })?;
    let event = text(object, "event").unwrap_or_default();
    match (kind, event) {
        ("suite", "started") => Ok(Said::Event(copy(Event::new("suite_start"), object, &["test_count"]))),
        ("suite", "ok" | "failed") => {
            let status = if event == "ok" { "passed" } else { "failed" };
            let end = Event::new("suite_end").with("status", status);
            let end = copy(end, object, &["passed", "failed", "ignored", "measured", "filtered_out"]);
            Ok(Said::Event(timed(end, object)))
        }
        ("test", "started") => Ok(Said::Event(Event::new("test_start").with("test_id", name(object)?))),
        ("test", event) => match Verdict::of(event) {
            Some(verdict) => self::verdict(object, verdict),
            None => Ok(Said::Ignored),
        },
        _ => Ok(Said::Ignored),
    }
}

fn verdict(object: &Object, verdict: Verdict) -> Result<Said, Malformed> {
    let name = name(object)?;
    let end = timed(Event::new("test_end").with("test_id", name).with("status", verdict.status()), object);
    let failure = (verdict == Verdict::Failed).then(|| {
        let event = Event::new("test_failure").with("test_id", name);
        let event = copy(event, object, &["message", "reason"]);
        let output = text(object, "stdout").unwrap_or_default();
        timed(event, object).with("output", last(output, MAX_OUTPUT_BYTES))
    });
    Ok(Said::Verdict { verdict, end, failure })
}

fn get<'a>(object: &'a Object, key: &str) -> Option<&'a Value> {
    object.iter().find(|(name, _)| name == key).map(|(_, value)| value)
}

fn text<'a>(object: &'a Object, key: &str) -> Option<&'a str> {
    get(object, key).and_then(Value::as_str)
}

fn name(object: &Object) -> Result<&str, Malformed> {
    text(object, "name").ok_or(Malformed::Field { name: "name", expected: "text" })
}

fn copy(event: Event, object: &Object, keys: &[&'static str]) -> Event {
    keys.iter().fold(event, |event, key| match get(object, key) {
        Some(value) => event.with(*key, value.clone()),
        None => event,
    })
}

/// Adds the duration, which runners give in seconds, where it is given.
fn timed(event: Event, object: &Object) -> Event {
    match get(object, "exec_time").and_then(Value::as_f64).filter(|seconds| *seconds >= 0.0) {
        Some(seconds) => event.with("duration_ms", seconds * 1_000.0),
        None => event,
    }
}

/// The last `limit` bytes of `text`, from a character on.
fn last(text: &str, limit: usize) -> &str {
    &text[text.ceil_char_boundary(text.len().saturating_sub(limit))..]
}

#[cfg(test)]
mod tests {
    use super::super::event_line::parse_object;
    use super::*;

    fn said(line: &str) -> Said {
        read(&parse_object(line.as_bytes()).expect("an object")).expect("well-formed")
    }

    fn string<'a>(event: &'a Event, key: &str) -> Option<&'a str> {
        event.get(key).and_then(Value::as_str)
    }

    #[test]
    fn every_verdict_becomes_one_test_end() {
        for (word, verdict, status) in [
            ("ok", Verdict::Passed, "passed"),
            ("failed", Verdict::Failed, "failed"),
            ("ignored", Verdict::Skipped, "skipped"),
        ] {
            let line = format!(r#"{{"type":"test","event":"{word}","name":"a$b","exec_time":0.5}}"#);
            let Said::Verdict { verdict: found, end, failure } = said(&line) else { panic!("a verdict") };
            assert_eq!((found, end.event_type(), end.test()), (verdict, "test_end", Some("a$b")));
            assert_eq!(string(&end, "status"), Some(status));
            assert_eq!(end.get("duration_ms").and_then(Value::as_f64), Some(500.0));
            assert_eq!(failure.is_some(), verdict == Verdict::Failed);
        }
    }

    #[test]
    fn a_failure_carries_the_end_of_its_output() {
        let output = format!("{}é{}", "x".repeat(100), "y".repeat(4_095));
        let line = serde_json::json!({"type": "test", "event": "failed", "name": "t", "stdout": output});
        let Said::Verdict { failure: Some(failure), .. } = said(&line.to_string()) else {
            panic!("a failure")
        };
        assert_eq!(failure.event_type(), "test_failure");
        assert_eq!(
            string(&failure, "output"),
            Some("y".repeat(4_095).as_str()),
            "the é would be cut in half"
        );
        assert!(failure.get("duration_ms").is_none(), "no time was given");
    }

    #[test]
    fn suites_begin_and_end() {
        let Said::Event(start) = said(r#"{"type":"suite","event":"started","test_count":2}"#) else {
            panic!("an event")
        };
        assert_eq!((start.event_type(), start.get("test_count")), ("suite_start", Some(&Value::U64(2))));
        let line = r#"{"type":"suite","event":"failed","passed":1,"failed":1,"exec_time":0.01}"#;
        let Said::Event(end) = said(line) else { panic!("an event") };
        assert_eq!((end.event_type(), string(&end, "status")), ("suite_end", Some("failed")));
        assert_eq!(end.get("duration_ms").and_then(Value::as_f64), Some(10.0));
    }

    #[test]
    fn other_kinds_are_ignored() {
        for line in [
            r#"{"type":"bench","name":"b","median":1}"#,
            r#"{"type":"report","total_time":1.5}"#,
            r#"{"type":"test","event":"timeout","name":"slow"}"#,
            r#"{"type":"suite","event":"discovery"}"#,
            r#"{"type":"suite"}"#,
        ] {
            assert!(matches!(said(line), Said::Ignored), "{line}");
        }
    }

    #[test]
    fn a_verdict_without_a_name_and_an_object_without_a_type_are_malformed() {
        for (line, field) in [(r#"{"type":"test","event":"ok"}"#, "name"), (r#"{"a":1}"#, "type")] {
            let error = read(&parse_object(line.as_bytes()).expect("an object")).expect_err("malformed");
            assert!(matches!(error, Malformed::Field { name, .. } if name == field), "{line}: {error}");
        }
    }
}
