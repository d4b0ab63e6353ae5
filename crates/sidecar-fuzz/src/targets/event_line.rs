//! Event lines, as a file and as the body of `POST /events`.

use crate::program::event_line;
use crate::program::malformed::Malformed;
use sidecar_core::timestamp::rfc3339;
use sidecar_runtime::observer::{Event, Value};

pub(super) fn run(bytes: &[u8]) {
    for as_one in [false, true] {
        let mut last = 0;
        for (number, parsed) in event_line::parse_batch(bytes, as_one) {
            assert!(number > last, "line {number} comes after line {last}");
            last = number;
            match parsed {
                Ok(event) => reads_back(&event),
                Err(malformed) => assert!(!malformed.to_string().is_empty()),
            }
        }
    }
}

/// An event that is written is an event line, and it says the same.
fn reads_back(event: &Event) {
    let line = serde_json::to_vec(event).expect("an event can be written");
    let again = match event_line::parse(&line) {
        Ok(again) => again,
        // What stood beside the type is written one level deeper, in the data.
        Err(Malformed::TooDeep) => return,
        Err(malformed) => panic!("{}: {malformed}", String::from_utf8_lossy(&line)),
    };
    assert_eq!(again.event_type(), event.event_type());
    assert_eq!(rfc3339(again.timestamp()), rfc3339(event.timestamp()));
    let ids = |event: &Event| [event.execution(), event.test(), event.run()].map(|id| id.map(str::to_owned));
    assert_eq!(ids(&again), ids(event));
    for (key, value) in event.data() {
        let read = again.get(key).unwrap_or_else(|| panic!("{key:?} is lost"));
        assert!(alike(read, value), "{key:?} was {value:?} and is {read:?}");
    }
}

/// Equal, but for the last digit of floating-point numbers: reading them is quick and not exact.
fn alike(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::F64(one), Value::F64(other)) => {
            (one - other).abs() <= one.abs().max(f64::MIN_POSITIVE) * 1e-15
        }
        (Value::List(one), Value::List(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| alike(one, other))
        }
        (Value::Map(one), Value::Map(other)) => {
            one.len() == other.len()
                && one.iter().zip(other).all(|(one, other)| one.0 == other.0 && alike(&one.1, &other.1))
        }
        (one, other) => one == other,
    }
}
