//! The JSON stream of libtest and nextest: one object a line, `{"type": "test", "event": "ok", ...}`.

use super::malformed::Malformed;
use super::object::Object;
use sidecar_runtime::observer::{Event, Value};

/// Captured output kept with a failure, in bytes from its end.
const MAX_OUTPUT_BYTES: usize = 4 << 10;

/// What a line of the stream says.
#[derive(Debug)]
pub(crate) struct Said {
    /// A test or a suite has begun or ended.
    pub(crate) event: Event,
    /// What there is to tell about a failed test.
    pub(crate) failure: Option<Box<Event>>,
}

/// Reads one object of the stream. `None` for what no event comes of: benchmarks, reports, and whatever runners
/// may yet invent.
pub(crate) fn read(object: &Object) -> Result<Option<Said>, Malformed> {
    let kind = object.text("type").ok_or(Malformed::Field { name: "type", expected: "text" })?;
    let word = object.text("event").unwrap_or_default();
    let event = match (kind, word) {
        ("suite", "started") => copy(Event::new("suite_start"), object, &["test_count"]),
        ("suite", "ok" | "failed") => {
            let status = if word == "ok" { "passed" } else { "failed" };
            let end = Event::new("suite_end").with("status", status);
            timed(copy(end, object, &["passed", "failed", "ignored", "measured", "filtered_out"]), object)
        }
        ("test", "started") => Event::new("test_start").with("test_id", name(object)?),
        ("test", "ok") => end(object, "passed")?,
        ("test", "ignored") => end(object, "skipped")?,
        ("test", "failed") => {
            let failure = Some(Box::new(failure(object)?));
            return Ok(Some(Said { event: end(object, "failed")?, failure }));
        }
        _ => return Ok(None),
    };
    Ok(Some(Said { event, failure: None }))
}

fn end(object: &Object, status: &'static str) -> Result<Event, Malformed> {
    let end = Event::new("test_end").with("test_id", name(object)?).with("status", status);
    Ok(timed(end, object))
}

fn failure(object: &Object) -> Result<Event, Malformed> {
    let failure = Event::new("test_failure").with("test_id", name(object)?);
    let failure = copy(failure, object, &["message", "reason"]);
    let output = object.text("stdout").unwrap_or_default();
    Ok(timed(failure, object).with("output", last(output, MAX_OUTPUT_BYTES)))
}

fn name(object: &Object) -> Result<&str, Malformed> {
    object.text("name").ok_or(Malformed::Field { name: "name", expected: "text" })
}

fn copy(event: Event, object: &Object, keys: &[&'static str]) -> Event {
    keys.iter().fold(event, |event, key| match object.get(key) {
        Some(value) => event.with(*key, value.clone()),
        None => event,
    })
}

/// Adds the duration, which runners give in seconds, where it is given.
fn timed(event: Event, object: &Object) -> Event {
    let millis = object.get("exec_time").and_then(Value::as_f64).map(|seconds| seconds * 1_000.0);
    match millis.filter(|millis| millis.is_finite() && *millis >= 0.0) {
        Some(millis) => event.with("duration_ms", millis),
        None => event,
    }
}

/// The last `limit` bytes of `text`, from a character on.
fn last(text: &str, limit: usize) -> &str {
    &text[text.ceil_char_boundary(text.len().saturating_sub(limit))..]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(line: &str) -> Object {
        Object::parse(line.as_bytes()).expect("an object")
    }

    fn said(line: &str) -> (Event, Option<Box<Event>>) {
        let said = read(&object(line)).expect("well-formed").expect("not ignored");
        (said.event, said.failure)
    }

    fn string<'a>(event: &'a Event, key: &str) -> Option<&'a str> {
        event.get(key).and_then(Value::as_str)
    }

    fn number(event: &Event, key: &str) -> Option<f64> {
        event.get(key).and_then(Value::as_f64)
    }

    #[test]
    fn every_verdict_becomes_one_test_end() {
        for (word, status) in [("ok", "passed"), ("failed", "failed"), ("ignored", "skipped")] {
            let line = format!(r#"{{"type":"test","event":"{word}","name":"a$b","exec_time":0.5}}"#);
            let (end, failure) = said(&line);
            assert_eq!((end.event_type(), end.test()), ("test_end", Some("a$b")));
            assert_eq!(string(&end, "status"), Some(status));
            assert_eq!(number(&end, "duration_ms"), Some(500.0));
            assert_eq!(failure.is_some(), word == "failed");
        }
    }

    #[test]
    fn a_failure_carries_the_end_of_its_output() {
        let output = format!("{}é{}", "x".repeat(100), "y".repeat(4_095));
        let line = serde_json::json!({"type": "test", "event": "failed", "name": "t", "stdout": output});
        let (_, failure) = said(&line.to_string());
        let failure = failure.expect("a failure");
        assert_eq!((failure.event_type(), failure.test()), ("test_failure", Some("t")));
        let kept = string(&failure, "output").expect("output");
        assert_eq!(kept, "y".repeat(4_095), "the é would be cut in half");
        assert!(failure.get("duration_ms").is_none(), "no time was given");
    }

    #[test]
    fn a_duration_that_is_none_is_left_out() {
        for time in ["-1", "1e308", "\"0.1\"", "null"] {
            let (end, _) = said(&format!(r#"{{"type":"test","event":"ok","name":"t","exec_time":{time}}}"#));
            assert!(end.get("duration_ms").is_none(), "{time}");
        }
    }

    #[test]
    fn suites_begin_and_end() {
        let (start, _) = said(r#"{"type":"suite","event":"started","test_count":2}"#);
        assert_eq!((start.event_type(), start.get("test_count")), ("suite_start", Some(&Value::U64(2))));
        let (end, _) = said(r#"{"type":"suite","event":"failed","passed":1,"failed":1,"exec_time":0.01}"#);
        assert_eq!((end.event_type(), string(&end, "status")), ("suite_end", Some("failed")));
        assert_eq!(number(&end, "duration_ms"), Some(10.0));
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
            assert!(matches!(read(&object(line)), Ok(None)), "{line}");
        }
    }

    #[test]
    fn a_verdict_without_a_name_and_an_object_without_a_type_are_malformed() {
        for (line, field) in [(r#"{"type":"test","event":"ok"}"#, "name"), (r#"{"a":1}"#, "type")] {
            let error = read(&object(line)).expect_err("malformed");
            assert!(matches!(error, Malformed::Field { name, .. } if name == field), "{line}: {error}");
        }
    }
}
