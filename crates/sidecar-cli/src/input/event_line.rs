//! Event lines: `{"event_type": "...", "data": {...}, "timestamp"?, "execution_id"?, "test_id"?, "run_id"?}`.

use super::malformed::Malformed;
use super::object::Object;
use sidecar_core::timestamp;
use sidecar_runtime::observer::{Event, SmolStr, Value};
use std::collections::HashSet;
use std::time::SystemTime;

/// Makes an event of an event line's object. Keys that are none of the six above join the data, unless the
/// data has them already: flat lines work too.
pub(crate) fn event(object: Object) -> Result<Event, Malformed> {
    let (mut event_type, mut time, mut data, mut further) = (None, None, Vec::new(), Vec::new());
    let mut ids = [("execution_id", None), ("test_id", None), ("run_id", None)];
    for (key, value) in object.into_entries() {
        match (key.as_str(), value) {
            ("event_type", Value::Str(name)) => event_type = Some(name),
            ("event_type", _) => event_type = None,
            (_, Value::Null) => {}
            ("timestamp", value) => time = Some(read_time(&value)?),
            ("data", Value::Map(entries)) => data = entries.into_vec(),
            ("data", _) => return Err(Malformed::Field { name: "data", expected: "an object" }),
            (name, value) => match ids.iter_mut().find(|(id, _)| *id == name) {
                Some((name, slot)) => *slot = Some(text(name, value)?),
                None => further.push((key, value)),
            },
        }
    }
    let event_type = event_type.ok_or(Malformed::Field { name: "event_type", expected: "text" })?;
    join(&mut data, further);
    let [(_, execution_id), (_, test_id), (_, run_id)] = ids;
    let mut event = Event::new(event_type).with_data(data);
    if let Some(time) = time {
        event = event.at(time);
    }
    if let Some(id) = execution_id {
        event = event.execution_id(id);
    }
    if let Some(id) = test_id {
        event = event.test_id(id);
    }
    if let Some(id) = run_id {
        event = event.run_id(id);
    }
    Ok(event)
}

/// Entries up to which a plain search is quicker than a table.
const FEW_ENTRIES: usize = 16;

/// Adds the entries whose names are not there yet, in time that grows with the entries and not with their
/// product.
fn join(data: &mut Vec<(SmolStr, Value)>, mut further: Vec<(SmolStr, Value)>) {
    if data.len() <= FEW_ENTRIES || further.len() <= FEW_ENTRIES {
        further.retain(|(key, _)| data.iter().all(|(name, _)| name != key));
    } else {
        let names: HashSet<&SmolStr> = data.iter().map(|(name, _)| name).collect();
        further.retain(|(key, _)| !names.contains(key));
    }
    data.extend(further);
}

fn text(name: &'static str, value: Value) -> Result<SmolStr, Malformed> {
    match value {
        Value::Str(text) => Ok(text),
        _ => Err(Malformed::Field { name, expected: "text" }),
    }
}

fn read_time(value: &Value) -> Result<SystemTime, Malformed> {
    let time = match value {
        Value::Str(text) => timestamp::parse_rfc3339(text).ok(),
        other => other.as_f64().and_then(timestamp::from_unix_seconds),
    };
    let expected = "an RFC 3339 text or Unix seconds between the years 1 and 9999";
    time.ok_or(Malformed::Field { name: "timestamp", expected })
}

/// Reads one event line.
pub(crate) fn parse(line: &[u8]) -> Result<Event, Malformed> {
    event(Object::parse(line)?)
}

/// Reads the body of `POST /events`: event lines with their numbers, or, `as_one`, a single event that may
/// stretch over several lines. Blank lines are passed over.
pub(crate) fn parse_batch(
    body: &[u8],
    as_one: bool,
) -> impl Iterator<Item = (u64, Result<Event, Malformed>)> {
    let whole = as_one.then(|| (1, parse(body)));
    // A JSON body that is not one object may still be lines: the first answer tells.
    let whole = whole.filter(|(_, parsed)| parsed.is_ok() || !body.trim_ascii().contains(&b'\n'));
    let lines = if whole.is_some() { &[][..] } else { body };
    let lines = lines.split(|byte| *byte == b'\n').zip(1..).filter(|(line, _)| !line.trim_ascii().is_empty());
    whole.into_iter().chain(lines.map(|(line, number)| (number, parse(line))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, UNIX_EPOCH};

    fn bad_field(line: &str) -> &'static str {
        match parse(line.as_bytes()) {
            Err(Malformed::Field { name, .. }) => name,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn a_full_line_becomes_an_event() {
        let line = r#"{"event_type":"test_end","data":{"status":"passed","duration_ms":12},
            "timestamp":"2026-01-29T12:00:00Z","execution_id":"e","test_id":"t","run_id":"r"}"#;
        let event = parse(line.as_bytes()).expect("valid");
        assert_eq!(event.event_type(), "test_end");
        assert_eq!((event.execution(), event.test(), event.run()), (Some("e"), Some("t"), Some("r")));
        assert_eq!(event.timestamp(), UNIX_EPOCH + Duration::from_secs(1_769_688_000));
        assert_eq!(event.data().len(), 2);
    }

    #[test]
    fn only_the_type_is_needed_and_null_counts_as_absent() {
        for line in [
            r#"{"event_type":""}"#,
            r#"{"event_type":"x","data":null,"timestamp":null,"test_id":null}"#,
            r#"{"event_type":"x","timestamp":1769688000.25}"#,
            r#"{"event_type":"x","timestamp":-1}"#,
        ] {
            assert!(parse(line.as_bytes()).is_ok(), "{line}");
        }
    }

    #[test]
    fn optional_fields_of_the_wrong_type_are_named() {
        assert_eq!(bad_field(r#"{"data":{}}"#), "event_type");
        assert_eq!(bad_field(r#"{"event_type":7}"#), "event_type");
        assert_eq!(bad_field(r#"{"event_type":"x","data":[1]}"#), "data");
        assert_eq!(bad_field(r#"{"event_type":"x","test_id":7}"#), "test_id");
        assert_eq!(bad_field(r#"{"event_type":"x","run_id":{}}"#), "run_id");
        for time in ["\"yesterday\"", "true", "1e300", "[]"] {
            assert_eq!(bad_field(&format!(r#"{{"event_type":"x","timestamp":{time}}}"#)), "timestamp");
        }
    }

    #[test]
    fn further_keys_join_the_data_and_never_replace_it() {
        let event = parse(br#"{"event_type":"x","status":"failed","data":{"status":"passed"},"n":1}"#);
        let event = event.expect("valid");
        assert_eq!(event.get("status").and_then(Value::as_str), Some("passed"));
        assert_eq!(event.get("n").and_then(Value::as_f64), Some(1.0));
    }

    #[test]
    fn many_further_keys_join_much_data_in_reasonable_time() {
        let keys = |from: usize| {
            let keys: Vec<String> = (from..from + 50_000).map(|n| format!("\"k{n}\":{n}")).collect();
            keys.join(",")
        };
        let line = format!("{{\"event_type\":\"x\",\"data\":{{{}}},{}}}", keys(0), keys(25_000));
        let event = parse(line.as_bytes()).expect("valid");
        assert_eq!(event.data().len(), 75_000);
    }

    #[test]
    fn a_batch_numbers_its_lines_and_passes_blank_ones_over() {
        let body = b"{\"event_type\":\"a\"}\n\n  \nnonsense\r\n{\"event_type\":\"b\"}\r\n";
        let numbers: Vec<_> =
            parse_batch(body, false).map(|(number, parsed)| (number, parsed.is_ok())).collect();
        assert_eq!(numbers, [(1, true), (4, false), (5, true)]);
        assert_eq!(parse_batch(b"", false).count(), 0);
    }

    #[test]
    fn a_json_body_is_one_event_over_several_lines_or_one_per_line() {
        let pretty = b"{\n  \"event_type\": \"a\"\n}\n";
        assert_eq!(
            parse_batch(pretty, true).map(|(n, parsed)| (n, parsed.is_ok())).collect::<Vec<_>>(),
            [(1, true)]
        );
        let lines = b"{\"event_type\":\"a\"}\n{\"event_type\":\"b\"}";
        assert_eq!(parse_batch(lines, true).filter(|(_, parsed)| parsed.is_ok()).count(), 2);
        assert_eq!(parse_batch(b"nonsense", true).filter(|(_, parsed)| parsed.is_err()).count(), 1);
    }
}
